"""Samples: what is measured now and then in the background, because asking at every scrape would cost too much.

Owns the measuring, the latest values, and what background tasks tell of themselves. A task takes the samples; health
and `/metrics` read them from memory.
"""

from __future__ import annotations

import contextlib
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from sendlens.control.control import Control
from sendlens.control.migrations import current, newest
from sendlens.errors import NotFound
from sendlens.log.sqlite import FILE
from sendlens.settings import Settings
from sendlens.sources.kinds import is_polled
from sendlens.store.client import Store
from sendlens.store.maintenance import Size


@dataclass
class TaskState:
    """What became of a background task so far, in UTC milliseconds; `error` is empty if the last run went well."""

    failures: int = 0
    error: str = ""
    failing_since_ms: int = 0
    last_success_ms: int = 0


@dataclass
class Samples:
    """The latest values; each is replaced as a whole, so that other threads may read at any time."""

    tables: dict[str, Size] = field(default_factory=dict[str, Size])
    log_bytes: int = 0
    disk_free_bytes: int = -1
    """-1 until it was measured for the first time."""
    letters_waiting: int = 0
    unread: dict[str, int] = field(default_factory=dict[str, int])
    """Polled sources that cannot be read, and since when (UTC ms)."""
    behind: str = ""
    """Which migrations are missing, in words; empty if none is."""

    def take(self, settings: Settings, control: Control, store: Store) -> None:
        """Measure everything anew."""
        # The disk first: when it is full, the others may fail.
        self.disk_free_bytes = shutil.disk_usage(settings.data).free
        self.log_bytes = sum(_size(settings.data / name) for name in (FILE, f"{FILE}-wal"))
        self.letters_waiting = control.deadletters.count()
        self.tables = store.sizes()
        self.unread = _unread(control)
        self.behind = _behind(control, store)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _behind(control: Control, store: Store) -> str:
    found: list[str] = []
    if missing := store.missing():
        found.append(f"the store lacks migrations {', '.join(map(str, missing))}")
    with control.database.read() as connection:
        known = current(connection)
    if known != newest():
        found.append(f"the control plane has schema {known or 'none'} and not {newest()}")
    return "; ".join(found)


def _unread(control: Control) -> dict[str, int]:
    found: dict[str, int] = {}
    for source, state in control.polls.failing().items():
        # What a source of the past left behind, or one that is not polled any more, troubles nobody.
        with contextlib.suppress(NotFound):
            if is_polled(control.sources.get(source).settings):
                found[source] = state.failing_since or state.looked_at
    return found
