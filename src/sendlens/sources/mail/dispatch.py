"""One mail, or one report file, as records: what it is and what follows from it.

Owns which reader a mail goes to, and the fields of the events that bounces and complaints become. An event's id is made
of the mail's identity, its kind and the recipient, so that a mail that comes twice, by whichever way, counts once.
"""

from __future__ import annotations

import re
from hashlib import blake2b
from typing import Final

import msgspec

from sendlens.errors import BadRequest, InvalidField, Rejection
from sendlens.model.events import Event, EventType
from sendlens.model.reports import DmarcRecord, TlsReport
from sendlens.sources.esp.reading import made_id
from sendlens.sources.judge import judge_native
from sendlens.sources.mail import archives, arf, bounce, dmarc, leaving, returned, tlsrpt, verp
from sendlens.sources.mail.limits import Budget
from sendlens.sources.mail.mime import Headers, Mail, moment, parse
from sendlens.sources.mail.options import MailOptions
from sendlens.sources.mail.report import Reported
from sendlens.sources.received import nobody

ACTIONS: Final[dict[str, EventType]] = {
    "failed": EventType.BOUNCED,
    "delayed": EventType.DEFERRED,
    "delivered": EventType.DELIVERED,
    "relayed": EventType.DELIVERED,
    "expanded": EventType.DELIVERED,
}
"""What a report says of a recipient, to ours."""

KINDS: Final[dict[str, str]] = {
    "bounce": "A bounce mail, a delay notice or a delivery receipt; each recipient becomes an event.",
    "feedback": "A feedback report: a complaint, an opt-out, or other feedback, which is kept as unknown.",
    "dmarc": "A DMARC aggregate report; its rows go to `dmarc_records`.",
    "tls_report": "An SMTP TLS report; its rows go to `tls_reports`.",
    "unsubscribe": "A mail that asks to leave the list, by the tracker's `mailto:` address.",
    "auto_reply": "An automatic reply, such as out of office; nothing is counted.",
    "challenge": "A filter asks whether a person sent the mail; nothing is counted.",
    "receipt": "A read receipt; nothing is counted.",
    "other": "Nothing that Sendlens reads; nothing is counted.",
}
"""What a mail can be understood as."""

_CODE: Final = re.compile(r"(?<![\d.])([45]\d\d)(?=[\s;:#-]|$)")
_REPORT_TYPES: Final = ("gzip", "zip", "xml", "octet-stream", "json", "tlsrpt", "compressed")
_VERP_HEADERS: Final = ("x-original-to", "delivered-to", "envelope-to", "to", "x-envelope-to", "x-rcpt-to")
_LONGEST_ID: Final = 400


class Understood(msgspec.Struct, kw_only=True):
    """What one mail is, and the records it brings; `problems` tells what of it could not be read."""

    kind: str = "other"
    events: list[Event] = msgspec.field(default_factory=list[Event])
    dmarc: list[DmarcRecord] = msgspec.field(default_factory=list[DmarcRecord])
    tls: list[TlsReport] = msgspec.field(default_factory=list[TlsReport])
    rejected: list[Rejection] = msgspec.field(default_factory=list[Rejection])
    problems: list[str] = msgspec.field(default_factory=list[str])


