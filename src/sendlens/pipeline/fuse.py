"""The fuse: a wrong deploy stops intake rather than setting everything aside.

Owns the judgement, per source, whether so many records could not be digested that the fault is more likely ours than
theirs, and which sources are stopped for it. The door asks before it accepts, the writer before it stores a batch:

- while other sources are well, what the log has of a stopped one is parked, and the writer goes on for everybody else;
- while hardly any is, the fault is everybody's: the writer holds, and the batch stays open in the ledger, so that the
  next start reads and judges it again with whatever code runs then.

Nothing is kept on disk here: who is stopped follows from the parked blocks (`parking`) and the open batch.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from sendlens.clock import Clock
from sendlens.errors import NotFound, SendlensError, Unavailable
from sendlens.model.blocks import StoredBlock
from sendlens.model.events import RecordKind
from sendlens.pipeline.batch import NONE_PARKED, Batch, Dead

RETRY_AFTER: Final = 60
"""Seconds that a stopped source is asked to wait; providers keep events for hours or days."""
MOST_SOURCES: Final = 10_000
"""Sources whose recent records are remembered; the one not heard of for longest is forgotten."""

NEARLY_ALL: Final = 0.9
"""Where as large a part of the sources in sight is sick, the fault is everybody's, and the writer holds."""

Origin = tuple[str, str]
"""Tenant and source."""
Sums = Mapping[Origin, tuple[int, int]]
"""Records, and dead ones among them, by source."""


@dataclass(frozen=True)
class Limits:
    """When a fuse blows: at `ratio` dead among the last `least` records or more, or `run` dead in a row; 0 is never."""

    ratio: float = 0.5
    least: int = 100
    run: int = 1000


@dataclass(frozen=True)
class Blown:
    """A source that is stopped, and why."""

    tenant: str
    source: str
    batch_id: int
    records: int
    dead: int
    reason: str
    at: int
    parks: bool = False
    """Whether its records are parked and the others' stored; else the writer holds."""

    @property
    def origin(self) -> Origin:
        """Tenant and source."""
        return self.tenant, self.source

    @property
    def why(self) -> str:
        """Return one sentence for the operator."""
        return (
            f"source {self.source} of tenant {self.tenant}: {self.dead} of {self.records} records in batch "
            f"{self.batch_id} could not be processed ({self.reason[:200]})"
        )


class FuseBlown(SendlensError):
    """A batch is not stored, because too many of its records would be set aside."""

    status, kind, title = 503, "fuse-blown", "Too many records cannot be processed"


@dataclass
class Tally:
    """What became of the latest records of a source: how many, how many of them dead, and how many dead in a row."""

    records: float = 0.0
    dead: float = 0.0
    run: int = 0


@dataclass
class _Count:
    """One batch's records of a source; `longest` includes the run the batch began with."""

    records: int = 0
    dead: int = 0
    run: int = 0
    longest: int = 0

    def take(self, count: int, dead: bool) -> None:
        self.records += count
        if dead:
            self.dead += count
            self.run += count
            self.longest = max(self.longest, self.run)
        else:
            self.run = 0


@dataclass
class _State:
    tallies: dict[Origin, Tally] = field(default_factory=dict[Origin, Tally])
    blown: dict[Origin, Blown] = field(default_factory=dict[Origin, Blown])
    accepted: dict[Origin, int] = field(default_factory=dict[Origin, int])


