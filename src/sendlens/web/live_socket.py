"""`/v1/live`: what happens to a tenant's mail as JSON messages over a WebSocket, for programs.

Owns the handshake, the messages and their pace. Leaves to `live` when something changed, and to `metrics.changes` what.

A message carries differences since the one before, and an `id` from which a listener may go on after it was away
(`?after=`). Each connection knows only how far it was told: what happens while it is slow or gone comes in one message
with its next turn. So there is no queue that could grow, and no gap. Listeners at the same place share one question to
the store.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import OrderedDict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final, Protocol, TypeVar, cast
from urllib.parse import parse_qsl

import msgspec
import structlog

from sendlens.clock import Clock
from sendlens.errors import Forbidden, InvalidField, NotFound, SendlensError, Unauthorized
from sendlens.metrics.changes import Changes, Counts, changes
from sendlens.metrics.query import StoreLike, TenantLike
from sendlens.web.api.access import READ, KeyFinder, TenantFinder
from sendlens.web.intake.asgi import Receive, Scope, Send
from sendlens.web.live import LiveHub

if TYPE_CHECKING:
    from sendlens.pipeline.fuse import Blown

PATH: Final = "/v1/live"
PROTOCOL: Final = "sendlens.v1"
BEARER: Final = "bearer."
"""A browser cannot set the Authorization field: it offers the protocols `sendlens.v1` and `bearer.<API key>`."""
TYPES: Final = ("engagement_update", "revenue_update", "deliverability_update", "alert")
SEND_SECONDS: Final = 20.0
"""How long a listener may take to receive one message before the connection is ended."""
MOST_ENTRIES: Final = 500
"""Most campaigns or providers in one message; the others are told together, under `other`."""
_LARGEST_ID: Final = 2**63

_T = TypeVar("_T")
_log = structlog.stdlib.get_logger(__name__)


class Stopped(Protocol):
    """What tells which sources are stopped."""

    def blown(self, tenant: str = "") -> list[Blown]:
        """Return the stopped sources of a tenant."""
        ...


@dataclass(frozen=True)
class Wish:
    """What a listener wants to hear, and from where on."""

    types: frozenset[str]
    campaigns: frozenset[str]
    after: int | None

    @classmethod
    def of(cls, query: str) -> Wish:
        """Return the wish in a query string. Raises `InvalidField` naming the parameter."""
        pairs = parse_qsl(query, max_num_fields=200)
        types: set[str] = set()
        for name, value in pairs:
            if name == "types":
                types |= {one.strip() for one in value.split(",") if one.strip()}
            elif name not in {"campaign", "after"}:
                raise InvalidField(name, value, "one of types, campaign and after")
        if unknown := sorted(types - set(TYPES)):
            raise InvalidField("types", ",".join(unknown), f"names of {', '.join(TYPES)}, joined by commas")
        after = next((value for name, value in pairs if name == "after"), "")
        if after and not (after.isascii() and after.isdigit() and int(after) < _LARGEST_ID):
            raise InvalidField("after", after, "the id of the last message that was received")
        return cls(
            frozenset(types or TYPES),
            frozenset(value for name, value in pairs if name == "campaign"),
            int(after) if after else None,
        )


class LiveSocket:
    """An ASGI application for WebSocket connections to `/v1/live`."""

    def __init__(
        self, hub: LiveHub, store: StoreLike, keys: KeyFinder, tenants: TenantFinder, clock: Clock, stopped: Stopped
    ) -> None:
        """`hub` says when something changed, `stopped` which sources take nothing in."""
        self._hub = hub
        self._store = store
        self._keys = keys
        self._tenants = tenants
        self._clock = clock
        self._stopped = stopped
        self._asked: OrderedDict[tuple[str, int, int], asyncio.Task[Changes]] = OrderedDict()

    @staticmethod
    def handles(scope: Scope) -> bool:
        """Tell whether a connection belongs here."""
        return scope["type"] == "websocket" and scope.get("path") == PATH

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection until either side ends it."""
        await receive()  # websocket.connect
        try:
            wish = Wish.of(cast("bytes", scope.get("query_string", b"")).decode("latin-1"))
            secret = _secret(scope)
            tenant = await asyncio.to_thread(self._tenant, secret)
            self._hub.check(tenant.id)
        except SendlensError as error:
            await _refuse(scope, send, error)
            return
        offered = cast("Collection[str]", scope.get("subprotocols", ()))
        await send({"type": "websocket.accept", "subprotocol": PROTOCOL if PROTOCOL in offered else None})
        gone = asyncio.create_task(_gone(receive))
        telling = asyncio.create_task(self._tell(send, tenant, secret, wish))
        try:
            await asyncio.wait({gone, telling}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            gone.cancel()
            telling.cancel()
            results = await asyncio.gather(telling, return_exceptions=True)
        error = results[0]
        if isinstance(error, Exception) and not isinstance(error, TimeoutError | OSError | SendlensError):
            _log.error("live connection failed", tenant=tenant.id, error=str(error))
        if not gone.done() or gone.cancelled():
            code, reason = _farewell(error)
            with contextlib.suppress(Exception):  # whoever went already needs no farewell
                await send({"type": "websocket.close", "code": code, "reason": reason})

    def _tenant(self, secret: str) -> TenantLike:
        key = self._keys.find(secret) if 0 < len(secret) <= 512 else None
        if key is None:
            raise Unauthorized(
                "no valid API key was shown",
                hint=f"Send Authorization: Bearer <API key>, or offer the protocols {PROTOCOL} and {BEARER}<API key>.",
            )
        if READ not in key.scopes:
            raise Forbidden(f"the API key lacks the scope {READ}", hint="Make a key with that scope.")
        try:
            return self._tenants.get(key.tenant)
        except NotFound as error:
            raise Unauthorized("the API key's tenant does not exist any more") from error

    async def _tell(self, send: Send, tenant: TenantLike, secret: str, wish: Wish) -> None:
        """Send messages until the hub is closed.

        Raises `TimeoutError` for a listener that does not read, and `Unauthorized` once its key is revoked.
        """
        at = self._hub.latest(tenant.id).batch
        place = at if wish.after is None else wish.after
        await _put(send, {"type": "hello", "id": str(place), "currency": tenant.currency, "types": sorted(wish.types)})
        if place > at:
            # The server was set back to a backup: its numbers are not the ones the listener knew.
            place = await self._reset(send, at, "the server does not know this id")
        listening = self._hub.subscribe(tenant.id, "before")
        async with contextlib.aclosing(listening):
            known = await self._alerts(send, tenant, wish, {})
            place = await self._catch_up(send, tenant, wish, place)
            async for change in listening:
                await asyncio.to_thread(self._tenant, secret)
                known = await self._alerts(send, tenant, wish, known)
                if change is not None:
                    place = await self._catch_up(send, tenant, wish, place)

    async def _catch_up(self, send: Send, tenant: TenantLike, wish: Wish, place: int) -> int:
        """Tell what happened since `place`, and return the new place."""
        until = self._hub.latest(tenant.id).batch
        if until <= place:
            return place
        try:
            found = await self._shared(tenant, place, until)
        except SendlensError as error:
            if error.retry_after is not None:
                return place  # the store has no room now: the next turn tells more
            return await self._reset(send, until, error.detail)
        for message in messages(found, wish, tenant.currency):
            await _put(send, {**message, "id": str(until), "after": str(place), "at": self._clock.now_ms()})
        return until

    async def _shared(self, tenant: TenantLike, after: int, until: int) -> Changes:
        """Return what a range brought; listeners that ask for the same one are served by one question."""
        asked = (tenant.id, after, until)
        task = self._asked.get(asked)
        if task is None or (task.done() and task.exception() is not None):
            task = asyncio.create_task(asyncio.to_thread(changes, self._store, tenant, after, until))
            self._asked[asked] = task
            while len(self._asked) > 64:
                self._asked.popitem(last=False)
        return await asyncio.shield(task)

    async def _alerts(self, send: Send, tenant: TenantLike, wish: Wish, known: Mapping[str, Blown]) -> dict[str, Blown]:
        """Tell which sources were stopped or let in since the last time, and return those that are stopped."""
        now = {one.source: one for one in self._stopped.blown(tenant.id)}
        if "alert" in wish.types:
            for state, those in (("opened", now.keys() - known.keys()), ("closed", known.keys() - now.keys())):
                for source in sorted(those):
                    one = now.get(source) or known[source]
                    alert = {"kind": "source_stopped", "state": state, "source": source, "since": one.at}
                    why = {"records": one.records, "dead": one.dead, "reason": one.reason.partition(":")[0]}
                    await _put(send, {"type": "alert", "at": self._clock.now_ms(), **alert, **why})
        return now

    async def _reset(self, send: Send, place: int, why: str) -> int:
        """Tell a listener to ask for whole figures, because differences cannot be told; return its new place."""
        await _put(send, {"type": "reset", "id": str(place), "reason": why, "at": self._clock.now_ms()})
        return place


def messages(found: Changes, wish: Wish, currency: str) -> list[dict[str, object]]:
    """Return the messages that a listener with this wish gets of some changes, without their place and time."""
    made: list[dict[str, object]] = []
    if "engagement_update" in wish.types and (engaged := _wanted(found.engagement, wish)):
        made.append({"type": "engagement_update", "campaigns": _counted(engaged, "campaign_id")})
    if "revenue_update" in wish.types and (earned := _wanted(found.revenue, wish)):
        shown = [
            {"campaign_id": campaign, "conversions": one.conversions, "revenue": _money(one.amount)}
            for campaign, one in earned.items()
        ]
        made.append({"type": "revenue_update", "currency": currency, "campaigns": shown[:MOST_ENTRIES]})
    # Delivery is told by mailbox provider; a listener to some campaigns would take it for theirs.
    if "deliverability_update" in wish.types and found.delivery and not wish.campaigns:
        made.append({"type": "deliverability_update", "providers": _counted(found.delivery, "provider")})
    return made


def _wanted(table: Mapping[str, _T], wish: Wish) -> dict[str, _T]:
    return {name: value for name, value in table.items() if not wish.campaigns or name in wish.campaigns}


def _counted(table: Mapping[str, Counts], what: str) -> list[dict[str, object]]:
    """Return the largest entries, and the sum of the others."""
    ordered = sorted(table.items(), key=lambda entry: (-sum(map(abs, entry[1].values())), entry[0]))
    shown: list[dict[str, object]] = [{what: name, **counts} for name, counts in ordered[:MOST_ENTRIES]]
    rest: Counts = {}
    for _, counts in ordered[MOST_ENTRIES:]:
        for name, n in counts.items():
            rest[name] = rest.get(name, 0) + n
    return [*shown, {what: None, "other": len(ordered) - MOST_ENTRIES, **rest}] if rest else shown


def _money(amount: Decimal) -> str:
    return f"{amount:.4f}".rstrip("0").rstrip(".") or "0"


def _secret(scope: Scope) -> str:
    headers = cast("list[tuple[bytes, bytes]]", scope["headers"])
    told = next((value.decode("latin-1") for name, value in headers if name.lower() == b"authorization"), "")
    scheme, _, secret = told.partition(" ")
    if scheme.lower() == "bearer":
        return secret.strip()
    offered = cast("Collection[str]", scope.get("subprotocols", ()))
    return next((one.removeprefix(BEARER) for one in offered if one.startswith(BEARER)), "")


def _farewell(error: object) -> tuple[int, str]:
    """Return the close code and reason (RFC 6455) for what ended the telling."""
    if isinstance(error, TimeoutError):
        return 1008, "too slow"
    if isinstance(error, SendlensError):
        return 1008, error.title
    return (1011, "a mistake inside the server") if isinstance(error, Exception) else (1012, "the server restarts")


async def _put(send: Send, message: Mapping[str, object]) -> None:
    async with asyncio.timeout(SEND_SECONDS):
        await send({"type": "websocket.send", "text": msgspec.json.encode(message).decode()})


async def _gone(receive: Receive) -> None:
    """Return when the other side has gone; what it says before is of no interest, but must be read."""
    while (await receive())["type"] != "websocket.disconnect":
        pass


async def _refuse(scope: Scope, send: Send, error: SendlensError) -> None:
    """Answer the handshake with a problem document where the server can, else with a close code."""
    extensions = cast("Mapping[str, object]", scope.get("extensions") or {})
    if "websocket.http.response" not in extensions:
        await send({"type": "websocket.close", "code": 4000 + error.status, "reason": error.title})
        return
    body = msgspec.json.encode(error.problem())
    headers = error.headers | {"content-type": "application/problem+json", "content-length": str(len(body))}
    if isinstance(error, Unauthorized):
        headers["www-authenticate"] = 'Bearer realm="sendlens"'
    if error.retry_after is not None:
        headers["retry-after"] = str(error.retry_after)
    fields = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "websocket.http.response.start", "status": error.status, "headers": fields})
    await send({"type": "websocket.http.response.body", "body": body})
