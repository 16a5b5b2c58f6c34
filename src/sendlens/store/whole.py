"""The schema as all migrations leave it, in one piece: what a store that has nothing yet is given instead of them.

Owns `schema/whole/schema.sql`, which makes every table once and in its last form, in a tenth of the time. It is not
written by hand: `python -m tests.store.make_whole` writes it from a store that was migrated, and a test compares what
the two ways lead to. The first line says which migrations it stands for; with others it is not used.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from sendlens.store.migrate import LEDGER, Fetch, Migration, Run
from sendlens.store.statements import SCHEMA, Topology, split, with_engines, without_comments

WHOLE: Final = SCHEMA / "whole" / "schema.sql"

_STANDS_FOR: Final = re.compile(r"-- Stands for migrations (\w+)\n")
_MADE: Final = re.compile(r"CREATE (?:TABLE|VIEW|MATERIALIZED VIEW) IF NOT EXISTS (\w+)")
_TABLES: Final = "SELECT name, coalesce(total_rows, 0) FROM system.tables WHERE database = currentDatabase()"
_HISTORY: Final = "SELECT count() FROM schema_migrations"
_RECORD: Final = """
INSERT INTO schema_migrations (number, name, checksum, statement, statements)
SELECT number, name, checksum, statements AS statement, statements
FROM system.one
ARRAY JOIN
    {numbers:Array(UInt32)} AS number, {names:Array(String)} AS name,
    {checksums:Array(String)} AS checksum, {statements:Array(UInt32)} AS statements
"""


def mark(migrations: Sequence[Migration]) -> str:
    """Return what stands for these migrations; another one, or one with another checksum, changes it."""
    text = "\n".join(f"{one.number} {one.name} {one.checksum}" for one in migrations)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def make(run: Run, fetch: Fetch, layout: Topology, migrations: Sequence[Migration], file: Path = WHOLE) -> list[int]:
    """Make every table of a store that has no history, and return the numbers of the migrations it has by that.

    None are returned, and nothing is done, for a store with a history, for one in which others have tables or rows,
    and for migrations that the file is not made from. A kill anywhere is recovered from: the history is made last and
    filled in one piece, and what is there without one is empty and made anew, because it may be another version's.
    """
    text = file.read_text(encoding="utf-8")
    stands_for = _STANDS_FOR.match(text)
    if not stands_for or stands_for[1] != mark(migrations):
        return []
    statements = split(without_comments(text))
    there = {str(name): int(str(rows)) for name, rows in fetch(_TABLES, {})}
    if "schema_migrations" in there and fetch(_HISTORY, {})[0][0]:
        return []
    if not there.keys() <= made(statements) | {"schema_migrations"} or any(there.values()):
        return []
    for name in there:
        run(layout.place(f"DROP TABLE IF EXISTS {name} SYNC"), {})
    for statement in (*statements, LEDGER.strip()):
        run(with_engines(statement, layout), {})
    run(
        _RECORD.strip(),
        {
            "numbers": [one.number for one in migrations],
            "names": [one.name for one in migrations],
            "checksums": [one.checksum for one in migrations],
            "statements": [len(one.statements) for one in migrations],
        },
    )
    return [one.number for one in migrations]


def made(statements: Sequence[str]) -> set[str]:
    """Return the names of what the statements make."""
    return {found[1] for statement in statements if (found := _MADE.match(statement))}
