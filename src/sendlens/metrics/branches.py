"""Branches: one SELECT per family of tables, all of one shape.

The columns are (what, slot, on_clock, counted, units, money).

Owns how each family is read: the roll-ups and `message_facts`, the events themselves, `campaigns` and `spend`. Leaves
opens, clicks and their like to `engagements`, and to `compile` which of them a question needs and how their rows become
columns.

Two rules keep the numbers the same whichever table answers. A message has its dimensions from `messages`, also where
its events are counted. And what only events know (device, link, country) counts a message once within the period asked,
at its first such event.
"""

# ruff: noqa: S608 - only names from our own tables are written into the text; every value is bound (question.Binder)
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from sendlens.metrics.dimensions import CYCLES, Dimension
from sendlens.metrics.filters import Filter, of_level
from sendlens.metrics.measures import MEASURES, PER_EVENT
from sendlens.metrics.periods import DAY
from sendlens.metrics.question import Binder, Question, Want

_OPEN: Final = "type = 'opened'"
_CLICK: Final = "type = 'clicked' AND link_kind = ''"
_LEFT: Final = "type = 'unsubscribed'"
_PERSON: Final = " AND actor != 'machine'"

EVENT_MEASURES: Final[dict[str, str]] = {
    "opened": _OPEN,
    "opened_human": _OPEN + _PERSON,
    "clicked": _CLICK,
    "clicked_human": _CLICK + _PERSON,
    "complained": "type = 'complained'",
    "unsubscribed": _LEFT,
    "unsubscribed_human": _LEFT + _PERSON,
    "unsubscribed_link": _LEFT + _PERSON + " AND unsubscribe_method = 'link'",
    "unsubscribed_one_click": _LEFT + _PERSON + " AND unsubscribe_method = 'one_click'",
    "unsubscribed_mailto": _LEFT + _PERSON + " AND unsubscribe_method = 'mailto'",
    "replied": "type = 'replied'",
    "forwarded": "type = 'forwarded'",
    "shared": "type = 'shared'",
    "converted": "type = 'converted' AND (campaign_id != '' OR message_id != '')",
    "opens": _OPEN,
    "opens_human": _OPEN + _PERSON,
    "clicks": _CLICK,
    "clicks_human": _CLICK + _PERSON,
    "conversions": "type = 'converted' AND (campaign_id != '' OR message_id != '')",
    "revenue": "type = 'converted' AND (campaign_id != '' OR message_id != '') AND revenue != 0",
}
"""Which events count for a measure, when the events themselves are asked."""

_TENANT: Final = "tenant = {tenant:String}"
EVER: Final = 1000
"""A period that begins no later (UTC milliseconds) has no beginning."""

_TAKEN_BACK: Final = (
    "SELECT event_key, actor FROM events WHERE tenant = {tenant:String} AND correction = 1"
    " GROUP BY event_key, actor HAVING sum(weight) < 0"
)

EARLIEST_BEFORE_SENDING: Final = 7 * DAY
"""How long before a message was sent its events are looked for on the send clock: clocks differ, but not by more."""


def rollup(question: Question, bind: Binder, wants: Sequence[Want], table: str) -> list[str]:
    """Return the branches over a roll-up or `message_facts`, one for each set of campaigns that is looked among.

    What campaigns came to over their whole life is kept by the store as such. A question for it says nothing of time,
    and a second branch takes away what lies beyond its end.
    """
    at = "at" if table == "message_facts" else "bucket"
    period = [("", [f"{at} >= {bind.moment(question.start)}", f"{at} < {bind.moment(question.end)}"])]
    life = [("", list[str]()), ("-", [f"{at} >= {bind.moment(question.end)}"])]
    of_lives = table == "metrics_quarter" and _of_lives(question)
    column = question.by.column if question.by else ""
    found: list[str] = []
    for among in ("", "costed", "paid"):
        here = [want for want in wants if MEASURES[want.measure].among == among]
        if not here:
            continue
        measure = f"concat('{among}_', measure)" if among else "measure"
        where = [_TENANT, _clocks(here), *conditions(question.filters, bind, question.zone, at=at)]
        if among:
            where.append(f"campaign_id IN ({_AMONG[among](question, bind)})")
        # Which campaigns to look among takes longer to think about than the few sums of theirs to add up.
        spans = life if of_lives and not among else period
        found += [
            f"SELECT {what(question, bind, column, at)} AS what, {slot(question, bind, at)} AS slot,"
            f" clock AS on_clock, {measure} AS counted, {sign}sum(n) AS units, {sign}sum(amount) AS money"
            f" FROM {table} WHERE {' AND '.join([*where, *span])} GROUP BY what, slot, on_clock, counted"
            for sign, span in spans
        ]
    return found


