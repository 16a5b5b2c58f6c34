"""Everything under the pages' addresses as one router."""

from __future__ import annotations

from litestar import Response, Router
from litestar.exceptions import HTTPException

from sendlens.errors import SendlensError
from sendlens.web.pages import (
    campaigns,
    dead_letters,
    details,
    intake,
    live_feed,
    overview,
    recipients,
    scopes,
    shared,
    sign_in,
    static,
    views,
)
from sendlens.web.pages.access import PageRequest
from sendlens.web.pages.frame import problem
from sendlens.web.pages.site import Site


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
        views,
        shared,
        campaigns,
        recipients,
        intake,
        dead_letters,
        live_feed,
        sign_in,
    )
    return Router(
        path="/",
        route_handlers=[*static.handlers(), *(one for module in modules for one in module.handlers(site))],
        exception_handlers={SendlensError: failed, HTTPException: failed, Exception: failed},  # pyright: ignore[reportArgumentType] - invariant in a type of Litestar's that is partly unknown
        include_in_schema=False,
    )
