"""Settings: one's own account, which is its password and the browsers it is signed in with."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from sendlens.control.control import Control
from sendlens.control.passwords import SHORTEST, accepted
from sendlens.control.users import User
from sendlens.errors import InvalidField, NotFound, SendlensError, TooBusy, Unauthorized
from sendlens.web.pages.access import PageRequest, Visitor
from sendlens.web.pages.frame import form, visit
from sendlens.web.pages.render import leave
from sendlens.web.pages.settings import place, settings_page
from sendlens.web.pages.sign_in import network
from sendlens.web.pages.site import Site


def handlers(site: Site) -> list[HTTPRouteHandler]:
    """Return the routes of the visitor's own account."""

    async def show(
        request: PageRequest, visitor: Visitor, told: str = "", error: SendlensError | None = None
    ) -> Response[str]:
        user = own(visitor)
        values = {
            "user": user,
            "sessions": await asyncio.to_thread(site.control.sessions.list, user.id),
            "this": visitor.session.id if visitor.session else "",
            "shortest": SHORTEST,
            "told": told,
        }
        return await settings_page(site, request, visitor, "account", values, error=error)

    @get("/settings/account", include_in_schema=False)
    async def account(request: PageRequest) -> Response[str]:
        return await show(request, await visit(site, request))

    @post("/settings/account/password", include_in_schema=False)
    async def change_password(request: PageRequest) -> Response[str]:
        fields = await form(site, request)
        visitor = await visit(site, request)
        try:
            await asyncio.to_thread(_change_password, site.control, visitor, fields)
        except (InvalidField, Unauthorized, TooBusy) as error:
            return await show(request, visitor, error=error)
        return await show(request, visitor, "The password is changed, and every other browser is signed out.")

    @post("/settings/account/sessions/{session:str}/end", include_in_schema=False)
    async def end_session(request: PageRequest, session: FromPath[str]) -> Response[str]:
        await form(site, request)
        visitor = await visit(site, request)
        user = own(visitor)
        await asyncio.to_thread(site.control.sessions.end, session, user=user.id)
        await asyncio.to_thread(_note, site.control, visitor, "session.end")
        return leave(place(visitor, "account"))

    @post("/settings/account/sign-out-everywhere", include_in_schema=False)
    async def end_others(request: PageRequest) -> Response[str]:
        await form(site, request)
        visitor = await visit(site, request)
        kept = visitor.session.id if visitor.session else ""
        ended = await asyncio.to_thread(site.control.sessions.end_all, own(visitor).id, but=kept)
        await asyncio.to_thread(_note, site.control, visitor, "session.end")
        return await show(request, visitor, f"Signed out of {ended} other browser{'s' if ended != 1 else ''}.")

    return [account, change_password, end_session, end_others]


def own(visitor: Visitor) -> User:
    """Return the account of a visitor. Raises `NotFound` for those who have none."""
    if visitor.user is None:
        raise NotFound("you are here without an account", hint="Sign in with e-mail and password to see it.")
    return visitor.user


def _change_password(control: Control, visitor: Visitor, fields: Mapping[str, str]) -> None:
    user = own(visitor)
    # Counted as an attempt to sign in: a browser that was left open is no place to guess.
    address = network(visitor.address)
    control.throttle.attempt(account=user.email, address=address)
    if control.users.check(user.email, fields.get("current", "")) is None:
        raise Unauthorized("the current password is wrong", hint="Nothing was changed.")
    control.throttle.succeeded(account=user.email, address=address)
    wanted = accepted(fields.get("password", ""), user.email)
    if wanted != fields.get("again", ""):
        raise InvalidField("password", "(hidden)", "is not the same both times")
    control.users.set_password(user.id, wanted)
    control.sessions.end_all(user.id, but=visitor.session.id if visitor.session else "")
    _note(control, visitor, "password.change")


def _note(control: Control, visitor: Visitor, action: str) -> None:
    user = own(visitor)
    tenants = list(user.roles) or [""]
    control.audit.note(tenants, actor=user.id, action=action, about=user.email, address=visitor.address)
