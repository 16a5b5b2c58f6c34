"""Compile: one question becomes one statement.

Owns the choice of the cheapest table that knows every dimension asked for, and the shape of the answer: one row per
value or bucket, one column per wanted sum. Leaves to `branches` how a table is read.
"""

# ruff: noqa: S608 - only names from our own tables are written into the text; every value is bound (question.Binder)
from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from sendlens.metrics import branches, engagements, states
from sendlens.metrics.measures import MEASURES
from sendlens.metrics.periods import DAY, MINUTE, QUARTER
from sendlens.metrics.question import Binder, Param, Question, Want
from sendlens.metrics.registry import METRICS, Metric, Sum, ratios

Table = Literal["metrics_quarter", "metrics_minute", "message_facts", "engagements", "events"]

MINUTES_KEPT: Final = 2 * DAY
"""How far back questions go to the roll-up by minute; older minutes are counted from the messages."""


_OTHERS: Final = {
    "campaigns": branches.campaigns,
    "spend": branches.spend,
    "dmarc": branches.dmarc,
    "tls": branches.tls,
    "placements": branches.placements,
    "readings": branches.readings,
}
"""How the families of tables are read that are not the facts of messages."""


@dataclass(frozen=True, slots=True)
class Compiled:
    """A statement, its values, and under which column each wanted sum comes back.

    A want that no table can tell under these dimensions has no column. The other columns are `what`, `slot` and `rows`
    (how many rows there are without the limit). A statement that is `long` has a row for each sum instead: `slot`,
    `on_clock`, `counted`, `units`, `money`.
    """

    sql: str
    params: dict[str, Param]
    columns: dict[Want, str]
    long: bool = False


def wants_of(metrics: tuple[Metric, ...], clock: str | None) -> tuple[Want, ...]:
    """Return the sums that these metrics are made of, each on the given clock or the metric's own."""
    found: dict[Want, None] = {}
    for one in metrics:
        for ratio in ratios(one):
            sums = [*ratio.num, *ratio.den]
            if ratio.caution:
                sums += [*ratio.caution.num, *ratio.caution.den]
            found |= {Want(measure, "send" if (clock or one.clock) == "send" else "event"): None for measure, _ in sums}
    return tuple(found)


def facts_table(question: Question) -> Table:
    """Return the cheapest table that knows the facts of messages under this question's dimensions and times."""
    levels = {dimension.level for dimension in question.dimensions}
    if "event" in levels:
        return "engagements" if any(want.measure in engagements.MEASURES for want in question.wants) else "events"
    borders = (question.start, question.end, *question.edges[1:])
    if "message" in levels or any(border % MINUTE for border in borders if border > MINUTE):
        return "message_facts"
    if all(border % QUARTER == 0 for border in borders if border > MINUTE):
        return "metrics_quarter"
    recent = question.start >= question.now - MINUTES_KEPT
    by_event = all(want.clock == "event" for want in question.wants if MEASURES[want.measure].home == "facts")
    return "metrics_minute" if recent and by_event else "message_facts"


def told(question: Question, want: Want) -> bool:
    """Return whether the want's table knows every dimension of the question."""
    home = MEASURES[want.measure].home
    if home != "facts":
        return all(dimension.level == "time" or getattr(dimension, home) for dimension in question.dimensions)
    of_events = [dimension for dimension in question.dimensions if dimension.level == "event"]
    return all(want.measure in dimension.tells for dimension in of_events)


def compile_question(question: Question) -> Compiled:
    """Return the statement that answers a question; `sql` is empty when no table can tell anything of it."""
    columns = {want: f"w{i}" for i, want in enumerate(want for want in question.wants if told(question, want))}
    bind = Binder()
    parts: list[str] = []
    facts = [want for want in columns if MEASURES[want.measure].home == "facts"]
    if facts:
        table = facts_table(question)
        if table in {"engagements", "events"}:
            acts = [want for want in facts if want.measure in engagements.MEASURES]
            parts += engagements.engagements(question, bind, acts)
            parts += branches.events(question, bind, [want for want in facts if want not in acts])
        elif table == "message_facts":
            alone = [want for want in facts if states.known([want])]
            parts += states.states(question, bind, alone)
            if others := [want for want in facts if want not in alone]:
                parts += branches.rollup(question, bind, others, table)
        else:
            parts += branches.rollup(question, bind, facts, table)
    for home, branch in _OTHERS.items():
        if here := [want for want in columns if MEASURES[want.measure].home == home]:
            parts += branch(question, bind, here)
    if not parts:
        return Compiled("", {}, {})
    every = " UNION ALL ".join(parts)
    if question.by is None:
        # Nothing is sorted by a sum or left out for it, and forty columns are longer thought about than filled.
        sums = "SELECT slot, on_clock, counted, sum(units) AS units, sum(money) AS money"
        sql = f"{sums} FROM ({every}) GROUP BY slot, on_clock, counted"
        return Compiled(sql, bind.params, columns, long=True)
    sums = [
        f"sumIf({'money' if MEASURES[want.measure].money else 'units'},"
        f" counted = '{want.measure}' AND on_clock = '{want.clock}') AS {name}"
        for want, name in columns.items()
    ]
    sql = f"SELECT what, slot, {', '.join(sums)}, count() OVER () AS rows FROM ({every})"
    sql += f" GROUP BY what, slot HAVING {' OR '.join(f'{name} != 0' for name in columns.values())}"
    sql += f" ORDER BY {_order(question, columns)}"
    if question.limit:
        sql += f" LIMIT {bind(question.limit, 'UInt64')} OFFSET {bind(question.offset, 'UInt64')}"
    return Compiled(sql, bind.params, columns)


def _order(question: Question, columns: dict[Want, str]) -> str:
    direction = "DESC" if question.descending else "ASC"
    by_value = (
        f"toInt64OrZero(what) {direction}, what {direction}" if question.by and question.by.level == "time" else ""
    )
    by_value = by_value or f"what {direction}"
    if question.order is None:
        return by_value
    expression = _value(question.order, question, columns)
    return f"{expression} {direction} NULLS LAST, what ASC" if expression else by_value


def _value(metric: Metric, question: Question, columns: dict[Want, str]) -> str:
    """Return a metric's value as an expression over the sums, for sorting only; empty if it cannot be told."""
    clock = question.clock or metric.clock
    if metric.parts:
        parts = [(_ratio(METRICS[part.metric], clock, columns), part.full, part.share) for part in metric.parts]
        if not all(expression for expression, _, _ in parts):
            return ""
        return " + ".join(f"{share} * least({expression} / {full}, 1)" for expression, full, share in parts)
    return _ratio(metric, clock, columns)


def _ratio(metric: Metric, clock: str, columns: dict[Want, str]) -> str:
    num, den = _sum(metric.num, clock, columns), _sum(metric.den, clock, columns)
    if not num:
        return ""
    # Where a dimension cannot tell the denominator, the count is the next best order.
    return f"toFloat64({num}) / nullIf(toFloat64({den}), 0)" if den else f"toFloat64({num})"


def _sum(terms: Sum, clock: str, columns: dict[Want, str]) -> str:
    found: list[str] = []
    for measure, weight in terms:
        name = columns.get(Want(measure, "send" if clock == "send" else "event"))
        if name is None:
            return ""
        found.append(f"{weight} * toFloat64({name})")
    return f"({' + '.join(found)})" if found else ""
