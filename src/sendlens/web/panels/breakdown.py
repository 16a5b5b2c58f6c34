"""Tables that break the figures down; every row is a link that adds a filter.

Owns which dimensions share a card, and which metrics each shows. Leaves the whole list of a dimension to `details`, and
which table of the store answers to the metrics.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from sendlens.metrics.dimensions import DIMENSIONS
from sendlens.metrics.filters import Filter
from sendlens.metrics.query import Row, Table
from sendlens.metrics.registry import METRICS
from sendlens.web.pages.state import Address
from sendlens.web.panels.names import CLOCK_WORDS, name_of
from sendlens.web.panels.question import Ask
from sendlens.web.panels.scopes import scope_path
from sendlens.web.panels.sheet import MOST_ROWS, Sheet, cells, columns

ROWS: Final = 8


@dataclass(frozen=True)
class Tab:
    """One dimension of a card: its name there, its metrics (the first one orders and fills the bars)."""

    dimension: str
    label: str
    metrics: tuple[str, ...]


_MAIL: Final = ("sent", "delivery_rate", "open_rate", "click_rate", "complaint_rate")
_PEOPLE: Final = ("opened", "clicked", "clicks")

CARDS: Final[dict[str, tuple[Tab, ...]]] = {
    "campaigns": (Tab("campaign", "Campaigns", ("sent", "open_rate", "click_rate", "unsubscribe_rate", "revenue")),),
    "audience": (
        Tab("provider", "Mailbox providers", _MAIL),
        Tab("sending_domain", "Sending domains", _MAIL),
        Tab("segment", "Segments", _MAIL),
    ),
    "content": (
        Tab("link", "Links", ("clicked", "clicks", "clicks_raw")),
        Tab("bounce_reason", "Bounce reasons", ("bounced",)),
        Tab("bounce_class", "Bounce classes", ("bounced",)),
    ),
    "device": (
        Tab("device", "Devices", _PEOPLE),
        Tab("client", "Mail clients", _PEOPLE),
        Tab("country", "Countries", _PEOPLE),
    ),
}
"""The cards by name; the name is also the parameter that says which tab is open."""

TABS: Final = {tab.dimension: tab for tabs in CARDS.values() for tab in tabs}

_EMPTY: Final = {
    "campaign": "No campaign sent mail in this period. Events need a campaign_id to appear here.",
    "segment": "No mail of this period names a segment. Events may carry one as segment.",
    "link": "Nobody followed a link in this period.",
    "bounce_reason": "Nothing bounced in this period.",
    "bounce_class": "Nothing bounced in this period.",
    "device": "Nobody opened or clicked in this period.",
    "client": "Nobody opened or clicked in this period.",
    "country": "No open or click in this period tells a country. Sources may send one, or set SENDLENS_GEO_DATABASE.",
}
SHORT: Final = {
    "delivery_rate": "Delivered",
    "open_rate": "Opened",
    "open_rate_raw": "with machines",
    "click_rate": "Clicked",
    "click_rate_raw": "with machines",
    "complaint_rate": "Complained",
    "unsubscribe_rate": "Left",
    "hard_bounce_rate": "Hard bounces",
    "deferral_rate": "Deferred",
    "opened_raw": "With machines",
    "clicked_raw": "With machines",
    "clicks": "Clicks",
    "clicks_raw": "With machines",
}
"""Names of metrics at the head of a narrow column."""

_KNOWN_ONLY: Final = {"bounce_reason", "bounce_class"}
"""Dimensions whose empty value means that nothing of the kind happened."""


def tabs_of(question: Ask, card: str) -> tuple[Tab, ...]:
    """Return the tabs of a card on this page: not the one the page is about, and only metrics that can be told."""
    of = question.of
    if of is None:
        return CARDS[card]
    tabs = (tab for tab in CARDS[card] if tab.dimension != of.kind.dimension)
    return tuple(replace(tab, metrics=of.kind.metrics or tab.metrics) for tab in tabs)


def open_tab(question: Ask, card: str) -> Tab:
    """Return the tab that the address opens."""
    tabs = tabs_of(question, card)
    wanted = question.address.get(card)
    return next((tab for tab in tabs if tab.dimension == wanted), tabs[0])


async def breakdown(question: Ask, card: str) -> dict[str, object]:
    """Return the rows of the tab of a card that the address opens."""
    tabs, tab = tabs_of(question, card), open_tab(question, card)
    # The rows show no change, so the compared period is not asked for: it would double the work.
    scope = replace(question.scope, compare=None)
    table = await question.site.answers.breakdown(scope, tab.metrics, tab.dimension, limit=ROWS)
    most = largest(table, tab.metrics[0])
    address = question.address
    rows = [row for row in table.rows if row.value or tab.dimension not in _KNOWN_ONLY]
    return {
        "title": tab.label,
        "column": DIMENSIONS[tab.dimension].label,
        "tabs": [
            {"label": one.label, "href": str(address.with_(**{card: one.dimension})), "chosen": one == tab}
            for one in tabs
        ],
        "headings": [
            {"label": SHORT.get(key, METRICS[key].label), "formula": formula(key), "hide": " wide-only" * (place > 2)}
            for place, key in enumerate(tab.metrics)
        ],
        "rows": [as_row(question, tab.dimension, tab.metrics, row, most) for row in rows],
        "total": table.total_rows,
        "details": str(details_address(question, tab.dimension)) if rows and not question.shared else "",
        "empty": _EMPTY.get(tab.dimension, "Nothing happened in this period."),
    }


async def breakdown_sheet(question: Ask, card: str) -> Sheet:
    """Return every row of the open tab, not only those that are shown."""
    tab = open_tab(question, card)
    return await sheet_of(question, tab.dimension, tab.metrics)


async def sheet_of(
    question: Ask, dimension: str, metrics: tuple[str, ...], *, order: str = "", search: str = ""
) -> Sheet:
    """Return a whole breakdown as a sheet."""
    scope = replace(question.scope, compare=None)
    table = await question.site.answers.breakdown(
        scope, metrics, dimension, order_by=order, limit=MOST_ROWS, search=search
    )
    rows = [(row.value, row.label, *cells(row.figures[key] for key in metrics)) for row in table.rows]
    return Sheet((dimension, "label", *columns(metrics)), rows)


def details_address(question: Ask, dimension: str) -> Address:
    """Return the address of the whole list of a dimension, within what the page holds fast."""
    address = question.address.at(f"/details/{dimension}")
    return address.with_(of=question.address.get("of"), campaign=question.campaign)


def formula(key: str) -> str:
    """Return a metric's name, formula and clock in one line, for whoever points at it."""
    metric = METRICS[key]
    return f"{metric.label} = {metric.formula} · {CLOCK_WORDS[metric.clock]}"


