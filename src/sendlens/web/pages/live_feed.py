"""`GET /live`: the live feed as server-sent events."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable

import msgspec
from litestar import get
from litestar.handlers import HTTPRouteHandler
from litestar.response import ServerSentEvent, ServerSentEventMessage

from sendlens.errors import SendlensError
from sendlens.web.live import Change
from sendlens.web.pages.access import PageRequest, Visitor
from sendlens.web.pages.frame import visit
from sendlens.web.pages.site import Site


def handlers(site: Site) -> list[HTTPRouteHandler]:
    """Return the route of the feed."""

    @get("/live", include_in_schema=False)
    async def live(request: PageRequest) -> ServerSentEvent:
        visitor = await visit(site, request)

        async def still_allowed() -> bool:
            # A session that is ended, or a key that is revoked, ends the feed too.
            try:
                return (await asyncio.to_thread(site.access.visitor, request)).tenant.id == visitor.tenant.id
            except SendlensError:
                return False

        return feed(site, request, visitor, still_allowed)

    return [live]


def feed(
    site: Site, request: PageRequest, visitor: Visitor, still_allowed: Callable[[], Awaitable[bool]]
) -> ServerSentEvent:
    """Return the feed of a visitor's tenant, which ends when `still_allowed` says no.

    Raises `TooBusy` where too many listen already.
    """
    told = visitor.link is None
    # Before the first line is sent, so that the refusal is an answer.
    site.hub.check(visitor.tenant.id, shared=not told)
    seen = request.headers.get("last-event-id") or request.query_params.get("seen", "")
    changes = site.hub.subscribe(visitor.tenant.id, seen, shared=not told)

    def waiting() -> bool:
        return told and site.log is not None and site.log.backlog() > 0

    messages = feed_messages(changes, still_allowed, waiting, told=told)
    return ServerSentEvent(messages, headers={"Cache-Control": "no-store"})


async def feed_messages(
    changes: AsyncGenerator[Change | None],
    still_allowed: Callable[[], Awaitable[bool]],
    waiting: Callable[[], bool],
    *,
    told: bool,
) -> AsyncGenerator[ServerSentEventMessage]:
    """Yield what a page is sent: each change, and in a silence whether that is because records wait to be stored."""
    # A first line at once, so that proxies and browsers know the connection stands.
    yield ServerSentEventMessage(data=None, comment="connected", retry=2000)
    try:
        async for change in changes:
            if not await still_allowed():
                return
            if change is None and waiting():
                yield ServerSentEventMessage(data="{}", event="waiting")
            elif change is None:
                yield ServerSentEventMessage(data=None, comment="still here")
            else:
                # How much came in is more than the holder of a shared link has been given.
                shown = change if told else msgspec.structs.replace(change, events=0)
                yield ServerSentEventMessage(
                    data=msgspec.json.encode(shown).decode(), event="changed", id=change.version
                )
    finally:
        await changes.aclose()
