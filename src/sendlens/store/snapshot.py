"""Snapshots: every part of every table held still by hard links, and parts put back into empty tables.

Owns what `ALTER TABLE … FREEZE` leaves on disk, which takes milliseconds whatever the size, and its way back, the
`detached` directory of a table. Only for the embedded store, whose files this process can reach. Leaves copying to
`operations`, and to the caller that no batch is on its way while the tables are frozen one after another.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sendlens.errors import StoreError
from sendlens.store.migrate import Fetch, Run

PREFIX: Final = "sendlens_"
"""Names of our snapshots begin with this; what a killed process left behind is known by it."""
HISTORY: Final = "schema_migrations"
"""The one table that is not copied: migrating writes it."""

_TABLES: Final = """
SELECT name, toString(uuid), data_paths[1] FROM system.tables
WHERE database = currentDatabase() AND engine LIKE '%MergeTree' AND name != {history:String}
ORDER BY name
"""


@dataclass(frozen=True)
class Part:
    """One part of a table, as a directory of files that never change."""

    table: str
    name: str
    directory: Path
    rows: int


def freeze(run: Run, fetch: Fetch, engine: Path, name: str) -> list[Part]:
    """Hold every part of every table still under `engine`/shadow/`name` and return them."""
    tables = {str(uuid): str(table) for table, uuid, _ in fetch(_TABLES, {"history": HISTORY})}
    for table in tables.values():
        run(f"ALTER TABLE {table} FREEZE WITH NAME '{name}'", {})
    found: list[Part] = []
    for checksums in sorted((engine / "shadow" / name).rglob("checksums.txt")):
        directory = checksums.parent
        # A projection inside a part has checksums of its own.
        if directory.parent.name in tables:
            rows = int((directory / "count.txt").read_text(encoding="ascii"))
            found.append(Part(tables[directory.parent.name], directory.name, directory, rows))
    return found


def thaw(engine: Path, name: str) -> None:
    """Give up one snapshot."""
    shutil.rmtree(engine / "shadow" / name, ignore_errors=True)


def thaw_all(engine: Path) -> None:
    """Give up every snapshot of ours, those of a process that was killed included."""
    for left in (engine / "shadow").glob(PREFIX + "*"):
        shutil.rmtree(left, ignore_errors=True)


def attach(run: Run, fetch: Fetch, table: str, parts: Sequence[Path]) -> None:
    """Move part directories into a table; the store checks each against its own checksums.

    In the order in which they were written, because of two equal rows of a keyed set the later one stays.
    """
    homes = {str(name): str(path) for name, _, path in fetch(_TABLES, {"history": HISTORY})}
    if table not in homes:
        raise StoreError(f"there is no table {table} to put parts into")
    detached = Path(homes[table]) / "detached"
    detached.mkdir(exist_ok=True)
    for part in sorted(parts, key=_age):
        shutil.move(part, detached / part.name)
        run(f"ALTER TABLE {table} ATTACH PART '{part.name}'", {})


def _age(part: Path) -> tuple[str, int]:
    # partition_firstblock_lastblock_level
    partition, first, *_ = part.name.split("_")
    return partition, int(first)