def _of_lives(question: Question) -> bool:
    """Return whether campaigns are asked for as wholes, or everything there is."""
    whole = question.start <= EVER and not question.edges
    return whole and all(dimension.key == "campaign" for dimension in question.dimensions)


def events(question: Question, bind: Binder, wants: Sequence[Want]) -> list[str]:
    """Return the branches over `events`, for what neither roll-ups nor messages know."""
    found: list[str] = []
    for clock in dict.fromkeys(want.clock for want in wants):
        of_clock = [want for want in wants if want.clock == clock]
        per_message = [want.measure for want in of_clock if want.measure not in PER_EVENT]
        per_event = [want.measure for want in of_clock if want.measure in PER_EVENT]
        timed = conditions(of_time(question), bind, question.zone, at="moment")
        where = f" WHERE {' AND '.join(timed)}" if timed else ""
        value, place = what(question, bind, "value_", "moment"), slot(question, bind, "moment")
        head = f"SELECT {value} AS what, {place} AS slot, '{clock}' AS on_clock, measure AS counted"
        tail = f"{where} GROUP BY what, slot, counted"
        if per_message:
            rows = (
                "SELECT value_, message_key, measure, minIf(moment_, weight > 0) AS moment"
                f" FROM ({event_rows(question, bind, clock, per_message)})"
                " GROUP BY value_, message_key, measure HAVING sum(weight) > 0"
            )
            found.append(f"{head}, toInt64(count()) AS units, toDecimal128(0, 4) AS money FROM ({rows}){tail}")
        if per_event:
            rows = (
                "SELECT value_, measure, moment_ AS moment, weight, revenue"
                f" FROM ({event_rows(question, bind, clock, per_event)})"
            )
            found.append(
                f"{head}, sum(toInt64(weight)) AS units, sum(if(measure = 'revenue', revenue * weight, 0)) AS money"
                f" FROM ({rows}){tail}"
            )
    return found


def campaigns(question: Question, bind: Binder, wants: Sequence[Want]) -> list[str]:
    """Return the branch over `campaigns`: each counts once, where it started."""
    column = question.by.campaigns if question.by else ""
    where = [
        f"start >= {bind.moment(question.start)}",
        f"start < {bind.moment(question.end)}",
        *conditions(question.filters, bind, question.zone, at="start", home="campaigns"),
    ]
    amounts = {
        "targeted": "(toInt64(total_sent), toDecimal128(0, 4))",
        "cost": f"(toInt64(0), {_own_cost(question, bind)})",
    }
    pairs = ", ".join(f"('{want.clock}', '{want.measure}', {amounts[want.measure]})" for want in wants)
    return [
        f"SELECT {what(question, bind, column, 'start')} AS what, {slot(question, bind, 'start')} AS slot,"
        " pair.1 AS on_clock, pair.2 AS counted, sum(pair.3.1) AS units, sum(pair.3.2) AS money"
        f" FROM ({_started()}) ARRAY JOIN [{pairs}] AS pair"
        f" WHERE {' AND '.join(where)} GROUP BY what, slot, on_clock, counted"
    ]


def spend(question: Question, bind: Binder, wants: Sequence[Want]) -> list[str]:
    """Return the branch over `spend`."""
    column = question.by.spend if question.by else ""
    where = [
        "tenant = {tenant:String}",
        f"hour >= {bind.moment(question.start)}",
        f"hour < {bind.moment(question.end)}",
        *conditions(question.filters, bind, question.zone, at="hour", home="spend"),
    ]
    own = bind(question.currency, "String")
    amounts = {
        "impressions": "(toInt64(impressions), toDecimal128(0, 4))",
        "ad_clicks": "(toInt64(clicks), toDecimal128(0, 4))",
        "spend": f"(toInt64(0), if(currency IN ('', {own}), toDecimal128(cost, 4), toDecimal128(0, 4)))",
    }
    pairs = ", ".join(f"('{want.clock}', '{want.measure}', {amounts[want.measure]})" for want in wants)
    return [
        f"SELECT {what(question, bind, column, 'hour')} AS what, {slot(question, bind, 'hour')} AS slot,"
        " pair.1 AS on_clock, pair.2 AS counted, sum(pair.3.1) AS units, sum(pair.3.2) AS money"
        f" FROM (SELECT * FROM spend FINAL WHERE {' AND '.join(where)}) ARRAY JOIN [{pairs}] AS pair"
        " GROUP BY what, slot, on_clock, counted"
    ]


