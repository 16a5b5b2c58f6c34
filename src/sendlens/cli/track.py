"""`sendlens track`: a message with our own pixel, tracked links and unsubscribe address."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from sendlens.cli.output import opened, print_table, typed_secret
from sendlens.errors import BadRequest, InvalidField

if TYPE_CHECKING:
    from sendlens.sources.tracking import Tracker

Flag = Annotated[bool, Parameter(negative="")]


def track(
    source: str,
    file: str = "-",
    *,
    message_id: str = "",
    recipient: str = "",
    campaign: str = "",
    variant: str = "",
    segment: str = "",
    template: str = "",
    output: str = "-",
    base_url: str = "",
    secret: Annotated[str, Parameter(allow_leading_hyphen=True)] = "",
    no_pixel: Flag = False,
    honeypot: Flag = False,
    read_time: Flag = False,
    unsubscribe_mail: str = "",
    links: Flag = False,
) -> None:
    """Rewrite a message so that its opens and clicks are counted by Sendlens' own tracker.

    Args:
        source: Id of a source made with sendlens source create TENANT tracker.
        file: The message: HTML, or a whole mail if the name ends in .eml; - reads HTML from standard input.
        message_id: Identifier of the message, the same that its other events carry; a mail's own if empty.
        recipient: Who gets it; a mail's own To if empty.
        campaign: Campaign it belongs to.
        variant: Variant of a test it belongs to.
        segment: Segment it was sent to.
        template: Template it was made from.
        output: Where the rewritten message goes; - for standard output.
        base_url: Address that recipients reach; SENDLENS_PUBLIC_URL if empty.
        secret: Secret of the source, where this machine does not hold it; - reads it from standard input.
        no_pixel: Leave the pixel out: clicks are counted, opens are not.
        honeypot: Add an invisible link that only machines follow.
        read_time: Measure how long the message is looked at, in mail clients that allow it.
        unsubscribe_mail: Mailbox for mails that ask to leave, written beside the web address; the source's if empty.
        links: Print the links with their places instead of the message.
    """
    from sendlens.sources.tracking import Message, instrument, instrument_mail

    tracker, mailbox = _tracker(source, base_url, secret)
    mailbox = unsubscribe_mail or mailbox
    message = Message(
        message_id=message_id,
        recipient=recipient,
        campaign_id=campaign,
        variant=variant,
        segment=segment,
        template_id=template,
    )
    raw = _read(file)
    if file.lower().endswith(".eml"):
        made, places = instrument_mail(
            raw,
            tracker,
            message,
            pixel=not no_pixel,
            honeypot=honeypot,
            read_time=read_time,
            unsubscribe_mail=mailbox,
        )
    else:
        for name, value in (("message-id", message_id), ("recipient", recipient)):
            if not value:
                raise InvalidField(name, value, "needed for HTML, which does not tell it")
        try:
            html = raw.decode("utf-8")
        except UnicodeDecodeError as error:
            raise BadRequest(f"{file} is not UTF-8: {error}", hint="Convert it, or give the mail as .eml.") from error
        done = instrument(
            html,
            tracker,
            message,
            pixel=not no_pixel,
            honeypot=honeypot,
            read_time=read_time,
            unsubscribe_mail=mailbox,
        )
        made, places = done.html.encode(), done.places
    if links:
        print_table(
            ("place", "id", "leads to", "left alone"), [(p.position, p.link_id, p.url, p.left_alone) for p in places]
        )
    elif output == "-":
        sys.stdout.buffer.write(made)
    else:
        Path(output).write_bytes(made)


def _tracker(source_id: str, base_url: str, secret: str) -> tuple[Tracker, str]:
    """Return the tracker of a source, and the mailbox that its mails to leave go to."""
    from sendlens.sources.tracking import TRACKER, Tracker, TrackerOptions

    if secret:
        if not base_url:
            raise InvalidField("base-url", "", "needed with --secret: the address that recipients reach")
        return Tracker(base_url, source_id, typed_secret(secret, "Secret of the source")), ""
    with opened() as (control, settings):
        source = control.sources.get(source_id)
    if source.provider != TRACKER or not source.secrets:
        raise InvalidField("source", source_id, "a source made with sendlens source create TENANT tracker")
    if not (base := base_url or settings.public_url):
        raise InvalidField("base-url", "", "needed where SENDLENS_PUBLIC_URL is not set: what recipients reach")
    mailbox = TrackerOptions.of(source.settings).unsubscribe_mail
    return Tracker(base, source_id, source.revealed()[0]), mailbox


def _read(file: str) -> bytes:
    if file == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise BadRequest(f"{file} cannot be read: {error.strerror}", hint="Check the path.") from error
