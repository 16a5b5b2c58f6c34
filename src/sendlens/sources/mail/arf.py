"""Feedback reports: complaints and other feedback in the Abuse Reporting Format (RFC 5965, RFC 6591).

Owns the fields, and which kind of feedback means what. Providers blank out the recipient in different ways; where it
is gone, the returned message and the address the report came to are asked.
"""

from __future__ import annotations

from typing import Final

import msgspec

from sendlens.model.events import EventType
from sendlens.sources.mail import addresses, returned
from sendlens.sources.mail.mime import Headers, Mail, moment, read_fields

TYPES: Final[dict[str, EventType]] = {
    "abuse": EventType.COMPLAINED,
    "fraud": EventType.COMPLAINED,
    "other": EventType.COMPLAINED,
    "opt-out": EventType.UNSUBSCRIBED,
    "opt-out-list": EventType.UNSUBSCRIBED,
    "not-spam": EventType.UNKNOWN,
    "virus": EventType.UNKNOWN,
    "auth-failure": EventType.UNKNOWN,
}
"""Feedback-Type to ours; a type that is not listed is kept as unknown. `not-spam` takes a complaint back and is none;
`virus` and `auth-failure` speak of mail in the sender's name, not of a recipient's wish."""

RECIPIENT_HEADERS: Final = (
    "x-hmxmroriginalrecipient",
    "x-sendlens-recipient",
    "x-original-to",
    "x-rcpt-to",
    "delivered-to",
    "envelope-to",
)
"""Headers of the returned message that name the recipient; the first is Microsoft's own."""

PARTS: Final = ("message/feedback-report", "text/feedback-report")


class Feedback(msgspec.Struct, frozen=True, kw_only=True):
    """One feedback report. `recipients` is empty where all were blanked out."""

    kind: str
    type: EventType
    fields: dict[str, str]
    recipients: tuple[str, ...]
    original: Headers
    reporter: str
    """Domain of the provider that sends the report."""
    at: int


def read(mail: Mail) -> Feedback | None:
    """Return the feedback that a mail reports, or None if it is no feedback report."""
    part = next(mail.of_type(*PARTS), None)
    original = returned.headers(mail)
    if part is not None:
        fields = Headers(read_fields(part.text().replace("\n\n", "\n")))
    elif original.get("x-hmxmroriginalrecipient"):
        # Microsoft's older form: the complained message attached, without a report.
        fields = Headers([("feedback-type", "abuse")])
    else:
        return None
    kind = fields.get("feedback-type").strip().lower() or "abuse"
    told = addresses.in_text(" , ".join(fields.all("original-rcpt-to")[:100]))
    if not told:
        named = (addresses.in_text(original.get(name)) for name in RECIPIENT_HEADERS)
        told = next((found[:1] for found in named if found), list[str]())
    return Feedback(
        kind=kind[:64],
        type=TYPES.get(kind, EventType.UNKNOWN),
        fields=fields.first(),
        recipients=tuple(told or _unblanked(original)),
        original=original,
        reporter=next((who.rpartition("@")[2].lower() for who in addresses.in_text(mail.headers.get("from"))), ""),
        at=moment(fields.get("arrival-date"))
        or moment(fields.get("received-date"))
        or moment(mail.headers.get("date")),
    )


def _unblanked(original: Headers) -> list[str]:
    """Return the recipient in To, if there is one alone and it is the one who got the message."""
    found = returned.written_to(original)
    return found[:1] if len(found) == 1 else []
