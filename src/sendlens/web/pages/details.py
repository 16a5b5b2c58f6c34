"""The whole list of a dimension as a page of its own; with JavaScript it opens as a dialog over the page one is on."""

from __future__ import annotations

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Stream

from sendlens.web.pages.access import PageRequest
from sendlens.web.pages.frame import about, page, visit
from sendlens.web.pages.overview import paint, typed_filter
from sendlens.web.pages.render import leave
from sendlens.web.pages.site import Site
from sendlens.web.panels.details import details_sheet, metrics_of, title_of, within
from sendlens.web.panels.question import ask, bar, page_path
from sendlens.web.panels.sheet import saved


def handlers(site: Site) -> list[HTTPRouteHandler]:
    """Return the route of the lists."""

    @get("/details/{dimension:str}", include_in_schema=False)
    async def list_of(request: PageRequest, dimension: FromPath[str]) -> Response[str] | Stream:
        if there := typed_filter(request):
            return leave(there)
        visitor = await visit(site, request)
        plain, _, form = dimension.partition(".")
        question = ask(site, visitor, about("/details/", plain, request))
        metrics_of(question, plain)  # an unknown dimension is this page's mistake, not that of a panel on it
        if form:
            return saved(await details_sheet(question, plain), plain, form, question)
        title = title_of(plain)
        values: dict[str, object] = {
            "title": title,
            "search": question.address.get("q").strip(),
            "bar": bar(question),
            "back": str(question.address.at(page_path(question.address))),
            "within": within(question),
            "panels": await paint(question, ("list",)),
        }
        return await page(site, request, "details.html", values, title=title, section="overview", visitor=visitor)

    return [list_of]
