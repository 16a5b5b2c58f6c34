"""The trip of an event to Sendlens: repeated deliveries, late arrivals, and the broken record now and then.

Owns what goes wrong on the way and counts it, so that the accounting can be checked to the last record.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

import numpy as np

from sendlens.model.events import Event
from sendlens.simulator.parameters import Parameters
from sendlens.simulator.run import NATIVE
from sendlens.simulator.world import Batch

BROKEN: Final[tuple[dict[str, object], ...]] = (
    {"type": "converted", "recipient": "someone@example.com", "occurred_at": "2026-01-01T00:00:00Z", "value": "12.00"},
    {"type": "opened", "occurred_at": "2026-01-01T00:00:00Z", "message_id": "without-a-recipient"},
    {"type": "clicked", "occurred_at": "yesterday", "recipient": "someone@example.com"},
    {"recipient": "someone@example.com", "occurred_at": "2026-01-01T00:00:00Z"},
)
"""Records that must be refused: money without a currency, nobody, no time, no type."""


class Trip:
    """Makes what a source posts out of what happened. `repeated` and `broken` count by source what was added."""

    def __init__(self, seed: int, parameters: Parameters) -> None:
        """Draw mishaps from `seed`."""
        self._rng = np.random.default_rng([seed, 7])
        self._parameters = parameters
        self.repeated: Counter[str] = Counter()
        self.broken: Counter[str] = Counter()
        self._kept: dict[str, list[Event]] = {}

    def out(self, batches: Iterable[Batch]) -> Iterator[tuple[str, list[Event]]]:
        """Yield (source, events) in the order of arrival; what was held back comes with a later batch or at the end."""
        for batch in batches:
            yield from self.arriving(batch)
        yield from self.rest()

    def arriving(self, batch: Batch) -> Iterator[tuple[str, list[Event]]]:
        """Yield what arrives when a batch happened."""
        for source, events in batch.by_source().items():
            if arriving := self._late(source, events):
                yield source, arriving

    def rest(self) -> Iterator[tuple[str, list[Event]]]:
        """Yield what is still held back."""
        kept, self._kept = self._kept, {}
        yield from ((source, events) for source, events in kept.items() if events)

    def breakage(self, source: str, records: int) -> list[dict[str, object]]:
        """Return broken records to post along with so many good ones."""
        if source != NATIVE:
            return []
        n = int(self._rng.poisson(self._parameters.invalid_share * records))
        self.broken[source] += n
        return [BROKEN[k % len(BROKEN)] for k in range(n)]

    def _late(self, source: str, events: list[Event]) -> list[Event]:
        p, n = self._parameters, len(events)
        u = self._rng.random((2, n))
        late, twice = u[0] < p.late_share, u[1] < p.duplicate_share
        before = self._kept.pop(source, [])
        if not late.any() and not twice.any():
            return events + before
        held = [events[k] for k in np.flatnonzero(late).tolist()]
        # A repetition follows the original, at once or with the next batch.
        again = [events[k] for k in np.flatnonzero(twice).tolist()]
        self.repeated[source] += len(again)
        self._kept[source] = held + again[::2]
        return [events[k] for k in np.flatnonzero(~late).tolist()] + again[1::2] + before