def dmarc(question: Question, bind: Binder, wants: Sequence[Want]) -> list[str]:
    """Return the branch over `dmarc_records`: a report counts where its time begins."""
    amounts = {
        "dmarc_mails": "count",
        "dmarc_passed": "if(dkim_aligned OR spf_aligned, count, 0)",
        "dmarc_dkim": "if(dkim_aligned, count, 0)",
        "dmarc_spf": "if(spf_aligned, count, 0)",
        "dmarc_quarantined": "if(disposition = 'quarantine', count, 0)",
        "dmarc_rejected": "if(disposition = 'reject', count, 0)",
    }
    return [_counted(question, bind, wants, "dmarc_records", "dmarc", "begin_at", amounts)]


def tls(question: Question, bind: Binder, wants: Sequence[Want]) -> list[str]:
    """Return the branch over `tls_reports`: the totals of each policy, where the report's time begins."""
    amounts = {"tls_sessions": "successful + failed", "tls_failed": "failed"}
    return [_counted(question, bind, wants, "tls_reports", "tls", "begin_at", amounts)]


def placements(question: Question, bind: Binder, wants: Sequence[Want]) -> list[str]:
    """Return the branch over `placements`: each seed mailbox counts once a test, when the test was sent."""
    amounts = {f"seeds_{where}": f"toUInt64(placement = '{where}')" for where in ("inbox", "spam", "missing")}
    return [_counted(question, bind, wants, "placements", "placements", "at", amounts)]


def readings(question: Question, bind: Binder, wants: Sequence[Want]) -> list[str]:
    """Return the branch over the events that measure reading: each counts when it was read, a machine's never."""
    column = question.by.readings if question.by else ""
    where = [
        "tenant = {tenant:String}",
        "type = 'read' AND actor != 'machine'",
        f"occurred_at >= {bind.instant(question.start)}",
        f"occurred_at < {bind.instant(question.end)}",
        *conditions(question.filters, bind, question.zone, at="occurred_at", home="readings"),
    ]
    amounts = {
        "readings": "1",
        **{how: f"reason = '{how}'" for how in ("glanced", "skimmed", "read")},
        "reading_seconds": "toUInt32OrZero(metadata['seconds'])",
    }
    pairs = ", ".join(f"('{want.clock}', '{want.measure}', toInt64({amounts[want.measure]}))" for want in wants)
    return [
        f"SELECT {what(question, bind, column, 'occurred_at')} AS what, {slot(question, bind, 'occurred_at')} AS slot,"
        " pair.1 AS on_clock, pair.2 AS counted, sum(pair.3 * weight) AS units, toDecimal128(0, 4) AS money"
        f" FROM (SELECT * FROM events WHERE {' AND '.join(where)}) ARRAY JOIN [{pairs}] AS pair"
        " GROUP BY what, slot, on_clock, counted"
    ]


def _counted(
    question: Question, bind: Binder, wants: Sequence[Want], table: str, home: str, at: str, amounts: dict[str, str]
) -> str:
    """Return the branch over a keyed set of counts, whose dimensions are the columns named for `home`."""
    column = str(getattr(question.by, home)) if question.by else ""
    where = [
        "tenant = {tenant:String}",
        f"{at} >= {bind.moment(question.start)}",
        f"{at} < {bind.moment(question.end)}",
        *conditions(question.filters, bind, question.zone, at=at, home=home),
    ]
    pairs = ", ".join(f"('{want.clock}', '{want.measure}', toInt64({amounts[want.measure]}))" for want in wants)
    return (
        f"SELECT {what(question, bind, column, at)} AS what, {slot(question, bind, at)} AS slot,"
        " pair.1 AS on_clock, pair.2 AS counted, sum(pair.3) AS units, toDecimal128(0, 4) AS money"
        f" FROM (SELECT * FROM {table} FINAL WHERE {' AND '.join(where)}) ARRAY JOIN [{pairs}] AS pair"
        " GROUP BY what, slot, on_clock, counted"
    )


