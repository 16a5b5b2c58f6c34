"""Sheets: a panel's figures as plain columns and rows, for CSV and JSON.

Owns the two forms. A value stands beside the numerator and denominator it was made of, so that nobody who adds up rows
averages rates. What the columns are is each panel's business.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec
from litestar.response import Stream

from sendlens.errors import NotFound
from sendlens.metrics.figures import Figure
from sendlens.web.api import answers, tables
from sendlens.web.panels.question import Ask

Cell = str | int | float | None

FORMS: Final = ("csv", "json")
MOST_ROWS: Final = 10_000
"""The longest sheet; the API pages through longer ones."""


@dataclass(frozen=True)
class Sheet:
    """Columns and rows; every row has one cell per column, in the same order.

    `rest` brings further rows of a sheet that is too long to be held at once; it can be read once.
    """

    head: tuple[str, ...]
    rows: list[tuple[Cell, ...]]
    rest: AsyncIterator[list[tuple[Cell, ...]]] | None = None


def columns(keys: Iterable[str]) -> list[str]:
    """Return the columns of metrics: value, numerator and denominator."""
    return [f"{key}{part}" for key in keys for part in ("", "_n", "_d")]


def cells(figures: Iterable[Figure]) -> list[Cell]:
    """Return the cells of figures, as `columns` names them."""
    return [_cell(value) for one in figures for value in (one.value, one.n, one.d)]


def saved(sheet: Sheet, name: str, form: str, question: Ask) -> Stream:
    """Return a sheet as a file of the wanted form, sent as it is read. Raises `NotFound` for a form there is not."""
    period = question.scope.period
    file = f"{name}-{answers.time(period.until)[:10]}.{form}"
    headers = {"content-disposition": f'attachment; filename="{file}"', "cache-control": "private, no-store"}
    if form == "csv":
        return Stream(_csv(sheet), media_type="text/csv", headers=headers)
    if form != "json":
        raise NotFound(f"there is no form {form!r}", hint=f"There are {' and '.join(FORMS)}.")
    told: dict[str, object] = {
        "panel": name,
        "tenant": question.tenant.slug,
        "period": answers.period(question.scope),
        "filters": [one.text() for one in question.scope.filters],
    }
    return Stream(_json(sheet, told), media_type="application/json", headers=headers)


async def _parts(sheet: Sheet) -> AsyncIterator[list[tuple[Cell, ...]]]:
    yield sheet.rows
    if sheet.rest:
        async for rows in sheet.rest:
            yield rows


async def _csv(sheet: Sheet) -> AsyncIterator[bytes]:
    yield tables.written([sheet.head]).encode()
    async for rows in _parts(sheet):
        yield tables.written(_texts(row) for row in rows).encode()


async def _json(sheet: Sheet, told: dict[str, object]) -> AsyncIterator[bytes]:
    yield msgspec.json.encode(told).removesuffix(b"}") + b',"rows":['
    comma = b""
    async for rows in _parts(sheet):
        if rows:
            yield comma + msgspec.json.encode([dict(zip(sheet.head, row, strict=True)) for row in rows])[1:-1]
            comma = b","
    yield b"]}"


def _texts(row: Sequence[Cell]) -> list[str]:
    return ["" if cell is None else tables.text(cell) if isinstance(cell, str) else str(cell) for cell in row]


def _cell(value: object) -> Cell:
    return value if value is None or isinstance(value, int | float) else float(str(value))
