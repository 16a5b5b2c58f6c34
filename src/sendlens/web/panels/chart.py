"""The chart: one metric over time, with the earlier period dotted and the running step marked.

The table under the chart is the data: the script draws what the table says, so the two cannot disagree.
"""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Final

from sendlens.errors import InvalidField
from sendlens.metrics.periods import DAY, HOUR, zone_info
from sendlens.metrics.query import Figure, Series
from sendlens.metrics.registry import METRICS
from sendlens.web.pages.reader import number, said, when
from sendlens.web.panels.figures import chosen_metric
from sendlens.web.panels.marks import by_step, marks
from sendlens.web.panels.names import CLOCK_WORDS
from sendlens.web.panels.question import Ask
from sendlens.web.panels.sheet import Sheet, cells, columns

STEPS: Final = {"quarter": "15 min", "hour": "Hours", "day": "Days", "week": "Weeks", "month": "Months"}
STEP_NAMES: Final = {
    "minute": "Minute",
    "quarter": "Quarter of an hour",
    "hour": "Hour",
    "day": "Day",
    "week": "Week",
    "month": "Month",
}
_FORMS: Final = {
    "minute": ("clock", "near_weekday"),
    "quarter": ("clock", "near_weekday"),
    "hour": ("clock", "near_weekday"),
    "day": ("near_day", "weekday"),
    "week": ("near_day", "day"),
    "month": ("month", "long_month"),
}
# Which steps are offered for a period of at most this length: none that gives a hairy line or a single point.
_OFFERED: Final = (
    (2 * HOUR, ("quarter",)),
    (DAY, ("quarter", "hour")),
    (8 * DAY, ("hour", "day")),
    (100 * DAY, ("day", "week")),
)
_OFFERED_BEYOND: Final = ("week", "month")


async def chart(question: Ask, key: str = "") -> dict[str, object]:
    """Return the series of a metric, or of the one the address chooses, as rows of a table."""
    key = key or chosen_metric(question)
    metric = METRICS[key]
    scope = question.scope
    series, found = await asyncio.gather(_series(question, key), marks(question))
    at_step = by_step(found, series.buckets, scope.period.end)
    now = series.figures[key]
    compared = question.compared if series.previous else ""
    short, long = _FORMS[series.interval]
    if series.interval == "hour" and scope.period.end - scope.period.start > DAY:
        short = "weekday_clock"
    zone = zone_info(scope.period.zone)
    points: list[dict[str, object]] = []
    for index, at in enumerate(series.buckets):
        local = datetime.fromtimestamp(at / 1000, zone)
        future = series.unfinished_from is not None and index > series.unfinished_from
        points.append(
            _values(now[index], future=future)
            | _values_then(now[index].previous)
            | {
                "short": when(local, short),
                "long": ("Week of " if series.interval == "week" else "") + when(local, long),
                "unfinished": index == series.unfinished_from,
                "future": future,
                "marks": " · ".join(mark.text for mark in at_step.get(index, [])),
            }
        )
    anything = any(point["value"] not in {"", "0"} or point["then"] not in {"", "0"} for point in points)
    length = scope.period.end - scope.period.start
    offered = next((steps for most, steps in _OFFERED if length <= most), _OFFERED_BEYOND)
    return {
        "title": metric.label,
        "formula": metric.formula,
        "clock": CLOCK_WORDS[scope.clock or metric.clock],
        "unit": metric.unit,
        "currency": question.tenant.currency,
        "shape": "bar" if metric.unit == "count" and len(points) <= 62 else "line",
        "points": points if anything else [],
        "has_parts": bool(metric.den),
        "step_name": STEP_NAMES[series.interval],
        "steps": [
            {
                "label": STEPS[step],
                "href": str(question.address.with_(interval=step)),
                "chosen": step == series.interval,
            }
            for step in offered
        ],
        "now_label": "This period" if question.compared else metric.label,
        "compared": compared,
        "unfinished": series.unfinished_from is not None,
        "marks": [
            {"at": mark.at, "text": mark.text, "href": mark.href, "note": mark.note}
            for index in sorted(at_step)
            for mark in at_step[index]
        ],
        "may_note": question.visitor.can("annotate"),
        "zone": scope.period.zone,
        "now_local": datetime.fromtimestamp(question.site.clock.now_ms() / 1000, zone).strftime("%Y-%m-%dT%H:%M"),
    }


async def chart_sheet(question: Ask, metric: str = "") -> Sheet:
    """Return the series of a metric, or of the chosen one, with the compared period beside it."""
    key = metric or chosen_metric(question)
    series = await _series(question, key)
    head = (series.interval, *columns([key]), *columns([f"previous_{key}"] if series.previous else []))
    rows = [
        (label, *cells([now]), *cells([now.previous] if now.previous else []))
        for label, now in zip(series.labels, series.figures[key], strict=True)
    ]
    return Sheet(head, [(*row, *[None] * (len(head) - len(row))) for row in rows])


async def _series(question: Ask, key: str) -> Series:
    """Return a metric by the steps that the address chooses, or by fitting ones where it chose none or impossible ones.

    A step that fits one period is too fine for the next, and travels along with the address.
    """
    wanted, ask = question.address.get("interval"), question.site.answers.timeseries
    try:
        return await ask(question.scope, (key,), wanted or "auto")
    except InvalidField as error:
        if error.field != "interval" or not wanted:
            raise
        return await ask(question.scope, (key,), "auto")


def _values(figure: Figure, *, future: bool) -> dict[str, object]:
    if future:
        return {"value": "", "text": "", "behind": ""}
    behind = "" if figure.d is None else f"{number(figure.n)} of {number(figure.d)}"
    return {"value": _plain(figure), "text": said(figure), "behind": behind}


def _values_then(figure: Figure | None) -> dict[str, object]:
    return {"then": _plain(figure), "then_text": said(figure)}


def _plain(figure: Figure | None) -> str:
    return "" if figure is None or figure.value is None else f"{figure.value:.6g}"
