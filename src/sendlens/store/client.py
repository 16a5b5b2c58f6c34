"""The store as the rest of the house sees it: migrate, insert, execute, query.

Owns the connections: one that writes, one for the writer's own questions, and the pool of readers. Leaves the how to
the other modules of this room. Open it once per process and never fork afterwards: the embedded engine has threads.
"""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Self, TypeVar

import pyarrow as pa
from clickhouse_connect.driver.client import Client

from sendlens.errors import SendlensError, StoreError, TooBusy
from sendlens.settings import Settings
from sendlens.store import insert as inserts
from sendlens.store import maintenance, snapshot, tenancy, whole
from sendlens.store import migrate as migrations
from sendlens.store.admission import Admission
from sendlens.store.cancel import Canceller
from sendlens.store.connection import Address, Engine, Setting, connect, parse
from sendlens.store.hands import Hands
from sendlens.store.query import (
    Readers,
    Room,
    Rows,
    arrow_of,
    explained,
    read_settings,
    rows_of,
    threads_of,
    with_numbers,
)
from sendlens.store.snapshot import Part
from sendlens.store.statements import topology, writer_statement

# The writer's questions run over all tenants and may take their time: nobody waits in front of a screen.
INTERNAL_SETTINGS: Final[dict[str, Setting]] = {
    "max_execution_time": 600,
    # Lists of keys are written into the statement (query.with_numbers).
    "max_query_size": 64 << 20,
    "output_format_arrow_string_as_string": 1,
    "readonly": 1,
}

_T = TypeVar("_T")


