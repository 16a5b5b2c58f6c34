"""The matrix of mailbox providers and metrics, and the warnings of the inferred spam folder above it."""

from __future__ import annotations

from typing import Final

from sendlens.metrics.deliverability.complaints import SILENT
from sendlens.metrics.deliverability.matrix import MATRIX_METRICS, Matrix, MatrixRow, matrix
from sendlens.metrics.deliverability.spam_folder import Opened, Signal, spam_folder
from sendlens.metrics.registry import METRICS
from sendlens.metrics.thresholds import THRESHOLDS
from sendlens.web.pages.reader import number, said, value_text
from sendlens.web.panels.breakdown import SHORT, formula
from sendlens.web.panels.figures import spark
from sendlens.web.panels.names import name_of
from sendlens.web.panels.question import Ask
from sendlens.web.panels.scopes import scope_path
from sendlens.web.panels.sheet import MOST_ROWS, Cell, Sheet, cells, columns

_SHORTER: Final = {"soft_bounce_rate": "Soft bounces", "block_rate": "Blocks"}
LEVEL_WORDS: Final = {"notice": "notice", "warning": "warning", "bad": "bad"}


async def provider_matrix(question: Ask) -> dict[str, object]:
    """Return the largest providers with every figure, its level and its course."""
    asking = question.site.answers
    found = await asking.run(question.tenant, lambda: matrix(asking.metrics, question.scope))
    return {
        "headings": [
            {"label": _SHORTER.get(key, SHORT.get(key, METRICS[key].label)), "formula": _limits(key)}
            for key in MATRIX_METRICS
        ],
        "rows": [_row(question, found, row) for row in found.rows],
        "more": found.total_rows - len(found.rows),
    }


async def matrix_sheet(question: Ask) -> Sheet:
    """Return every provider."""
    asking = question.site.answers
    found = await asking.breakdown(question.scope, MATRIX_METRICS, "provider", limit=MOST_ROWS)
    rows = [(row.value, row.label, *cells(row.figures[key] for key in MATRIX_METRICS)) for row in found.rows]
    return Sheet(("provider", "label", *columns(MATRIX_METRICS)), rows)


async def signals(question: Ask) -> dict[str, object]:
    """Return the providers at which opens fell against the others', and how many could be judged."""
    asking = question.site.answers
    found = await asking.run(question.tenant, lambda: spam_folder(asking.metrics, question.scope))
    return {
        "signals": [_signal(question, one) for one in found if one.verdict == "spam_folder"],
        "judged": sum(one.verdict != "too_little" for one in found),
        "too_little": sum(one.verdict == "too_little" for one in found),
    }


async def signals_sheet(question: Ask) -> Sheet:
    """Return the verdict on every provider with its numbers."""
    asking = question.site.answers
    found = await asking.run(question.tenant, lambda: spam_folder(asking.metrics, question.scope))
    names = ("recent", "baseline", "recent_others", "baseline_others")
    head = ("provider", "verdict", "ratio", "z", *(f"{name}_{part}" for name in names for part in ("opened", "of")))
    rows: list[tuple[Cell, ...]] = [
        (
            *(one.provider, one.verdict, one.ratio, one.z),
            *(*one.recent, *one.baseline, *one.recent_others, *one.baseline_others),
        )
        for one in found
    ]
    return Sheet(head, rows)


def _row(question: Ask, found: Matrix, row: MatrixRow) -> dict[str, object]:
    return {
        "label": name_of("provider", row.provider, row.label),
        "href": "" if question.shared else str(question.address.at(scope_path("provider", row.provider) or "/")),
        "cells": [_cell(found, row, key) for key in MATRIX_METRICS],
    }


def _cell(found: Matrix, row: MatrixRow, key: str) -> dict[str, object]:
    # The running step is left out: it always looks like a fall.
    values = row.course[key] if found.unfinished_from is None else row.course[key][: found.unfinished_from]
    metric = METRICS[key]
    silent = key == "complaint_rate" and row.provider in SILENT and not row.figures[key].n
    return {
        "figure": row.figures[key],
        "text": "not told" if silent else said(row.figures[key]),
        "silent": silent,
        "level": "" if silent else row.levels[key],
        "spark": None if silent else spark(values, from_zero=metric.unit == "count" or metric.better == "down"),
    }


def _limits(key: str) -> str:
    limits = THRESHOLDS.get(key)
    if limits is None:
        return formula(key)
    told = ", ".join(
        f"{word} {'from' if METRICS[key].better == 'down' else 'below'} {value_text(limit, 'ratio')}"
        for word, limit in (("notice", limits.notice), ("warning", limits.warning), ("bad", limits.bad))
        if limit is not None
    )
    return f"{formula(key)} · {told} ({limits.source})"


def _signal(question: Ask, one: Signal) -> dict[str, object]:
    return {
        "provider": name_of("provider", one.provider),
        "href": str(question.address.at(scope_path("provider", one.provider) or "/").with_(metric="open_rate")),
        "fall": value_text(1 - (one.ratio or 1.0), "ratio"),
        "recent": _rate(one.recent),
        "baseline": _rate(one.baseline),
        "recent_others": _rate(one.recent_others),
        "baseline_others": _rate(one.baseline_others),
        "behind": f"{_parts(one.recent)} against {_parts(one.baseline)}; z = {value_text(one.z or 0.0, 'score')}",
    }


def _rate(one: Opened) -> str:
    return value_text(one[0] / one[1] if one[1] else None, "ratio")


def _parts(one: Opened) -> str:
    return f"{number(one[0])} of {number(one[1])}"
