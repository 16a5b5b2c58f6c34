"""A portion of the log: its events in their order, and for each the block that brought it.

Owns the arrangement, so that what a block says of all its events (owner, source, our time of receipt) is looked up per
block and not per event. Leaves to `rows` what the events look like as columns.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sendlens.model.blocks import Block, StoredBlock
from sendlens.model.events import Event


@dataclass(frozen=True)
class Portion:
    """Events of one batch; the three sequences about events are of one length."""

    blocks: Sequence[StoredBlock]
    events: list[Event]
    owners: NDArray[np.int64]
    """The place in `blocks` of each event's block."""
    positions: NDArray[np.int64]
    """The place of each event among all events of the batch, those that were set aside included."""

    @classmethod
    def of(cls, blocks: Sequence[StoredBlock], records: Sequence[list[Event]]) -> Portion:
        """Return all events of the blocks: `records` has those of each block, none where it has no readable ones."""
        events = [event for part in records for event in part]
        owners = np.repeat(np.arange(len(blocks)), [len(part) for part in records])
        return cls(blocks, events, owners, np.arange(len(events)))

    def __len__(self) -> int:
        return len(self.events)

    def part(self, start: int, end: int) -> Portion:
        """Return the events from one place to another."""
        return Portion(self.blocks, self.events[start:end], self.owners[start:end], self.positions[start:end])

    def joined(self, parts: Sequence[Portion]) -> Portion:
        """Return parts of this portion as one."""
        return Portion(
            self.blocks,
            [event for part in parts for event in part.events],
            np.concatenate([self.owners[:0], *(part.owners for part in parts)]),
            np.concatenate([self.positions[:0], *(part.positions for part in parts)]),
        )

    def block(self, place: int) -> Block:
        """Return the block of the event at a place."""
        return self.blocks[int(self.owners[place])].block

    def times(self, told: Callable[[Block], int]) -> NDArray[np.int64]:
        """Return for each event a time that its block tells, in UTC milliseconds."""
        return np.array([told(stored.block) for stored in self.blocks], dtype=np.int64)[self.owners]
