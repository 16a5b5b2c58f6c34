"""Delivery status notifications: the machine-readable part of RFC 3464, with the addresses of RFC 6533.

Owns the fields. Actions and address types are read leniently, because servers are not exact about either.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import msgspec

from sendlens.sources.mail import addresses, limits
from sendlens.sources.mail.mime import Headers, Mail, Part, moment, read_fields
from sendlens.sources.mail.report import Reported

TYPES: Final = ("message/delivery-status", "message/global-delivery-status", "text/x-delivery-status")

ACTIONS: Final[dict[str, str]] = {
    "failed": "failed",
    "failure": "failed",
    "fail": "failed",
    "error": "failed",
    "permanent": "failed",
    "undeliverable": "failed",
    "denied": "failed",
    "expired": "failed",
    "delayed": "delayed",
    "delay": "delayed",
    "deferred": "delayed",
    "warning": "delayed",
    "delivered": "delivered",
    "deliverable": "delivered",
    "relayed": "relayed",
    "relay": "relayed",
    "expanded": "expanded",
}
"""Words found in Action, to RFC 3464's own."""

_STATUS: Final = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
_TYPED: Final = re.compile(r"\s*(?:x-)?[\w-]{2,40}\s*;\s*", re.IGNORECASE)
_GROUPS: Final = re.compile(r"\n[ \t]*\n\s*")
_DATES: Final = ("last-attempt-date", "x-last-attempt-date")


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery status as a whole: who reports, when the message arrived there, and each recipient."""

    reporting_mta: str = ""
    arrived: int = 0
    envelope_id: str = ""
    recipients: list[Reported] = msgspec.field(default_factory=list[Reported])


def parts(mail: Mail) -> list[Part]:
    """Return the parts that hold a delivery status."""
    found = list(mail.of_type(*TYPES))
    if not found and mail.parameters.get("report-type", "").lower() == "delivery-status":
        # Some gateways turn the part into plain text.
        found = [part for part in mail.of_type("text/plain", "application/octet-stream") if _looks(part)]
    return found


def read(mail: Mail) -> Status:
    """Return what the status parts of a mail say; without recipients if there are none."""
    about = Headers([])
    told: list[Reported] = []
    for part in parts(mail):
        for fields in _groups(part):
            recipient = next(
                (fields.get(name) for name in ("final-recipient", "original-recipient") if name in fields), ""
            )
            if not recipient:
                about = about or fields
            elif len(told) < limits.MOST_RECIPIENTS and (reported := _recipient(fields)):
                told.append(reported)
    return Status(
        reporting_mta=host(about.get("reporting-mta")),
        arrived=moment(about.get("arrival-date")),
        envelope_id=about.get("original-envelope-id"),
        recipients=told,
    )


def host(value: str) -> str:
    """Return the name of a host field such as `dns; mx.example.com (192.0.2.1)`."""
    return _TYPED.sub("", value, count=1).strip().partition(" ")[0].strip("[]()<>;,").lower()[:255]


def _looks(part: Part) -> bool:
    head = part.content(4096).lower()
    return b"final-recipient:" in head or b"reporting-mta:" in head


def _groups(part: Part) -> Iterator[Headers]:
    text = part.text().strip("\n")
    # A group that begins with a second Final-Recipient was not set apart by an empty line.
    for group in _GROUPS.split(text):
        fields: list[tuple[str, str]] = []
        for name, value in read_fields(group):
            if name == "final-recipient" and any(known == name for known, _ in fields):
                yield Headers(fields)
                fields = []
            fields.append((name, value))
        if fields:
            yield Headers(fields)


def _recipient(fields: Headers) -> Reported | None:
    original = addresses.of_field(fields.get("original-recipient"))
    final = addresses.of_field(fields.get("final-recipient")) or addresses.of_field(fields.get("x-actual-recipient"))
    recipient = original or final
    status = _STATUS.search(fields.get("status"))
    word = re.match(r"[a-z]+", fields.get("action").strip().lower())
    action = ACTIONS.get(word[0] if word else "", "")
    if not action:
        # Without a word the status tells, and without a status the report is that of a failure.
        action = {"2": "delivered", "4": "delayed"}.get(status[1][0] if status else "", "failed")
    if not recipient:
        return None
    return Reported(
        recipient=recipient,
        final=final if final.lower() != recipient.lower() else "",
        action=action,
        status=status[1] if status else "",
        diagnostic=diagnostic(fields.get("diagnostic-code")) or diagnostic(fields.get("x-supplementary-info")),
        remote_mta=host(fields.get("remote-mta")),
        at=next((at for name in _DATES if (at := moment(fields.get(name)))), 0),
        form="dsn",
    )


def diagnostic(value: str) -> str:
    """Return a Diagnostic-Code without its type.

    >>> diagnostic("smtp; 550 5.1.1 no such user")
    '550 5.1.1 no such user'
    """
    return " ".join(_TYPED.sub("", value, count=1).split())
