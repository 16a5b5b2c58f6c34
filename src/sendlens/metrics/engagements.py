"""Engagements: the SELECTs over the table `engagements`, for what only opens, clicks and their like know.

Owns how device, client, country and link are counted, on both clocks and under every filter: each row has the
dimensions of its message beside its own, so nothing is joined. Leaves conversions, which it does not hold, to
`branches.events`, and the choice between the two to `compile`.
"""

# ruff: noqa: S608 - only names from our own tables are written into the text; every value is bound (question.Binder)
from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sendlens.metrics import branches
from sendlens.metrics.dimensions import CONVERSION
from sendlens.metrics.measures import PER_EVENT
from sendlens.metrics.question import Binder, Question, Want

MEASURES: Final[dict[str, tuple[str, str]]] = {
    measure: (condition.partition("'")[2].partition("'")[0], condition)
    for measure, condition in branches.EVENT_MEASURES.items()
    if measure not in CONVERSION
}
"""The measures that engagements count: (the type of event, the whole condition)."""


def engagements(question: Question, bind: Binder, wants: Sequence[Want]) -> list[str]:
    """Return the branches over `engagements`: one for each clock, two where a message counts at its first event."""
    found: list[str] = []
    for clock in dict.fromkeys(want.clock for want in wants):
        measures = [want.measure for want in wants if want.clock == clock]
        if clock == "event" and _in_time(question):
            per_message = [measure for measure in measures if measure not in PER_EVENT]
            if per_message:
                found.append(_first(question, bind, per_message))
            measures = [measure for measure in measures if measure in PER_EVENT]
        if measures:
            found.append(_counted(question, bind, clock, measures))
    return found


def acts(question: Question, bind: Binder, clock: str, measure: str, columns: str) -> str:
    """Return the selection of the rows that count for one measure in the question's time and under its filters."""
    return f"SELECT {columns} FROM engagements FINAL WHERE {_where(question, bind, clock, [measure])}"


def moment(clock: str) -> str:
    """Return the column of the time at which a row counts on a clock."""
    return "sent_at" if clock == "send" else "occurred_at"


def _in_time(question: Question) -> bool:
    """Return whether the answer depends on when within the period something happened."""
    return bool(branches.of_time(question) or question.edges or (question.by and question.by.level == "time"))


def _first(question: Question, bind: Binder, measures: Sequence[str]) -> str:
    """Return the branch that counts a message once for each value, at its first such event within the period."""
    rows = (
        f"SELECT {_value(question)} AS value_, message_key, measure, min(occurred_at) AS moment_"
        f" FROM engagements FINAL ARRAY JOIN {_pairs(measures)} AS measure"
        f" WHERE {_where(question, bind, 'event', measures)} AND measure != '' GROUP BY value_, message_key, measure"
    )
    where = branches.conditions(branches.of_time(question), bind, question.zone, at="moment_")
    return (
        f"SELECT {branches.what(question, bind, 'value_', 'moment_')} AS what,"
        f" {branches.slot(question, bind, 'moment_')} AS slot, 'event' AS on_clock, measure AS counted,"
        f" toInt64(count()) AS units, toDecimal128(0, 4) AS money FROM ({rows})"
        f"{' WHERE ' if where else ''}{' AND '.join(where)} GROUP BY what, slot, counted"
    )


def _counted(question: Question, bind: Binder, clock: str, measures: Sequence[str]) -> str:
    """Return the branch that counts all measures in one pass: events, or messages whose events lie in one place."""
    at = moment(clock)
    counts = ", ".join(f"('{measure}', toInt64({_count(measure)}))" for measure in measures)
    where = [
        _where(question, bind, clock, measures),
        *branches.conditions(branches.of_time(question), bind, question.zone, at=at),
    ]
    rows = (
        f"SELECT {branches.what(question, bind, _value(question), at)} AS what,"
        f" {branches.slot(question, bind, at)} AS slot, [{counts}] AS pairs"
        f" FROM engagements FINAL WHERE {' AND '.join(where)} GROUP BY what, slot"
    )
    return (
        f"SELECT what, slot, '{clock}' AS on_clock, pair.1 AS counted, pair.2 AS units, toDecimal128(0, 4) AS money"
        f" FROM ({rows}) ARRAY JOIN pairs AS pair"
    )


def _count(measure: str) -> str:
    condition = MEASURES[measure][1]
    return f"countIf({condition})" if measure in PER_EVENT else f"uniqExactIf(message_key, {condition})"


def _pairs(measures: Sequence[str]) -> str:
    """Return the measures a row counts for, as an array with an empty text for each it does not."""
    return "[" + ", ".join(f"if({MEASURES[measure][1]}, '{measure}', '')" for measure in measures) + "]"


def _value(question: Question) -> str:
    if question.by is None or question.by.level == "time":
        return "''"
    return f"toString({question.by.event if question.by.level == 'event' else question.by.column})"


def _where(question: Question, bind: Binder, clock: str, measures: Sequence[str]) -> str:
    """Return the conditions on the rows: period, filters but those on time, and what can count at all."""
    types = ", ".join(f"'{name}'" for name in sorted({MEASURES[measure][0] for measure in measures}))
    any_of = " OR ".join(dict.fromkeys(f"({MEASURES[measure][1]})" for measure in measures))
    of_events = [one for one in question.filters if one.of.level == "event"]
    of_messages = [one for one in question.filters if one.of.level in {"rollup", "message"}]
    at = moment(clock)
    return " AND ".join(
        [
            "tenant = {tenant:String}",
            f"type IN ({types})",
            f"{at} >= {bind.moment(max(question.start, 1000))}",
            f"{at} < {bind.moment(question.end)}",
            *branches.conditions(of_events, bind, question.zone, home="event"),
            *branches.conditions(of_messages, bind, question.zone),
            *branches.born(question, bind, "engagements", at, f"type IN ({types})"),
            f"({any_of})",
        ]
    )
