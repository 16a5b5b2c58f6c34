"""One message: everything that happened to one mail to one recipient, in order.

Owns how a message is found, which of its rows count, and what was corrected. A verdict that was changed later is a pair
of rows, one that takes the old event back and one that counts the new; the new one counts, the old one is its history.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, cast

from sendlens.errors import NotFound
from sendlens.metrics.dimensions import DIMENSIONS
from sendlens.metrics.query import Metrics, TenantLike
from sendlens.metrics.question import Param
from sendlens.model.identity import digest64, normal_recipient

MOST_EVENTS: Final = 1_000
MOST_MESSAGES: Final = 50
_RECENT_MS: Final = 35 * 86_400_000

_BY_KEY: Final = """
SELECT message_key, any(recipient) AS recipient, max(occurred_at) AS last
FROM events WHERE tenant = {tenant:String} AND message_key IN {keys:Array(UInt64)}
GROUP BY message_key
"""
# A message id is no sorting column: the recent past is looked through first, everything only if it is not there.
_BY_ID: Final = """
SELECT message_key, any(recipient) AS recipient, max(occurred_at) AS last
FROM events
WHERE tenant = {tenant:String} AND message_id = {id:String} AND occurred_at >= fromUnixTimestamp64Milli({since:Int64})
GROUP BY message_key ORDER BY last DESC, message_key LIMIT {most:UInt64}
"""
_COLUMNS: Final = (
    *("event_key", "weight", "batch_id", "occurred_at", "received_at", "type", "native_type", "source", "skew_ms"),
    *("message_id", "campaign_id", "recipient", "recipient_key", "subject", "sender", "sending_domain", "template_id"),
    *("segment", "variant", "stream", "pool", "sending_ip", "provider", "gateway", "channel", "untracked"),
    *("link_url", "link_id", "link_position", "link_kind", "user_agent", "ip", "country", "client", "device", "os"),
    *("actor", "actor_reason", "actor_confidence", "mx", "smtp_code", "enhanced_code", "smtp_reply", "reason"),
    *("attempt", "bounce_class", "bounce_reason", "bounce_confidence", "bounce_rule", "unsubscribe_method"),
    *("conversion_type", "value", "currency", "order_id", "metadata", "raw"),
)
_EVENTS: Final = f"""
SELECT {", ".join(_COLUMNS)}
FROM events
WHERE tenant = {{tenant:String}} AND message_key = {{key:UInt64}}
ORDER BY occurred_at, event_key, batch_id, weight
LIMIT {{most:UInt64}}
"""  # noqa: S608 - the columns are this module's own names


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Who caused an open or a click, why that is thought, and how sure it is (0 to 100)."""

    actor: str
    reason: str
    confidence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that happened; times in UTC milliseconds.

    `after_ms` is the time since the step before, None for the first. `corrected` are earlier verdicts that were taken
    back, the oldest first; `taken_back` is an event that does not count any more at all. `told` has the other columns
    that say something, by name.
    """

    at: int
    received_at: int
    after_ms: int | None
    type: str
    verdict: Verdict
    corrected: list[Verdict]
    taken_back: bool
    told: dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """The life of one message: what is known of it, and its steps in the order in which they happened."""

    key: str
    message_id: str
    recipient: str
    recipient_key: str
    campaign_id: str
    campaign: str
    facts: dict[str, str]
    steps: list[Step]
    complete: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A message that an id may stand for, and when something last happened to it (UTC milliseconds)."""

    key: str
    recipient: str
    last_at: int


@dataclass(slots=True)
class _Happened:
    """The rows of one event."""

    rows: list[Mapping[str, object]] = field(default_factory=list[Mapping[str, object]])


