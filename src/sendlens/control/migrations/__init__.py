"""Bringing a database to the tables of this version, once, whoever starts first.

Owns the order of the steps and the check that a database is not newer than the code. The steps are the modules in
`versions`, called r<number>_<what>.py; a released one is never edited. A new database gets the tables as they are
today, without the steps; a test compares what the two ways lead to.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from sqlalchemy import Column, Connection, MetaData, PrimaryKeyConstraint, String, Table, insert, inspect, text

from sendlens.control.tables import METADATA
from sendlens.errors import SendlensError

_HERE: Final = Path(__file__).parent
# As Alembic makes it, which reads it at the next step.
_VERSION: Final = Table(
    "alembic_version",
    MetaData(),
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)


def newest() -> str:
    """Return the number of the last step."""
    return max(path.name[1:5] for path in (_HERE / "versions").glob("r[0-9]*.py"))


def current(connection: Connection) -> str:
    """Return the number of the last step the database has seen; empty for a new one."""
    if not inspect(connection).has_table("alembic_version"):
        return ""
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar() or ""


def migrate(connection: Connection) -> bool:
    """Bring a database to the tables of this version, in the caller's transaction; return whether it was not there yet.

    The caller holds the lock that keeps a second process away.
    """
    found, wanted = current(connection), newest()
    if found > wanted:
        raise SendlensError(
            f"The control plane has schema {found}; this version of Sendlens knows up to {wanted}.",
            hint="Start the version that was here before, or a newer one.",
        )
    if found == wanted:
        return False
    if found:
        step_by_step(connection, found)
    else:
        # A table that is there and not ours is a mistake to be told, not to be used.
        METADATA.create_all(connection, checkfirst=False)
        _VERSION.create(connection)
        connection.execute(insert(_VERSION).values(version_num=wanted))
    return True


def step_by_step(connection: Connection, found: str) -> None:
    """Run the steps behind the one that was `found`; all of them, where that is empty."""
    # Only now: Alembic takes longer to import than everything else here takes to run.
    from alembic.config import Config
    from alembic.runtime.environment import EnvironmentContext
    from alembic.runtime.migration import MigrationContext, MigrationStep
    from alembic.script import ScriptDirectory

    steps = ScriptDirectory(str(_HERE))

    def missing(_seen: object, _context: MigrationContext) -> list[MigrationStep]:
        newest_first = list(steps.iterate_revisions(newest(), found or "base"))
        return [MigrationStep.upgrade_from_script(steps.revision_map, step) for step in reversed(newest_first)]

    # What an env.py would do. Ours is the only way in, and it brings its own connection and lock.
    with EnvironmentContext(Config(), steps, fn=missing) as environment:
        # SQLite cannot change a table in place: a migration copies it instead.
        environment.configure(connection=connection, target_metadata=METADATA, render_as_batch=True)
        environment.run_migrations()
