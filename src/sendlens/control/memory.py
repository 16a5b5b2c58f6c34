"""Small memories in front of the database: answers kept for a second, and times that are written together."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from typing import Final, Generic, TypeVar

from sqlalchemy import Table, bindparam, update

from sendlens.clock import Clock
from sendlens.control.database import Database

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

SECONDS: Final = 1.0
"""How long an answer is believed; what another process revokes works no longer than this."""


class Recent(Generic[K, V]):
    """The answers of the last second, at most `size` of them. Thread-safe."""

    def __init__(self, clock: Clock, size: int = 10_000) -> None:
        """Start empty."""
        self._clock = clock
        self._size = size
        self._lock = threading.Lock()
        self._answers: dict[K, tuple[float, V]] = {}
        self._generation = 0
        self._renewed: set[K] = set()

    def get(self, key: K, ask: Callable[[], V]) -> V:
        """Return the answer, asking if it is not known or older than a second."""
        now = self._clock.monotonic()
        with self._lock:
            known = self._answers.get(key)
            if known is not None and now - known[0] < SECONDS:
                return known[1]
        return self._learn(key, ask)

    def _learn(self, key: K, ask: Callable[[], V]) -> V:
        # TRICKY: the time is taken before asking. An answer may be out of date from the moment the question was put.
        now = self._clock.monotonic()
        with self._lock:
            generation = self._generation
        answer = ask()
        with self._lock:
            # Something was forgotten while we asked: the answer may be from before.
            if generation != self._generation:
                return answer
            # Put last, so that the first entry is always the oldest.
            self._answers.pop(key, None)
            self._answers[key] = (now, answer)
            while len(self._answers) > self._size:
                del self._answers[next(iter(self._answers))]
        return answer

    def peek(self, key: K) -> tuple[V, bool] | None:
        """Return what `get` would without asking, or None; and, to one caller, whether it is time to `renew` it."""
        known = self._answers.get(key)
        if known is None or (age := self._clock.monotonic() - known[0]) >= SECONDS:
            return None
        renews = age > SECONDS / 2 and key not in self._renewed
        if renews:
            self._renewed.add(key)
        return known[1], renews

    def renew(self, key: K, ask: Callable[[], V]) -> None:
        """Ask again before the answer is too old, so that nobody has to wait for it."""
        try:
            self._learn(key, ask)
        finally:
            self._renewed.discard(key)

    def forget(self) -> None:
        """Forget every answer, after something was changed here."""
        with self._lock:
            self._generation += 1
            self._answers.clear()


class LatestTimes:
    """The latest time per row of one column, collected in memory and written by `flush`. Thread-safe."""

    def __init__(self, database: Database, table: Table, column: str) -> None:
        """Collect for `column` of `table`, whose key is called id."""
        self._database = database
        self._update = (
            update(table)
            .where(table.c.id == bindparam("row"), table.c[column] < bindparam("at"))
            .values({column: bindparam("at")})
        )
        self._lock = threading.Lock()
        self._times: dict[str, int] = {}

    def note(self, id: str, ms: int) -> None:
        """Remember that something happened to row `id` at `ms`."""
        with self._lock:
            if ms > self._times.get(id, 0):
                self._times[id] = ms

    def noted(self, id: str) -> int:
        """Return the time that waits to be written for row `id`; 0 for none."""
        with self._lock:
            return self._times.get(id, 0)

    def flush(self) -> None:
        """Write what was collected; times that cannot be written now are kept."""
        with self._lock:
            times, self._times = self._times, {}
        if not times:
            return
        try:
            with self._database.write() as connection:
                connection.execute(self._update, [{"row": row, "at": ms} for row, ms in times.items()])
        except BaseException:
            for row, ms in times.items():
                self.note(row, ms)
            raise
