"""Tables that break the figures down; every row is a link that adds a filter.

Owns which dimensions share a card, and which metrics each shows. Which table answers is the metrics' business.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from sendlens.metrics.dimensions import DIMENSIONS
from sendlens.metrics.filters import Filter
from sendlens.metrics.query import Row
from sendlens.metrics.registry import METRICS
from sendlens.web.panels.names import name_of
from sendlens.web.panels.question import Ask, campaign_path

ROWS: Final = 8
MOST_ROWS: Final = 200


@dataclass(frozen=True)
class Tab:
    """One dimension of a card: its name there, its metrics (the first one orders and fills the bars)."""

    dimension: str
    label: str
    metrics: tuple[str, ...]


_MAIL: Final = ("sent", "delivery_rate", "open_rate", "click_rate")
_PEOPLE: Final = ("opened", "clicked", "clicks")

CARDS: Final[dict[str, tuple[Tab, ...]]] = {
    "campaigns": (Tab("campaign", "Campaigns", ("sent", "open_rate", "click_rate", "revenue")),),
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

_EMPTY: Final = {
    "campaign": "No campaign sent mail in this period. Events need a campaign_id to appear here.",
    "link": "Nobody followed a link in this period.",
    "bounce_reason": "Nothing bounced in this period.",
    "bounce_class": "Nothing bounced in this period.",
    "device": "Nobody opened or clicked in this period.",
    "client": "Nobody opened or clicked in this period.",
    "country": "No open or click in this period tells a country. Sources may send one, or set SENDLENS_GEO_DATABASE.",
}
_SHORT: Final = {
    "delivery_rate": "Delivered",
    "open_rate": "Open rate",
    "click_rate": "Click rate",
    "clicks": "Clicks",
    "clicks_raw": "With machines",
}


async def breakdown(question: Ask, card: str) -> dict[str, object]:
    """Return the rows of the tab of a card that the address opens."""
    tabs = CARDS[card]
    wanted = question.address.get(card)
    tab = next((tab for tab in tabs if tab.dimension == wanted), tabs[0])
    limit = _limit(question, card)
    # The rows show no change, so the compared period is not asked for: it would double the work.
    scope = replace(question.scope, compare=None)
    table = await question.site.answers.breakdown(scope, tab.metrics, tab.dimension, limit=limit)
    most = max((_size(row, tab) for row in table.rows), default=0.0) or 1.0
    address = question.address
    rows = [row for row in table.rows if row.value or tab.dimension not in {"bounce_reason", "bounce_class"}]
    return {
        "title": tab.label,
        "column": DIMENSIONS[tab.dimension].label,
        "tabs": [
            {"label": one.label, "href": str(address.with_(**{card: one.dimension})), "chosen": one == tab}
            for one in tabs
        ],
        "headings": [
            {
                "label": _SHORT.get(key, METRICS[key].label),
                "hide": " wide-only" if place > 2 else "",
                "href": "",
                "chosen": False,
            }
            for place, key in enumerate(tab.metrics)
        ],
        "rows": [_row(question, tab, row, most) for row in rows],
        "total": table.total_rows,
        "all_href": str(address.at("/campaigns")) if card == "campaigns" and rows else "",
        "more_href": str(address.with_(rows=f"{card}:{limit + 20}"))
        if card != "campaigns" and table.total_rows > limit and limit < MOST_ROWS
        else "",
        "empty": _EMPTY.get(tab.dimension, "Nothing happened in this period."),
    }


def _limit(question: Ask, card: str) -> int:
    name, _, number = question.address.get("rows").partition(":")
    return min(int(number), MOST_ROWS) if name == card and number.isdecimal() else ROWS


def _row(question: Ask, tab: Tab, row: Row, most: float) -> dict[str, object]:
    label = name_of(tab.dimension, row.value, row.label)
    text = Filter("is", tab.dimension, (row.value,)).text()
    href = question.address.plus_filter(text)
    if question.campaign:  # a campaign's page has no filters: the row opens the overview, narrowed to both
        campaign = Filter("is", "campaign", (question.campaign,)).text()
        href = question.address.at("/").with_(f=None, period="all").plus_filter(campaign).plus_filter(text)
    return {
        "label": label,
        "title": label if label == row.value or not row.value else f"{label} ({row.value})",
        "open": str(question.address.at(campaign_path(row.value))) if tab.dimension == "campaign" and row.value else "",
        "href": str(href),
        "share": f"{_size(row, tab) / most * 100:.1f}",
        "figures": [row.figures[key] for key in tab.metrics],
    }


def _size(row: Row, tab: Tab) -> float:
    return max(float(row.figures[tab.metrics[0]].n or 0), 0.0)
