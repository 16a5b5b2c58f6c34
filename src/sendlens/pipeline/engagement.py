"""Recent engagement: what happened to each message lately, in memory where possible and in the store where not.

Owns one question: the deliveries and acts of earlier batches around those of a batch. Everything that happened at or
after `floor` is in memory, so that an act of now costs no question to the store; what lies earlier is asked for. A
batch that is read again gets the same answer: the store leaves its own rows out, and memory holds closed batches only.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from sendlens.enrich.context import REACH_MS
from sendlens.pipeline.happenings import NOTHING, Happenings, happenings

Keys = NDArray[np.uint64]

MOST: Final = 400_000
"""Happenings in memory, 36 bytes each."""
RECENT_MS: Final = 900_000
"""How far back memory is filled at the start."""
MOST_RUNS: Final = 8
MOST_KEYS_ASKED: Final = 20_000
_DAY_MS: Final = 86_400_000
AROUND_MS: Final = 2 * REACH_MS
"""A new act bears on those within reach, and what is said of them on those within theirs."""
_WHICH: Final = ["message", "key", "at"]
_FINDING: Final = ["reason", "confidence"]


class EngagementStore(Protocol):
    """Where the happenings of all batches are kept; each answer is a table with the columns of happenings."""

    def happenings_since(self, since_ms: int, most: int, not_batch: int) -> pa.Table:
        """Return the latest happenings from a time on, at most so many, except those of this batch."""
        ...

    def happenings_of(self, tenants: Sequence[str], days: Sequence[int], keys: Keys, not_batch: int) -> pa.Table:
        """Return the happenings of messages on days (since 1970), except those of this batch."""
        ...


class Engagement:
    """Answers what happened around the happenings of a batch, and remembers those of closed batches."""

    def __init__(self, store: EngagementStore, *, most: int = MOST) -> None:
        """Hold at most about `most` happenings in memory; the latest are read from the store at first use."""
        self._store = store
        self._most = most
        self._runs: list[Happenings] | None = None
        self._floor = 0
        self.asked = 0
        """How many messages the store was asked for since the start."""

    @property
    def held(self) -> int:
        """How many happenings are in memory."""
        return sum(len(run) for run in self._runs or [])

    def before(self, fresh: Happenings, tenants: Sequence[str], batch_id: int, now_ms: int) -> Happenings:
        """Return what earlier batches brought to the messages of `fresh`, at least all around its times.

        `fresh` are happenings of known messages, those of new ones have no past; `tenants` are the owners of them all.
        A happening may be returned twice.
        """
        runs = self._loaded(batch_id, now_ms)
        messages = np.unique(fresh["message"])
        found = [_of(run, messages) for run in runs]
        early = fresh[fresh["at"] - AROUND_MS < self._floor]
        if len(early):
            found += self._asked(early, tenants, batch_id)
        return np.concatenate([NOTHING, *found])

    def remember(self, fresh: Happenings, changed: Happenings) -> None:
        """Add the happenings of a closed batch; `changed` are earlier ones whose finding it corrected."""
        if self._runs is None:
            return
        for run in self._runs:
            _change(run, changed)
        fresh = fresh[fresh["at"] >= self._floor]
        if len(fresh) == 0:
            return
        self._runs.append(fresh[np.argsort(fresh["message"], kind="stable")])
        if len(self._runs) > MOST_RUNS:
            # The two newest are the smallest as a rule: merging them keeps every row's share of merges logarithmic.
            self._runs.sort(key=lambda run: -len(run))
            self._runs[-2:] = [_merged(self._runs[-2:])]
        if self.held > self._most:
            self._raise_floor()

    def forget(self) -> None:
        """Drop everything from memory; it is read again when next needed."""
        self._runs = None

    def _loaded(self, batch_id: int, now_ms: int) -> list[Happenings]:
        if self._runs is None:
            self._floor = max(now_ms - RECENT_MS, 0)
            found, _ = happenings(self._store.happenings_since(self._floor, self._most, batch_id))
            if len(found) >= self._most:
                self._floor = int(found["at"].min()) + 1
                found = found[found["at"] >= self._floor]
            self._runs = [found[np.argsort(found["message"], kind="stable")]] if len(found) else []
        return self._runs

    def _asked(self, early: Happenings, tenants: Sequence[str], batch_id: int) -> list[Happenings]:
        found: list[Happenings] = []
        messages = np.unique(early["message"])
        self.asked += len(messages)
        days = np.unique(np.concatenate([early["at"] + around for around in (-AROUND_MS, 0, AROUND_MS)]) // _DAY_MS)
        for start in range(0, len(messages), MOST_KEYS_ASKED):
            some = messages[start : start + MOST_KEYS_ASKED]
            table = self._store.happenings_of(tenants, days.tolist(), some, batch_id)
            found.append(happenings(table)[0])
        return found

    def _raise_floor(self) -> None:
        """Let go of the oldest happenings until a tenth of the room is free again."""
        run = _merged(self._runs or [])
        least = len(run) - int(self._most * 0.9)
        self._floor = int(np.partition(run["at"], least)[least])
        self._runs = [run[run["at"] >= self._floor]]


def _of(run: Happenings, messages: Keys) -> Happenings:
    """Return the rows of these messages; both are sorted by message."""
    return run[_places(run, messages)]


def _places(run: Happenings, messages: Keys) -> NDArray[np.intp]:
    first = np.searchsorted(run["message"], messages)
    count = np.searchsorted(run["message"], messages, side="right") - first
    return np.repeat(first - np.cumsum(count) + count, count) + np.arange(int(count.sum()))


def _change(run: Happenings, changed: Happenings) -> None:
    found = dict(zip(changed[_WHICH].tolist(), changed[_FINDING].tolist(), strict=True))
    places = _places(run, np.unique(changed["message"]))
    for place, which in zip(places.tolist(), run[places][_WHICH].tolist(), strict=True):
        if which in found:
            run["reason"][place], run["confidence"][place] = found[which]


def _merged(runs: list[Happenings]) -> Happenings:
    rows = np.concatenate(runs)
    return rows[np.argsort(rows["message"], kind="stable")]
