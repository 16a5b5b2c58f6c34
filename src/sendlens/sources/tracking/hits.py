"""What a request for one of the tracker's addresses says: a hit as our own event."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Final, NamedTuple

from sendlens.model.events import LONGEST, Event, EventType
from sendlens.sources.tracking.token import Kind, Told

GLANCED_SECONDS: Final = 2
READ_SECONDS: Final = 8
_PREFETCH_HEADERS: Final = ("purpose", "sec-purpose", "x-purpose", "x-moz")
_AHEAD: Final = ("prefetch", "preview", "prerender")
_MINUTE_MS: Final = 60_000


class Seen(NamedTuple):
    """What is known of a request: its header fields in lower case, the sender's address, and our clock in UTC ms."""

    headers: Mapping[str, str]
    ip: str
    at: int


def by_machine(method: str, headers: Mapping[str, str]) -> str:
    """Return why a request cannot be a person's act (`head`, `prefetch`), or an empty text."""
    if method == "HEAD":
        return "head"
    fetched_ahead = any(word in headers.get(name, "").lower() for name in _PREFETCH_HEADERS for word in _AHEAD)
    return "prefetch" if fetched_ahead else ""


def opened_or_clicked(kind: Kind, told: Told, seen: Seen, *, hit: str, method: str) -> Event:
    """Return the event of a fetched pixel or a followed link; `hit` is the request's own id."""
    ahead = by_machine(method, seen.headers)
    return _event(
        EventType.OPENED if kind is Kind.OPEN else EventType.CLICKED,
        told,
        seen,
        id=hit,
        at=seen.at,
        machine=True if ahead else None,
        link_url=told.url,
        link_id=told.link_id,
        link_position=told.link_position,
        metadata={"request": ahead} if ahead else {},
    )


def left_or_back(told: Told, seen: Seen, token: str, *, method: str) -> Event:
    """Return the event of an unsubscription by `method` (`one_click`, `link`), or of its undoing (`undo`).

    A mailbox provider repeats a request it is not sure of: within a minute the same request is the same event.
    """
    back, minute = method == "undo", seen.at // _MINUTE_MS
    digest = hashlib.blake2b(f"{method}\x1f{token}".encode(), digest_size=12).hexdigest()
    return _event(
        EventType.RESUBSCRIBED if back else EventType.UNSUBSCRIBED,
        told,
        seen,
        id=f"{digest}.{minute}",
        at=minute * _MINUTE_MS,
        unsubscribe_method="" if back else method,
    )


def left_by_mail(told: Told, at: int, identity: str) -> Event:
    """Return the event of an unsubscription that came as a mail, which `identity` names, at a time in UTC ms."""
    digest = hashlib.blake2b(f"mailto\x1f{identity}\x1f{told.recipient}".encode(), digest_size=12).hexdigest()
    return _event(EventType.UNSUBSCRIBED, told, Seen({}, "", at), id=digest, at=at, unsubscribe_method="mailto")


def read(told: Told, seen: Seen, seconds: float, *, hit: str) -> Event:
    """Return the event of a message that was on the screen for some time: glanced at, skimmed (2 s) or read (8 s)."""
    how = "glanced" if seconds < GLANCED_SECONDS else "skimmed" if seconds < READ_SECONDS else "read"
    return _event(EventType.READ, told, seen, id=hit, at=seen.at, reason=how, metadata={"seconds": f"{seconds:.0f}"})


def _event(type: EventType, told: Told, seen: Seen, *, id: str, at: int, **more: object) -> Event:
    return Event(
        type=type,
        id=id,
        occurred_at=at,
        message_id=told.message_id,
        message_sent_at=told.sent_at,
        recipient=told.recipient,
        campaign_id=told.campaign_id,
        variant=told.variant,
        segment=told.segment,
        template_id=told.template_id,
        stream=told.stream,
        sending_domain=told.sending_domain,
        user_agent=seen.headers.get("user-agent", "")[: LONGEST["user_agent"]],
        ip=seen.ip,
        **more,  # pyright: ignore[reportArgumentType] - fields of Event, each named at its call above
    )
