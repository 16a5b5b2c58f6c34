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
from dataclasses import dataclass, field
from typing import Final

from sendlens.clock import Clock

ABOUT_SECONDS: Final = 10.0
"""Others stand back for a tenant that had a request in progress this recently."""
CROWD_SECONDS: Final = 5.0
"""Over how long the crowd of a tenant is averaged: what is older counts e times less."""
MOST_COUNTED: Final[dict[str, int]] = {"requests": 8, "figures": 2, "hits": 0}
"""More of a kind at a time count as so many.

Who asks a dozen things at once is no crowd, nor is whoever looks at a page of a dozen slow figures. And hits come from
strangers: others stand back for them, but they do not make their tenant look larger.
"""
LITTLE: Final = 0.08
"""Whoever takes less of a processor than this, on the average, stands back for nobody, unless it has `MANY`.

It has nothing that others could gain; and where one request in progress is a fifth of a millisecond of work and ten of
waiting for the disk, a crowd says nothing.
"""
MANY: Final = 200.0
"""So many pieces of work a second are not little: each costs a millisecond or so beside what is measured of it."""
FORGOTTEN_SECONDS: Final = ABOUT_SECONDS + 3 * CROWD_SECONDS
"""A tenant without a request for so long is forgotten."""
CROWDS_FROM: Final = 1.25
"""A tenant that has fewer requests in progress, on the average, crowds nobody out: one thing after another does not."""
TIMES_OTHERS: Final = 2.0
"""Nor does one that has less than so many times as many as the smallest of the others."""
KINDS: Final[tuple[str, ...]] = ("bodies", "questions", "figures")
"""Kinds of work: what posts and webhooks bring, what the API is asked, and what pages show."""
_LOOK_SECONDS: Final = 0.05
_LOOK_EACH_SECONDS: Final = 0.0001
"""With thousands of tenants it is looked less often: no more than half a percent of a processor is spent on it."""
_TIDY_SECONDS: Final = 1.0
_MOST_CHARGES: Final = 4096


@dataclass(slots=True)
class _Tenant:
    """What is known of one tenant's requests."""

    at: float
    """When `crowd` was worked out."""
    asked: float
    """When it last had a request in progress."""
    present: dict[str, int] = field(default_factory=lambda: dict.fromkeys(MOST_COUNTED, 0))
    """Its requests in progress, by kind."""
    crowd: float = 0.0
    at_work: int = 0
    """How many pieces of its work are being done."""
    work: float = 0.0
    """How many were, on the average, with what was done later for what it brought."""
    pieces: float = 0.0
    """How many were begun in a second, on the average."""
    larger: bool = False
    """Whether its crowd is too large beside the smallest of the others."""
    behind: bool = False
    owed: float = 0.0
    """Seconds of work that was done for it later, for which it has not rested yet; they run down with time."""

    @property
    def here(self) -> bool:
        """Whether a request of it is in progress."""
        return any(self.present.values())

    def look(self, now: float) -> None:
        """Work the averages out again."""
        kept = math.exp((self.at - now) / CROWD_SECONDS)
        counted = sum(min(count, MOST_COUNTED[kind]) for kind, count in self.present.items())
        self.crowd = self.crowd * kept + counted * (1 - kept)
        self.work = self.work * kept + self.at_work * (1 - kept)
        self.pieces *= kept
        self.owed = max(0.0, self.owed - (now - self.at))
        self.at = now
        if self.here:
            self.asked = now


