"""The key figures: one tile per metric, each a link that puts its metric into the chart."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from sendlens.metrics.figures import Figure
from sendlens.metrics.query import Series
from sendlens.metrics.registry import METRICS
from sendlens.web.panels.question import Ask
from sendlens.web.panels.sheet import Cell, Sheet, cells, columns

BESIDE: Final = {"open_rate": "open_rate_raw", "click_rate": "click_rate_raw"}
"""Metrics of people, and the same with machines, which stands beside them."""
CLOCKS: Final = {
    "send": "Counted for mail sent in the period, with what happened to it so far.",
    "event": "Counted when it happened.",
}
_WIDTH, _TOP, _BOTTOM = 100.0, 3.0, 24.0


def chosen_metric(question: Ask) -> str:
    """Return the metric the chart shows: the one of the address if there is such a metric, else the first tile."""
    key = question.address.get("metric")
    return key if key in METRICS else question.tiles[0]


async def figures(question: Ask) -> dict[str, object]:
    """Return the tiles, with the course of each metric as a small line."""
    answers = question.site.answers
    tiles = question.tiles
    values, series = await asyncio.gather(
        answers.figures(question.scope, (*tiles, *_beside(tiles))),
        answers.timeseries(replace(question.scope, compare=None), tiles, "auto"),
    )
    chosen = chosen_metric(question)
    return {"tiles": [_tile(question, key, values, series, chosen=key == chosen) for key in tiles]}


async def figures_sheet(question: Ask) -> Sheet:
    """Return one row per tile, and per figure beside a tile, with the compared period."""
    keys = (*question.tiles, *_beside(question.tiles))
    values = await question.site.answers.figures(question.scope, keys)
    head = ("metric", "label", *columns(["value"]), *columns(["previous"]), "change")
    rows: list[tuple[Cell, ...]] = []
    for key, one in values.items():
        before = cells([one.previous]) if one.previous else [None, None, None]
        rows.append((key, METRICS[key].label, *cells([one]), *before, one.change))
    return Sheet(head, rows)


def _beside(tiles: Sequence[str]) -> list[str]:
    return [BESIDE[key] for key in tiles if key in BESIDE]


def _tile(question: Ask, key: str, values: Mapping[str, Figure], series: Series, *, chosen: bool) -> dict[str, object]:
    metric = METRICS[key]
    return {
        "key": key,
        "label": metric.label,
        "formula": f"{metric.label} = {metric.formula}",
        "help": metric.help,
        "clock": CLOCKS[question.scope.clock or metric.clock],
        "figure": values[key],
        "raw": values[BESIDE[key]] if key in BESIDE else None,
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