def read(data: bytes, options: MailOptions, received_at: int, secrets_of: leaving.SecretsOf = nobody) -> Understood:
    """Return what a mail or a bare report file says. Raises `BadRequest` for nothing at all; all else is understood.

    `secrets_of` returns the secrets of the tenant's trackers, which sealed the mails that ask to leave.
    """
    if not data.strip():
        raise BadRequest("the body is empty", hint="Post a mail as it arrived, or a report file.")
    budget = Budget()
    told = Understood()
    if archives.is_packed(data) or _is_report(data):
        _reports([(data, "the file")], told, budget)
        if not (told.dmarc or told.tls or told.rejected):
            told.rejected.append(
                Rejection(
                    index=0, field="", error=budget.problems[0] if budget.problems else "the file holds no report"
                )
            )
    else:
        mail = parse(data, budget)
        identity = returned.bare_id(mail.headers.get("message-id"))[:_LONGEST_ID] or _digest(data)
        at = _known(moment(mail.headers.get("date")), received_at) or received_at
        asked = leaving.read(mail, identity, at, secrets_of)
        if isinstance(asked, Event):
            told.kind = "unsubscribe"
            told.events.append(asked)
        elif asked:
            budget.tell("a mail that asks to leave, but whose token no tracker of this tenant has made")
        else:
            _mail(mail, identity, told, options, received_at, budget)
    told.problems = budget.problems
    return told


def _mail(mail: Mail, identity: str, told: Understood, options: MailOptions, received_at: int, budget: Budget) -> None:
    if feedback := arf.read(mail):
        told.kind = "feedback"
        _feedback(feedback, mail, identity, told, options, received_at)
        return
    files = [
        (part.content(), f"the attachment {part.filename[:80]!r}") for part in mail.parts if _may_be_report(part.type)
    ]
    _reports(files, told, budget)
    if told.dmarc or told.tls or told.rejected:
        return
    found = bounce.read(mail, budget)
    told.kind = "bounce" if found.is_bounce else found.auto or "other"
    if found.is_bounce:
        _bounce(found, mail, identity, told, options, received_at, budget)


def _bounce(
    found: bounce.Bounce,
    mail: Mail,
    identity: str,
    told: Understood,
    options: MailOptions,
    received_at: int,
    budget: Budget,
) -> None:
    about = returned.belonging(found.original, options.campaign_from)
    coded = _from_verp(mail, found.original, options)
    reported = found.recipients
    named = coded.get("recipient") or str(about.pop("recipient", ""))
    if not reported and not named:
        named = verp.general(_return_addresses(mail, found.original))
    if not reported and named:
        delayed = bounce.is_delay(mail.headers.get("subject"), bounce.notice_text(mail))
        reported = [Reported(recipient=named, action="delayed" if delayed else "failed", form="verp")]
    elif len(reported) == 1 and named and named.lower() != reported[0].recipient.lower():
        # One failure, and we know whom the message was sent to: the report names where it had gone from there.
        reported = [msgspec.structs.replace(reported[0], recipient=named, final=reported[0].recipient)]
    if not reported:
        budget.tell("a bounce mail that names no recipient")
    confidence = "high" if coded or (found.machine_readable and returned.is_ours(about)) else "medium"
    if not coded and not returned.is_ours(about):
        confidence = "low"
    for each in reported:
        code = _CODE.search(each.diagnostic[:500])
        fields: dict[str, object] = {
            **about,
            **{name: value for name, value in coded.items() if name != "recipient"},
            "type": ACTIONS[each.action],
            "native_type": f"{each.form}.{each.action}",
            "id": made_id("mail", each.action, identity, each.recipient.lower()),
            "occurred_at": _known(each.at or found.at or found.arrived, received_at),
            "recipient": each.recipient,
            "mx": each.remote_mta,
            "smtp_code": code[1] if code else None,
            "enhanced_code": each.status,
            "smtp_reply": each.diagnostic,
            "metadata": {
                name: value
                for name, value in {
                    "mail.confidence": confidence,
                    "mail.reporting_mta": found.reporting_mta,
                    "mail.final_recipient": each.final,
                }.items()
                if value
            },
        }
        _add(fields, dict(mail.headers.first()), told, received_at, keep_raw=options.keep_raw)


