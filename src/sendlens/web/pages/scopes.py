"""The pages about one mailbox provider, sending domain, segment or link: the overview with that held fast."""

from __future__ import annotations

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from sendlens.web.pages.access import PageRequest
from sendlens.web.pages.frame import address_of, page, path_value, visit
from sendlens.web.pages.overview import cards, paint, typed_filter
from sendlens.web.pages.render import leave
from sendlens.web.pages.site import Site
from sendlens.web.pages.state import Address
from sendlens.web.panels.breakdown import details_address
from sendlens.web.panels.names import name_of
from sendlens.web.panels.question import ask, bar
from sendlens.web.panels.scopes import KINDS, Fixed, ScopeKind


def handlers(site: Site) -> list[HTTPRouteHandler]:
    """Return one route per kind of page."""
    return [_route(site, kind) for kind in KINDS.values()]


def _route(site: Site, kind: ScopeKind) -> HTTPRouteHandler:
    @get(f"{kind.path}/{{value:path}}", name=f"scope-{kind.dimension}", include_in_schema=False)
    async def scope(request: PageRequest, value: FromPath[str]) -> Response[str]:
        del value  # the router's reading of it; see path_value
        if there := typed_filter(request):
            return leave(there)
        visitor = await visit(site, request)
        held = Fixed(kind, path_value(request, f"{kind.path}/"))
        pairs = [pair for pair in address_of(request).pairs if pair[0] != "of"]
        question = ask(site, visitor, Address.of(held.path, [*pairs, ("of", held.text)]))
        values = {
            "bar": bar(question),
            "panels": await paint(question, kind.panels),
            "cards": cards(kind.panels),
            "about": {
                "name": name_of(kind.dimension, held.value),
                "value": held.value,
                "kind": kind.label,
                "plural": kind.plural,
                "all": str(details_address(question, kind.dimension).with_(of=None)),
            },
            "address": question.address,
        }
        title = f"{name_of(kind.dimension, held.value)} · {kind.label}"
        return await page(site, request, "scope.html", values, title=title, section="overview", visitor=visitor)

    return scope