def memory_of_queries(settings: Settings) -> dict[Room, int]:
    """Return the most bytes of a query by the room it has.

    All that run together have five sixths of the embedded store's memory. A store whose memory is used up refuses
    whoever asks for the next piece, and the rest is for the writer, so that it is not that one. One query is alone at
    a time, and others may come while it runs; one is large. A server has memory and limits of its own.
    """
    whole, places = settings.store_memory_mb << 20, settings.query_concurrency
    shared = whole // 3 // places
    alone = max(whole // 6, shared)
    return {"alone": alone, "shared": shared, "behind": shared, "large": whole * 5 // 6 - alone - (places - 1) * shared}


class Store:
    """ClickHouse, embedded or on a server. Every method may be called from any thread."""

    def __init__(self, settings: Settings, address: Address, engine: Engine | None) -> None:
        """Take the parts over from `open`."""
        self._settings = settings
        self._address = address
        self._engine = engine
        self._topology = topology(settings)
        self._tables: list[tuple[str, bool]] | None = None
        self._write_lock = threading.Lock()
        self._internal_lock = threading.Lock()
        self._closed = False
        # TRICKY: with its last connection the embedded engine closes, and loads every part again for the next one. So
        # the first stays until there are others.
        with self._with_database():
            self._writer = self._connect(inserts.WRITE_SETTINGS)
            self._internal = self._connect(INTERNAL_SETTINGS)
        admission = Admission(
            settings.query_concurrency, settings.query_seconds, settings.query_seconds_per_minute, time.monotonic
        )
        self._canceller = Canceller(lambda: self._connect({}))
        self._hands = Hands(settings.query_concurrency if engine else 0)
        large = Admission(1, settings.query_seconds, settings.query_seconds_per_minute, time.monotonic)
        self._readers = Readers(self._open_reader, admission, large if engine else None, self._canceller, self._hands)
        self._pool = ThreadPoolExecutor(settings.query_concurrency, thread_name_prefix="store-query")

    @classmethod
    def open(cls, settings: Settings) -> Self:
        """Connect, and create the database if it is missing.

        Raises `SettingsError` for an address that means nothing and `StoreError` when the store cannot be opened.
        """
        address = parse(settings.store_url)
        if not address.directory:
            return cls(settings, address, None)
        engine = Engine.acquire(address.directory, settings.store_memory_mb, settings.store_threads)
        try:
            return cls(settings, address, engine)
        except BaseException:
            engine.release()
            raise

    @property
    def database(self) -> str:
        """Return the name of the database."""
        return self._address.database

    def migrate(self, upto: int | None = None) -> list[int]:
        """Bring the schema up to date and return the numbers of the migrations that were applied.

        With `upto` it stops behind that migration, as a backup of an earlier version needs it.
        """
        wanted = migrations.read()[:upto]
        try:
            made = whole.make(self._run, self._fetch, self._topology, wanted)
            return made or migrations.migrate(self._run, self._fetch, self._topology, wanted)
        finally:
            self._tables = None
            self._readers.forget()

    def insert(self, table: str, rows: pa.Table) -> int:
        """Insert an Arrow table in one block and return the number of rows; it is stored when this returns."""
        with self._write_lock, explained():
            return inserts.insert(self._open_or(self._writer), table, rows)

    def execute(self, name: str, params: Mapping[str, object] | None = None) -> None:
        """Run the statement `sql/<name>.sql` with its parameters bound."""
        self._run(writer_statement(name), params or {})

    def fetch_internal(self, sql: str, params: Mapping[str, object] | None = None) -> Rows:
        """Return rows of all tenants. For the pipeline only: de-duplication and recovery."""
        return self._ask(lambda client: rows_of(client, *with_numbers(sql, params or {})))

    def fetch_internal_arrow(self, sql: str, params: Mapping[str, object] | None = None) -> pa.Table:
        """Return rows of all tenants as an Arrow table. For the pipeline only, as `fetch_internal`."""
        return self._ask(lambda client: arrow_of(client, *with_numbers(sql, params or {})))

    def drop_partitions(self, table: str, before_day: int) -> int:
        """Drop the partitions of an ageing table that lie wholly before a day (counted from 1970); return how many."""
        limit = maintenance.before(table, before_day)
        parts = self.fetch_internal(maintenance.ACTIVE, {"table": table})
        old = [str(identifier) for name, identifier in parts if str(name) < limit]
        for identifier in old:
            self._run(maintenance.drop_statement(table), {"id": identifier})
        return len(old)

    def forget_replaced(self, tables: Sequence[str], seconds: float = 60.0) -> list[str]:
        """Have the files of parts that were replaced deleted now; return those that are still there after `seconds`.

        The store keeps them for minutes, because it does not flush every merged part to disk; so that is done first.
        """
        os.sync()
        gone = {(str(table), str(name)) for table, name in self.fetch_internal(maintenance.REPLACED)}
        gone = {part for part in gone if part[0] in tables}
        touched = sorted({table for table, _ in gone})
        for table in touched:
            self._run(f"ALTER TABLE {table} MODIFY SETTING old_parts_lifetime = 1", {})
        try:
            latest = time.monotonic() + seconds
            while True:
                left = gone & {(str(table), str(name)) for table, name in self.fetch_internal(maintenance.REPLACED)}
                if not left or time.monotonic() > latest:
                    return sorted(f"{table} {name}" for table, name in left)
                time.sleep(0.25)
                for table in sorted({table for table, _ in left}):
                    self._run(maintenance.sweep_statement(table), {})
        finally:
            for table in touched:
                self._run(f"ALTER TABLE {table} RESET SETTING old_parts_lifetime", {})

    def mentions(self, tenant: str, pattern: str) -> dict[str, int]:
        """Return in which text columns something matches a pattern, and in how many rows of the tenant."""
        found: dict[str, int] = {}
        for table, column, has_tenant in self.fetch_internal(maintenance.TEXTS):
            mine = "tenant = {tenant:String} AND " if has_tenant else ""
            sql = f"SELECT count() FROM {table} WHERE {mine}match(toString({column}), {{pattern:String}})"  # noqa: S608 - names are the schema's
            if rows := int(str(self.fetch_internal(sql, {"tenant": tenant, "pattern": pattern}).scalar())):
                found[f"{table}.{column}"] = rows
        return found

    def sizes(self) -> dict[str, maintenance.Size]:
        """Return what each table takes."""
        rows = self.fetch_internal(maintenance.SIZES)
        return {str(name): maintenance.Size(int(str(n)), int(str(b)), int(str(p))) for name, n, b, p in rows}

    def observe(self, told: Callable[[str, float], None]) -> None:
        """Have `told(outcome, seconds)` called after every question of a tenant, in the thread that asked."""
        self._readers.observed = told

    def missing(self) -> list[int]:
        """Return the numbers of migrations that this version has and the store does not."""
        return sorted({one.number for one in migrations.read()} - set(self.history()))

    def history(self) -> dict[int, str]:
        """Return the numbers of the migrations this store has, each with its checksum; nothing for a new store."""
        return migrations.applied(self._fetch)

    def freeze(self, name: str) -> list[Part]:
        """Hold every part of every table still by hard links, until `thaw`; for the embedded store only.

        Raises `StoreError` for a server, whose files are out of reach.
        """
        return snapshot.freeze(self._run, self._fetch, self._files(), snapshot.PREFIX + name)

    def thaw(self, name: str = "") -> None:
        """Give up one snapshot, or all there are."""
        if name:
            snapshot.thaw(self._files(), snapshot.PREFIX + name)
        else:
            snapshot.thaw_all(self._files())

    def attach(self, table: str, parts: Sequence[Path]) -> None:
        """Move the directories of parts that were frozen once into a table of the same schema."""
        snapshot.attach(self._run, self._fetch, table, parts)

    def query(self, tenant: str, sql: str, params: Mapping[str, object] | None = None) -> Rows:
        """Return the rows of a read-only query for one tenant; the SQL must contain `{tenant:String}`.

        Raises `SendlensError` for a query without its tenant, `StoreError` when it fails or takes too long, `TooBusy`
        when no place came free in time or the tenant's budget of query time is used up.
        """
        return self._readers.query(tenant, sql, self._bound(tenant, sql, params))

    def query_arrow(self, tenant: str, sql: str, params: Mapping[str, object] | None = None) -> pa.Table:
        """Return the answer as an Arrow table; `DateTime` columns arrive as seconds in uint32."""
        return self._readers.query_arrow(tenant, sql, self._bound(tenant, sql, params))

    async def aquery(self, tenant: str, sql: str, params: Mapping[str, object] | None = None) -> Rows:
        """Return what `query` returns, without blocking the event loop."""
        return await self._in_pool(lambda: self.query(tenant, sql, params))

    async def aquery_arrow(self, tenant: str, sql: str, params: Mapping[str, object] | None = None) -> pa.Table:
        """Return what `query_arrow` returns, without blocking the event loop."""
        return await self._in_pool(lambda: self.query_arrow(tenant, sql, params))

    async def _in_pool(self, question: Callable[[], _T]) -> _T:
        patience = self._settings.query_seconds
        asked = time.monotonic()

        def ask() -> _T:
            # Whoever asked is hardly still there, and an answer to nobody makes the queue behind it wait as well.
            if time.monotonic() - asked > patience:
                raise TooBusy("the store is busy with other queries", retry_after=2)
            return question()

        return await asyncio.get_running_loop().run_in_executor(self._pool, ask)

    def ping(self) -> bool:
        """Return whether the store answers."""
        try:
            return self.fetch_internal("SELECT 1").scalar() == 1
        except SendlensError:
            return False

    def close(self) -> None:
        """Wait for running statements and close every connection. May be called again."""
        if self._closed:
            return
        self._closed = True
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._readers.close()
        self._canceller.close()
        with self._write_lock, self._internal_lock:
            self._writer.close()
            self._internal.close()
        self._hands.close()
        if self._engine:
            self._engine.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _files(self) -> Path:
        if not self._engine:
            raise StoreError(
                "the files of a ClickHouse server are out of reach",
                hint="Use the server's own BACKUP; docs/operations.md says in which order.",
            )
        return self._engine.directory / "engine"

    def _bound(self, tenant: str, sql: str, params: Mapping[str, object] | None) -> dict[str, object]:
        given = params or {}
        tenancy.check(tenant, sql, given)
        return {**given, "tenant": tenant}

    def _open_reader(self, tenant: str, comment: str, room: Room) -> Client:
        filters = tenancy.filters(tenant, self.database, self._with_rows())
        memory = memory_of_queries(self._settings)[room if self._engine else "large"]
        read = self._settings.query_read_mb * 1_000_000
        # The threads of a server are its own business, as its memory is.
        places = self._settings.query_concurrency
        threads = threads_of(room, self._engine.threads, places) if self._engine else {}
        return self._connect(read_settings(self._settings.query_seconds, memory, read, filters, comment, threads))

    def _with_rows(self) -> list[tuple[str, bool]]:
        if self._tables is None:
            self._tables = [(str(name), bool(mine)) for name, mine in self.fetch_internal(tenancy.TABLES)]
        return self._tables

    def _connect(self, settings: Mapping[str, Setting], *, database: bool = True) -> Client:
        return connect(self._address, self._engine, settings, database=database)

    @contextmanager
    def _with_database(self) -> Generator[None]:
        """Create the database if it is missing, on a connection that is held for the block."""
        client = self._connect({}, database=False)
        try:
            with explained():
                # Looked for first: a server's user may have a database without the right to create one.
                exists = "SELECT count() FROM system.databases WHERE name = {name:String}"
                if rows_of(client, exists, {"name": self.database}).scalar() == 0:
                    client.command(f"CREATE DATABASE IF NOT EXISTS `{self.database}` ENGINE = Atomic")
            yield
        finally:
            client.close()

    def _open_or(self, client: Client) -> Client:
        if self._closed:
            raise StoreError("the store is closed")
        return client

    def _run(self, sql: str, params: Mapping[str, object]) -> None:
        with self._write_lock, explained():
            self._open_or(self._writer).command(sql, parameters=dict(params))

    def _ask(self, question: Callable[[Client], _T]) -> _T:
        with self._internal_lock:
            client = self._open_or(self._internal)
            try:
                with explained():
                    return question(client)
            except StoreError:
                # The same danger as in Readers: no connection is used again after an error.
                client.close()
                self._internal = self._connect(INTERNAL_SETTINGS)
                raise

    def _fetch(self, sql: str, params: Mapping[str, object]) -> Sequence[tuple[object, ...]]:
        return self.fetch_internal(sql, params).rows
