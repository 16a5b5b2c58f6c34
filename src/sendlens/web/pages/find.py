"""Finding things by a part of their name: pages, saved views, campaigns, providers, domains, segments, and people.

The palette (`/` or Ctrl-K) shows the same list; without JavaScript it is a page with a form.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import Final

import structlog
from litestar import Response, get
from litestar.handlers import HTTPRouteHandler

from sendlens.errors import SendlensError
from sendlens.web.pages.access import PageRequest
from sendlens.web.pages.frame import page, sections, visit
from sendlens.web.pages.site import Site
from sendlens.web.pages.state import Address
from sendlens.web.panels.campaign import people_path
from sendlens.web.panels.names import name_of
from sendlens.web.panels.question import Ask, ask, campaign_path
from sendlens.web.panels.scopes import KINDS, scope_path

_LOOKED_UP: Final = ("provider", "sending_domain", "segment")
_EACH: Final = 5
_SECONDS: Final = 2.0

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Found:
    """One thing that was found: its name, what kind of thing it is, and its address."""

    name: str
    kind: str
    href: str


def handlers(site: Site) -> list[HTTPRouteHandler]:
    """Return the route of the search."""

    @get("/find", include_in_schema=False)
    async def find(request: PageRequest) -> Response[str]:
        visitor = await visit(site, request)
        wanted = request.query_params.get("q", "").strip()[:100]
        # The question of the page one comes from goes on with whatever is found.
        origin = Address.read(request.query_params.get("from", "/"))
        origin = origin.with_(tenant=visitor.tenant.slug if visitor.local else None)
        question = ask(site, visitor, Address("/", origin.at("/").pairs))
        values = {"q": wanted, "found": await found(question, wanted), "origin": str(origin)}
        return await page(site, request, "find.html", values, title="Find", visitor=visitor)

    return [find]


async def found(question: Ask, wanted: str) -> list[Found]:
    """Return what has the text in its name, at most five of a kind; for no text, where one can go."""
    pages = [
        Found(one.label, "Page", one.href)
        for one in sections(question.address, question.visitor)
        if wanted.lower() in one.label.lower()
    ]
    views = await asyncio.to_thread(question.site.control.views.list, question.tenant.id)
    kept = [
        Found(one.name, "Saved view", str(Address.read(one.address).with_(tenant=question.address.get("tenant"))))
        for one in views
        if wanted.lower() in one.name.lower()
    ]
    if not wanted:
        return [*pages, *kept[:_EACH]]
    person = (
        [Found(wanted, "Person", str(question.address.at(people_path(wanted))))]
        if "@" in wanted and question.visitor.can("see_people")
        else []
    )
    parts = await asyncio.gather(
        _shielded(_campaigns(question, wanted)), *(_shielded(_values(question, key, wanted)) for key in _LOOKED_UP)
    )
    return [*person, *pages, *kept[:_EACH], *(one for part in parts for one in part)]


async def _shielded(work: Awaitable[Sequence[Found]]) -> Sequence[Found]:
    """Return what was found, or nothing where the store is slow or busy: the rest of the list is still of use."""
    try:
        async with asyncio.timeout(_SECONDS):
            return await work
    except (TimeoutError, SendlensError) as error:
        _log.warning("a part of the search failed", error=str(error))
        return ()


async def _campaigns(question: Ask, wanted: str) -> Sequence[Found]:
    listed = await question.site.answers.campaigns(
        question.tenant, order_by="-started_at", limit=_EACH, offset=0, search=wanted
    )
    return [
        Found(row.facts.name, "Campaign", str(question.address.at(campaign_path(row.facts.id)))) for row in listed.rows
    ]


async def _values(question: Ask, dimension: str, wanted: str) -> Sequence[Found]:
    table = await question.site.answers.breakdown(question.scope, ("sent",), dimension, limit=_EACH, search=wanted)
    return [
        Found(
            name_of(dimension, row.value, row.label),
            KINDS[dimension].label,
            str(question.address.at(scope_path(dimension, row.value))),
        )
        for row in table.rows
        if row.value
    ]
