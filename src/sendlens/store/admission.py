"""Who may ask the store next: a few places, divided evenly among the tenants that want one.

Owns the queue, the share of a tenant while others are about, and each tenant's budget of query time. Leaves the
connections to `query`. The reasons are in `docs/decisions/0008-fairness.md`.
"""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from sendlens.errors import StoreError, TooBusy
from sendlens.store.asker import Left, asker

ABOUT_SECONDS: Final = 60.0
"""A tenant that asked this recently counts as being about; also the window of the budget."""
MOST_WAITING: Final = 64
"""Most questions of one tenant that wait for a place."""
_TIDY: Final = 64
_STEP: Final = 1.0


@dataclass(eq=False)
class _Ticket:
    called: threading.Event = field(default_factory=threading.Event)


@dataclass
class _Use:
    """What a tenant has of the store: places, and its questions' seconds within the window, oldest first."""

    asked: float = 0.0
    running: int = 0
    served: int = 0
    seconds: deque[tuple[float, float]] = field(default_factory=deque[tuple[float, float]])
    waiting: deque[_Ticket] = field(default_factory=deque[_Ticket])


class Admission:
    """Places for questions.

    A free place goes to the tenant that has the fewest, and among equals to the one that was served longest ago. While
    another tenant is about, nobody has more than half of the places (rounded up), so that one is usually free when the
    other asks; alone, a tenant may have all.
    """

    def __init__(self, places: int, patience: float, budget: float, clock: Callable[[], float]) -> None:
        """Wait `patience` seconds for one of the `places`; allow `budget` seconds of queries per minute, 0 for all."""
        self._places = places
        self._patience = patience
        self._budget = budget
        self._clock = clock
        self._lock = threading.Lock()
        self._free = places
        self._behind = 0
        self._closed = False
        self._served = 0
        self._uses: dict[str, _Use] = {}

    @contextmanager
    def place(self, tenant: str) -> Generator[None]:
        """Hold a place within a block. Raises `TooBusy` when there is none in time or the budget is used up."""
        self._wait(tenant)
        behind = asker().behind
        with self._lock:
            self._behind += behind
        started = self._clock()
        try:
            yield
        finally:
            self._give_back(tenant, self._clock() - started, behind=behind)

    @property
    def single(self) -> bool:
        """Whether one place is taken and nobody waits: whoever holds it is alone with the store, for now.

        Places of tenants that stand back do not count: theirs is what is left.
        """
        with self._lock:
            taken = self._places - self._free - self._behind
            return taken <= 1 and not any(use.waiting for use in self._uses.values())

    def close(self) -> None:
        """Send everybody who waits away."""
        with self._lock:
            self._closed = True
            for use in self._uses.values():
                for ticket in use.waiting:
                    ticket.called.set()
                use.waiting.clear()

    def used(self, tenant: str) -> float:
        """Return the seconds of the tenant's questions that ended within the last minute."""
        with self._lock:
            use = self._uses.get(tenant)
            return self._used(use) if use else 0.0

    def _wait(self, tenant: str) -> None:
        ticket = _Ticket()
        with self._lock:
            if self._closed:
                raise StoreError("the store is closed")
            use = self._use(tenant)
            use.asked = self._clock()
            self._check_budget(tenant, use)
            if len(use.waiting) >= MOST_WAITING:
                raise TooBusy(
                    f"{MOST_WAITING} questions of this tenant wait already",
                    retry_after=2,
                    hint="Wait for answers before you ask more.",
                )
            use.waiting.append(ticket)
            self._call()
        who = asker()
        try:
            with who.hearing(ticket.called.set):
                called = ticket.called.wait(self._patience)
        except Left:
            called = False
        if self._closed:
            raise StoreError("the store is closed")
        if called and not who.left:
            return
        with self._lock:
            # The call may have come between the end of the wait and the lock.
            has_place = ticket not in use.waiting
            if has_place and not who.left:
                return
            if has_place:
                use.running -= 1
                self._free += 1
                self._call()
            else:
                use.waiting.remove(ticket)
            if who.left:
                raise Left
            raise TooBusy(
                f"the store is busy with other queries; no place came free in {self._patience:g} seconds",
                retry_after=2,
                hint="Ask fewer things at a time, or for a shorter period.",
            )

    def _give_back(self, tenant: str, seconds: float, *, behind: bool) -> None:
        with self._lock:
            self._behind -= behind
            use = self._uses[tenant]
            use.running -= 1
            now = self._clock()
            # Those that end within a second of each other are one entry, so that many short ones take no room.
            if use.seconds and now - use.seconds[-1][0] < _STEP:
                now, before = use.seconds.pop()
                seconds += before
            use.seconds.append((now, seconds))
            self._free += 1
            self._call()

    def _call(self) -> None:
        """Give free places to those that wait."""
        while self._free:
            share = self._share()
            ready = [
                (use.running, use.served, name)
                for name, use in self._uses.items()
                if use.waiting and use.running < share
            ]
            if not ready:
                return
            _, _, name = min(ready, key=lambda one: one[:2])
            use = self._uses[name]
            use.waiting.popleft().called.set()
            use.running += 1
            self._free -= 1
            self._served += 1
            use.served = self._served

    def _share(self) -> int:
        """Return how many places one tenant may have now."""
        return self._places if self._about() < 2 else math.ceil(self._places / 2)

    def _about(self) -> int:
        since = self._clock() - ABOUT_SECONDS
        return sum(use.asked > since or use.running > 0 for use in self._uses.values())

    def _use(self, tenant: str) -> _Use:
        use = self._uses.get(tenant)
        if use is None:
            if len(self._uses) >= _TIDY:
                self._tidy()
            use = self._uses[tenant] = _Use()
        return use

    def _tidy(self) -> None:
        """Forget the tenants that are not about: nothing that is kept of them would be looked at again."""
        since = self._clock() - ABOUT_SECONDS
        gone = [n for n, one in self._uses.items() if one.asked <= since and not one.running and not self._used(one)]
        for name in gone:
            if not self._uses[name].waiting:
                del self._uses[name]

    def _used(self, use: _Use) -> float:
        since = self._clock() - ABOUT_SECONDS
        while use.seconds and use.seconds[0][0] <= since:
            use.seconds.popleft()
        return sum(seconds for _, seconds in use.seconds)

    def _check_budget(self, tenant: str, use: _Use) -> None:
        # A budget protects the others; a tenant that is alone takes nothing away from anybody.
        if not self._budget or self._about() < 2:
            return
        used = self._used(use)
        if used < self._budget:
            return
        left, wait = used, 1.0
        for ended, seconds in use.seconds:
            left -= seconds
            wait = ended + ABOUT_SECONDS - self._clock()
            if left < self._budget:
                break
        error = TooBusy(
            f"queries of this tenant took {used:.1f} seconds within the last minute; its budget is {self._budget:g} "
            "while other tenants ask too",
            retry_after=max(1, math.ceil(wait)),
            hint="Ask for a shorter period, fewer metrics or dimensions, or less often. "
            "SENDLENS_QUERY_SECONDS_PER_MINUTE sets the budget.",
            extra={"used_seconds": round(used, 1), "budget_seconds": self._budget},
        )
        raise error
