"""Who asks: the bearer key of a request, and the tenant it belongs to.

Owns the check of the key's scope, and the place of the tenant that a request takes. What a key is worth is the control
plane's; a revoked key stops working within a second, because its finder remembers no longer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Any, Final, Protocol

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.handlers.base import BaseRouteHandler
from litestar.types import ASGIApp, Receive, Scope, Send

from sendlens.control.roles import KEY_ROLES, PERMISSIONS, may
from sendlens.errors import Forbidden, NotFound, Unauthorized
from sendlens.metrics.query import TenantLike
from sendlens.web.places import Places

READ: Final = "read"
ADMIN: Final = "admin"
_LONGEST: Final = 512
_TENANT: Final = "sendlens_tenant"
_SCOPES: Final = "sendlens_scopes"
_PLACE: Final = "sendlens_place"

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

    def __init__(self, keys: KeyFinder, tenants: TenantFinder, scope: str = READ, places: Places | None = None) -> None:
        """Look keys and tenants up; both may touch a database, so that they are called in a thread.

        With `places` a request takes one, which `LeavePlaces` gives back.
        """
        self._places = places
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
        if self._places is not None:
            await self._places.arrive(tenant.id)
            connection.scope["state"][_PLACE] = (self._places, tenant.id)

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


class LeavePlaces:
    """ASGI middleware around the guard: gives the place back when the answer is sent, or the caller is gone."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap `app`."""
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        try:
            await self.app(scope, receive, send)
        finally:
            taken: tuple[Places, str] | None = scope.get("state", {}).pop(_PLACE, None)
            if taken is not None:
                taken[0].leave(taken[1])


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