def _feedback(
    found: arf.Feedback, mail: Mail, identity: str, told: Understood, options: MailOptions, received_at: int
) -> None:
    about = returned.belonging(found.original, options.campaign_from)
    coded = _from_verp(mail, found.original, options, found.fields.get("original-mail-from", ""))
    named = coded.pop("recipient", "") or str(about.pop("recipient", ""))
    general = [*_return_addresses(mail, found.original), found.fields.get("original-mail-from", "")]
    recipients = found.recipients or tuple(who for who in [named or verp.general(general)] if who) or ("",)
    for recipient in (named,) if named and len(recipients) == 1 else recipients:
        fields: dict[str, object] = {
            **about,
            **coded,
            "type": found.type,
            "native_type": found.kind,
            "id": made_id("mail", found.kind, identity, recipient.lower()),
            "occurred_at": _known(found.at, received_at),
            "recipient": recipient,
            "mx": "" if recipient else found.reporter,
            "sending_ip": found.fields.get("source-ip", "").split(" ")[0],
            "reason": found.kind,
            "unsubscribe_method": "feedback_report" if found.type is EventType.UNSUBSCRIBED else "",
            "metadata": {
                f"mail.{name.replace('-', '_')}": value[:500]
                for name in ("user-agent", "reported-domain", "auth-failure", "delivery-result", "identity-alignment")
                if (value := found.fields.get(name, ""))
            },
        }
        _add(fields, dict(found.fields), told, received_at, keep_raw=options.keep_raw)


def _add(
    fields: dict[str, object], native: dict[str, object], told: Understood, received_at: int, *, keep_raw: bool
) -> None:
    try:
        told.events.append(judge_native(fields, received_at, native=native, keep_raw=keep_raw))
    except InvalidField as error:
        told.rejected.append(Rejection.of(len(told.events) + len(told.rejected), error))


def _from_verp(mail: Mail, original: Headers, options: MailOptions, more: str = "") -> dict[str, str]:
    texts = [*_return_addresses(mail, original), more]
    for pattern in options.verp:
        if found := verp.decoded(texts, pattern):
            return found
    return {}


def _return_addresses(mail: Mail, original: Headers) -> list[str]:
    """Return the addresses the mail came back to, and those the returned message was sent under."""
    texts = [value for name in _VERP_HEADERS for value in mail.headers.all(name)[:10]]
    return texts + [
        value for name in ("return-path", "errors-to", "x-envelope-from") for value in original.all(name)[:5]
    ]


def _known(at: int, received_at: int) -> int | None:
    """Return a time that events may have, or none: a wrong date costs its time and not the event."""
    return at if 946_684_800_000 <= at <= received_at + 86_400_000 else None


def _reports(files: list[tuple[bytes, str]], told: Understood, budget: Budget) -> None:
    for data, name in files:
        for content in archives.unpacked(data, budget, name):
            try:
                if dmarc.looks_like(content):
                    told.kind = "dmarc"
                    report = dmarc.read(content)
                    told.dmarc.extend(report.records)
                    told.rejected.extend(report.rejected)
                elif tlsrpt.looks_like(content):
                    told.kind = "tls_report"
                    rows = tlsrpt.read(content)
                    told.tls.extend(rows.records)
                    told.rejected.extend(rows.rejected)
            except BadRequest as error:
                told.rejected.append(
                    Rejection(
                        index=len(told.rejected),
                        field="",
                        error=f"{name}: {error.detail}",
                        reason=error.detail,
                        value=name,
                        hint=error.hint,
                    )
                )


def _is_report(data: bytes) -> bool:
    head = data[:512].removeprefix(b"\xef\xbb\xbf").lstrip()
    return (head.startswith(b"<") and dmarc.looks_like(data)) or (head.startswith(b"{") and tlsrpt.looks_like(data))


def _may_be_report(kind: str) -> bool:
    return any(name in kind for name in _REPORT_TYPES)


def _digest(data: bytes) -> str:
    """Return the identity of a mail without a Message-ID: its content, without what each transport writes on top."""
    body = data.replace(b"\r\n", b"\n").partition(b"\n\n")[2] or data
    return blake2b(body, digest_size=16).hexdigest()
