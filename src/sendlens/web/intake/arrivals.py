"""What arrived at the hooks lately, so that a person who connects a provider sees it, refused or not.

Owns a few requests per source, in memory and for some minutes only. Leaves the reading to `sources`, and who may look
to the pages.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass, field
from typing import Final

from sendlens.clock import Clock
from sendlens.errors import Rejection

EACH: Final = 5
"""Requests kept per source."""
SOURCES: Final = 200
"""Sources kept; the one that was heard of longest ago makes room."""
LONGEST: Final = 16_384
"""Bytes kept of a body."""
MINUTES: Final = 15


@dataclass
class Arrival:
    """One request: the body as it came, and what became of it. `status` is 0 while it is being worked on."""

    at: int
    content_type: str = ""
    headers: dict[str, str] = field(default_factory=dict[str, str])
    query: dict[str, str] = field(default_factory=dict[str, str])
    body: bytes = b""
    cut: bool = False
    """Whether the body was longer than what is kept."""
    test: bool = False
    status: int = 0
    accepted: int = 0
    rejected: list[Rejection] = field(default_factory=list[Rejection])
    problem: str = ""


class Arrivals:
    """The latest requests of each source. Used on the event loop alone."""

    def __init__(self, clock: Clock, *, bodies: bool = True) -> None:
        """Keep bodies, or with `bodies` False only those of tests: where recipients are to be stored nowhere."""
        self._clock = clock
        self._bodies = bodies
        self._kept: OrderedDict[str, deque[Arrival]] = OrderedDict()

    def begin(self, source_id: str, *, test: bool) -> Arrival:
        """Note that a request came for a source."""
        arrival = Arrival(self._clock.now_ms(), test=test)
        self._kept.setdefault(source_id, deque(maxlen=EACH)).appendleft(arrival)
        self._kept.move_to_end(source_id)
        if len(self._kept) > SOURCES:
            self._kept.popitem(last=False)
        return arrival

    def came(self, arrival: Arrival, body: bytes, headers: dict[str, str], query: dict[str, str]) -> None:
        """Keep what a request brought, without what proves who sent it."""
        if self._bodies or arrival.test:
            arrival.body, arrival.cut = body[:LONGEST], len(body) > LONGEST
            arrival.content_type = headers.get("content-type", "")
            arrival.headers = {name: value for name, value in headers.items() if name.startswith("x-amz-sns-")}
            arrival.query = dict(query)

    def of(self, source_id: str) -> list[Arrival]:
        """Return the requests of a source in the last minutes, the latest first."""
        since = self._clock.now_ms() - MINUTES * 60_000
        kept = self._kept.get(source_id, ())
        return [one for one in kept if one.at >= since]