class Fuse:
    """The fuses of all sources. The writer judges; the door, health and the API ask from other threads."""

    def __init__(self, clock: Clock, limits: Limits | None = None) -> None:
        """Blow at `limits`."""
        self._clock = clock
        self._limits = limits or Limits()
        self._lock = threading.Lock()
        self._state = _State()

    def judge(
        self, blocks: Sequence[StoredBlock], batch: Batch, behind: Callable[[], Sums] = dict
    ) -> Mapping[int, str]:
        """Return the blocks to park before the batch may be stored: those of sources that are stopped from now on.

        Raises `FuseBlown` if the batch must wait, because hardly any source is well, neither in it nor `behind()` it. A
        batch with no dead records costs nothing. Call `passed` once the batch is stored.
        """
        if not batch.dead:
            return NONE_PARKED
        found: list[Blown] = []
        damaged = {-stored.offset for stored in blocks if stored.damaged}
        with self._lock:
            for origin, count in self._counts(blocks, batch).items():
                if batch.first <= self._state.accepted.get(origin, -1) or not self._too_many(origin, count):
                    continue
                if (before := self._state.blown.get(origin)) and before.parks:
                    continue
                tenant, source = origin
                reason = next(
                    dead.reason
                    for dead in batch.dead
                    if (dead.tenant, dead.source) == origin and dead.position not in damaged
                )
                found.append(
                    Blown(tenant, source, batch.batch_id, count.records, count.dead, reason, self._clock.now_ms())
                )
            for one in found:
                # A batch that is tried again blows the same fuse; what stands there says since when.
                self._state.blown.setdefault((one.tenant, one.source), one)
        if not found:
            return NONE_PARKED
        if self.park(sums(blocks, batch.dead)) or self.park(behind()):
            return self.parks(blocks)
        raise FuseBlown(
            "; ".join(one.why for one in found),
            hint="Start a version that can process them, or accept the dead letters: sendlens fuse reset SOURCE",
        )

    def park(self, seen: Sums) -> bool:
        """Stop holding if sources are well among those `seen`; return whether that was so.

        What the log has of the stopped ones is parked from then on.
        """
        with self._lock:
            sick, most = set(self._state.blown), self._limits.ratio or 0.5
            others = {origin: count for origin, count in seen.items() if origin not in sick and count[0]}
            well = sum(dead < most * records for records, dead in others.values())
            if not well or well < (1 - NEARLY_ALL) * len(sick | others.keys()):
                return False
            for origin, one in self._state.blown.items():
                self._state.blown[origin] = replace(one, parks=True)
            return True

    def parks(self, blocks: Sequence[StoredBlock]) -> Mapping[int, str]:
        """Return the offsets of blocks with records of a source whose records are parked, each with the reason."""
        stopped = {origin: one.reason for origin, one in list(self._state.blown.items()) if one.parks}
        if not stopped:
            return NONE_PARKED
        return {
            stored.offset: stopped[origin]
            for stored in blocks
            if (origin := (stored.block.tenant, stored.block.source)) in stopped and stored.block.count
        }

    def stop(self, one: Blown) -> None:
        """Stop a source of which it is known already: from before this start, or because letting it in failed."""
        with self._lock:
            self._state.accepted.pop(one.origin, None)
            self._state.blown[one.origin] = one

    def passed(self, blocks: Sequence[StoredBlock], batch: Batch) -> None:
        """Remember what became of the records of a batch that was stored, and let in again whom it had stopped."""
        with self._lock:
            for origin, one in list(self._state.blown.items()):
                if one.batch_id == batch.batch_id and not one.parks:
                    del self._state.blown[origin]
            for origin, count in self._counts(blocks, batch).items():
                if origin in self._state.blown:
                    self._state.tallies.pop(origin, None)  # parked: once it is let in again its fuse is as good as new
                    continue
                tally = self._state.tallies.pop(origin, None) or Tally()
                records, dead = tally.records + count.records, tally.dead + count.dead
                # Only about the last `least` records are remembered, so that good times long ago excuse nothing.
                share = min(1.0, self._limits.least / records) if records else 1.0
                self._state.tallies[origin] = Tally(records * share, dead * share, count.run)
                if batch.last >= self._state.accepted.get(origin, batch.last + 1):
                    # What was waved through is through; the fuse is as good as new.
                    del self._state.accepted[origin]
                    self._state.tallies[origin] = Tally()
            while len(self._state.tallies) > MOST_SOURCES:
                del self._state.tallies[next(iter(self._state.tallies))]

    def check(self, tenant: str, source: str) -> None:
        """Raise `Unavailable` for a source that is stopped, so that its sender keeps its events."""
        if (tenant, source) in self._state.blown:
            raise Unavailable(
                "intake from this source is stopped: too many of its latest records could not be processed",
                retry_after=RETRY_AFTER,
                hint="Nothing is lost: send the same request again later. The operator of Sendlens has to mend it; "
                "/health/ready says what is wrong.",
            )

    def blown(self, tenant: str = "") -> list[Blown]:
        """Return the sources that are stopped, of one tenant or all."""
        return [one for one in list(self._state.blown.values()) if tenant in ("", one.tenant)]

    def holds(self) -> bool:
        """Return whether a source is stopped and nothing of it is parked, so that the writer holds."""
        return any(not one.parks for one in self.blown())

    def reset(self, tenant: str, source: str, until: int) -> Blown:
        """Let a source in again, and accept its dead letters in everything up to the offset `until`; -1 for none.

        Raises `NotFound` for a source that is not stopped.
        """
        with self._lock:
            one = self._state.blown.pop((tenant, source), None)
            if one is None:
                raise NotFound(f"the source {source!r} is not stopped", hint="sendlens fuse list shows those that are.")
            self._state.accepted[tenant, source] = until
            return one

    def accept(self, origin: Origin, until: int) -> None:
        """Accept the dead letters of a source that was let in, in everything up to another offset."""
        with self._lock:
            self._state.accepted[origin] = until

    def _too_many(self, origin: Origin, count: _Count) -> bool:
        limits, tally = self._limits, self._state.tallies.get(origin) or Tally()
        if limits.run and count.longest >= limits.run:
            return True
        records, dead = tally.records + count.records, tally.dead + count.dead
        return bool(limits.ratio and count.dead and records >= limits.least and dead >= limits.ratio * records)

    def _counts(self, blocks: Sequence[StoredBlock], batch: Batch) -> dict[Origin, _Count]:
        counts: dict[Origin, _Count] = {}
        for origin, number, dead in outcomes(blocks, batch.dead):
            if origin not in counts:
                counts[origin] = _Count(run=(self._state.tallies.get(origin) or Tally()).run)
            counts[origin].take(number, dead)
        return counts


def sums(blocks: Sequence[StoredBlock], dead: Iterable[Dead]) -> Sums:
    """Return how many records blocks have of each source, and how many of them are dead."""
    found: dict[Origin, tuple[int, int]] = {}
    for origin, number, is_dead in outcomes(blocks, dead):
        records, lost = found.get(origin, (0, 0))
        found[origin] = (records + number, lost + number * is_dead)
    return found


def outcomes(blocks: Sequence[StoredBlock], dead: Iterable[Dead]) -> Iterator[tuple[Origin, int, bool]]:
    """Yield (source, number of records, whether they are dead) in the order of the log."""
    buried = {one.position for one in dead}
    position = 0
    for stored in blocks:
        if stored.damaged:
            continue  # says something about the disk, and nothing about what the source sends
        block = stored.block
        origin = (block.tenant, block.source)
        if -stored.offset in buried:
            yield origin, block.count, True
            continue
        if block.kind is not RecordKind.EVENT:
            yield origin, block.count, False
            continue
        # Positions count the events of the blocks that could be read, as `batch.prepare` does.
        places = range(position, position + block.count)
        position += block.count
        if not buried or buried.isdisjoint(places):
            yield origin, block.count, False
        else:
            yield from ((origin, 1, place in buried) for place in places)
