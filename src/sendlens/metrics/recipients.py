"""Recipients: what happened to one person, and who did a thing.

Owns the person page's timeline and the lists of people behind a figure. A person is found by the address or identifier
they were sent to; the store knows them by a key of it.
"""

# ruff: noqa: S608 - only our own fragments are written into the text; every value is bound
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, cast

from sendlens.errors import InvalidField, NotFound
from sendlens.metrics import engagements, states
from sendlens.metrics.branches import EVENT_MEASURES, born_of_events, conditions, event_rows
from sendlens.metrics.dimensions import DIMENSIONS
from sendlens.metrics.filters import of_level
from sendlens.metrics.measures import MEASURES
from sendlens.metrics.query import Metrics, Scope, TenantLike
from sendlens.metrics.question import Binder, Param, Question
from sendlens.metrics.registry import ENGAGEMENT_POINTS
from sendlens.model.identity import normal_recipient, recipient_key

# A pair of rows that takes a verdict back and gives a new one leaves the new one.
_TIMELINE: Final = """
SELECT event_key, max(occurred_at) AS at, type, actor, campaign_id, message_key
FROM recipient_events
WHERE tenant = {tenant:String} AND recipient_key = {person:UInt64}
    AND occurred_at < fromUnixTimestamp64Milli({before:Int64})
GROUP BY event_key, type, actor, campaign_id, message_key HAVING sum(weight) > 0
ORDER BY at DESC, event_key
LIMIT {limit:UInt64}
"""
_DETAILS: Final = """
SELECT event_key, actor, recipient, message_id, channel, subject, client, device, os, country, link_url, link_kind,
    actor_reason, bounce_class, bounce_reason, smtp_reply, unsubscribe_method, conversion_type, value, currency,
    order_id
FROM events
WHERE tenant = {tenant:String} AND recipient_key = {person:UInt64}
    AND occurred_at >= fromUnixTimestamp64Milli({first:Int64}) AND occurred_at <= fromUnixTimestamp64Milli({last:Int64})
    AND message_key IN {messages:Array(UInt64)} AND weight > 0
ORDER BY batch_id
"""
# The same sums as those of the view message_facts, which is longer thought about than read for a few messages.
_MOMENTS: Final = ", ".join(
    f"('{measure}', toInt64(countIf({at} > 0)), toDecimal128(0, 4))" for measure, at in states.MOMENTS.items()
)
_TALLY: Final = f"({[*states.TALLIED]}[number], n, toDecimal128(amount, 4))"
_COUNTS: Final = f"""
SELECT counted.1 AS measure, counted.2 AS units, counted.3 AS money
FROM (
    SELECT sumMap(arrayMap(key -> toUInt8(key % 16), tally_keys), tally_counts, tally_amounts) AS tally,
        arrayConcat([{_MOMENTS}], arrayMap((number, n, amount) -> {_TALLY}, tally.1, tally.2, tally.3)) AS sums
    FROM messages FINAL
    WHERE {states.OF_PERSON}
)
ARRAY JOIN sums AS counted
WHERE units != 0 OR money != 0
"""
_ADDRESSES: Final = """
SELECT recipient_key, any(recipient) AS recipient
FROM events
WHERE tenant = {tenant:String} AND recipient_key IN {keys:Array(UInt64)} AND message_key IN {messages:Array(UInt64)}
    AND (empty({days:Array(UInt16)}) OR toDate(occurred_at) IN {days:Array(UInt16)})
GROUP BY recipient_key
"""
_MOST_LOOKED_AT: Final = 500
# Who has an address that begins so, or a domain that does; only events of the period are looked through.
_NAMED: Final = """
SELECT recipient_key FROM events
WHERE tenant = {{tenant:String}} AND {within} AND recipient_key != 0
    AND (position(recipient, concat('@', {domain})) > 0 OR startsWith(recipient, {start}))
"""
MOST_PEOPLE: Final = 10_000
_LATEST: Final = 4_102_444_800_000
"""The year 2100: events cannot be later, and the store cannot tell times much later."""
SILENT: Final = {
    # Of mail without a tracker nobody knows whether it was opened.
    "not_opened": "opened_human_at = 0 AND untracked = 0",
    "not_clicked": "clicked_human_at = 0",
}
"""What people did not do with mail that was delivered to them, as conditions over `messages`."""
DEEDS: Final = (*states.MOMENTS, *SILENT)
"""What one can ask "who" of: the measures that count messages, and what was not done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """One event of a person's timeline; `at` in UTC milliseconds. Texts are empty where nothing is known."""

    at: int
    type: str
    actor: str
    actor_reason: str
    campaign_id: str
    campaign: str
    message_id: str
    message_key: str
    channel: str
    subject: str
    client: str
    device: str
    os: str
    country: str
    link_url: str
    link_kind: str
    bounce_class: str
    bounce_reason: str
    smtp_reply: str
    unsubscribe_method: str
    conversion_type: str
    value: float
    currency: str
    order_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One person: how often each thing happened, the engagement points earned, and the latest events first.

    `counts` are by measure, like "delivered" or "clicked_human". `more_before` is the time to ask for older
    events with, None when these are all.
    """

    recipient: str
    key: str
    counts: dict[str, int]
    revenue: float
    points: int
    timeline: list[Happening]
    more_before: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Who:
    """Somebody who did the thing asked for, with which message and when (UTC milliseconds)."""

    recipient: str
    key: str
    campaign_id: str
    campaign: str
    at: int
    message_key: str

    @property
    def place(self) -> str:
        """Return where in the list this is, to ask for what comes after it."""
        return f"{self.at}.{self.message_key}"


class Recipients:
    """Answers questions about people."""

    def __init__(self, metrics: Metrics) -> None:
        """Ask the store of `metrics`."""
        self._metrics = metrics
        self._store = metrics.store

    def get(self, tenant: TenantLike, recipient: str, *, limit: int = 200, before: int = 0) -> Person:
        """Return a person's timeline, the latest first; `before` (UTC milliseconds) asks for what was earlier.

        `recipient` is an address or identifier as it was sent to, or the key from a list of people. Raises `NotFound`.
        """
        limit = min(max(limit, 1), 1000)
        until = min(before, _LATEST) if before else _LATEST
        found: list[tuple[int, Sequence[Sequence[object]]]] = []
        for key in _keys(tenant.id, recipient, self._metrics.stored_as(tenant.id, recipient)):
            asked: dict[str, Param] = {"person": key, "before": until, "limit": limit + 1}
            if rows := self._store.query(tenant.id, _TIMELINE, asked).rows:
                found.append((key, rows))
                break
        if not found:
            if before:
                return Person(
                    recipient=recipient, key="", counts={}, revenue=0, points=0, timeline=[], more_before=None
                )
            raise NotFound(f"Nothing is known of {recipient!r}.", hint="Ask by the address the mail was sent to.")
        key, rows = found[0]
        page, rest = rows[:limit], rows[limit:]
        if rest:
            # The next page begins before the last of this one: what happened in one moment stays together.
            page = [row for row in page if row[1] != rest[0][1]] or page
        timeline, address = self._timeline(tenant, key, page)
        counts = self._store.query(tenant.id, _COUNTS, {"person": key}).rows
        totals = {str(row[0]): int(cast("int", row[1])) for row in counts}
        amounts = {str(row[0]): float(cast("float", row[2])) for row in counts}
        points = sum(weight * totals.get(measure, 0) for measure, weight in ENGAGEMENT_POINTS)
        return Person(
            recipient=address or recipient,
            key=str(key),
            counts={measure: totals[measure] for measure in MEASURES if measure in totals and measure != "revenue"},
            revenue=amounts.get("revenue", 0.0),
            points=max(points, 0),
            timeline=timeline,
            more_before=_millis(page[-1][1]) if rest else None,
        )

    def sent(self, tenant: TenantLike, recipient: str, since: int) -> dict[str, int]:
        """Return the campaigns whose mail was accepted for a person since a time and did not bounce, and when (UTC ms).

        Only the person's latest 500 events are looked at.
        """
        try:
            timeline = self.get(tenant, recipient, limit=_MOST_LOOKED_AT).timeline
        except NotFound:
            return {}
        recent = [one for one in timeline if one.at >= since and one.campaign_id]
        refused = {one.campaign_id for one in recent if one.type in ("bounced", "dropped")}
        told: dict[str, int] = {}
        for one in recent:
            if one.type in ("injected", "delivered") and one.campaign_id not in refused:
                told[one.campaign_id] = min(one.at, told.get(one.campaign_id, one.at))
        return told

    def who(
        self, scope: Scope, deed: str, *, limit: int = 100, offset: int = 0, search: str = "", after: str = ""
    ) -> list[Who]:
        """Return who did a thing in the period, the latest first: `deed` is a measure such as clicked_human or bounced.

        Filters apply as everywhere, those on links and devices included. `search` keeps those whose address, or whose
        domain, begins with it; where addresses are stored as pseudonyms only a whole address finds anybody. `after` is
        the `place` of the last one seen, and leads through a list of any length. Raises `InvalidField`.
        """
        if deed not in DEEDS:
            raise InvalidField("did", deed, f"must be one of {', '.join(DEEDS)}")
        bind = Binder()
        question = Question(
            wants=(),
            start=scope.period.start,
            end=scope.period.until,
            zone=scope.tenant.time_zone,
            currency=scope.tenant.currency,
            now=self._metrics.clock.now_ms(),
            filters=scope.filters,
        )
        clock = scope.clock or "event"
        page = f"LIMIT {bind(min(max(limit, 1), MOST_PEOPLE), 'UInt64')} OFFSET {bind(max(offset, 0), 'UInt64')}"
        only = [*self._named(scope, search, bind), *_beyond(after, bind)]
        of_events = [one.of for one in scope.filters if one.of.level == "event"]
        if of_events:
            if deed not in EVENT_MEASURES or not all(deed in of.tells for of in of_events):
                raise InvalidField("f", of_events[0].key, f"cannot tell who was {deed}")
            if deed in engagements.MEASURES:
                columns = "recipient_key, campaign_id, message_key, occurred_at"
                chosen = engagements.acts(
                    question, bind, clock, deed, f"{columns}, {engagements.moment(clock)} AS moment"
                )
                timed = conditions(of_level(scope.filters, "time"), bind, question.zone, at="at")
                sql = (
                    "SELECT recipient_key, campaign_id, message_key, min(moment) AS at, min(occurred_at) AS told_at"
                    f" FROM ({chosen}) GROUP BY recipient_key, campaign_id, message_key"
                    f"{' HAVING ' if timed else ''}{' AND '.join(timed)}"
                )
            else:
                chosen = (
                    "SELECT message_key, minIf(moment_, weight > 0) AS moment"
                    f" FROM ({event_rows(question, bind, clock, [deed])}) GROUP BY message_key HAVING sum(weight) > 0"
                )
                sql = (
                    "SELECT m.recipient_key AS recipient_key, m.campaign_id AS campaign_id,"
                    " c.message_key AS message_key, c.moment AS at"
                    f" FROM ({chosen}) AS c INNER JOIN (SELECT message_key, recipient_key, campaign_id"
                    " FROM messages FINAL WHERE tenant = {tenant:String}) AS m ON c.message_key = m.message_key"
                )
        elif deed in SILENT:
            where = [
                "tenant = {tenant:String}",
                f"delivered_at >= {bind.moment(question.start)}",
                f"delivered_at < {bind.moment(question.end)}",
                "delivered_at > 0 AND bounced_at < delivered_at",
                SILENT[deed],
                *conditions(scope.filters, bind, question.zone, at="delivered_at"),
                *born_of_events(question, bind, ["delivered"]),
            ]
            sql = (
                "SELECT recipient_key, campaign_id, message_key, delivered_at AS at, delivered_at AS told_at"
                " FROM messages FINAL"
                f" WHERE {' AND '.join(where)}"
            )
        else:
            sql = states.people(question, bind, clock, deed)
        if only:
            sql = f"SELECT * FROM ({sql}) WHERE {' AND '.join(only)}"
        sql = f"{sql} ORDER BY at DESC, message_key {page}"
        rows = self._store.query(scope.tenant.id, sql, bind.params).rows
        keys = list({int(cast("int", row[0])) for row in rows})
        messages = list({int(cast("int", row[2])) for row in rows})
        # What happened is an event of that day, and events are sorted by day and message.
        days = sorted({_day(row[4]) for row in rows if len(row) > 4})
        addresses = self._addresses(scope.tenant, keys, messages, days)
        names = self._metrics.labels(scope.tenant, DIMENSIONS["campaign"], list({str(row[1]) for row in rows}))
        return [
            Who(
                recipient=addresses.get(int(cast("int", person)), ""),
                key=str(person),
                campaign_id=str(campaign),
                campaign=names[str(campaign)] if campaign else "",
                at=_millis(at),
                message_key=str(message),
            )
            for person, campaign, message, at, *_ in rows
        ]

    def _named(self, scope: Scope, search: str, bind: Binder) -> list[str]:
        """Return the condition of a search in a list, none without one."""
        wanted = search.strip().lower()
        if not wanted:
            return []
        within = [f"occurred_at >= {bind.instant(scope.period.start)}"]
        if scope.clock != "send":  # what a mail sent in the period led to may have come later
            within.append(f"occurred_at < {bind.instant(scope.period.until)}")
        domain, start = wanted.removeprefix("@"), "\x00" if wanted.startswith("@") else wanted
        named = _NAMED.format(within=" AND ".join(within), domain=bind(domain, "String"), start=bind(start, "String"))
        keys = _keys(scope.tenant.id, wanted, self._metrics.stored_as(scope.tenant.id, wanted))
        return [f"(recipient_key IN ({named}) OR recipient_key IN {bind(keys, 'Array(UInt64)')})"]

    def _addresses(self, tenant: TenantLike, keys: list[int], messages: list[int], days: list[int]) -> dict[int, str]:
        if not keys:
            return {}
        rows = self._store.query(tenant.id, _ADDRESSES, {"keys": keys, "messages": messages, "days": days}).rows
        return {int(cast("int", row[0])): str(row[1]) for row in rows}

    def _timeline(self, tenant: TenantLike, key: int, rows: Sequence[Sequence[object]]) -> tuple[list[Happening], str]:
        asked: dict[str, Param] = {
            "person": key,
            "first": _millis(rows[-1][1]),
            "last": _millis(rows[0][1]),
            "messages": list({int(cast("int", row[5])) for row in rows}),
        }
        details = {(row[0], str(row[1])): row for row in self._store.query(tenant.id, _DETAILS, asked).rows}
        names = self._metrics.labels(tenant, DIMENSIONS["campaign"], list({str(row[4]) for row in rows}))
        found: list[Happening] = []
        address = ""
        for event_key, at, type_, actor, campaign, message in rows:
            row = details.get((event_key, str(actor)))
            texts = [str(value) for value in row[2:18]] if row else [""] * 16
            address = texts[0] or address
            found.append(
                Happening(
                    at=_millis(at),
                    type=str(type_),
                    actor=str(actor),
                    campaign_id=str(campaign),
                    campaign=names[str(campaign)] if campaign else "",
                    message_id=texts[1],
                    message_key=str(message),
                    channel=texts[2],
                    subject=texts[3],
                    client=texts[4],
                    device=texts[5],
                    os=texts[6],
                    country=texts[7],
                    link_url=texts[8],
                    link_kind=texts[9],
                    actor_reason=texts[10],
                    bounce_class=texts[11],
                    bounce_reason=texts[12],
                    smtp_reply=texts[13],
                    unsubscribe_method=texts[14],
                    conversion_type=texts[15],
                    value=float(cast("float", row[18])) if row else 0.0,
                    currency=str(row[19]) if row else "",
                    order_id=str(row[20]) if row else "",
                )
            )
        return found, address


def _beyond(after: str, bind: Binder) -> list[str]:
    """Return the condition of what comes after a place in the list, none without one. Raises `InvalidField`."""
    if not after:
        return []
    at, _, message = after.partition(".")
    digits = at.isascii() and at.isdigit() and message.isascii() and message.isdigit()
    if not digits or len(at) > 15 or len(message) > 20:
        raise InvalidField("after", after, "must be the place of the last one seen, as an answer tells it")
    moment, then = "toUnixTimestamp64Milli(toDateTime64(at, 3))", bind(int(at), "Int64")
    later = f"{moment} = {then} AND message_key > {bind(int(message) % 2**64, 'UInt64')}"
    return [f"({moment} < {then} OR ({later}))"]


def _keys(tenant: str, recipient: str, stored_as: str) -> list[int]:
    """Return the keys that a text may stand for: that of the identifier, and the text itself if it could be a key."""
    found = [recipient_key(tenant, stored_as), recipient_key(tenant, normal_recipient(recipient))]
    if recipient.isascii() and recipient.isdigit() and int(recipient) < 2**64:
        found.append(int(recipient))
    return [key for key in found if key]


def _day(value: object) -> int:
    """Return the day in UTC, counted from 1970."""
    return _millis(value) // 86_400_000


def _millis(value: object) -> int:
    return round(cast("datetime", value).timestamp() * 1000)