class Pace:
    """Who stands back.

    A tenant's crowd is the number of its requests in progress, on the average of some seconds. Requests that are made
    to wait remain in it, so that whoever is slowed does not look smaller for it; and what is done later for what it
    brought counts as a request that long. While another with a much smaller crowd is about, the larger one is `behind`,
    until it is no larger. A tenant that is alone is never behind, nor is one that has little done for it.
    """

    def __init__(self, clock: Clock) -> None:
        """Begin with nobody."""
        self._clock = clock
        self._tenants: dict[str, _Tenant] = {}
        self._here: dict[str, _Tenant] = {}
        self._charged: deque[tuple[str, float]] = deque(maxlen=_MOST_CHARGES)
        self._looked = self._tidied = -math.inf
        self.left: list[Callable[[], None]] = []
        """Called whenever a request has been answered, so that those who wait look again."""
        self.waits: dict[str, int] = dict.fromkeys(KINDS, 0)
        """How often a piece of work waited for its turn, by kind."""
        self.waited: dict[str, float] = dict.fromkeys(KINDS, 0.0)
        """How many seconds those waits took together."""
        self.refused: dict[str, int] = dict.fromkeys(KINDS, 0)
        """How often one was refused, because too many waited before it."""

    @contextmanager
    def present(self, tenant: str, kind: str = "requests") -> Generator[None]:
        """Have a request of the tenant in progress within a block; the kinds are those of `MOST_COUNTED`."""
        self.enter(tenant, kind)
        try:
            yield
        finally:
            self.leave(tenant, kind)

    def enter(self, tenant: str, kind: str = "requests") -> None:
        """Note that a request of the tenant is in progress; `leave` is owed."""
        self._look()
        known = self._known(tenant)
        known.present[kind] += 1
        known.asked = known.at
        self._here[tenant] = known

    def leave(self, tenant: str, kind: str = "requests") -> None:
        """Note that it has been answered."""
        known = self._known(tenant)
        known.present[kind] -= 1
        if not known.here:
            del self._here[tenant]
        for told in self.left:
            told()

    def begins(self, tenant: str) -> None:
        """Note that a piece of the tenant's work is being done; `ends` is owed."""
        known = self._known(tenant)
        known.at_work += 1
        known.pieces += 1 / CROWD_SECONDS

    def ends(self, tenant: str) -> None:
        """Note that it has been done."""
        self._known(tenant).at_work -= 1

    def behind(self, tenant: str) -> bool:
        """Return whether the tenant stands back now."""
        self._look()
        known = self._tenants.get(tenant)
        return known is not None and known.behind

    def serving(self) -> bool:
        """Return whether a request is in progress of somebody who stands back for nobody."""
        self._look()
        return any(not one.behind for one in self._here.values())

    def charge(self, tenant: str, seconds: float) -> None:
        """Count work that was done for the tenant later, such as storing its events; may be called from any thread."""
        self._charged.append((tenant, seconds))

    def owed(self, tenant: str) -> float:
        """Return the seconds that were charged and not asked for before, less those that have gone by since."""
        self._look()
        known = self._known(tenant)
        owed, known.owed = known.owed, 0.0
        return owed

    @property
    def standing_back(self) -> int:
        """How many tenants stand back; may be asked in any thread."""
        return sum(one.behind for one in list(self._tenants.values()))

    def _known(self, tenant: str) -> _Tenant:
        """Return what is known of a tenant by now."""
        now = self._clock.monotonic()
        known = self._tenants.get(tenant)
        if known is None:
            known = self._tenants[tenant] = _Tenant(now, now)
        known.look(now)
        return known

    def _look(self) -> None:
        """Find out who is behind, now and then: among thousands of tenants it is no work for every request."""
        now = self._clock.monotonic()
        if now - self._looked < max(_LOOK_SECONDS, _LOOK_EACH_SECONDS * len(self._tenants)):
            return
        self._looked = now
        if now - self._tidied >= _TIDY_SECONDS:
            self._tidied = now
            self._tidy(now)
        about: list[_Tenant] = []
        for one in self._tenants.values():
            one.look(now)
            if now - one.asked < ABOUT_SECONDS:
                about.append(one)
            else:
                one.larger = one.behind = False
        while self._charged:
            tenant, seconds = self._charged.popleft()
            if (charged := self._tenants.get(tenant)) is not None:
                charged.owed += seconds
                charged.crowd += seconds / CROWD_SECONDS
                charged.work += seconds / CROWD_SECONDS
        smallest = min((one.crowd for one in about), default=0.0)
        for one in about:
            # Until it is no larger, and not until it is less than twice as large: else it would come and go.
            times, least = (1.0, CROWDS_FROM / 2) if one.larger else (TIMES_OTHERS, CROWDS_FROM)
            one.larger = one.crowd > smallest * times and one.crowd >= least
            one.behind = one.larger and (one.work >= LITTLE or one.pieces >= MANY)
            if not one.behind:
                one.owed = 0.0

    def _tidy(self, now: float) -> None:
        gone = [
            name
            for name, one in self._tenants.items()
            if not one.here and not one.at_work and now - one.asked >= FORGOTTEN_SECONDS
        ]
        for name in gone:
            del self._tenants[name]
