"""Settings: API keys with their scopes, when each was used last, and their revocation."""

from __future__ import annotations

import asyncio

from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from sendlens.control.keys import SCOPES
from sendlens.errors import InvalidField
from sendlens.web.pages.access import PageRequest, Visitor
from sendlens.web.pages.frame import base_url, form, visit
from sendlens.web.pages.render import leave
from sendlens.web.pages.settings import administration, place, settings_page
from sendlens.web.pages.site import Site


def handlers(site: Site) -> list[HTTPRouteHandler]:
    """Return the routes of API keys."""

    async def show(
        request: PageRequest, visitor: Visitor, secret: str = "", error: InvalidField | None = None
    ) -> Response[str]:
        keys = await asyncio.to_thread(site.control.keys.list, visitor.tenant.id)
        values = {
            "keys": sorted(keys, key=lambda key: (key.revoked_at > 0, -key.created_at)),
            "scopes": SCOPES,
            "secret": secret,
            "base": base_url(site, request),
        }
        return await settings_page(site, request, visitor, "keys", values, error=error)

    @get("/settings/keys", include_in_schema=False)
    async def keys(request: PageRequest) -> Response[str]:
        visitor = await visit(site, request)
        visitor.must("manage_keys")
        return await show(request, visitor)

    @post("/settings/keys", include_in_schema=False)
    async def create_key(request: PageRequest) -> Response[str]:
        fields = await form(site, request)
        visitor = await visit(site, request)
        desk = administration(site, visitor)
        scopes = [scope for scope in SCOPES if fields.get(f"scope_{scope}")]
        try:
            _, secret = await asyncio.to_thread(desk.create_key, fields.get("name", ""), scopes)
        except InvalidField as error:
            return await show(request, visitor, error=error)
        # Shown in the answer to the form and nowhere else: nothing has to remember it in between.
        return await show(request, visitor, secret)

    @post("/settings/keys/{key:str}/revoke", include_in_schema=False)
    async def revoke_key(request: PageRequest, key: FromPath[str]) -> Response[str]:
        await form(site, request)
        visitor = await visit(site, request)
        await asyncio.to_thread(administration(site, visitor).revoke_key, key)
        return leave(place(visitor, "keys"))

    return [keys, create_key, revoke_key]
