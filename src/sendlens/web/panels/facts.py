"""Facts: a panel that is one plain table, its rows and its file made from the same items.

Owns the shape and how it becomes a sheet. What stands in a table is the business of whoever fills it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from sendlens.metrics.figures import Figure
from sendlens.web.pages.reader import number, said
from sendlens.web.panels.question import Ask, in_words
from sendlens.web.panels.sheet import Cell, Sheet, cells, columns

FIGURE: Final = "figure"


@dataclass(frozen=True)
class Column:
    """A column: its name in files, its heading, and what it holds."""

    key: str
    label: str
    kind: str = FIGURE
    """`figure` for a metric with its numerator and denominator, `number`, or `text`."""
    file_only: bool = False
    """Whether the column stands in files and not on the page."""

    @property
    def numeric(self) -> bool:
        """Return whether the column is set to the right."""
        return self.kind != "text"


@dataclass(frozen=True)
class Item:
    """What stands in one place: the value for files, and how it is shown."""

    value: Figure | Cell
    text: str = ""
    href: str = ""
    second: str = ""
    level: str = ""
    title: str = ""
    spark: dict[str, str] | None = None
    """The paths of a small line, as `figures.spark` makes them."""

    @property
    def shown(self) -> str:
        """Return the text of the place."""
        if self.text or self.value is None:
            return self.text or "–"
        if isinstance(self.value, Figure):
            return said(self.value)
        return self.value if isinstance(self.value, str) else number(self.value)

    @property
    def behind(self) -> str:
        """Return what stands behind a rate, for whoever points at it."""
        one = self.value
        if self.title or not isinstance(one, Figure) or one.d is None:
            return self.title
        return f"{number(one.n)} of {number(one.d)}{'' if one.enough else ' – too few to judge'}"

    @property
    def thin(self) -> bool:
        """Return whether there is too little behind the figure to judge by."""
        return isinstance(self.value, Figure) and not self.value.enough


@dataclass(frozen=True)
class Facts:
    """A table with its title, a sentence about it, and what to do while it is empty."""

    title: str
    columns: tuple[Column, ...]
    rows: list[tuple[Item, ...]]
    empty: str
    note: str = ""


Gather = Callable[[Ask], Awaitable[Facts]]
MOST_SHOWN: Final = 12


async def show_facts(question: Ask, gather: Gather) -> dict[str, object]:
    """Return a table for its template, the first rows of it."""
    facts = await gather(question)
    shown = [
        [(column, item) for column, item in zip(facts.columns, row, strict=True) if not column.file_only]
        for row in facts.rows[:MOST_SHOWN]
    ]
    return {
        "facts": facts,
        "headings": [column for column in facts.columns if not column.file_only],
        "rows": shown,
        "more": max(len(facts.rows) - MOST_SHOWN, 0),
    }


async def facts_sheet(question: Ask, gather: Gather) -> Sheet:
    """Return the whole table as a sheet."""
    facts = await gather(question)
    head: list[str] = []
    for column in facts.columns:
        head += columns([column.key]) if column.kind == FIGURE else [column.key]
    return Sheet(tuple(head), [_row(facts.columns, row) for row in facts.rows])


def not_known(question: Ask, what: str) -> str:
    """Return the sentence for a table that does not know one of the filters."""
    filters = " and ".join(in_words(one) for one in question.scope.filters)
    return f"{what} cannot be narrowed by this filter ({filters}). Take it away to see them."


def _row(of: Sequence[Column], row: tuple[Item, ...]) -> tuple[Cell, ...]:
    told: list[Cell] = []
    for column, item in zip(of, row, strict=True):
        if isinstance(item.value, Figure):
            told += cells([item.value])
        else:
            told += [item.value, None, None] if column.kind == FIGURE else [item.value]
    return tuple(told)