class Messages:
    """Answers questions about single messages."""

    def __init__(self, metrics: Metrics) -> None:
        """Ask the store of `metrics`."""
        self._metrics = metrics
        self._store = metrics.store

    def find(self, tenant: TenantLike, wanted: str, recipient: str = "") -> list[Found]:
        """Return the messages a text can stand for, the latest first: a key, or a message id, told apart by recipient.

        Raises `NotFound` where there is none.
        """
        keys: list[int] = []
        if wanted.isascii() and wanted.isdigit() and int(wanted) < 2**64:
            keys.append(int(wanted))
        if recipient:
            names = {normal_recipient(recipient), normal_recipient(self._metrics.stored_as(tenant.id, recipient))}
            keys += [digest64("message", tenant.id, wanted, name) for name in names]
        rows: Sequence[Sequence[object]] = ()
        if keys:
            rows = self._store.query(tenant.id, _BY_KEY, {"keys": keys}).rows
        for since in (self._metrics.clock.now_ms() - _RECENT_MS, 0):
            if not rows and not recipient:
                rows = self._store.query(tenant.id, _BY_ID, {"id": wanted, "since": since, "most": MOST_MESSAGES}).rows
        if not rows:
            raise NotFound(f"There is no message {wanted!r}.", hint="Ask by the message id, or by the key from a list.")
        return [Found(key=str(row[0]), recipient=str(row[1]), last_at=_millis(row[2])) for row in rows]

    def get(self, tenant: TenantLike, key: str) -> Message:
        """Return the life of the message with this key. Raises `NotFound`."""
        asked: dict[str, Param] = {"key": int(key), "most": MOST_EVENTS + 1}
        rows = [dict(zip(_COLUMNS, row, strict=True)) for row in self._store.query(tenant.id, _EVENTS, asked).rows]
        if not rows:
            raise NotFound(f"There is no message {key!r}.")
        campaign = _known(rows, "campaign_id")
        names = self._metrics.labels(tenant, DIMENSIONS["campaign"], [campaign]) if campaign else {}
        return Message(
            key=key,
            message_id=_known(rows, "message_id"),
            recipient=_known(rows, "recipient"),
            recipient_key=str(max(int(cast("int", row["recipient_key"])) for row in rows)),
            campaign_id=campaign,
            campaign=names.get(campaign, campaign),
            facts={name: text for name in FACTS if (text := _known(rows, name))},
            steps=steps(rows[:MOST_EVENTS]),
            complete=len(rows) <= MOST_EVENTS,
        )


FACTS: Final = (
    *("subject", "sender", "sending_domain", "stream", "template_id", "segment", "variant", "pool", "sending_ip"),
    *("provider", "gateway", "mx"),
)
"""What is known of a message as a whole, from whichever of its events tells it."""

_OWN: Final = frozenset(
    (*("event_key", "weight", "batch_id", "occurred_at", "received_at", "type", "recipient_key", "raw", "recipient"),
     *("actor", "actor_reason", "actor_confidence", "message_id", "campaign_id", "untracked"), *FACTS)
)  # fmt: skip


def steps(rows: Sequence[Mapping[str, object]]) -> list[Step]:
    """Return the steps that rows of `events` tell, in the order of time; rows of one event stand by batch."""
    events: dict[int, _Happened] = {}
    for row in rows:
        events.setdefault(int(cast("int", row["event_key"])), _Happened()).rows.append(row)
    ordered = sorted(events.values(), key=lambda one: _millis(one.rows[0]["occurred_at"]))
    found: list[Step] = []
    before: int | None = None
    for one in ordered:
        balance: dict[Verdict, int] = {}
        for row in one.rows:
            verdict = _verdict(row)
            balance[verdict] = balance.get(verdict, 0) + int(cast("int", row["weight"]))
        standing = [verdict for verdict, weight in balance.items() if weight > 0]
        last = standing[-1] if standing else _verdict(one.rows[0])
        row = next(row for row in reversed(one.rows) if _verdict(row) == last)
        at = _millis(row["occurred_at"])
        told = {name: row[name] for name in _COLUMNS if name not in _OWN and _says(name, row[name])}
        if row["raw"]:
            told["raw"] = row["raw"]
        found.append(
            Step(
                at=at,
                received_at=_millis(row["received_at"]),
                after_ms=None if before is None else at - before,
                type=str(row["type"]),
                verdict=last,
                corrected=[verdict for verdict in balance if verdict != last],
                taken_back=not standing,
                told=told,
            )
        )
        before = at
    return found


def _verdict(row: Mapping[str, object]) -> Verdict:
    return Verdict(
        actor=str(row["actor"]),
        reason=str(row["actor_reason"]),
        confidence=int(cast("int", row["actor_confidence"])),
    )


def _says(name: str, value: object) -> bool:
    return value != -1 if name == "link_position" else bool(value)


def _known(rows: Sequence[Mapping[str, object]], name: str) -> str:
    return next((str(row[name]) for row in rows if row[name]), "")


def _millis(value: object) -> int:
    return round(cast("datetime", value).timestamp() * 1000)
