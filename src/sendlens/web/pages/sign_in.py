"""Signing in with an API key, signing out, and the choice between light and dark."""

from __future__ import annotations

import asyncio

from litestar import Response, get, post
from litestar.datastructures import Cookie
from litestar.handlers import HTTPRouteHandler

from sendlens.errors import Forbidden, Unauthorized
from sendlens.web.pages.access import PageRequest
from sendlens.web.pages.frame import THEME_COOKIE, form, own_path, page
from sendlens.web.pages.render import leave
from sendlens.web.pages.site import Site

_YEAR = 365 * 24 * 3600


def handlers(site: Site) -> list[HTTPRouteHandler]:
    """Return the routes of the session and of the theme."""

    def is_secure(request: PageRequest) -> bool:
        return site.settings.public_url.startswith("https://") or request.url.scheme == "https"

    @get("/sign-in", include_in_schema=False)
    async def ask_for_key(request: PageRequest) -> Response[str]:
        onward = own_path(request.query_params.get("next", "/"))
        return await page(site, request, "sign_in.html", {"problem": "", "onward": onward}, title="Sign in")

    @post("/sign-in", include_in_schema=False)
    async def sign_in(request: PageRequest) -> Response[str]:
        site.access.check_origin(request)
        fields = await form(request)
        onward = own_path(fields.get("next", "/"))
        try:
            cookie = await asyncio.to_thread(site.access.sign_in, fields.get("key", ""), secure=is_secure(request))
        except (Unauthorized, Forbidden) as error:
            values = {"problem": f"{error.detail[:1].upper()}{error.detail[1:]}. {error.hint}", "onward": onward}
            return await page(site, request, "sign_in.html", values, title="Sign in", status=error.status)
        return leave(onward, cookies=(cookie,))

    @post("/sign-out", include_in_schema=False)
    async def sign_out(request: PageRequest) -> Response[str]:
        site.access.check_origin(request)
        return leave("/sign-in", cookies=(site.access.sign_out(secure=is_secure(request)),))

    @post("/theme", include_in_schema=False)
    async def theme(request: PageRequest) -> Response[str]:
        site.access.check_origin(request)
        fields = await form(request)
        wanted = "dark" if fields.get("theme") == "dark" else "light"
        cookie = Cookie(key=THEME_COOKIE, value=wanted, path="/", max_age=_YEAR, samesite="lax")
        return leave(own_path(fields.get("next", "/")), cookies=(cookie,))

    return [ask_for_key, sign_in, sign_out, theme]
