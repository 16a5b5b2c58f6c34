"""Migrations: numbered files, applied once and in order, resumed where a kill interrupted them.

Owns the table `schema_migrations` (one row per statement that was applied) and the rules that make a file safe to
resume. A statement may have run without its row having been written, so each must do no harm when it runs again:
creating and dropping is rewritten to `IF NOT EXISTS` and `IF EXISTS`, and filling a table must follow emptying it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sendlens.errors import SendlensError, StoreError
from sendlens.store.statements import SCHEMA, Topology, include, split, with_engines

LEDGER: Final = """
CREATE TABLE IF NOT EXISTS schema_migrations (
    number UInt32,
    name String,
    checksum String,
    statement UInt32,
    statements UInt32,
    applied_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC')
)
ENGINE = {replacing:applied_at}
ORDER BY (number, statement)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
"""

_RECORD: Final = """
INSERT INTO schema_migrations (number, name, checksum, statement, statements)
SELECT {number:UInt32}, {name:String}, {checksum:String}, {statement:UInt32}, {statements:UInt32}
"""

# (what a statement starts with, what it is rewritten to): running the right side twice is the same as once.
_IDEMPOTENT: Final = (
    (r"CREATE (TABLE|VIEW|MATERIALIZED VIEW|DICTIONARY) (?:IF NOT EXISTS )?", r"CREATE \1 IF NOT EXISTS "),
    (r"DROP (TABLE|VIEW|DICTIONARY) (?:IF EXISTS )?(\w+)$", r"DROP \1 IF EXISTS \2 SYNC"),
    (r"TRUNCATE TABLE (?:IF EXISTS )?", r"TRUNCATE TABLE IF EXISTS "),
    (r"ALTER TABLE (\w+) ADD (COLUMN|INDEX|PROJECTION) (?:IF NOT EXISTS )?", r"ALTER TABLE \1 ADD \2 IF NOT EXISTS "),
    (r"ALTER TABLE (\w+) DROP (COLUMN|INDEX|PROJECTION) (?:IF EXISTS )?", r"ALTER TABLE \1 DROP \2 IF EXISTS "),
    # The values must not come from the columns they go to.
    (r"ALTER TABLE (\w+) UPDATE\s", r"ALTER TABLE \1 UPDATE "),
    (r"ALTER TABLE (\w+) MATERIALIZE (INDEX|PROJECTION) ", r"ALTER TABLE \1 MATERIALIZE \2 "),
    (r"ALTER TABLE (\w+) MODIFY (COLUMN|SETTING|TTL|COMMENT) ", r"ALTER TABLE \1 MODIFY \2 "),
)
_FILL: Final = re.compile(r"INSERT INTO (\w+)")
_EMPTY: Final = re.compile(r"TRUNCATE TABLE IF EXISTS (\w+)")

Run = Callable[[str, Mapping[str, object]], None]
Fetch = Callable[[str, Mapping[str, object]], Sequence[tuple[object, ...]]]


@dataclass(frozen=True)
class Migration:
    """One schema file, ready to run; the checksum ignores comments and white space."""

    number: int
    name: str
    statements: tuple[str, ...]
    checksum: str


def read(directory: Path = SCHEMA) -> list[Migration]:
    """Return the migrations of a directory in order. Raises `SendlensError` for a file that breaks the rules."""
    found: list[Migration] = []
    for path in sorted(directory.glob("*.sql")):
        matched = re.fullmatch(r"(\d{4})_(\w+)\.sql", path.name)
        if not matched:
            raise SendlensError(f"{path.name} is no migration: the name must be NNNN_what_it_does.sql")
        raw = split(include(path.read_text(encoding="utf-8"), directory / "fragments"))
        text = ";\n".join(" ".join(statement.split()) for statement in raw)
        found.append(
            Migration(
                number=int(matched[1]),
                name=matched[2],
                statements=_repeatable(raw, path.name),
                checksum=hashlib.sha256(text.encode()).hexdigest()[:16],
            )
        )
    numbers = [migration.number for migration in found]
    if numbers != list(range(1, len(found) + 1)):
        raise SendlensError(f"migrations must be numbered 1, 2, 3, … without a gap or a repetition; found {numbers}")
    return found


def _repeatable(statements: Sequence[str], file: str) -> tuple[str, ...]:
    result: list[str] = []
    for statement in statements:
        flat = statement.strip()
        if filled := _FILL.match(flat):
            emptied = _EMPTY.match(result[-1]) if result else None
            if not emptied or emptied[1] != filled[1]:
                raise SendlensError(
                    f"{file}: INSERT INTO {filled[1]} must directly follow TRUNCATE TABLE {filled[1]}",
                    hint="a migration that was killed in the middle runs the statement again",
                )
            result.append(flat)
            continue
        for pattern, replacement in _IDEMPOTENT:
            rewritten, count = re.subn("^" + pattern, replacement, flat)
            if count:
                result.append(rewritten)
                break
        else:
            raise SendlensError(f"{file}: cannot be run twice without harm: {flat.splitlines()[0][:80]}")
    return tuple(result)


def migrate(run: Run, fetch: Fetch, layout: Topology, migrations: Sequence[Migration] | None = None) -> list[int]:
    """Apply what is missing and return the numbers of the migrations that were completed by this call.

    `run` executes one statement on the write connection, `fetch` returns rows. Raises `StoreError` when the store's
    history and the files disagree.
    """
    wanted = read() if migrations is None else migrations
    run(with_engines(LEDGER.strip(), layout), {})
    history = _history(fetch)
    if unknown := sorted(set(history) - {migration.number for migration in wanted}):
        raise StoreError(
            f"the store has migration {unknown[-1]:04d}, which this version of Sendlens does not know",
            hint="it was opened by a newer version before; run that version, or restore a backup",
        )
    completed: list[int] = []
    for migration in wanted:
        checksum, applied = history.get(migration.number, (migration.checksum, 0))
        if checksum != migration.checksum:
            raise StoreError(
                f"migration {migration.number:04d}_{migration.name}.sql was changed after it had been applied "
                f"(checksum {checksum} in the store, {migration.checksum} in the file)",
                hint="put the file back and write the change as a new migration",
            )
        first = applied
        if 0 < first < len(migration.statements) and _FILL.match(migration.statements[first]):
            # TRICKY: the fill may have run, in part or whole, before its row was written: empty the table again.
            first -= 1
        for place in range(first, len(migration.statements)):
            run(with_engines(migration.statements[place], layout), {})
            row = {"statement": place + 1, "statements": len(migration.statements), "checksum": migration.checksum}
            run(_RECORD.strip(), {"number": migration.number, "name": migration.name, **row})
        if applied < len(migration.statements):
            completed.append(migration.number)
    return completed


def applied(fetch: Fetch) -> dict[int, str]:
    """Return the numbers of the migrations a store has, each with its checksum; nothing for a new store."""
    there = "SELECT count() FROM system.tables WHERE database = currentDatabase() AND name = 'schema_migrations'"
    if not int(str(fetch(there, {})[0][0])):
        return {}
    return {number: checksum for number, (checksum, _) in sorted(_history(fetch).items())}


def _history(fetch: Fetch) -> dict[int, tuple[str, int]]:
    sql = "SELECT number, argMax(checksum, statement), max(statement) FROM schema_migrations GROUP BY number"
    return {int(str(number)): (str(checksum), int(str(last))) for number, checksum, last in fetch(sql, {})}
