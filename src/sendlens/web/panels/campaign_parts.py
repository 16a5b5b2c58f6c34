"""Parts of a campaign's page beside its report: how soon people acted, variants, and how it stands among its kind.

Owns their words and drawings. Counting is `metrics`'.
"""

from __future__ import annotations

from math import log
from typing import Final

from sendlens.metrics.campaigns import Campaigns
from sendlens.metrics.comparable import MOST, Comparison, Standing, comparison
from sendlens.metrics.curves import STEPS, Curve, Curves, Deed, curves
from sendlens.metrics.figures import Figure, duration
from sendlens.metrics.intervals import wilson
from sendlens.metrics.query import Table
from sendlens.metrics.registry import METRICS
from sendlens.metrics.variants import VARIANT_METRICS
from sendlens.metrics.variants import variants as by_variant
from sendlens.web.pages.reader import number, value_text
from sendlens.web.panels.names import name_of
from sendlens.web.panels.question import Ask, campaign_path
from sendlens.web.panels.sheet import Cell, Sheet, cells, columns

DEEDS: Final[dict[Deed, str]] = {"opened": "Time to open", "clicked": "Time to click"}
_TICKS: Final = {60: "1 min", 600: "10 min", 3_600: "1 h", 21_600: "6 h", 86_400: "1 d", 604_800: "7 d"}
_LAST: Final = 14 * 86_400


async def soon(question: Ask) -> dict[str, object]:
    """Return the curves of opening and clicking."""
    found = await _curves(question)
    return {"curves": [_drawn(DEEDS[deed], one) for deed, one in found.items()], "ticks": _ticks()}


async def soon_sheet(question: Ask) -> Sheet:
    """Return a row per step of time."""
    found = await _curves(question)
    head = ("within_seconds", *(f"{deed}_{who}" for deed in found for who in ("people", "machines")))
    rows: list[tuple[Cell, ...]] = [
        (step, *(curve.within[i] for one in found.values() for curve in (one.people, one.machines)))
        for i, step in enumerate(STEPS)
    ]
    return Sheet(head, rows)


async def _curves(question: Ask) -> dict[Deed, Curves]:
    answers, tenant = question.site.answers, question.tenant
    return await answers.run(tenant, lambda: curves(answers.metrics, tenant, question.campaign))


def place(seconds: float) -> float:
    """Return where a time stands on the logarithmic axis, in percent of its width."""
    first, last = STEPS[0], _LAST
    return 100 * (log(max(seconds, first)) - log(first)) / (log(last) - log(first))


def _ticks() -> list[tuple[str, str]]:
    return [(f"{place(seconds):.2f}", label) for seconds, label in _TICKS.items()]


def _path(curve: Curve) -> str:
    points = [
        (place(step), 100 - 100 * share) for step, share in zip(STEPS, curve.shares, strict=False) if step <= _LAST
    ]
    return " ".join(f"{'L' if i else 'M'}{x:.2f} {y:.2f}" for i, (x, y) in enumerate(points))


def _drawn(title: str, one: Curves) -> dict[str, object]:
    return {
        "title": title,
        "people": one.people,
        "machines": one.machines,
        "path": _path(one.people),
        "machine_path": _path(one.machines) if one.machines.total else "",
        "median": f"{min(place(one.people.median), 100):.2f}" if one.people.total else "",
        "rows": [
            (
                duration(step),
                value_text(count / one.people.total, "ratio") if one.people.total else "–",
                number(count),
                number(machines),
            )
            for step, count, machines in zip(STEPS, one.people.within, one.machines.within, strict=True)
        ],
    }


async def variants(question: Ask) -> dict[str, object]:
    """Return the variants side by side: counts, and rates with the interval they may truly lie in."""
    table = await _variants(question)
    return {
        "headings": [METRICS[key].label for key in VARIANT_METRICS],
        "rows": [
            {
                "name": name_of("variant", row.value, row.label),
                "cells": [(row.figures[key], _interval(row.figures[key])) for key in VARIANT_METRICS],
            }
            for row in table.rows
        ],
    }


async def _variants(question: Ask) -> Table:
    answers = question.site.answers
    return await answers.run(question.tenant, lambda: by_variant(answers.metrics, question.scope))


async def variants_sheet(question: Ask) -> Sheet:
    """Return a row per variant."""
    table = await _variants(question)
    rows: list[tuple[Cell, ...]] = [(r.value, *cells(r.figures[key] for key in VARIANT_METRICS)) for r in table.rows]
    return Sheet(("variant", *columns(VARIANT_METRICS)), rows)


def _interval(figure: Figure) -> str:
    if figure.unit != "ratio" or figure.d is None or figure.n is None:
        return ""
    bounds = wilson(int(figure.n), int(figure.d))
    return f"{value_text(bounds[0], 'ratio')} to {value_text(bounds[1], 'ratio')}" if bounds else ""


async def _compared(question: Ask) -> Comparison:
    answers, tenant = question.site.answers, question.tenant
    facts = await question.facts()
    campaigns = Campaigns(answers.metrics)
    return await answers.run(tenant, lambda: comparison(campaigns, tenant, facts))


async def comparable_sheet(question: Ask) -> Sheet:
    """Return a row per metric: the campaign's, and median and middle half of the others."""
    found = await _compared(question)
    head = ("metric", "value", "value_n", "value_d", "median", "low", "high", "above", "of")
    rows: list[tuple[Cell, ...]] = [
        (one.figure.key, *cells([one.figure]), one.median, one.low, one.high, one.above, one.of)
        for one in found.standings
    ]
    return Sheet(head, rows)


async def comparable(question: Ask) -> dict[str, object]:
    """Return how the campaign stands among the latest of its kind."""
    found = await _compared(question)
    currency = question.tenant.currency
    return {
        "kind": found.kind,
        "most": MOST,
        "others": [(row.facts.name, str(question.address.at(campaign_path(row.facts.id)))) for row in found.others],
        "rows": [_standing(one, currency) for one in found.standings],
    }


def _standing(one: Standing, currency: str) -> dict[str, object]:
    metric, value = METRICS[one.figure.key], one.figure.value or 0.0
    end = max(one.high, value, one.median) * 1.15 or 1.0
    outside = value > one.high or value < one.low
    good = (value > one.median) == (metric.better == "up")
    return {
        "label": metric.label,
        "figure": one.figure,
        "median": value_text(one.median, metric.unit, currency),
        "band": f"{value_text(one.low, metric.unit, currency)} to {value_text(one.high, metric.unit, currency)}",
        "rank": f"above {one.above} of {one.of}",
        "tone": ("better" if good else "worse") if outside and one.figure.enough else "",
        "low": f"{100 * one.low / end:.2f}",
        "width": f"{max(100 * (one.high - one.low) / end, 0.5):.2f}",
        "middle": f"{100 * one.median / end:.2f}",
        "at": f"{100 * value / end:.2f}",
    }
