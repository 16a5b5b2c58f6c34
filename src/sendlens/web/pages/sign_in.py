"""Signing in with a password or an API key, signing out, and the choice between light and dark.

Owns how a session begins and ends, and what a stranger is told: the same, and after the same time, whether or not there
is such an account. Leaves the counting of attempts to `control.throttle`.
"""

from __future__ import annotations

import asyncio
import ipaddress
from typing import Final

from litestar import Response, get, post
from litestar.datastructures import Cookie
from litestar.handlers import HTTPRouteHandler

from sendlens.control.control import Control
from sendlens.control.users import User
from sendlens.errors import Forbidden, NotFound, SendlensError, TooBusy, Unauthorized
from sendlens.web.pages.access import PageRequest, client_address, must_read
from sendlens.web.pages.frame import THEME_COOKIE, form, page
from sendlens.web.pages.render import leave
from sendlens.web.pages.site import Site
from sendlens.web.pages.state import own_path

_YEAR: Final = 365 * 24 * 3600


def handlers(site: Site) -> list[HTTPRouteHandler]:
    """Return the routes of the session and of the theme."""

    async def ask(
        request: PageRequest, onward: str, error: SendlensError | None = None, email: str = ""
    ) -> Response[str]:
        values = {
            "ended": bool(request.query_params.get("ended")) and error is None,
            "problem": f"{error.detail[:1].upper()}{error.detail[1:]}. {error.hint}" if error else "",
            "onward": onward,
            "email": email,
            "people": await asyncio.to_thread(site.control.users.any),
            "local": site.access.is_local(request),
        }
        status = error.status if error else 200
        answer = await page(site, request, "sign_in.html", values, title="Sign in", status=status)
        if error and error.retry_after is not None:
            answer.headers["Retry-After"] = str(error.retry_after)
        return answer

    @get("/sign-in", include_in_schema=False)
    async def ask_who(request: PageRequest) -> Response[str]:
        return await ask(request, own_path(request.query_params.get("next", "/")))

    @post("/sign-in", include_in_schema=False)
    async def sign_in(request: PageRequest) -> Response[str]:
        fields = await form(site, request)
        onward = own_path(fields.get("next", "/"))
        email = fields.get("email", "").strip()
        try:
            if fields.get("key"):
                token = await asyncio.to_thread(_with_key, site.control, request, fields["key"])
            else:
                token = await asyncio.to_thread(with_password, site.control, request, email, fields.get("password", ""))
        except (Unauthorized, Forbidden, TooBusy) as error:
            return await ask(request, onward, error, email)
        return leave(onward, cookies=(site.access.cookie(request, token),))

    @post("/sign-out", include_in_schema=False)
    async def sign_out(request: PageRequest) -> Response[str]:
        await form(site, request)
        await asyncio.to_thread(_end, site, request)
        return leave("/sign-in", cookies=(site.access.cookie(request, ""),))

    @post("/theme", include_in_schema=False)
    async def theme(request: PageRequest) -> Response[str]:
        fields = await form(site, request)
        wanted = "dark" if fields.get("theme") == "dark" else "light"
        cookie = Cookie(key=THEME_COOKIE, value=wanted, path="/", max_age=_YEAR, samesite="lax")
        return leave(own_path(fields.get("next", "/")), cookies=(cookie,))

    return [ask_who, sign_in, sign_out, theme]


def with_password(control: Control, request: PageRequest, email: str, password: str) -> str:
    """Return the token of a new session. Raises `Unauthorized`, and `TooBusy` after too many failures."""
    address = client_address(request)
    control.throttle.attempt(account=email, address=network(address))
    user = control.users.check(email, password)
    if user is None:
        _failed(control, email, address)
        raise Unauthorized("the address or the password is wrong", hint="Both are needed as they were set.")
    control.throttle.succeeded(account=email, address=network(address))
    return begin(control, request, user)


def begin(control: Control, request: PageRequest, user: User) -> str:
    """Begin a session of a person, and return its token."""
    address = client_address(request)
    _, token = control.sessions.begin(user=user.id, address=address, agent=request.headers.get("user-agent", ""))
    control.audit.note(_tenants(user), actor=user.id, action="sign_in", about=user.email, address=address)
    return token


def _with_key(control: Control, request: PageRequest, secret: str) -> str:
    address = client_address(request)
    control.throttle.attempt(key=network(address))
    key = control.keys.find(secret.strip())
    if key is None:
        raise Unauthorized("this is not a valid API key", hint="It starts with sl_ and may have been revoked.")
    must_read(key)
    control.throttle.succeeded(key=network(address))
    _, token = control.sessions.begin(key=key.id, address=address, agent=request.headers.get("user-agent", ""))
    control.audit.note(key.tenant, actor=key.id, action="sign_in", about=key.name, address=address)
    return token


def _end(site: Site, request: PageRequest) -> None:
    session = site.access.session(request)
    if session is None:
        return
    site.control.sessions.end(session.id)
    if session.user:
        user = site.control.users.get(session.user)
        address = client_address(request)
        site.control.audit.note(_tenants(user), actor=user.id, action="sign_out", about=user.email, address=address)


def _failed(control: Control, email: str, address: str) -> None:
    """Write the failure down; for an account that does not exist too, so that it takes as long."""
    try:
        user = control.users.named(email)
    except NotFound:
        control.audit.note("", actor="", action="sign_in_failed", about="no such account", address=address)
    else:
        control.audit.note(_tenants(user), actor="", action="sign_in_failed", about=user.email, address=address)


def _tenants(user: User) -> list[str]:
    """Return the tenants whose audit tells of a person's sessions; an operator without any is told of by none."""
    return list(user.roles) or [""]


def network(address: str) -> str:
    """Return what attempts are counted under: the address, or the network of which one customer has all addresses."""
    try:
        if ":" in address:
            return str(ipaddress.IPv6Network(f"{address.partition('%')[0]}/64", strict=False))
    except ValueError:
        pass
    return address
