"""Settings: the people of a tenant, their roles, and invitations."""

from __future__ import annotations

import asyncio

from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from sendlens.control.invitations import DAYS, PATH
from sendlens.control.roles import GIVEN, PERMISSIONS, given, may
from sendlens.errors import Conflict, InvalidField, SendlensError
from sendlens.web.pages.access import PageRequest, Visitor
from sendlens.web.pages.frame import base_url, form, visit
from sendlens.web.pages.render import leave
from sendlens.web.pages.settings import administration, place, settings_page
from sendlens.web.pages.site import Site


def handlers(site: Site) -> list[HTTPRouteHandler]:
    """Return the routes of people and invitations."""

    async def show(
        request: PageRequest, visitor: Visitor, link: str = "", error: SendlensError | None = None
    ) -> Response[str]:
        members = await asyncio.to_thread(site.control.users.members, visitor.tenant.id)
        invitations = await asyncio.to_thread(site.control.invitations.list, visitor.tenant.id)
        values = {
            "members": members,
            "invitations": invitations,
            "roles": GIVEN,
            "allowed": [(one.help, [may(role, action) for role in GIVEN]) for action, one in PERMISSIONS.items()],
            "link": link,
            "days": DAYS,
        }
        return await settings_page(site, request, visitor, "people", values, error=error)

    @get("/settings/people", include_in_schema=False)
    async def people(request: PageRequest) -> Response[str]:
        visitor = await visit(site, request)
        visitor.must("manage_people")
        return await show(request, visitor)

    @post("/settings/people", include_in_schema=False)
    async def invite(request: PageRequest) -> Response[str]:
        fields = await form(site, request)
        visitor = await visit(site, request)
        desk = administration(site, visitor)
        try:
            _, token = await asyncio.to_thread(desk.invite, fields.get("email", ""), given(fields.get("role", "")))
        except (InvalidField, Conflict) as error:
            return await show(request, visitor, error=error)
        return await show(request, visitor, f"{base_url(site, request)}{PATH}{token}")

    @post("/settings/people/{user:str}/role", include_in_schema=False)
    async def change_role(request: PageRequest, user: FromPath[str]) -> Response[str]:
        fields = await form(site, request)
        visitor = await visit(site, request)
        desk = administration(site, visitor)
        try:
            await asyncio.to_thread(desk.set_role, user, given(fields.get("role", "")))
        except (InvalidField, Conflict) as error:
            return await show(request, visitor, error=error)
        return leave(place(visitor, "people") if visitor.actor != user else "/")

    @post("/settings/people/{user:str}/remove", include_in_schema=False)
    async def remove(request: PageRequest, user: FromPath[str]) -> Response[str]:
        await form(site, request)
        visitor = await visit(site, request)
        try:
            await asyncio.to_thread(administration(site, visitor).remove_person, user)
        except Conflict as error:
            return await show(request, visitor, error=error)
        return leave(place(visitor, "people") if visitor.actor != user else "/")

    @post("/settings/invitations/{invitation:str}/revoke", include_in_schema=False)
    async def uninvite(request: PageRequest, invitation: FromPath[str]) -> Response[str]:
        await form(site, request)
        visitor = await visit(site, request)
        await asyncio.to_thread(administration(site, visitor).revoke_invitation, invitation)
        return leave(place(visitor, "people"))

    return [people, invite, change_role, remove, uninvite]
