"""The connection to the control plane's database: SQLite in the data directory, or PostgreSQL.

Owns the engine, the transactions, the lock between processes, and what a database error looks like to the rest. Leaves
the statements to the classes that own a table.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, Engine, Table, create_engine, event, text
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import ConnectionPoolEntry

from sendlens.control.migrations import migrate
from sendlens.errors import SettingsError, Unavailable

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql

# Any number will do, as long as no other program locks the same one in the same database.
_ADVISORY_LOCK: Final = 0x53454E444C454E53
_BUSY_SECONDS: Final = 10


class Database:
    """One database, migrated to the tables of this version. Thread-safe."""

    def __init__(self, url: str) -> None:
        """Connect and migrate. Raises `SettingsError` for an unusable address, `Unavailable` if nothing answers."""
        try:
            self._url = make_url(url)
        except ArgumentError as error:
            raise SettingsError(
                "SENDLENS_CONTROL is not the address of a database.",
                hint="It looks like postgresql://user:password@host:port/database",
            ) from error
        self.is_sqlite: Final = self._url.get_backend_name() == "sqlite"
        self._engine = self._sqlite() if self.is_sqlite else self._postgres()
        # The same pool; a transaction begun with this one takes SQLite's write lock at once.
        self._writing_engine = self._engine.execution_options(writes=True)
        try:
            with self.alone():
                if self.is_sqlite:
                    self._write_ahead()
                with self.write() as connection:
                    migrate(connection)
        except BaseException:
            self.close()
            raise

    @contextmanager
    def read(self) -> Generator[Connection]:
        """Give a connection for statements that change nothing."""
        with self._explained(), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Generator[Connection]:
        """Give a connection in a transaction; it is durable when the block ends, and undone when it raises."""
        with self._explained(), self._writing_engine.begin() as connection:
            yield connection

    def insert(self, table: Table) -> sqlite.Insert | postgresql.Insert:
        """Return an INSERT that can be told what to do with a row that is there already; both databases have it."""
        if self.is_sqlite:
            return sqlite.insert(table)
        # Not at the top: it loads every driver's dialect, and most installations have none of them.
        from sqlalchemy.dialects import postgresql

        return postgresql.insert(table)

    @contextmanager
    def alone(self) -> Generator[None]:
        """Keep every other process that asks for the same out until the block ends."""
        if self.is_sqlite:
            # The directory itself is locked: no file that would have to be explained stays behind.
            handle = os.open(self._directory(), os.O_RDONLY)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX)
                yield
            finally:
                os.close(handle)
        else:
            # The lock ends with this transaction, however it ends; one of the session would not survive a pooler.
            with self._explained(), self._engine.begin() as connection:
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
                yield

    def empty_journal(self) -> None:
        """Bring SQLite's write-ahead file home and cut it, so that what was deleted is not found in it."""
        if self.is_sqlite:
            with self._explained(), self._engine.connect() as connection:
                driver = connection.connection.driver_connection
                connection.rollback()
                if driver is not None:
                    driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    def _directory(self) -> Path:
        return Path(self._url.database or "").absolute().parent

    def _sqlite(self) -> Engine:
        if not self._url.database or self._url.database == ":memory:":
            raise SettingsError(
                "SENDLENS_CONTROL names a SQLite database without a file; it would be lost at the first restart.",
                hint="Leave it empty for a file in the data directory.",
            )
        self._directory().mkdir(parents=True, exist_ok=True, mode=0o700)
        engine = create_engine(self._url, connect_args={"timeout": _BUSY_SECONDS})
        event.listen(engine, "connect", _on_sqlite_connect)
        event.listen(engine, "begin", _on_sqlite_begin)
        return engine

    def _postgres(self) -> Engine:
        try:
            # A server that was restarted must not cost the next request its connection.
            return create_engine(self._url, pool_pre_ping=True, pool_recycle=1800)
        except ModuleNotFoundError as error:
            raise SettingsError(
                "SENDLENS_CONTROL names a PostgreSQL server, but its driver is not installed.",
                hint="Install it with: pip install 'sendlens[postgres]'",
            ) from error

    def _write_ahead(self) -> None:
        # TRICKY: SQLite does not wait for a lock when it changes the mode, so this is done once and under ours. It
        # stays with the file.
        with self._explained(), self._engine.connect() as connection:
            driver = connection.connection.driver_connection
            connection.rollback()
            if driver is not None:
                driver.execute("PRAGMA journal_mode = WAL")

    @contextmanager
    def _explained(self) -> Generator[None]:
        try:
            yield
        except (OperationalError, InterfaceError) as error:
            raise self._unavailable(str(error.orig)) from error
        except PoolTimeout as error:
            raise self._unavailable("every connection is in use") from error

    def _unavailable(self, reason: str) -> Unavailable:
        # Never the address itself: it may hold a password, which render_as_string hides.
        return Unavailable(
            f"The control plane {self._url.render_as_string()} does not answer: {reason.strip()}",
            hint="Check that the database runs and that SENDLENS_CONTROL is right."
            if not self.is_sqlite
            else "Check the disk and the permissions of the data directory.",
        )


def _on_sqlite_connect(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    # Transactions are begun by us (below): the driver's own way leaves DDL outside of them.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("foreign_keys = ON", "synchronous = FULL", "fullfsync = ON", "secure_delete = ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _on_sqlite_begin(connection: Connection) -> None:
    # A transaction that reads first and writes later could find the file changed in between and would have to fail.
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
