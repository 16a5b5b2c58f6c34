"""Everything under the pages' addresses as one router."""

from __future__ import annotations

from typing import Final

from litestar import Response, Router
from litestar.config.compression import CompressionConfig
from litestar.exceptions import HTTPException
from litestar.middleware import ASGIMiddleware, DefineMiddleware
from litestar.middleware.compression import CompressionMiddleware
from litestar.types import ASGIApp, Receive, Scope, Send

from sendlens.errors import SendlensError
from sendlens.web.pages import (
    agency,
    campaigns,
    click_map,
    dead_letters,
    deliverability,
    details,
    find,
    intake,
    invitation,
    live_feed,
    messages,
    overview,
    privacy,
    recipients,
    scopes,
    settings,
    settings_account,
    settings_import,
    settings_keys,
    settings_people,
    settings_sources,
    settings_tenant,
    shared,
    sign_in,
    static,
    views,
)
from sendlens.web.pages.access import PageRequest
from sendlens.web.pages.frame import problem
from sendlens.web.pages.reader import reading
from sendlens.web.pages.site import Site

# Files of static/ are compressed once and for all; a compressed feed would be held back until there is enough of it.
_COMPRESSED: Final = CompressionConfig(
    "gzip", minimum_size=1000, gzip_compress_level=5, exclude=["^/static/", "/live$"]
)
_SETTINGS = (
    agency,
    settings,
    settings_account,
    settings_import,
    settings_keys,
    settings_people,
    settings_sources,
    settings_tenant,
)


class _Reading(ASGIMiddleware):
    """Writes numbers and dates as the browser asks for."""

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        headers = (value for name, value in scope["headers"] if name == b"accept-language")
        with reading(next(headers, b"").decode("latin-1")):
            await next_app(scope, receive, send)


def page_router(site: Site) -> Router:
    """Return the router of all pages, panels, the live feed and their files, to be mounted at `/`.

    Mistakes on these routes become pages; other routes of the application keep their own answers.
    """

    def failed(request: PageRequest, error: Exception) -> Response[str]:
        return problem(site, request, error)

    modules = (
        overview,
        scopes,
        details,
        find,
        views,
        shared,
        campaigns,
        click_map,
        messages,
        recipients,
        privacy,
        deliverability,
        intake,
        dead_letters,
        live_feed,
        sign_in,
        invitation,
        *_SETTINGS,
    )
    return Router(
        path="/",
        route_handlers=[*static.handlers(), *(one for module in modules for one in module.handlers(site))],
        exception_handlers={SendlensError: failed, HTTPException: failed, Exception: failed},  # pyright: ignore[reportArgumentType] - invariant in a type of Litestar's that is partly unknown
        middleware=[DefineMiddleware(CompressionMiddleware, config=_COMPRESSED), _Reading()],
        include_in_schema=False,
    )
