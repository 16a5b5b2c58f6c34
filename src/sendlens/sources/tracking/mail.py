"""Rewriting a whole message as it goes to the mail server: its HTML part and its header fields."""

from __future__ import annotations

from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from email.utils import parseaddr
from typing import Final

import msgspec

from sendlens.errors import BadRequest
from sendlens.sources.tracking.rewrite import UNSUBSCRIBE_MARK, Place, instrument
from sendlens.sources.tracking.token import Kind, Message, Tracker

# Lines end as SMTP wants them, and header fields nobody touched stay as they were.
_POLICY: Final = policy.SMTP.clone(refold_source="none")
# TRICKY: an address longer than a line of 78 would be written as an encoded word, which no mailbox provider reads as
# an address. SMTP takes lines of 998.
_WRITTEN: Final = _POLICY.clone(max_line_length=998)


def instrument_mail(
    raw: bytes,
    tracker: Tracker,
    message: Message,
    *,
    pixel: bool = True,
    honeypot: bool = False,
    read_time: bool = False,
    unsubscribe_mail: str = "",
) -> tuple[bytes, tuple[Place, ...]]:
    """Return an RFC 5322 message with its HTML rewritten, and the links of that HTML.

    An empty `message_id`, `recipient` or `sending_domain` of `message` is taken from the header. The fields
    List-Unsubscribe and List-Unsubscribe-Post (RFC 8058) are set where the message has none; DKIM must sign afterwards.
    Raises `BadRequest` for a message that has no HTML part, or none of what is needed.
    """
    mail = BytesParser(policy=_POLICY).parsebytes(raw)
    assert isinstance(mail, EmailMessage)  # noqa: S101 - what a policy of the new kind always makes
    told = _completed(mail, message)
    part = mail.get_body(("html",))
    if part is None:
        raise BadRequest("the message has no text/html part", hint="Only HTML can carry a pixel and tracked links.")
    try:
        html = str(part.get_content())
    except (LookupError, ValueError) as error:
        raise BadRequest(f"the HTML part cannot be read: {error}") from error
    made = instrument(
        html,
        tracker,
        told,
        pixel=pixel,
        honeypot=honeypot,
        read_time=read_time,
        unsubscribe_mail=unsubscribe_mail,
    )
    part.set_content(made.html, subtype="html", charset="utf-8", cte="quoted-printable")
    plain = mail.get_body(("plain",))
    if plain is not None and UNSUBSCRIBE_MARK in (text := str(plain.get_content())):
        address = tracker.address(Kind.UNSUBSCRIBE, told)
        plain.set_content(text.replace(UNSUBSCRIBE_MARK, address), charset="utf-8", cte="quoted-printable")
    for name, value in made.headers.items():
        if name not in mail:
            mail[name] = value
    return mail.as_bytes(policy=_WRITTEN), made.places


def _completed(mail: EmailMessage, message: Message) -> Message:
    sender = parseaddr(str(mail.get("From", "")))[1]
    told = msgspec.structs.replace(
        message,
        message_id=message.message_id or str(mail.get("Message-ID", "")).strip().strip("<>"),
        recipient=message.recipient or parseaddr(str(mail.get("To", "")))[1],
        sending_domain=message.sending_domain or sender.rpartition("@")[2].lower(),
    )
    for name in ("message_id", "recipient"):
        if not getattr(told, name):
            header = "Message-ID" if name == "message_id" else "To"
            raise BadRequest(f"the message has no {header} field, and no {name} was given", hint=f"Give the {name}.")
    return told
