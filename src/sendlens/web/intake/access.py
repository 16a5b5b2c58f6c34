"""Who may send: the little that the intake needs to know of API keys and of sources.

Owns the bearer check. The control plane provides the finders; both may touch a database, so that they are called in a
thread.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import Executor
from typing import Final, Protocol

from sendlens.errors import Forbidden, Unauthorized
from sendlens.web.intake.asgi import Request

SCOPE: Final = "ingest"


class Key(Protocol):
    """An API key that was found."""

    @property
    def id(self) -> str:
        """What the key is called, which is no secret."""
        ...

    @property
    def tenant(self) -> str:
        """The tenant's id."""
        ...

    @property
    def scopes(self) -> Collection[str]:
        """What the key allows."""
        ...


class KeyFinder(Protocol):
    """Finds API keys by their secret."""

    def find(self, secret: str) -> Key | None:
        """Return the key, or None if it is unknown or revoked."""
        ...

    def remembered(self, secret: str) -> tuple[Key | None, bool] | None:
        """Return what is known at once, if anything is, and whether it is time to `renew` it."""
        ...

    def renew(self, secret: str) -> None:
        """Find out again, for those who come next."""
        ...


class Source(Protocol):
    """A configured source of webhooks."""

    @property
    def id(self) -> str:
        """The public id in the hook's address."""
        ...

    @property
    def tenant(self) -> str:
        """The tenant's id."""
        ...

    @property
    def provider(self) -> str:
        """The provider's name."""
        ...

    @property
    def settings(self) -> Mapping[str, object]:
        """The options of the source; see `sources.esp.provider.Options`."""
        ...

    def revealed(self) -> Sequence[str]:
        """Return the secrets valid now: none, one, or two while one is being replaced."""
        ...


class SourceFinder(Protocol):
    """Finds sources by their public id."""

    def get(self, source_id: str) -> Source:
        """Return the source. Raises `NotFound`."""
        ...

    def named(self, tenant: str, name: str) -> Source:
        """Return the tenant's source of this name. Raises `NotFound`."""
        ...


async def authorized(request: Request, keys: KeyFinder, threads: Executor | None = None) -> Key:
    """Return the key a request shows, looked up in one of the `threads`.

    Raises `Unauthorized`, or `Forbidden` for a key that may not send.
    """
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    secret = secret.strip()
    if scheme.lower() != "bearer" or not secret:
        raise Unauthorized(
            "the request carries no API key", hint="Send the header Authorization: Bearer <API key with scope ingest>."
        )
    key = await _found(keys, secret, threads) if len(secret) <= 256 else None
    if key is None:
        raise Unauthorized("the API key is unknown or was revoked")
    if SCOPE not in key.scopes:
        raise Forbidden(f"the API key lacks the scope {SCOPE}", hint="Make a key with that scope.")
    return key


async def _found(keys: KeyFinder, secret: str, threads: Executor | None) -> Key | None:
    """Return the key at once where it was used within the last second: each turn of a thread is a wait in a flood."""
    in_thread = asyncio.get_running_loop().run_in_executor
    known = keys.remembered(secret)
    if known is None:
        return await in_thread(threads, keys.find, secret)
    key, aging = known
    if aging:
        in_thread(threads, keys.renew, secret).add_done_callback(_hear)
    return key


def _hear(renewed: asyncio.Future[None]) -> None:
    """Take no notice of a failure: the next one to ask meets it."""
    if not renewed.cancelled():
        renewed.exception()
