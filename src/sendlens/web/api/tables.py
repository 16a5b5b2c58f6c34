"""CSV: the same answers as rows of text, numerator and denominator beside every value.

Owns the form (RFC 4180, UTF-8) and the choice between CSV and JSON. A text that a spreadsheet would take for a formula
gets an apostrophe before it, because texts here come from strangers.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Final

from litestar import Response

from sendlens.errors import InvalidField
from sendlens.metrics.figures import Figure
from sendlens.metrics.query import Series, Table
from sendlens.metrics.recipients import Who
from sendlens.web.api import answers
from sendlens.web.api.access import AnyRequest

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def wanted(request: AnyRequest, form: str) -> bool:
    """Return whether the answer is to be CSV: by `format=csv`, or by an Accept header that names it alone or first."""
    if form not in {"", "json", "csv"}:
        raise InvalidField("format", form, "must be json or csv")
    if form:
        return form == "csv"
    first = request.headers.get("accept", "").split(",")[0].partition(";")[0].strip().lower()
    return first == "text/csv"


def breakdown(table: Table, keys: Sequence[str]) -> Response[str]:
    """Return a breakdown as CSV."""
    head = [table.dimension, "label", *_columns(keys)]
    rows = ([text(row.value), text(row.label), *_cells(row.figures[key] for key in keys)] for row in table.rows)
    return answer(head, rows, f"{table.dimension}.csv")


def series(one: Series, keys: Sequence[str]) -> Response[str]:
    """Return a time series as CSV."""
    rows = ([bucket, *_cells(one.figures[key][i] for key in keys)] for i, bucket in enumerate(one.labels))
    return answer([one.interval, *_columns(keys)], rows, "timeseries.csv")


def people(found: Sequence[Who], did: str) -> Response[str]:
    """Return a list of people as CSV."""
    rows = (
        [text(one.recipient), one.key, text(one.campaign_id), text(one.campaign), answers.time(one.at)] for one in found
    )
    return answer(["recipient", "key", "campaign_id", "campaign", "at"], rows, f"{did}.csv")


def answer(head: Sequence[str], rows: Iterable[Sequence[str]], name: str) -> Response[str]:
    """Return CSV with these columns, to be saved under a name."""
    return Response(
        written([head, *rows]),
        media_type="text/csv",
        headers={"content-disposition": f'attachment; filename="{name}"'},
    )


def written(rows: Iterable[Sequence[str]]) -> str:
    """Return rows as CSV."""
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue()


def text(value: str) -> str:
    """Return a text that no spreadsheet takes for a formula."""
    return f"'{value}" if value.startswith(_FORMULA) else value


def _columns(keys: Sequence[str]) -> list[str]:
    return [f"{key}{part}" for key in keys for part in ("", "_n", "_d")]


def _cells(figures: Iterable[Figure]) -> list[str]:
    return ["" if value is None else str(value) for one in figures for value in (one.value, one.n, one.d)]
