"""Dropping what is past its time, a whole partition at once.

Owns how each table that ages is partitioned. Leaves to `tasks` how old is too old.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Final, NamedTuple

PARTITION_OF: Final[dict[str, Callable[[dt.date], str]]] = {
    "event_keys": lambda day: day.isoformat(),
    "metrics_minute": lambda day: f"{day:%Y%m}",
}
"""The partition that a day belongs to, as ClickHouse prints it; these texts sort like the days they stand for."""

ACTIVE: Final = """
SELECT DISTINCT partition, partition_id
FROM system.parts
WHERE database = currentDatabase() AND table = {table:String} AND active
"""

SIZES: Final = """
SELECT table, sum(rows), sum(bytes_on_disk), count()
FROM system.parts
WHERE database = currentDatabase() AND active
GROUP BY table
ORDER BY table
"""


class Size(NamedTuple):
    """What a table takes: rows, bytes on disk, and the parts they are in."""

    rows: int
    bytes: int
    parts: int


def before(table: str, day: int) -> str:
    """Return the partition of a day (counted from 1970-01-01): every partition that sorts before it may go."""
    return PARTITION_OF[table](dt.date(1970, 1, 1) + dt.timedelta(days=day))


def drop_statement(table: str) -> str:
    """Return the statement that drops one partition; its id is bound."""
    return f"ALTER TABLE {table} DROP PARTITION ID {{id:String}}"


REPLACED: Final = """
SELECT table, name FROM system.parts WHERE database = currentDatabase() AND NOT active
"""
"""Parts that a merge or a mutation has replaced; their files stay on disk for a while."""

TEXTS: Final = """
SELECT c.table, c.name, c.table IN (
    SELECT t.table FROM system.columns AS t WHERE t.database = currentDatabase() AND t.name = 'tenant'
) AS has_tenant
FROM system.columns AS c
WHERE c.database = currentDatabase() AND c.type LIKE '%String%' AND c.name != 'tenant'
    AND c.table IN (SELECT name FROM system.tables WHERE database = currentDatabase() AND engine LIKE '%MergeTree')
ORDER BY c.table, c.position
"""
"""Every column that can hold a text."""


def sweep_statement(table: str) -> str:
    """Return a statement that changes nothing and has the store delete the files of replaced parts that are due.

    TRICKY: its own sweep comes with other background work, which an idle table may not have for a long time; dropping
    a partition always sweeps, a partition that does not exist as well.
    """
    return f"ALTER TABLE {table} DROP PARTITION ID '19000101'"
