"""The deliverability page: providers by metrics, and what receivers, mail servers and seeds say."""

from __future__ import annotations

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler

from sendlens.web.pages.access import PageRequest
from sendlens.web.pages.frame import address_of, page, visit
from sendlens.web.pages.overview import paint, typed_filter
from sendlens.web.pages.render import leave
from sendlens.web.pages.site import Site
from sendlens.web.panels.question import ask, bar
from sendlens.web.panels.registry import DELIVERABILITY_PANELS


def handlers(site: Site) -> list[HTTPRouteHandler]:
    """Return the route of the page."""

    @get("/deliverability", include_in_schema=False)
    async def deliverability(request: PageRequest) -> Response[str]:
        if there := typed_filter(request):
            return leave(there)
        visitor = await visit(site, request)
        question = ask(site, visitor, address_of(request))
        values: dict[str, object] = {
            # Nothing is compared here: the course in every cell shows the past.
            "bar": bar(question) | {"compares": [], "compared": ""},
            "panels": await paint(question, DELIVERABILITY_PANELS),
            "cards": DELIVERABILITY_PANELS[2:],
        }
        return await page(
            site,
            request,
            "deliverability.html",
            values,
            title="Deliverability",
            section="deliverability",
            visitor=visitor,
        )

    return [deliverability]
