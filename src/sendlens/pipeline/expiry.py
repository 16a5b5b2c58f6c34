"""Expiry: deleting what a tenant no longer wants to keep, message by message, while its figures stay.

Owns the order of the steps. A message expires when nothing has happened to it and nothing was received of it for as
many days as the tenant keeps events; then all of its rows go, and what they had counted is kept as sums in `expired`.
The sums count from the moment the run is on record, and the rows are deleted after that; so a run that was cut off
before its record has changed nothing, and one that was cut off behind it is finished at the next start, before anything
is written. The writer must be held between two batches. Leaves to `tasks` when it is done.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Final

from sendlens.store.client import Store
from sendlens.store.statements import writer_statement

TABLES: Final = ("engagements", "touchpoints", "conversions", "messages", "events")
"""Where the rows are deleted; `events` last, because they tell which messages expired."""
BORN_DAYS: Final = 7
"""Days of birth in one run: bounds its memory, and how long the writer is held."""
_DAY_MS: Final = 86_400_000


def expire(
    store: Store, tenant: str, keep_days: int, now_ms: int, hold: Callable[[], AbstractContextManager[bool]]
) -> int:
    """Delete what a tenant had kept for `keep_days`, and return how many messages that were.

    `hold` holds the writer, and says whether no batch is open; otherwise the rest waits for the next time.
    """
    today = now_ms // _DAY_MS
    before = (today - keep_days) * _DAY_MS
    first = int(str(store.fetch_internal(writer_statement("expire_oldest"), {"tenant": tenant}).scalar()))
    gone = 0
    for start in range(first, today - keep_days, BORN_DAYS) if first else ():
        until = min(start + BORN_DAYS, today - keep_days) - 1
        asked: dict[str, object] = {"tenant": tenant, "from": start, "until": until, "before": before}
        if not _count(store, asked):
            continue
        with hold() as settled:
            if not settled:
                return gone
            gone += _count(store, asked)
            _run(store, asked | {"run": _next_run(store)})
    return gone


def finish(store: Store) -> int:
    """Delete the rows of runs that were cut off behind their record, and return how many runs there were."""
    runs = store.fetch_internal(writer_statement("expire_open")).rows
    for tenant, run, first, until, before in runs:
        _delete(store, {"tenant": tenant, "run": run, "from": first, "until": until, "before": before})
    return len(runs)


def _run(store: Store, asked: dict[str, object]) -> None:
    store.execute("expire_leftovers", {})
    store.execute("expire_sums", asked)
    store.execute("expire_receipts", asked)
    store.execute("expire_run", asked | {"done": 0})
    _delete(store, asked)


def _delete(store: Store, asked: dict[str, object]) -> None:
    for table in TABLES:
        store.execute(f"expire_{table}", asked)
    store.execute("expire_run", asked | {"done": 1})


def _count(store: Store, asked: dict[str, object]) -> int:
    return int(str(store.fetch_internal(writer_statement("expire_count"), asked).scalar()))


def _next_run(store: Store) -> int:
    return int(str(store.fetch_internal("SELECT max(run) + 1 FROM expiries").scalar()))
