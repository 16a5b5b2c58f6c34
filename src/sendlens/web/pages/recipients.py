"""People: who did a thing, and the page of one person."""

from __future__ import annotations

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from sendlens.web.pages.access import PageRequest
from sendlens.web.pages.frame import about, address_of, page, visit
from sendlens.web.pages.overview import paint, typed_filter
from sendlens.web.pages.render import leave
from sendlens.web.pages.site import Site
from sendlens.web.panels.campaign import people_path
from sendlens.web.panels.people import DEED_NAMES
from sendlens.web.panels.question import ask, bar


def handlers(site: Site) -> list[HTTPRouteHandler]:
    """Return the routes of people."""

    @get("/recipients", include_in_schema=False)
    async def recipients(request: PageRequest) -> Response[str]:
        if there := typed_filter(request):
            return leave(there)
        address = address_of(request)
        if wanted := request.query_params.get("person", "").strip():
            return leave(str(address.at(people_path(wanted))))
        visitor = await visit(site, request)
        question = ask(site, visitor, address)
        did = address.get("did") or "opened_human"
        nothing_compared: dict[str, object] = {"compares": [], "compared": ""}
        values = {
            "bar": bar(question) | nothing_compared,
            "deeds": [
                {"label": label, "href": str(address.with_(did=key, after=None)), "chosen": key == did}
                for key, label in DEED_NAMES.items()
            ],
            "q": address.get("q"),
            "panels": await paint(question, ("people",)),
        }
        return await page(site, request, "people.html", values, title="People", section="people", visitor=visitor)

    @get("/recipients/{recipient:path}", include_in_schema=False)
    async def recipient(request: PageRequest, recipient: FromPath[str]) -> Response[str]:
        visitor = await visit(site, request)
        visitor.must("see_people")
        question = ask(site, visitor, about("/recipients/", recipient.removeprefix("/"), request))
        values = {"panels": await paint(question, ("person",))}
        return await page(site, request, "alone.html", values, title="Person", section="people", visitor=visitor)

    return [recipients, recipient]
