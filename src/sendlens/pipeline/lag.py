"""Lag: how long what was received lately took until figures showed it.

Owns the measuring, in memory: the latest batches of each source, as long as anybody would call it now. Leaves what
still waits to the log, which knows it.
"""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from dataclasses import dataclass
from typing import Final

from sendlens.pipeline.batch import Batch

MINUTES: Final = 15
_MOST_SOURCES: Final = 10_000
_EACH: Final = 600


@dataclass(frozen=True)
class Delay:
    """From receipt until in every table, in milliseconds: of the `latest` batch, and the `longest` of 15 minutes."""

    at: int
    latest: int
    longest: int


class Lag:
    """The delays of all sources. The writer tells, pages ask from other threads."""

    def __init__(self) -> None:
        """Start knowing nothing."""
        self._lock = threading.Lock()
        self._seen: OrderedDict[tuple[str, str], deque[tuple[int, int]]] = OrderedDict()

    def stored(self, batch: Batch, now: int) -> None:
        """Note a batch that is in all tables now (UTC milliseconds)."""
        with self._lock:
            for origin, received_at in batch.oldest.items():
                seen = self._seen.setdefault(origin, deque(maxlen=_EACH))
                seen.append((now, max(now - received_at, 0)))
                self._seen.move_to_end(origin)
            while len(self._seen) > _MOST_SOURCES:
                self._seen.popitem(last=False)

    def of(self, tenant: str, now: int) -> dict[str, Delay]:
        """Return the delays of a tenant's sources that brought something in the last 15 minutes."""
        since = now - MINUTES * 60_000
        with self._lock:
            lately = {
                source: [one for one in seen if one[0] >= since]
                for (of, source), seen in self._seen.items()
                if of == tenant
            }
        return {
            source: Delay(at=seen[-1][0], latest=seen[-1][1], longest=max(delay for _, delay in seen))
            for source, seen in lately.items()
            if seen
        }
