"""Counting once: which event keys were seen before, in memory where possible and in the store where not.

Owns the rule: a row is a duplicate if its key was first seen in *another* batch, or earlier in the same one. Keys
live in buckets (the event's hour by the source's clock), because a repeated event tells the same time. A bucket is
either whole in memory, as sorted runs of 64-bit keys, or not there at all; so a miss in memory is a proof and no
question to the store.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from sendlens.model.identity import TIMELESS

Keys = NDArray[np.uint64]
Buckets = NDArray[np.uint32]

MOST_RUNS: Final = 6
"""Sorted runs of a bucket before they are merged to one; each lookup asks every run."""
MOST_BUCKETS: Final = 20_000
"""Buckets in memory; a bucket without keys takes room as well, and a history of wrong times has one for every event."""
MOST_KEYS_ASKED: Final = 20_000
"""Keys in one question to the store."""


class KeyStore(Protocol):
    """Where the keys of all batches are kept."""

    def key_counts(self, buckets: Sequence[int]) -> dict[int, int]:
        """Return how many keys each bucket holds; empty buckets may be missing."""
        ...

    def keys_of(self, buckets: Sequence[int], not_batch: int) -> tuple[Buckets, Keys]:
        """Return all keys of the buckets except those that this batch itself has left there."""
        ...

    def keys_seen(self, buckets: Buckets, keys: Keys, not_batch: int) -> tuple[Buckets, Keys]:
        """Return those of the given (bucket, key) pairs that another batch has left."""
        ...


class Deduper:
    """Tells new rows from repeated ones, and remembers what was committed."""

    def __init__(self, store: KeyStore, *, memory_keys: int, horizon_days: int) -> None:
        """Hold at most `memory_keys` keys (8 bytes each); look `horizon_days` back for events without a time."""
        self._store = store
        self._memory_keys = memory_keys
        self._horizon_days = horizon_days
        self._runs: OrderedDict[int, list[Keys]] = OrderedDict()
        self._held = 0
        self.asked = 0
        """How many keys the store was asked for since the start; those in memory cost no question."""

    @property
    def held(self) -> int:
        """How many keys are in memory."""
        return self._held

    def new_rows(self, buckets: Buckets, keys: Keys, batch_id: int) -> NDArray[np.bool_]:
        """Return a mask of the rows that are not duplicates; both arrays are of one length, in the order of the log."""
        new = np.zeros(len(keys), dtype=np.bool_)
        if len(keys) == 0:
            return new
        # One batch may lie on both sides of midnight, by which timeless events are told apart and must not be.
        firsts = _first_rows(np.minimum(buckets, np.uint32(TIMELESS)), keys)
        asked_buckets, asked_rows = self._expanded(buckets, firsts)
        seen = self._seen(asked_buckets, keys[asked_rows], batch_id)
        new[firsts] = True
        new[asked_rows[seen]] = False
        return new

    def remember(self, buckets: Buckets, keys: Keys) -> None:
        """Add keys of a committed batch to the buckets that are in memory."""
        for bucket, rows in _by_bucket(buckets):
            runs = self._runs.get(bucket)
            if runs is None:
                continue
            runs.append(np.sort(keys[rows]))
            self._held += len(rows)
            if len(runs) > MOST_RUNS:
                runs[:] = [np.sort(np.concatenate(runs))]
        self._evict(set())

    def forget(self) -> None:
        """Drop everything from memory; the store is asked again."""
        self._runs.clear()
        self._held = 0

    def _expanded(self, buckets: Buckets, rows: NDArray[np.intp]) -> tuple[Buckets, NDArray[np.intp]]:
        """Return the (bucket, row) questions: one a row, but one for each day of the horizon for timeless events.

        Later days are asked as well: our own clock, which names the day, may have been ahead and was set back.
        """
        own = buckets[rows]
        timeless = own >= TIMELESS
        if not timeless.any():
            return own, rows
        some = rows[timeless]
        others = [
            (np.maximum(own[timeless].astype(np.int64) + day, TIMELESS).astype(np.uint32), some)
            for day in range(-self._horizon_days, self._horizon_days + 1)
            if day
        ]
        return (
            np.concatenate([own, *(bucket for bucket, _ in others)]),
            np.concatenate([rows, *(row for _, row in others)]),
        )

    def _seen(self, buckets: Buckets, keys: Keys, batch_id: int) -> NDArray[np.bool_]:
        seen = np.zeros(len(keys), dtype=np.bool_)
        groups = _by_bucket(buckets)
        self._load([bucket for bucket, _ in groups], batch_id)
        cold: list[NDArray[np.intp]] = []
        for bucket, rows in groups:
            runs = self._runs.get(bucket)
            if runs is None:
                cold.append(rows)
                continue
            self._runs.move_to_end(bucket)
            wanted = keys[rows]
            for run in runs:
                places = np.searchsorted(run, wanted)
                places[places == len(run)] = 0
                if len(run):
                    seen[rows] |= run[places] == wanted
        if cold:
            rows = np.concatenate(cold)
            for start in range(0, len(rows), MOST_KEYS_ASKED):
                part = rows[start : start + MOST_KEYS_ASKED]
                self.asked += len(part)
                found = self._store.keys_seen(buckets[part], keys[part], batch_id)
                there = set(zip(found[0].tolist(), found[1].tolist(), strict=True))
                asked = zip(buckets[part].tolist(), keys[part].tolist(), strict=True)
                seen[part] = [pair in there for pair in asked]
        return seen

    def _load(self, wanted: list[int], batch_id: int) -> None:
        """Bring missing buckets into memory as far as they fit."""
        missing = [bucket for bucket in wanted if bucket not in self._runs]
        if not missing:
            return
        counts = self._store.key_counts(missing)
        room = self._memory_keys
        chosen: list[int] = []
        for bucket in sorted(missing, reverse=True):
            if counts.get(bucket, 0) <= room:
                room -= counts.get(bucket, 0)
                chosen.append(bucket)
        filled = [bucket for bucket in chosen if counts.get(bucket, 0)]
        loaded: dict[int, Keys] = {}
        if filled:
            buckets, keys = self._store.keys_of(filled, batch_id)
            loaded = {bucket: np.sort(keys[rows]) for bucket, rows in _by_bucket(buckets)}
        for bucket in chosen:
            run = loaded.get(bucket)
            self._runs[bucket] = [] if run is None else [run]
            self._held += 0 if run is None else len(run)
        self._evict(set(wanted))

    def _evict(self, keep: set[int]) -> None:
        """Drop the buckets not used for longest until the bounds hold, sparing those just asked for."""
        for bucket in [b for b in self._runs if b not in keep]:
            if self._held <= self._memory_keys and len(self._runs) <= MOST_BUCKETS:
                return
            self._held -= sum(len(run) for run in self._runs.pop(bucket))


def _by_bucket(buckets: Buckets) -> list[tuple[int, NDArray[np.intp]]]:
    """Return each distinct bucket with the positions that carry it."""
    if len(buckets) == 0:
        return []
    order = np.argsort(buckets, kind="stable")
    values, starts = np.unique(buckets[order], return_index=True)
    return [(int(value), rows) for value, rows in zip(values, np.split(order, starts[1:]), strict=True)]


def _first_rows(buckets: Buckets, keys: Keys) -> NDArray[np.intp]:
    """Return the positions of the first row of each distinct (bucket, key), in the order of the rows."""
    order = np.lexsort((keys, buckets))  # stable: equal pairs stay in the order of the log
    first = np.ones(len(order), dtype=np.bool_)
    first[1:] = (np.diff(keys[order]) != 0) | (np.diff(buckets[order]) != 0)
    return np.sort(order[first])
