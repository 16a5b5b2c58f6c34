"""Who asks: the bearer key of a request, and the tenant it belongs to.

Owns the check of the key's scope, and when a request takes what `held` says and gives it back. What a key is worth is
the control plane's; a revoked key stops working within a second, because its finder remembers no longer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Any, Final, Protocol

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.handlers.base import BaseRouteHandler
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from sendlens.control.roles import KEY_ROLES, PERMISSIONS, may
from sendlens.errors import Forbidden, NotFound, Unauthorized
from sendlens.metrics.query import TenantLike
from sendlens.web.api.held import Held, Room

READ: Final = "read"
ADMIN: Final = "admin"
_LONGEST: Final = 512
_TENANT: Final = "sendlens_tenant"
_SCOPES: Final = "sendlens_scopes"
_HELD: Final = "sendlens_held"

AnyRequest = Request[Any, Any, Any]


class Key(Protocol):
    """An API key that was found."""

    @property
    def tenant(self) -> str:
        """Return the tenant's id."""
        ...

    @property
    def scopes(self) -> Collection[str]:
        """Return what the key allows."""
        ...


class KeyFinder(Protocol):
    """Finds API keys by their secret."""

    def find(self, secret: str, /) -> Key | None:
        """Return the key, or None if it is unknown or revoked."""
        ...


class TenantFinder(Protocol):
    """Finds tenants by their id."""

    def get(self, name: str, /) -> TenantLike:
        """Return the tenant. Raises `NotFound`."""
        ...


class Access:
    """A guard that lets requests with a key of the right scope through, and the tenant they may see."""

    def __init__(self, keys: KeyFinder, tenants: TenantFinder, scope: str = READ, room: Room | None = None) -> None:
        """Look keys and tenants up; both may touch a database, so that they are called in a thread.

        With a `room` a request takes its place there, which `LeaveRoom` gives back.
        """
        self._room = room
        self._keys = keys
        self._tenants = tenants
        self._scope = scope

    # The parameters are Litestar's, whose own types are partly unknown.
    async def guard(self, connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
        """Raise `Unauthorized` without a valid key and `Forbidden` for one without the scope."""
        scheme, _sep, secret = connection.headers.get("authorization", "").partition(" ")
        secret = secret.strip()
        if scheme.lower() != "bearer" or not secret:
            raise Unauthorized(
                "the request carries no API key",
                hint=f"Send the header Authorization: Bearer <API key with scope {self._scope}>.",
            )
        if len(secret) > _LONGEST:
            raise Unauthorized("the API key is unknown or was revoked")
        tenant, scopes = await asyncio.to_thread(self._find, secret)
        connection.scope["state"][_TENANT] = tenant
        connection.scope["state"][_SCOPES] = scopes
        if self._room is not None:
            held = connection.scope["state"][_HELD] = Held(self._room, tenant.id)
            await held.take()

    def _find(self, secret: str) -> tuple[TenantLike, Collection[str]]:
        key = self._keys.find(secret)
        if key is None:
            raise Unauthorized("the API key is unknown or was revoked")
        if self._scope not in key.scopes:
            raise Forbidden(f"the API key lacks the scope {self._scope}", hint="Make a key with that scope.")
        try:
            return self._tenants.get(key.tenant), key.scopes
        except NotFound as error:
            raise Unauthorized("the API key's tenant does not exist any more") from error


class LeaveRoom:
    """ASGI middleware around the guard: gives back what is held when the answer is sent, or the caller is gone."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap `app`."""
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""

        def held() -> Held | None:
            return scope.get("state", {}).get(_HELD)

        async def sent(message: Message) -> None:
            if (mine := held()) is not None:
                mine.worked()
            await send(message)

        try:
            await self.app(scope, receive, sent)
        finally:
            if (mine := held()) is not None:
                mine.left()


def tenant_of(request: AnyRequest) -> TenantLike:
    """Return the tenant whose key the guard accepted."""
    return request.scope["state"][_TENANT]


def must_of(request: AnyRequest, action: str) -> None:
    """Raise `Forbidden` unless the key that the guard accepted may do a thing."""
    if not may_of(request, action):
        raise Forbidden(f"this API key may not {PERMISSIONS[action].help}", hint="Make a key with the scope admin.")


def may_of(request: AnyRequest, action: str) -> bool:
    """Return whether the key that the guard accepted may do a thing; the actions are those of `control.roles`."""
    scopes: Collection[str] = request.scope["state"][_SCOPES]
    return any(may(role, action) for scope, role in KEY_ROLES.items() if scope in scopes)
