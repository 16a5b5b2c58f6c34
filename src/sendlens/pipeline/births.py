"""When each message was first heard of: the day under which its state is kept.

Owns the index from message key to birth day. The table `messages` is sorted by that day, so that a batch's question
for the states of its messages touches the days they were born on and not the whole history, and so that a message
nobody has heard of costs no question at all. The newest messages are in memory, 10 bytes each, as sorted runs; whatever
is older than the oldest day in memory is asked of the store.
"""

from __future__ import annotations

from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

Keys = NDArray[np.uint64]
Days = NDArray[np.uint16]

UNKNOWN: Final = 0
"""The day of a message nobody has heard of (1970-01-01)."""
MOST_RUNS: Final = 8
MOST_KEYS_ASKED: Final = 20_000


class BirthStore(Protocol):
    """Where the birth days of all messages are kept."""

    def births_per_day(self) -> list[tuple[int, int]]:
        """Return (day since 1970, number of messages), the newest day first; a message may be counted twice."""
        ...

    def births_since(self, day: int) -> tuple[Keys, Days]:
        """Return the messages born on or after a day."""
        ...

    def births_before(self, day: int, keys: Keys) -> tuple[Keys, Days]:
        """Return those of the given messages that were born before a day."""
        ...


class Births:
    """Answers on which day messages were born, and remembers those of committed batches."""

    def __init__(self, store: BirthStore, *, memory_messages: int) -> None:
        """Hold at most about `memory_messages` messages in memory; they are read from the store at first use."""
        self._store = store
        self._bound = memory_messages
        self._runs: list[tuple[Keys, Days]] | None = None
        self._floor = 0  # every message born on or after this day is in memory
        self._older = False  # whether the store has messages born before it

    @property
    def held(self) -> int:
        """How many messages are in memory."""
        return sum(len(keys) for keys, _ in self._runs or [])

    def of(self, keys: Keys) -> Days:
        """Return the birth day of each key, `UNKNOWN` for new messages."""
        runs = self._loaded()
        days = np.zeros(len(keys), dtype=np.uint16)
        for run_keys, run_days in runs:
            places = np.searchsorted(run_keys, keys)
            places[places == len(run_keys)] = 0
            hit = run_keys[places] == keys
            days[hit] = run_days[places[hit]]
        if self._older and not days.all():
            self._ask_for_older(keys, days)
        return days

    def remember(self, keys: Keys, days: Days) -> None:
        """Add the messages of a committed batch; those already known may be among them."""
        runs = self._loaded()
        keys, firsts = np.unique(keys, return_index=True)
        days = days[firsts]
        fresh = self._unheld(keys)
        if not fresh.any():
            return
        runs.append((keys[fresh], days[fresh]))
        if len(runs) > MOST_RUNS:
            # The two newest are the smallest as a rule: merging them keeps every key's share of merges logarithmic.
            runs.sort(key=lambda run: -len(run[0]))
            runs[-2:] = [_merged(runs[-2:])]
        if self.held > self._bound:
            self._raise_floor()

    def forget(self) -> None:
        """Drop everything from memory; it is read again when next needed."""
        self._runs = None
        self._floor, self._older = 0, False

    def _loaded(self) -> list[tuple[Keys, Days]]:
        if self._runs is None:
            held = 0
            self._floor, self._older = 0, False
            for day, count in self._store.births_per_day():
                if held + count > self._bound:
                    self._older = True
                    break
                held += count
                self._floor = day
            if self._older and held == 0:
                self._floor = 1 << 16  # not even the newest day fits: all is asked of the store
            keys, days = self._store.births_since(self._floor)
            order = np.argsort(keys, kind="stable")
            self._runs = [(keys[order], days[order])] if len(keys) else []
        return self._runs

    def _unheld(self, keys: Keys) -> NDArray[np.bool_]:
        fresh = np.ones(len(keys), dtype=np.bool_)
        for run_keys, _ in self._runs or []:
            places = np.searchsorted(run_keys, keys)
            places[places == len(run_keys)] = 0
            fresh &= run_keys[places] != keys
        return fresh

    def _ask_for_older(self, keys: Keys, days: Days) -> None:
        missing = np.unique(keys[days == UNKNOWN])
        for start in range(0, len(missing), MOST_KEYS_ASKED):
            found_keys, found_days = self._store.births_before(self._floor, missing[start : start + MOST_KEYS_ASKED])
            if len(found_keys):
                order = np.argsort(found_keys, kind="stable")
                found_keys, found_days = found_keys[order], found_days[order]
                places = np.searchsorted(found_keys, keys)
                places[places == len(found_keys)] = 0
                hit = (found_keys[places] == keys) & (days == UNKNOWN)
                days[hit] = found_days[places[hit]]

    def _raise_floor(self) -> None:
        """Let go of the oldest days until a tenth of the room is free again."""
        keys, days = _merged(self._runs or [])
        counts = np.bincount(days)
        held = len(keys)
        for day in np.flatnonzero(counts):
            if held <= self._bound * 0.9:
                break
            held -= int(counts[day])
            self._floor = int(day) + 1
        keep = days >= self._floor
        self._runs = [(keys[keep], days[keep])]
        self._older = True


def _merged(runs: list[tuple[Keys, Days]]) -> tuple[Keys, Days]:
    keys = np.concatenate([keys for keys, _ in runs])
    days = np.concatenate([days for _, days in runs])
    order = np.argsort(keys, kind="stable")
    return keys[order], days[order]
