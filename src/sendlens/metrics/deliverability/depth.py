"""Depth: what mail servers sample, such as how much mail waits in a queue: the latest value and its course."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, cast

from sendlens.metrics.deliverability.reading import within
from sendlens.metrics.periods import auto_interval, edges
from sendlens.metrics.query import Metrics, Scope
from sendlens.metrics.question import Binder

MOST_SERIES: Final = 100
_SERIES: Final = """
SELECT name, source, labels, argMax(value, at) AS latest, toUnixTimestamp64Milli(max(at)) AS last, max(value) AS most,
    count() AS samples, maxMap(map(roundDown(toUnixTimestamp(at), {edges}), value)) AS course
FROM gauges FINAL WHERE {where}
GROUP BY name, source, labels ORDER BY name, latest DESC, source, toString(labels) LIMIT {limit}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gauge:
    """One sampled quantity: its latest value and when that was (UTC milliseconds), and the largest of the period.

    `course` has the largest value of every bucket, None where nothing was sampled.
    """

    name: str
    source: str
    labels: dict[str, str]
    latest: float
    at: int
    most: float
    samples: int
    course: list[float | None]


def depth(metrics: Metrics, scope: Scope) -> list[Gauge] | None:
    """Return the gauges sampled in the period; None under filters, which they do not know."""
    if scope.filters:
        return None
    period = metrics.known(scope)
    places = edges(period, auto_interval(period, minutes=False))
    bind = Binder()
    sql = _SERIES.format(
        edges=bind([place // 1000 for place in places], "Array(UInt32)"),
        where=within(scope, period, bind, at="at", home="column", fine=True),
        limit=bind(MOST_SERIES, "UInt64"),
    )
    found: list[Gauge] = []
    for name, source, labels, latest, last, most, samples, course in metrics.store.query(
        scope.tenant.id, sql, bind.params
    ).rows:
        values = cast("dict[int, float]", course)
        found.append(
            Gauge(
                name=str(name),
                source=str(source),
                labels=dict(cast("dict[str, str]", labels)),
                latest=float(cast("float", latest)),
                at=int(cast("int", last)),
                most=float(cast("float", most)),
                samples=int(cast("int", samples)),
                course=[values.get(place // 1000) for place in places],
            )
        )
    return found
