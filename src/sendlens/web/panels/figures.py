"""The key figures: one tile per metric, each a link that puts its metric into the chart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from sendlens.metrics.query import Series
from sendlens.metrics.registry import METRICS
from sendlens.web.panels.question import Ask

TILES: Final = (
    "sent",
    "delivery_rate",
    "open_rate",
    "click_rate",
    "revenue",
    "hard_bounce_rate",
    "complaint_rate",
    "unsubscribe_rate",
)
CLOCKS: Final = {
    "send": "Counted for mail sent in the period, with what happened to it so far.",
    "event": "Counted when it happened.",
}
_WIDTH, _TOP, _BOTTOM = 100.0, 3.0, 24.0


def chosen_metric(question: Ask) -> str:
    """Return the metric the chart shows: the one of the address if there is such a metric, else the first tile."""
    key = question.address.get("metric")
    return key if key in METRICS else TILES[0]


async def figures(question: Ask) -> dict[str, object]:
    """Return the tiles, with the course of each metric as a small line."""
    answers = question.site.answers
    values = await answers.figures(question.scope, TILES)
    series = await answers.timeseries(replace(question.scope, compare=None), TILES, "auto")
    chosen = chosen_metric(question)
    return {"tiles": [_tile(question, key, values[key], series, chosen=key == chosen) for key in TILES]}


def _tile(question: Ask, key: str, figure: object, series: Series, *, chosen: bool) -> dict[str, object]:
    metric = METRICS[key]
    return {
        "key": key,
        "label": metric.label,
        "formula": f"{metric.label} = {metric.formula}",
        "help": metric.help,
        "clock": CLOCKS[question.scope.clock or metric.clock],
        "figure": figure,
        "chosen": chosen,
        "href": str(question.address.with_(metric=key)),
        "spark": spark(_known(series, key), from_zero=metric.unit in {"count", "money"}),
    }


def _known(series: Series, key: str) -> list[float | None]:
    values = [figure.value for figure in series.figures[key]]
    # The running step is left out: it always looks like a fall.
    return values if series.unfinished_from is None else values[: series.unfinished_from]


def spark(values: Sequence[float | None], *, from_zero: bool) -> dict[str, str] | None:
    """Return the paths of a small line through the values and of the area under it, or None for fewer than two."""
    known = [value for value in values if value is not None]
    if len(known) < 2:
        return None
    low, high = (0.0 if from_zero else min(known)), max(known)
    span = (high - low) or 1.0
    step = _WIDTH / (len(values) - 1)
    points = [
        (f"{index * step:.1f}", f"{_BOTTOM - (value - low) / span * (_BOTTOM - _TOP):.1f}")
        for index, value in enumerate(values)
        if value is not None
    ]
    line = "M" + "L".join(f"{x} {y}" for x, y in points)
    return {"line": line, "area": f"{line}V28H{points[0][0]}z"}
