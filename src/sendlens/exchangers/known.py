"""What is known of the exchangers of domains, and since when.

Owns the file, its copy in memory, and the one rule that keeps repetition exact: an answer counts only for what is
received after it was written down. Leaves the asking to `resolver`.
"""

from __future__ import annotations

import sqlite3
import threading
from collections import deque
from pathlib import Path
from typing import Final

from sendlens.clock import Clock
from sendlens.enrich.mailboxes import NEVER_ASKED
from sendlens.enrich.provider import DOMAINS

MINUTE_MS: Final = 60_000
MOST_WAITING: Final = 10_000
"""Domains that wait to be asked for; one more is passed over, and waits when it is seen again."""
MOST_KNOWN: Final = 500_000
"""Domains that are remembered; beyond them no other is asked for."""
FILE: Final = "exchangers.sqlite"

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS answers (
    domain TEXT NOT NULL, counts_from INTEGER NOT NULL, mx TEXT NOT NULL, PRIMARY KEY (domain, counts_from)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS asked (domain TEXT PRIMARY KEY, again_at INTEGER NOT NULL) WITHOUT ROWID;
"""


class Known:
    """Answers with the moment from which each counts; safe from several threads."""

    def __init__(self, path: Path, clock: Clock) -> None:
        """Open or make the file. A damaged one is thrown away: everything in it can be asked for again."""
        self._clock = clock
        self._lock = threading.Lock()
        self._database = _opened(path)
        self._answers: dict[str, list[tuple[int, str]]] = {}
        for domain, counts_from, mx in self._database.execute(
            "SELECT domain, counts_from, mx FROM answers ORDER BY counts_from DESC"
        ):
            self._answers.setdefault(domain, []).append((counts_from, mx))
        self._again: dict[str, int] = dict(self._database.execute("SELECT domain, again_at FROM asked"))
        self._queue: deque[str] = deque()
        self._queued: set[str] = set()
        self.wanted = threading.Event()
        """Set while a domain waits to be asked for."""
        self.answered = 0
        self.failed = 0
        """Questions since the start that were answered, and that nobody answered."""

    def of(self, domain: str, received_at: int) -> str:
        """Return the exchanger of a domain for what was received at a moment (UTC ms), empty if none is known.

        Takes constant time and no lock when the answer is known and fresh; otherwise the domain waits to be asked for.
        """
        if domain in DOMAINS:
            return ""
        if self._again.get(domain, 0) <= received_at:
            self._want(domain)
        for counts_from, mx in self._answers.get(domain, ()):
            if counts_from <= received_at:
                return mx
        return ""

    def _want(self, domain: str) -> None:
        if domain in self._queued or len(self._queue) >= MOST_WAITING or len(self._again) >= MOST_KNOWN:
            return
        if domain.rpartition(".")[2] in NEVER_ASKED or "." not in domain:
            return
        with self._lock:
            if domain not in self._queued:
                self._queued.add(domain)
                self._queue.append(domain)
                self.wanted.set()

    def take(self) -> str:
        """Return a domain that waits to be asked for, or empty text."""
        with self._lock:
            if not self._queue:
                self.wanted.clear()
                return ""
            return self._queue.popleft()

    @property
    def waiting(self) -> int:
        """Return how many domains wait to be asked for."""
        return len(self._queue)

    def __len__(self) -> int:
        """Return how many domains were asked for."""
        return len(self._again)

    def learn(self, domain: str, mx: str | None, seconds: float) -> None:
        """Write an answer down, that holds for `seconds`; None if there was none, to be asked for again after them.

        TRICKY: it counts from the full minute after the next one. A batch that was read before the answer was there,
        and is read again after a crash, was received earlier than that, so it gets the same columns both times.
        """
        now = self._clock.now_ms()
        counts_from = (now // MINUTE_MS + 2) * MINUTE_MS
        with self._lock:
            again_at = now + int(seconds * 1000)
            before = self._answers.get(domain, [])
            new = mx is not None and mx != (before[0][1] if before else "")
            with self._database:
                self._database.execute("INSERT OR REPLACE INTO asked VALUES (?, ?)", (domain, again_at))
                if new:
                    self._database.execute("INSERT OR REPLACE INTO answers VALUES (?, ?, ?)", (domain, counts_from, mx))
            if new and mx is not None:
                kept = [one for one in before if one[0] != counts_from]
                self._answers[domain] = [(counts_from, mx), *kept]
            self._again[domain] = again_at
            self.answered += mx is not None
            self.failed += mx is None
            self._queued.discard(domain)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._database.close()


def _opened(path: Path) -> sqlite3.Connection:
    for attempt in (1, 2):
        database = sqlite3.connect(path, check_same_thread=False)
        try:
            database.execute("PRAGMA journal_mode=WAL")
            database.execute("PRAGMA synchronous=FULL")
            database.executescript(_SCHEMA)
            database.execute("SELECT count(*) FROM answers").fetchone()
        except sqlite3.DatabaseError:
            database.close()
            if attempt == 2:
                raise
            for suffix in ("", "-wal", "-shm"):
                path.with_name(path.name + suffix).unlink(missing_ok=True)
        else:
            return database
    raise AssertionError  # the loop returns or raises
