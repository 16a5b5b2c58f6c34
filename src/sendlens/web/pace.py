"""Pace: whose work stands back while that of others is done.

Owns the rules, which are arithmetic over a clock: who crowds the others out, and for whom it is worth to wait. Leaves
waiting to `turns`. Used on the event loop alone, but for what says otherwise. The reasons are in
`docs/decisions/0008-fairness.md`.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from sendlens.clock import Clock

ABOUT_SECONDS: Final = 10.0
"""Others stand back for a tenant that had a request in progress this recently."""
CROWD_SECONDS: Final = 5.0
"""Over how long the crowd of a tenant is averaged: what is older counts e times less."""
MOST_COUNTED: Final = 8
"""More requests at a time count as so many: a page that asks a dozen things at once is no crowd."""
CROWDS_FROM: Final = 1.25
"""A tenant that has fewer requests in progress, on the average, crowds nobody out: one thing after another does not."""
TIMES_OTHERS: Final = 2.0
"""Nor does one that has less than so many times as many as the smallest of the others."""
KINDS: Final[tuple[str, ...]] = ("bodies", "questions", "figures")
"""Kinds of work: what posts and webhooks bring, what the API is asked, and what pages show."""
_LOOK_SECONDS: Final = 0.05
_TIDY: Final = 256


@dataclass(slots=True)
class _Tenant:
    """What is known of one tenant's requests."""

    at: float
    """When `crowd` was worked out."""
    asked: float
    """When it last had a request in progress."""
    present: int = 0
    crowd: float = 0.0
    behind: bool = False
    owed: float = 0.0
    """Seconds of work that was done for it later, for which it has not rested yet."""

    def look(self, now: float) -> None:
        """Work the crowd out again."""
        kept = math.exp((self.at - now) / CROWD_SECONDS)
        self.crowd = self.crowd * kept + min(self.present, MOST_COUNTED) * (1 - kept)
        self.at = now
        if self.present:
            self.asked = now


class Pace:
    """Who stands back.

    A tenant's crowd is the number of its requests in progress, on the average of some seconds. Requests that are made
    to wait remain in it, so that whoever is slowed does not look smaller for it; and what is done later for what it
    brought counts as a request that long. While another with a much smaller crowd is about, the larger one is `behind`,
    until it is no larger. A tenant that is alone is never behind.
    """

    def __init__(self, clock: Clock) -> None:
        """Begin with nobody."""
        self._clock = clock
        self._tenants: dict[str, _Tenant] = {}
        self._charged: deque[tuple[str, float]] = deque()
        self._looked = -math.inf
        self.left: list[Callable[[], None]] = []
        """Called whenever a request has been answered, so that those who wait look again."""
        self.waits: dict[str, int] = dict.fromkeys(KINDS, 0)
        """How often a piece of work waited for its turn, by kind."""
        self.waited: dict[str, float] = dict.fromkeys(KINDS, 0.0)
        """How many seconds those waits took together."""
        self.refused: dict[str, int] = dict.fromkeys(KINDS, 0)
        """How often one was refused, because too many waited before it."""

    @contextmanager
    def present(self, tenant: str) -> Generator[None]:
        """Have a request of the tenant in progress within a block."""
        self.enter(tenant)
        try:
            yield
        finally:
            self.leave(tenant)

    def enter(self, tenant: str) -> None:
        """Note that a request of the tenant is in progress; `leave` is owed."""
        now = self._clock.monotonic()
        known = self._tenants.get(tenant)
        if known is None:
            if len(self._tenants) >= _TIDY:
                self._tidy(now)
            known = self._tenants[tenant] = _Tenant(now, now)
        known.look(now)
        known.present += 1
        known.asked = now

    def leave(self, tenant: str) -> None:
        """Note that it has been answered."""
        known = self._tenants[tenant]
        known.look(self._clock.monotonic())
        known.present -= 1
        for told in self.left:
            told()

    def behind(self, tenant: str) -> bool:
        """Return whether the tenant stands back now."""
        self._look()
        known = self._tenants.get(tenant)
        return known is not None and known.behind

    def serving(self) -> bool:
        """Return whether a request is in progress of somebody who stands back for nobody."""
        self._look()
        return any(one.present and not one.behind for one in self._tenants.values())

    def charge(self, tenant: str, seconds: float) -> None:
        """Count work that was done for the tenant later, such as storing its events; may be called from any thread."""
        self._charged.append((tenant, seconds))

    def owed(self, tenant: str) -> float:
        """Return the seconds that were charged and not asked for before."""
        self._look()
        known = self._tenants[tenant]
        owed, known.owed = known.owed, 0.0
        return owed

    @property
    def standing_back(self) -> int:
        """How many tenants stand back; may be asked in any thread."""
        return sum(one.behind for one in list(self._tenants.values()))

    def _look(self) -> None:
        """Find out who is behind, now and then: among thousands of tenants it is no work for every request."""
        now = self._clock.monotonic()
        if now - self._looked < _LOOK_SECONDS:
            return
        self._looked = now
        while self._charged:
            tenant, seconds = self._charged.popleft()
            if (charged := self._tenants.get(tenant)) is not None:
                charged.owed += seconds
                charged.crowd += seconds / CROWD_SECONDS
        about: list[_Tenant] = []
        for one in self._tenants.values():
            one.look(now)
            if now - one.asked < ABOUT_SECONDS:
                about.append(one)
            else:
                one.behind = False
        smallest = min((one.crowd for one in about), default=0.0)
        for one in about:
            # Until it is no larger, and not until it is less than twice as large: else it would come and go.
            times, least = (1.0, CROWDS_FROM / 2) if one.behind else (TIMES_OTHERS, CROWDS_FROM)
            one.behind = one.crowd > smallest * times and one.crowd >= least
            if not one.behind:
                one.owed = 0.0

    def _tidy(self, now: float) -> None:
        gone = [name for name, one in self._tenants.items() if not one.present and now - one.asked >= ABOUT_SECONDS]
        for name in gone:
            del self._tenants[name]