def largest(table: Table, key: str) -> float:
    """Return the largest count of a column, for bars beside it; never 0."""
    return max((_size(row, key) for row in table.rows), default=0.0) or 1.0


def as_row(question: Ask, dimension: str, metrics: tuple[str, ...], row: Row, most: float) -> dict[str, object]:
    """Return a row for the template: its name, where it leads, and its figures."""
    label = name_of(dimension, row.value, row.label)
    text = Filter("is", dimension, (row.value,)).text()
    stay = question.address.at(question.of.path).with_(of=question.of.text) if question.of else question.address.at("/")
    href = stay.plus_filter(text)
    if question.campaign:  # a campaign's page has no filters: the row opens the overview, narrowed to both
        campaign = Filter("is", "campaign", (question.campaign,)).text()
        href = question.address.at("/").with_(f=None, period="all").plus_filter(campaign).plus_filter(text)
    elif question.shared or question.address.path in {"/", stay.path}:  # the page itself: its open tabs stay open
        href = question.address.plus_filter(text)
    path = "" if question.shared else scope_path(dimension, row.value)
    frozen = question.visitor.link is not None and question.visitor.link.frozen
    return {
        "label": label,
        "title": label if label == row.value or not row.value else f"{label} ({row.value})",
        "open": str(question.address.at(path)) if path else "",
        "open_label": f"Open the page of {label}",
        "href": "" if frozen else str(href),
        "share": f"{_size(row, metrics[0]) / most * 100:.1f}",
        "figures": [row.figures[key] for key in metrics],
    }


def _size(row: Row, key: str) -> float:
    return max(float(row.figures[key].n or 0), 0.0)
