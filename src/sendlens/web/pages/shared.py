"""What the holder of a shared link sees: one view, its panels, its files and its live feed, and nothing else.

The link is the right to enter: no cookie is set, and no other page knows it. Leaves to `panels.question.ask` that the
view's tenant and filters hold, and to `control.shares` which links are valid.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Final

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import ServerSentEvent, Stream

from sendlens.control.roles import Role
from sendlens.errors import NotFound
from sendlens.web.pages.access import Kind, PageRequest, Visitor
from sendlens.web.pages.frame import address_of, page
from sendlens.web.pages.live_feed import feed
from sendlens.web.pages.overview import answer_panel, cards, paint, typed_filter
from sendlens.web.pages.render import leave
from sendlens.web.pages.site import Site
from sendlens.web.pages.state import SHARED, Address
from sendlens.web.panels.names import name_of
from sendlens.web.panels.question import Ask, ask, bar
from sendlens.web.panels.registry import DELIVERABILITY, DELIVERABILITY_PANELS
from sendlens.web.panels.scopes import MAIL_PANELS

# A link that was passed on once too often should at least not be found by a search engine.
_UNLISTED: Final = {"X-Robots-Tag": "noindex, nofollow"}


def handlers(site: Site) -> list[HTTPRouteHandler]:
    """Return the routes of shared links."""

    @get("/shared/{token:str}", include_in_schema=False)
    async def shared(request: PageRequest, token: FromPath[str]) -> Response[str]:
        if there := typed_filter(request):
            return leave(there)
        visitor = await _guest(site, token)
        question = _question(site, visitor, request, token)
        panels = _panels(question)
        of = question.of
        values = {
            "bar": bar(question),
            "panels": await paint(question, panels),
            "cards": cards(panels),
            "about": of
            and {
                "name": name_of(of.kind.dimension, of.value),
                "value": of.value,
                "plural": of.kind.plural,
                "all": "",
            },
            "address": question.address,
        }
        template = "scope.html"
        if _about_deliverability(question):
            # As on the page itself, nothing is compared.
            values |= {"bar": bar(question) | {"compares": [], "compared": ""}, "cards": panels[2:]}
            template = "deliverability.html"
        name = visitor.link.name if visitor.link else ""
        answer = await page(site, request, template, values, title=name, visitor=visitor)
        answer.headers.update(_UNLISTED)
        return answer

    @get("/shared/{token:str}/panels/{name:str}", include_in_schema=False)
    async def shared_panel(request: PageRequest, token: FromPath[str], name: FromPath[str]) -> Response[str] | Stream:
        question = _question(site, await _guest(site, token), request, token)
        if name.partition(".")[0] not in _panels(question):
            raise NotFound("this view has no such panel", hint=f"It has {', '.join(_panels(question))}.")
        return await answer_panel(question, name)

    @get("/shared/{token:str}/live", include_in_schema=False)
    async def shared_live(request: PageRequest, token: FromPath[str]) -> ServerSentEvent:
        async def still_allowed() -> bool:
            return await asyncio.to_thread(site.control.shares.find, token) is not None

        return feed(site, request, await _guest(site, token), still_allowed)

    return [shared, shared_panel, shared_live]


async def _guest(site: Site, token: str) -> Visitor:
    """Return the holder of a link. Raises `NotFound` for one that is wrong, expired or revoked: all look the same."""
    link = await asyncio.to_thread(site.control.shares.find, token)
    tenants = await asyncio.to_thread(site.control.tenants.list) if link else []
    tenant = next((one for one in tenants if link and one.id == link.tenant), None)
    if link is None or tenant is None:
        raise NotFound("this link is not valid, or not valid any more", hint="Ask whoever sent it for a new one.")
    guest = Visitor(tenant, (tenant,), Role.GUEST, Kind.LINK, link.id, link=link)
    return replace(guest, seen=site.hub.latest(tenant.id).version)


def _question(site: Site, visitor: Visitor, request: PageRequest, token: str) -> Ask:
    return ask(site, visitor, Address(f"{SHARED}{token}", address_of(request).pairs))


def _about_deliverability(question: Ask) -> bool:
    link = question.visitor.link
    return link is not None and Address.read(link.address).path == DELIVERABILITY


def _panels(question: Ask) -> tuple[str, ...]:
    if _about_deliverability(question):
        return DELIVERABILITY_PANELS
    return question.of.kind.panels if question.of else MAIL_PANELS