def event_rows(question: Question, bind: Binder, clock: str, measures: Sequence[str]) -> str:
    """Return the selection of one row per event and measure it counts for, with its moment on that clock."""
    of_messages = [one for one in question.filters if one.of.level in {"rollup", "message"}]
    by = question.by if question.by and question.by.level in {"rollup", "message"} else None
    by_event = question.by.event if question.by and question.by.level == "event" else "''"
    counts = ", ".join(f"if({EVENT_MEASURES[measure]}, '{measure}', '')" for measure in measures)
    earliest = question.start - (EARLIEST_BEFORE_SENDING if clock == "send" else 0)
    where = [
        "tenant = {tenant:String}",
        f"occurred_at >= {bind.instant(max(earliest, 0))}",
        *conditions(of_level(question.filters, "event"), bind, question.zone, home="event"),
        "(" + " OR ".join(dict.fromkeys(f"({EVENT_MEASURES[measure]})" for measure in measures)) + ")",
        # A verdict that a correction took back is none; its event would still lend it the time.
        f"(event_key, actor) NOT IN ({_TAKEN_BACK})",
    ]
    told = ["tenant = {tenant:String}", *conditions(of_messages, bind, question.zone)]
    if clock == "send":
        told += [f"sent_at >= {bind.moment(question.start)}", f"sent_at < {bind.moment(question.end)}"]
        told += born(question, bind, "messages", "sent_at")
        moment = "m.sent_at"
    else:
        where.append(f"occurred_at < {bind.instant(question.end)}")
        told += born(replace(question, start=0), bind, "messages", "")
        moment = "toDateTime(e.occurred_at, 'UTC')"
    chosen = (
        f"SELECT message_key, occurred_at, weight, revenue, {by_event} AS told,"
        f" arrayJoin(arrayFilter(m -> m != '', [{counts}])) AS measure FROM events WHERE {' AND '.join(where)}"
    )
    if by or clock == "send":
        column = f", {by.column} AS of_message" if by else ""
        messages = f"SELECT message_key, sent_at{column} FROM messages FINAL WHERE {' AND '.join(told)}"
        value = "m.of_message" if by else "e.told"
        return (
            f"SELECT toString({value}) AS value_, e.message_key AS message_key, e.measure AS measure,"
            f" e.weight AS weight, e.revenue AS revenue, {moment} AS moment_"
            f" FROM ({chosen}) AS e INNER JOIN ({messages}) AS m ON e.message_key = m.message_key"
        )
    among = ""
    if of_messages:
        among = f" WHERE message_key IN (SELECT message_key FROM messages FINAL WHERE {' AND '.join(told)})"
    return (
        "SELECT toString(told) AS value_, message_key, measure, weight, revenue,"
        f" {moment} AS moment_ FROM ({chosen}) AS e{among}"
    )


def _clocks(wants: Sequence[Want]) -> str:
    """Return the condition for these measures on their clocks, in the form that the sorting key can use."""
    parts: list[str] = []
    for clock in dict.fromkeys(want.clock for want in wants):
        names = sorted({MEASURES[want.measure].stored_as for want in wants if want.clock == clock})
        quoted = ", ".join(f"'{name}'" for name in names)
        parts.append(f"(clock = '{clock}' AND measure IN ({quoted}))")
    return f"({' OR '.join(parts)})"


def of_time(question: Question) -> tuple[Filter, ...]:
    """Return the question's filters on days of the week and hours of the day."""
    return of_level(question.filters, "time")


def what(question: Question, bind: Binder, column: str, at: str) -> str:
    """Return the value of the question's dimension for a row, from the column that knows it and the row's time."""
    if question.by is None:
        return "''"
    if question.by.level == "time":
        return f"toString({_cycle(question.by, bind, question.zone, at)})"
    return f"toString({column})"


