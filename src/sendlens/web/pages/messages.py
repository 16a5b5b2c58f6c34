"""The page of one message."""

from __future__ import annotations

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from sendlens.web.pages.access import PageRequest
from sendlens.web.pages.frame import about, page, visit
from sendlens.web.pages.overview import paint
from sendlens.web.pages.site import Site
from sendlens.web.panels.question import ask


def handlers(site: Site) -> list[HTTPRouteHandler]:
    """Return the route of a message: by its key, or by its message id."""

    @get("/messages/{message:path}", include_in_schema=False)
    async def message(request: PageRequest, message: FromPath[str]) -> Response[str]:
        visitor = await visit(site, request)
        visitor.must("see_people")
        question = ask(site, visitor, about("/messages/", message.removeprefix("/"), request))
        values = {"panels": await paint(question, ("message",))}
        return await page(site, request, "alone.html", values, title="Message", section="people", visitor=visitor)

    return [message]
