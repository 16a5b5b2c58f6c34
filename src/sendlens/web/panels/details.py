"""The whole list of a dimension: searched, sorted by any column, page by page.

Owns its columns. Leaves the short tables of the overview to `breakdown`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from sendlens.errors import InvalidField
from sendlens.metrics.dimensions import DIMENSIONS
from sendlens.metrics.query import Table
from sendlens.metrics.registry import METRICS
from sendlens.web.panels.breakdown import SHORT, TABS, as_row, formula, largest, sheet_of
from sendlens.web.panels.paging import paged
from sendlens.web.panels.question import Ask, in_words
from sendlens.web.panels.sheet import Sheet

PAGE: Final = 50
_MAIL: Final = (
    "sent",
    "delivery_rate",
    "open_rate",
    "open_rate_raw",
    "click_rate",
    "click_rate_raw",
    "hard_bounce_rate",
    "complaint_rate",
    "unsubscribe_rate",
    "revenue",
)
_ACTS: Final = ("opened", "opened_raw", "clicked", "clicked_raw", "clicks", "unsubscribed")
_LINK: Final = ("clicked", "clicked_raw", "clicks", "clicks_raw", "unsubscribed")
_COLUMNS: Final[dict[str, tuple[str, ...]]] = {
    "link": _LINK,
    "bounce_reason": ("bounced",),
    "bounce_class": ("bounced",),
}
_NARROW: Final = 3
"""How many columns a narrow screen has room for."""


def metrics_of(question: Ask, dimension: str) -> tuple[str, ...]:
    """Return the columns of a dimension's list: those it can tell. Raises `InvalidField` for one without a list."""
    by = DIMENSIONS.get(dimension)
    if by is None or by.level == "time":
        listed = [key for key, one in DIMENSIONS.items() if one.level != "time"]
        raise InvalidField("dimension", dimension, f"must be one of {', '.join(listed)}")
    if question.of and question.of.kind.metrics:
        return question.of.kind.metrics
    if dimension in _COLUMNS:
        return _COLUMNS[dimension]
    return _ACTS if by.tells else _MAIL


def title_of(dimension: str) -> str:
    """Return what the list of a dimension is called."""
    return TABS[dimension].label if dimension in TABS else DIMENSIONS[dimension].label


async def details(question: Ask) -> dict[str, object]:
    """Return one page of the list of the dimension that the address names as its item. Raises `InvalidField`."""
    dimension = question.address.get("item")
    metrics = metrics_of(question, dimension)
    address, search = question.address, question.address.get("q").strip()
    order = _order(address.get("order"), metrics)
    scope, answers = replace(question.scope, compare=None), question.site.answers

    async def load(offset: int) -> Table:
        return await answers.breakdown(
            scope, metrics, dimension, order_by=order, limit=PAGE, offset=offset, search=search
        )

    table, pages = await paged(address, PAGE, load, lambda one: one.total_rows)
    most = largest(table, metrics[0])
    key, down = order.removeprefix("-"), order.startswith("-")
    headings = [("value", DIMENSIONS[dimension].label, DIMENSIONS[dimension].help)]
    headings += [(one, SHORT.get(one, METRICS[one].label), formula(one)) for one in metrics]
    return {
        "title": title_of(dimension),
        "search": search,
        "headings": [
            {
                "label": label,
                "formula": help_,
                "hide": " wide-only" * (place > _NARROW),
                "sort": ("descending" if down else "ascending") if one == key else "",
                "href": str(address.with_(order=_turned(one, order), page=None)),
            }
            for place, (one, label, help_) in enumerate(headings)
        ],
        "rows": [as_row(question, dimension, metrics, row, most) for row in table.rows],
        "total": table.total_rows,
        "at": pages,
        "whole": {form: str(address.file(form)) for form in ("csv", "json")},
    }


async def details_sheet(question: Ask, dimension: str) -> Sheet:
    """Return the whole list, as it is searched and sorted."""
    metrics = metrics_of(question, dimension)
    order = _order(question.address.get("order"), metrics)
    return await sheet_of(question, dimension, metrics, order=order, search=question.address.get("q").strip())


def within(question: Ask) -> list[str]:
    """Return in words what the list is narrowed to by the page it was opened from."""
    held = [one for one in question.scope.filters if one.text() not in question.address.all("f")]
    return [in_words(one) for one in held]


def _order(text: str, metrics: tuple[str, ...]) -> str:
    return text if text.removeprefix("-") in {"value", *metrics} else f"-{metrics[0]}"


def _turned(key: str, order: str) -> str:
    first = key if key == "value" else f"-{key}"
    if order.removeprefix("-") != key:
        return first
    return order.removeprefix("-") if order.startswith("-") else f"-{key}"
