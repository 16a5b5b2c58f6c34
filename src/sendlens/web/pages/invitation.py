"""The page behind an invitation link: who is invited to what, and the password that makes it so."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from sendlens.control.control import Control
from sendlens.control.invitations import PATH, Invitation
from sendlens.control.passwords import SHORTEST, accepted
from sendlens.control.roles import Role
from sendlens.control.users import User
from sendlens.errors import InvalidField, NotFound, SendlensError, TooBusy, Unauthorized
from sendlens.web.pages.access import PageRequest, client_address
from sendlens.web.pages.frame import form, page
from sendlens.web.pages.render import leave
from sendlens.web.pages.sign_in import begin, network
from sendlens.web.pages.site import Site


def handlers(site: Site) -> list[HTTPRouteHandler]:
    """Return the routes of invitations."""

    async def show(request: PageRequest, token: str, error: SendlensError | None = None) -> Response[str]:
        invitation = await asyncio.to_thread(site.control.invitations.find, token)
        user = await asyncio.to_thread(_account, site.control, invitation.email)
        tenant = await asyncio.to_thread(site.control.tenants.get, invitation.tenant) if invitation.tenant else None
        values = {
            "invitation": invitation,
            "to": tenant.name if tenant else "",
            "known": bool(tenant and user and user.has_password),
            "problem": f"{error.detail[:1].upper()}{error.detail[1:]}. {error.hint}" if error else "",
            "shortest": SHORTEST,
            "action": f"{PATH}{token}",
        }
        status = error.status if error else 200
        answer = await page(site, request, "invitation.html", values, title="Invitation", status=status)
        if error and error.retry_after is not None:
            answer.headers["Retry-After"] = str(error.retry_after)
        return answer

    @get(PATH + "{token:str}", include_in_schema=False)
    async def invitation(request: PageRequest, token: FromPath[str]) -> Response[str]:
        return await show(request, token)

    @post(PATH + "{token:str}", include_in_schema=False)
    async def accept(request: PageRequest, token: FromPath[str]) -> Response[str]:
        fields = await form(site, request)
        try:
            session = await asyncio.to_thread(_accept, site.control, request, token, fields)
        except (InvalidField, Unauthorized, TooBusy) as error:
            return await show(request, token, error)
        return leave("/", cookies=(site.access.cookie(request, session),))

    return [invitation, accept]


def _account(control: Control, email: str) -> User | None:
    try:
        return control.users.named(email)
    except NotFound:
        return None


def _accept(control: Control, request: PageRequest, token: str, fields: Mapping[str, str]) -> str:
    """Use an invitation up, and return the token of the session that begins with it."""
    invitation, password = control.invitations.find(token), fields.get("password", "")
    user = _account(control, invitation.email)
    if invitation.tenant and user and user.has_password:
        # Whoever found the link in a mailbox does not get into what the account is in besides.
        address = network(client_address(request))
        control.throttle.attempt(account=user.email, address=address)
        if control.users.check(user.email, password) is None:
            raise Unauthorized("this is not the password of your account", hint="It is the one you sign in with.")
        control.throttle.succeeded(account=user.email, address=address)
        control.invitations.take(token)
    else:
        accepted(password, invitation.email)
        if password != fields.get("again", ""):
            raise InvalidField("password", "(hidden)", "is not the same both times")
        control.invitations.take(token)
        user = user or control.users.create(invitation.email)
        control.users.set_password(user.id, password)
        control.sessions.end_all(user.id)
        control.throttle.succeeded(account=user.email)
    return begin(control, request, _let_in(control, user, invitation, client_address(request)))


def _let_in(control: Control, user: User, invitation: Invitation, address: str) -> User:
    if not invitation.tenant:
        tenants = list(user.roles) or [""]
        control.audit.note(tenants, actor=user.id, action="password.change", about=user.email, address=address)
        return user
    if user.roles.get(invitation.tenant) is None:
        control.users.set_role(invitation.tenant, user.id, Role(invitation.role))
    about = f"{user.email} as {invitation.role}"
    control.audit.note(invitation.tenant, actor=user.id, action="person.join", about=about, address=address)
    return control.users.get(user.id)
