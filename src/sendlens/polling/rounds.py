"""Looks at every source of one kind, each at its own pace, in threads of its own.

Owns when a source is looked at, what is remembered of it, and what follows a failure: it is told with its reason, and
tried again ever more rarely, so that nobody waits for somebody else's broken server. Tenants take turns, and while
several have something to look at, none of them takes the last thread: slow servers of one keep nobody else waiting.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final, Protocol

import msgspec
import structlog

from sendlens.clock import Clock
from sendlens.control.control import Control
from sendlens.control.polls import PollState
from sendlens.control.sources import Source
from sendlens.errors import SendlensError
from sendlens.model.events import RecordKind
from sendlens.sources.received import Mapped

TURN_SECONDS: Final = 2.0
"""How often it is asked which source is due."""
LONGEST_PAUSE: Final = 3600.0
"""How long a source that keeps failing waits at most."""
UNREADABLE_SECONDS: Final = 60.0
"""The pace of a source whose options cannot be used."""

Accept = Callable[[str, str, RecordKind, Mapped, int], None]
"""(tenant, source, kind, records, received_at): returns once they are on disk. Raises `SendlensError`."""

_log = structlog.stdlib.get_logger(__name__)


class Kind(Protocol):
    """What is polled: its sources, their pace, and one look."""

    name: str

    def sources(self) -> Sequence[Source]:
        """Return the sources of all tenants that are to be looked at."""
        ...

    def every(self, source: Source) -> float:
        """Return the seconds between two looks. Raises `InvalidField` for options that cannot be used."""
        ...

    def look(self, source: Source, state: PollState, stopped: Callable[[], bool]) -> PollState:
        """Look once, bring what is new through the door, and return the state after it. Raises `SendlensError`."""
        ...


class Rounds:
    """The threads that look at the sources of one kind."""

    def __init__(
        self,
        kind: Kind,
        control: Control,
        clock: Clock,
        *,
        threads: int = 1,
        changed: Callable[[str], None] = lambda _tenant: None,
    ) -> None:
        """Prepare; `start` begins. `changed` is told the tenant after each look."""
        self._changed = changed
        self._kind = kind
        self._control = control
        self._clock = clock
        self._due: dict[str, float] = {}
        self._failures: dict[str, int] = {}
        self._busy: dict[str, str] = {}
        """The tenant of each source that is being looked at."""
        self._turns: dict[str, int] = {}
        """How many looks had begun when a tenant's latest began."""
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, name=f"{kind.name}-{number}", daemon=True) for number in range(threads)
        ]
        self.looks = 0
        self.failed = 0

    @property
    def name(self) -> str:
        """What is polled, in one word."""
        return self._kind.name

    @property
    def failing(self) -> int:
        """Return how many sources failed at their last look."""
        return len(self._failures)

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def stop(self, timeout: float = 40.0) -> None:
        """Finish what is at hand and end; a server that does not answer is waited for no longer than `timeout`."""
        self._stop.set()
        until = self._clock.monotonic() + timeout
        for thread in self._threads:
            if thread.is_alive():
                thread.join(max(0.0, until - self._clock.monotonic()))

    def turn(self) -> None:
        """Look at one source after another until none is due that this thread may look at."""
        while not self._stop.is_set() and (source := self._next()):
            try:
                self._due[source.id] = self._clock.monotonic() + self.look(source)
            finally:
                with self._lock:
                    del self._busy[source.id]

    def _next(self) -> Source | None:
        """Return a source that is due and begin to be busy with it: of the tenant that has waited longest."""
        now = self._clock.monotonic()
        found = self._kind.sources()
        tenants = {source.tenant for source in found}
        # A look may last minutes: the thread kept free is for whoever becomes due meanwhile.
        most = max(len(self._threads) - (len(tenants) > 1), 1)
        with self._lock:
            for known in (self._failures, self._due):
                for gone in known.keys() - {source.id for source in found}:
                    del known[gone]
            busy = Counter(self._busy.values())
            due = (
                source
                for source in found
                if source.id not in self._busy and busy[source.tenant] < most and self._due.get(source.id, 0.0) <= now
            )
            chosen = min(
                due, key=lambda one: (self._turns.get(one.tenant, 0), self._due.get(one.id, 0.0)), default=None
            )
            if chosen is not None:
                self._busy[chosen.id] = chosen.tenant
                self._turns[chosen.tenant] = max(self._turns.values(), default=0) + 1
        return chosen

    def look(self, source: Source) -> float:
        """Look at one source; returns after how many seconds it is due again."""
        state = self._control.polls.get(source.id)
        every = UNREADABLE_SECONDS
        try:
            every = self._kind.every(source)
            after = self._kind.look(source, state, self._stop.is_set)
        except SendlensError as error:
            return self._failed(source, state, f"{error.detail} {error.hint}".strip(), every)
        except Exception as error:
            # What is polled is somebody else's program: whatever it does ends this look, and no other source's.
            _log.exception("poll failed", kind=self.name, source=source.id, error=type(error).__name__)
            return self._failed(source, state, f"{type(error).__name__}: {error}", every)
        with self._lock:
            self._failures.pop(source.id, None)
            self.looks += 1
        now = self._clock.now_ms()
        self._put(
            source,
            msgspec.structs.replace(
                after, looked_at=now, tried_at=now, failing_since=0, error="", note=after.note[:500]
            ),
        )
        return every

    def _failed(self, source: Source, state: PollState, error: str, every: float) -> float:
        with self._lock:
            times = self._failures[source.id] = self._failures.get(source.id, 0) + 1
            self.failed += 1
        _log.warning(
            "source cannot be polled",
            kind=self.name,
            source=source.id,
            tenant=source.tenant,
            error=error[:300],
            times=times,
        )
        # The position may have moved before it failed.
        known = self._control.polls.get(source.id)
        now = self._clock.now_ms()
        self._put(
            source,
            msgspec.structs.replace(
                known,
                looked_at=state.looked_at,
                tried_at=now,
                failing_since=known.failing_since or now,
                error=error[:500],
            ),
        )
        return min(every * 2 ** min(times, 10), max(LONGEST_PAUSE, every))

    def _put(self, source: Source, state: PollState) -> None:
        self._control.polls.put(source.id, state)
        self._changed(source.tenant)

    def _run(self) -> None:
        while not self._stop.wait(TURN_SECONDS):
            try:
                self.turn()
            except Exception as error:
                # The control plane may be away for a while; nothing else would ever look at these sources again.
                _log.exception("polling failed", kind=self.name, error=type(error).__name__)
