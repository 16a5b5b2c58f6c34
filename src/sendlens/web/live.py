"""The live feed: tells open pages that a tenant's figures changed.

Owns versions, throttling and the fan-out from the writer's thread to listeners on the event loop. Leaves to `pages` the
HTTP side, and to the panels what to load again. What changed is not sent: a page asks the metrics again, so that a
missed message can never leave a wrong number standing.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import threading
from collections.abc import AsyncGenerator, Mapping
from typing import Final

import msgspec

from sendlens.clock import Clock
from sendlens.errors import TooBusy, Unavailable

LEAST_SECONDS: Final = 1.0
HEARTBEAT_SECONDS: Final = 15.0
MOST_LISTENERS: Final = 1000
MOST_PER_TENANT: Final = 200
MOST_SHARED: Final = 50


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """A tenant's figures at one version; `at` is UTC milliseconds of the last change, 0 if there was none yet.

    Every batch up to number `batch` is in all tables.
    """

    version: str
    at: int
    events: int = 0
    batch: int = 0


class _Listener:
    """One open page. Its mailbox holds a single flag, so a page that does not read costs no memory."""

    def __init__(self, loop: asyncio.AbstractEventLoop, *, shared: bool) -> None:
        self.loop = loop
        self.shared = shared
        self.changed = asyncio.Event()
        self.closed = asyncio.Event()
        self.told = False  # guarded by the hub's lock: a wake-up is already on its way

    def wake(self, *, close: bool = False) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is gone: nobody is left to tell
            self.loop.call_soon_threadsafe(self._set, close)

    def _set(self, close: bool) -> None:
        if close:
            self.closed.set()
        self.changed.set()


class LiveHub:
    """Fans out "something changed" per tenant; `publish` may be called from any thread."""

    def __init__(
        self,
        clock: Clock,
        *,
        least_seconds: float = LEAST_SECONDS,
        heartbeat_seconds: float = HEARTBEAT_SECONDS,
        most_listeners: int = MOST_LISTENERS,
        most_per_tenant: int = MOST_PER_TENANT,
        most_shared: int = MOST_SHARED,
        batch: int = 0,
    ) -> None:
        """Tell a listener at most once per `least_seconds`, and at least every `heartbeat_seconds`.

        Of a tenant listen at most `most_per_tenant` people and programs, and besides them `most_shared` holders of its
        shared links. `batch` is the number of the last batch that was stored before this start.
        """
        self._batch = batch
        self._clock = clock
        self._least = least_seconds
        self._heartbeat = heartbeat_seconds
        self._most = most_listeners
        self._most_per_tenant = most_per_tenant
        self._most_shared = most_shared
        self._lock = threading.Lock()
        # Versions of two runs of the server never agree: a page that was open over a restart reloads its figures.
        self._run = secrets.token_hex(4)
        self._counts: dict[str, int] = {}
        self._latest: dict[str, Change] = {}
        self._listeners: dict[str, set[_Listener]] = {}
        self._closed = False

    def publish(self, tenant_id: str, change: Mapping[str, object]) -> None:
        """Note that figures of a tenant changed: by how many `events`, and with which `batch`."""
        events, batch = change.get("events", 0), change.get("batch", 0)
        with self._lock:
            self._latest[tenant_id] = Change(
                version=self._next(tenant_id),
                at=self._clock.now_ms(),
                events=events if isinstance(events, int) else 0,
                batch=batch if isinstance(batch, int) else 0,
            )
            waiting = self._to_wake(tenant_id)
        for listener in waiting:
            listener.wake()

    def touch(self, tenant_id: str) -> None:
        """Note that something changed that is no event, such as a refused request: the last event stays what it was."""
        with self._lock:
            before = self._latest.get(tenant_id) or Change(version="", at=0, batch=self._batch)
            self._latest[tenant_id] = msgspec.structs.replace(before, version=self._next(tenant_id), events=0)
            waiting = self._to_wake(tenant_id)
        for listener in waiting:
            listener.wake()

    def _next(self, tenant_id: str) -> str:
        count = self._counts[tenant_id] = self._counts.get(tenant_id, 0) + 1
        return f"{self._run}-{count}"

    def _to_wake(self, tenant_id: str) -> list[_Listener]:
        waiting = [listener for listener in self._listeners.get(tenant_id, ()) if not listener.told]
        for listener in waiting:
            listener.told = True
        return waiting

    @property
    def listeners(self) -> int:
        """How many pages listen."""
        with self._lock:
            return sum(map(len, self._listeners.values()))

    def latest(self, tenant_id: str) -> Change:
        """Return the tenant's current version; version `<run>-0` before the first change."""
        with self._lock:
            return self._latest.get(tenant_id) or Change(version=f"{self._run}-0", at=0, batch=self._batch)

    def check(self, tenant_id: str, *, shared: bool = False) -> None:
        """Raise `Unavailable` with too many listeners, `TooBusy` with too many of this tenant.

        Holders of shared links are counted by themselves: a link that was passed around keeps nobody else from
        listening.
        """
        with self._lock:
            self._check(tenant_id, shared=shared)

    def _check(self, tenant_id: str, *, shared: bool) -> None:
        if self._closed or sum(map(len, self._listeners.values())) >= self._most:
            raise Unavailable("the live feed takes no more listeners", retry_after=30)
        most = self._most_shared if shared else self._most_per_tenant
        if sum(one.shared is shared for one in self._listeners.get(tenant_id, ())) >= most:
            kind, setting = ("shared pages", "SHARED") if shared else ("pages", "LIVE")
            raise TooBusy(
                f"{most} {kind} of this tenant are kept up to date, as many as may be",
                retry_after=30,
                hint=f"Close some, or reload this page now and then. SENDLENS_{setting}_STREAMS sets the limit.",
            )

    async def subscribe(self, tenant_id: str, seen: str = "", *, shared: bool = False) -> AsyncGenerator[Change | None]:
        """Yield changes of a tenant as they come, and None as a heartbeat, until `close`.

        `seen` is the version the page was made from: if it is outdated, the first change comes at once. Changes that
        come faster than once in `least_seconds` are merged. Raises what `check` raises.
        """
        listener = _Listener(asyncio.get_running_loop(), shared=shared)
        with self._lock:
            self._check(tenant_id, shared=shared)
            self._listeners.setdefault(tenant_id, set()).add(listener)
        try:
            while not listener.closed.is_set():
                with self._lock:
                    listener.told = False
                    listener.changed.clear()
                latest = self.latest(tenant_id)
                if seen and latest.version != seen:
                    yield latest
                    seen = latest.version
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(listener.closed.wait(), self._least)
                    continue
                seen = latest.version
                try:
                    await asyncio.wait_for(listener.changed.wait(), self._heartbeat)
                except TimeoutError:
                    yield None
        finally:
            with self._lock:
                listeners = self._listeners.get(tenant_id, set())
                listeners.discard(listener)
                if not listeners:
                    self._listeners.pop(tenant_id, None)

    def close(self) -> None:
        """End every subscription and refuse new ones; safe from any thread and from a signal handler's thread.

        Must run before the HTTP server waits for its connections, or the server waits for pages that stay open.
        """
        # TRICKY: no `with self._lock`: a signal handler may interrupt the very thread that holds it.
        self._closed = True
        for listeners in list(self._listeners.values()):
            for listener in list(listeners):
                listener.wake(close=True)
