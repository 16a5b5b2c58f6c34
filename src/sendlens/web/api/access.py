"""Who asks: the bearer key of a request, and the tenant it belongs to.

Owns the check of the key's scope. What a key is worth is the control plane's; a revoked key stops working within a
second, because its finder remembers no longer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Any, Final, Protocol

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.handlers.base import BaseRouteHandler

from sendlens.errors import Forbidden, NotFound, Unauthorized
from sendlens.metrics.query import TenantLike

READ: Final = "read"
ADMIN: Final = "admin"
_LONGEST: Final = 512
_TENANT: Final = "sendlens_tenant"

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

    def __init__(self, keys: KeyFinder, tenants: TenantFinder, scope: str = READ) -> None:
        """Look keys and tenants up; both may touch a database, so that they are called in a thread."""
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
        connection.scope["state"][_TENANT] = await asyncio.to_thread(self._find, secret)

    def _find(self, secret: str) -> TenantLike:
        key = self._keys.find(secret)
        if key is None:
            raise Unauthorized("the API key is unknown or was revoked")
        if self._scope not in key.scopes:
            raise Forbidden(f"the API key lacks the scope {self._scope}", hint="Make a key with that scope.")
        try:
            return self._tenants.get(key.tenant)
        except NotFound as error:
            raise Unauthorized("the API key's tenant does not exist any more") from error


def tenant_of(request: AnyRequest) -> TenantLike:
    """Return the tenant whose key the guard accepted."""
    return request.scope["state"][_TENANT]
