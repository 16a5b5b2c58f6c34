"""The agency's page: the key figures of several tenants side by side, each asked for by itself.

Owns the table and which of its columns may be added up. Every tenant is asked with its own question, as on its own
overview; nothing is asked across tenants.
"""

from __future__ import annotations

import asyncio
from typing import Final

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler

from sendlens.control.tenants import Tenant
from sendlens.errors import SendlensError
from sendlens.metrics.figures import Figure
from sendlens.metrics.registry import METRICS
from sendlens.web.pages.access import PageRequest, Visitor
from sendlens.web.pages.frame import address_of, page, visit
from sendlens.web.pages.reader import said, value_text
from sendlens.web.pages.site import Site
from sendlens.web.pages.state import Address
from sendlens.web.panels.question import DEFAULT_PERIOD, PERIOD_NAMES, ask

COLUMNS: Final = (
    "sent",
    "delivered",
    "delivery_rate",
    "open_rate",
    "click_rate",
    "hard_bounce_rate",
    "complaint_rate",
    "revenue",
)
MOST: Final = 50
"""Tenants on one page."""
_SECONDS: Final = 5.0


def handlers(site: Site) -> list[HTTPRouteHandler]:
    """Return the route of the page."""

    @get("/agency", include_in_schema=False)
    async def agency(request: PageRequest) -> Response[str]:
        visitor = await visit(site, request)
        address = address_of(request)
        period = address.get("period") if address.get("period") in PERIOD_NAMES else DEFAULT_PERIOD
        period = DEFAULT_PERIOD if period == "custom" else period
        tenants = visitor.tenants[:MOST]
        found = await asyncio.gather(*(_figures(site, visitor, tenant, period) for tenant in tenants))
        rows = [
            {
                "name": tenant.name,
                "href": f"/?tenant={tenant.slug}&period={period}",
                "note": f"{tenant.currency}, {tenant.time_zone}",
                "cells": [_cell(figures.get(key)) for key in COLUMNS],
                "failed": not figures,
            }
            for tenant, figures in zip(tenants, found, strict=True)
        ]
        values = {
            "periods": [
                {"label": label, "href": str(address.with_(period=key)), "chosen": key == period}
                for key, label in PERIOD_NAMES.items()
                if key in {"today", "7d", "28d", "90d", "month"}
            ],
            "columns": [(METRICS[key].label, METRICS[key].help) for key in COLUMNS],
            "rows": rows,
            "totals": totals(list(tenants), list(found)) if len(tenants) > 1 and all(found) else [],
            "left": len(visitor.tenants) - len(tenants),
        }
        return await page(site, request, "agency.html", values, title="All tenants", section="agency", visitor=visitor)

    return [agency]


async def _figures(site: Site, visitor: Visitor, tenant: Tenant, period: str) -> dict[str, Figure]:
    """Return a tenant's figures; none if they cannot be had in time, which must not cost the others theirs."""
    own = Visitor(tenant, (tenant,), visitor.role, visitor.kind, visitor.actor)
    question = ask(site, own, Address.of("/", [("period", period), ("compare", "none")]))
    try:
        async with asyncio.timeout(_SECONDS):
            return await site.answers.figures(question.scope, COLUMNS)
    except (SendlensError, TimeoutError):
        return {}


def _cell(figure: Figure | None) -> dict[str, object]:
    return {"text": said(figure), "thin": figure is not None and not figure.enough}


def totals(tenants: list[Tenant], found: list[dict[str, Figure]]) -> list[str]:
    """Return the sums of the columns that add up: counts, and money where all have one currency; empty for others.

    A rate of all would let a large tenant speak for a small one, and amounts of two currencies are no amount.
    """
    currencies = {tenant.currency for tenant in tenants}
    cells: list[str] = []
    for key in COLUMNS:
        unit = METRICS[key].unit
        adds = unit == "count" or (unit == "money" and len(currencies) == 1)
        known = [figures[key].value for figures in found if figures[key].value is not None]
        total = sum(value for value in known if value is not None)
        cells.append(value_text(total, unit, min(currencies)) if adds and known else "")
    return cells
