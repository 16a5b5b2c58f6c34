"""The list of campaigns: sorted, searched and paged by its address alone."""

from __future__ import annotations

from typing import Final

from sendlens.metrics.campaigns import LIST_METRICS, ORDERS, CampaignList
from sendlens.metrics.registry import METRICS
from sendlens.web.pages.reader import iso
from sendlens.web.panels.paging import paged
from sendlens.web.panels.question import Ask, campaign_path
from sendlens.web.panels.sheet import MOST_ROWS, Cell, Sheet, cells, columns

PAGE: Final = 25
FIRST_ORDER: Final = "-started_at"
_SHORT: Final = {"delivery_rate": "Delivered", "open_rate": "Open", "click_rate": "Click", "unsubscribe_rate": "Left"}
_ASCENDING: Final = {"name"}  # what one reads from A to Z first; everything else from the top


async def campaign_list(question: Ask) -> dict[str, object]:
    """Return one page of the campaigns."""
    address = question.address
    order = _order(question)
    search, answers = address.get("q"), question.site.answers

    async def load(offset: int) -> CampaignList:
        return await answers.campaigns(question.tenant, order_by=order, limit=PAGE, offset=offset, search=search)

    found, pages = await paged(address, PAGE, load, lambda one: one.total_rows)
    headings = [("name", "Campaign", ""), ("started_at", "Started", " wide-only")]
    headings += [
        (key, _SHORT.get(key, METRICS[key].label), " wide-only" if place in {0, 2, 5} else "")
        for place, key in enumerate(LIST_METRICS)
    ]
    return {
        "headings": [_heading(question, key, label, hide, order) for key, label, hide in headings],
        "rows": [
            {
                "name": row.facts.name,
                "under": row.facts.subject or (row.facts.id if row.facts.id != row.facts.name else ""),
                "href": str(address.at(campaign_path(row.facts.id))),
                "started": row.facts.started_at or row.facts.first_event_at,
                "figures": [row.figures[key] for key in LIST_METRICS],
            }
            for row in found.rows
        ],
        "zone": question.tenant.time_zone,
        "total": found.total_rows,
        "at": pages,
        "search": search,
    }


async def campaign_list_sheet(question: Ask) -> Sheet:
    """Return every campaign that the search finds, in the order of the page."""
    found = await question.site.answers.campaigns(
        question.tenant, order_by=_order(question), limit=MOST_ROWS, offset=0, search=question.address.get("q")
    )
    rows: list[tuple[Cell, ...]] = [
        (
            row.facts.id,
            row.facts.name,
            row.facts.subject,
            iso(at) if (at := row.facts.started_at or row.facts.first_event_at) else "",
            *cells(row.figures[key] for key in LIST_METRICS),
        )
        for row in found.rows
    ]
    return Sheet(("campaign_id", "name", "subject", "started_at", *columns(LIST_METRICS)), rows)


def _order(question: Ask) -> str:
    order = question.address.get("order")
    return order if order.removeprefix("-") in {*ORDERS, *LIST_METRICS} else FIRST_ORDER


def _heading(question: Ask, key: str, label: str, hide: str, order: str) -> dict[str, object]:
    chosen = order.removeprefix("-") == key
    down = order.startswith("-")
    first = key if key in _ASCENDING else f"-{key}"
    turned = f"-{key}" if order == key else key
    return {
        "label": label,
        "hide": hide,
        "numeric": key != "name",
        "sort": ("descending" if down else "ascending") if chosen else "",
        "href": str(question.address.with_(order=turned if chosen else first, page=None)),
    }