def slot(question: Question, bind: Binder, at: str) -> str:
    """Return the beginning of the question's bucket that a time is in, 0 for a question without buckets."""
    if not question.edges:
        return "0"
    bounds = bind([edge // 1000 for edge in question.edges], "Array(UInt32)")
    return f"roundDown(toUnixTimestamp({at}), {bounds})"


def _cycle(dimension: Dimension, bind: Binder, zone: str, at: str) -> str:
    return CYCLES[dimension.key].format(at=at, zone=bind(zone, "String"))


def conditions(filters: Sequence[Filter], bind: Binder, zone: str, *, at: str = "", home: str = "column") -> list[str]:
    """Return filters as conditions over the columns of one family of tables."""
    found: list[str] = []
    for one in filters:
        of = one.of
        column = _cycle(of, bind, zone, at) if of.level == "time" else str(getattr(of, home))
        if of.level == "time":
            column = f"toString({column})"
        values = bind(list(one.values), "Array(String)")
        if one.operator in {"is", "is_not"}:
            condition = f"has({values}, {column})" if of.level in {"time", "event"} else f"{column} IN {values}"
        else:
            condition = f"multiSearchAnyCaseInsensitiveUTF8({column}, {values})"
            if of.key == "campaign":
                named = f"multiSearchAnyCaseInsensitiveUTF8(name, {values})"
                ids = f"SELECT campaign_id FROM campaigns FINAL WHERE tenant = {{tenant:String}} AND {named}"
                condition = f"({condition} OR {column} IN ({ids}))"
        found.append(f"NOT ({condition})" if one.operator.endswith("_not") else condition)
    return found


def born(question: Question, bind: Binder, table: str, at: str, *where: str) -> list[str]:
    """Return the days of birth of the messages asked for, as a condition on the sorting key; none if all are.

    They are those of the rows of `table` in the question's period, by their time `at`, and of its campaigns.

    TRICKY: with FINAL an index on other columns leaves out next to nothing, because rows that replace each other must
    be read together; days are a part of the key. The rows that hold are among those looked through without FINAL.
    """
    chosen = [
        f"campaign_id IN {bind(list(one.values), 'Array(String)')}"
        for one in question.filters
        if one.operator == "is" and one.of.key == "campaign"
    ]
    if question.start > EVER:
        chosen += [f"{at} >= {bind.moment(question.start)}", f"{at} < {bind.moment(question.end)}"]
    if not chosen:
        return []
    return [f"born IN (SELECT DISTINCT born FROM {table} WHERE {' AND '.join([_TENANT, *where, *chosen])})"]


def born_of_events(question: Question, bind: Binder, types: Sequence[str]) -> list[str]:
    """Return the same of the messages to which such events happened in the period."""
    found = born(replace(question, start=0), bind, "messages", "")
    if question.start > EVER:
        where = [
            _TENANT,
            f"type IN ({', '.join(repr(one) for one in types)})",
            f"occurred_at >= {bind.instant(question.start // 1000 * 1000)}",
            f"occurred_at < {bind.instant(question.end)}",
        ]
        found.append(f"born IN (SELECT DISTINCT message_born FROM events WHERE {' AND '.join(where)})")
    return found


def _started() -> str:
    """Return the selection of the tenant's campaigns with the time each started, if need be that of its first mail."""
    unsaid = "SELECT campaign_id FROM campaigns FINAL WHERE tenant = {tenant:String} AND started_at = 0"
    first = (
        "SELECT campaign_id, min(bucket) AS first_sent FROM ("
        "SELECT campaign_id, bucket FROM metrics_quarter WHERE tenant = {tenant:String} AND clock = 'send'"
        f" AND measure IN ('dropped', 'injected', 'sent') AND campaign_id IN ({unsaid})"
        " GROUP BY campaign_id, bucket HAVING sum(n) > 0) GROUP BY campaign_id"
    )
    return (
        "SELECT c.*, if(c.started_at = 0, f.first_sent, c.started_at) AS start"
        " FROM (SELECT * FROM campaigns FINAL WHERE tenant = {tenant:String}) AS c"
        f" LEFT JOIN ({first}) AS f ON c.campaign_id = f.campaign_id"
    )


def _own_cost(question: Question, bind: Binder) -> str:
    own = bind(question.currency, "String")
    return f"if(currency IN ('', {own}), toDecimal128(cost, 4), toDecimal128(0, 4))"


def _costed(question: Question, bind: Binder) -> str:
    return (
        f"SELECT campaign_id FROM ({_started()}) WHERE {_own_cost(question, bind)} > 0"
        f" AND start >= {bind.moment(question.start)} AND start < {bind.moment(question.end)}"
    )


def _paid(question: Question, bind: Binder) -> str:
    return "SELECT campaign_id FROM spend WHERE tenant = {tenant:String}"


_AMONG: Final = {"costed": _costed, "paid": _paid}
