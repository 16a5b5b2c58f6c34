"""How much one sender may bring: events along time per key, and room in the backlog per tenant.

Owns both judgements and their bounded memory. Leaves to `door` and `web.intake` when to ask, and to `docs/limits.md`
how they read from outside. Both are used on the event loop alone and take no lock.
"""

from __future__ import annotations

import math
from collections import Counter, OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from sendlens.clock import Clock
from sendlens.errors import TooBusy

MOST_KEYS: Final = 10_000
"""Keys and sources whose rate is remembered; the one not heard of for longest is forgotten, as if it had rested."""
STRETCH_RECORDS: Final = 1000
"""How many records of the backlog are counted together; the error of a tenant's share is no larger."""


class EventRates:
    """A generic cell rate algorithm per key, counted in events and not in requests.

    Each key has one number: the time at which everything it has brought so far would have been brought at exactly
    `rate` events per second. It may lie ahead of now by as much as `burst` events take. A request that is larger than
    the burst could never pass, so it passes when that time lies behind; the key then rests until it has caught up.
    """

    def __init__(self, clock: Clock, rate: int, burst: int, *, most_keys: int = MOST_KEYS) -> None:
        """Allow `rate` events per second and `burst` at once; a rate of 0 allows everything."""
        self._clock = clock
        self._rate = rate
        self._burst = max(burst, 1)
        self._most = most_keys
        self._due: OrderedDict[str, float] = OrderedDict()

    def check(self, key: str) -> None:
        """Raise `TooBusy` if not even one event would be admitted; nothing is counted."""
        if self._rate:
            self._admitted(key, 1)

    def take(self, key: str, events: int) -> dict[str, str]:
        """Count the events of a request and return the headers that tell what is left. Raises `TooBusy`."""
        if not self._rate:
            return {}
        if events:
            self._due[key] = self._admitted(key, events)
            self._due.move_to_end(key)
            if len(self._due) > self._most:
                self._due.popitem(last=False)
        return self._headers(key)

    def __len__(self) -> int:
        return len(self._due)

    def _admitted(self, key: str, events: int) -> float:
        """Return the key's time after these events. Raises `TooBusy`."""
        now = self._clock.monotonic()
        due = max(self._due.get(key, now), now)
        # In events, not in seconds: what is compared stays near whole numbers.
        used = (due - now) * self._rate
        excess = used + events - max(self._burst, events if used <= 0 else 0)
        # TRICKY: a rounding error of the clock's floats must not refuse what fits exactly, nor cost a second more.
        if excess > 1e-6 * max(self._burst, self._rate):
            needed = min(excess, used)
            error = TooBusy(
                f"this sender brings more than {self._rate} events per second; {events} more have to wait",
                retry_after=max(1, math.ceil(needed / self._rate - 1e-6)),
                hint="Send the same request again after Retry-After. SENDLENS_RATE_EVENTS and SENDLENS_RATE_BURST "
                "set the limit.",
                extra={"events_per_second": self._rate, "burst": self._burst},
            )
            error.headers = self._headers(key)
            raise error
        return due + events / self._rate

    def _headers(self, key: str) -> dict[str, str]:
        used = max(0.0, (self._due.get(key, 0.0) - self._clock.monotonic()) * self._rate)
        left = max(0, math.floor(self._burst - used + 1e-6 * self._burst))
        return {
            "ratelimit-policy": f'"events";q={self._burst};w={math.ceil(self._burst / self._rate)}',
            "ratelimit": f'"events";r={left};t={math.ceil(used / self._rate)}',
        }


@dataclass
class _Stretch:
    """Neighbouring blocks of the log; they are let go together, when the last is stored."""

    last: int = 0
    records: Counter[str] = field(default_factory=Counter[str])


class Shares:
    """What waits in the log, by tenant, and whether a tenant may add to it.

    A tenant may hold `share / (1 - share)` times the room that is *left*. Alone it comes to `share` of all the room and
    stops there; several that flood divide the room evenly; and some always stays free for one that was quiet until now.
    What waited before the start belongs to nobody, but takes up room.
    """

    def __init__(self, most: int, share: float, *, waiting: Callable[[], int], stored: Callable[[int], int]) -> None:
        """Divide room for `most` records; `waiting()` are taken, and `stored(partition)` is the consumer's position."""
        self._most = most
        self._times = share / (1 - share) if share < 1 else math.inf
        self._waiting = waiting
        self._stored = stored
        self._stretches: dict[int, deque[_Stretch]] = {}
        self._held: Counter[str] = Counter()

    def appended(self, tenant: str, records: int, partition: int, offset: int) -> None:
        """Note that a block is in the log."""
        stretches = self._stretches.setdefault(partition, deque())
        if not stretches or stretches[-1].records.total() >= STRETCH_RECORDS:
            self._let_go()
            stretches.append(_Stretch())
        stretches[-1].last = max(stretches[-1].last, offset)
        stretches[-1].records[tenant] += records
        self._held[tenant] += records

    def held(self, tenant: str) -> int:
        """Return how many records of a tenant wait."""
        self._let_go()
        return self._held[tenant]

    def check(self, tenant: str) -> None:
        """Raise `TooBusy` if the tenant has taken its share of the room."""
        if self._held[tenant] <= self._limit():  # without a look at the log, for nearly every request
            return
        held = self.held(tenant)
        if held > self._limit():
            raise TooBusy(
                f"{held} events of this tenant wait to be stored, which is its share",
                retry_after=5,
                hint="Send the same request again later. SENDLENS_MAX_LAG_SHARE sets the share.",
            )

    def _limit(self) -> float:
        return math.inf if self._times == math.inf else max(0, self._most - self._waiting()) * self._times

    def _let_go(self) -> None:
        for partition, stretches in self._stretches.items():
            stored = self._stored(partition)
            while stretches and stretches[0].last <= stored:
                self._held -= stretches.popleft().records  # drops what falls to nothing, too
