"""Connections: where the store is, and how one client is opened there with settings that nothing can lift again.

Owns the two forms of a store's address and the configuration of the embedded engine (chDB). Leaves to `client` how
many connections there are and who may use them.
"""

from __future__ import annotations

import fcntl
import importlib
import os
import re
import resource
import shutil
import tempfile
import threading
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

import clickhouse_connect
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from sendlens.errors import SettingsError, StoreError

DATABASE: Final = "sendlens"

Setting = str | int

# The engine's own defaults are those of a large server: a mark cache of 5 GB, 16 merges at once, 8 GB for text indexes.
SERVER_SETTINGS: Final[dict[str, int]] = {
    "mark_cache_size": 128 << 20,
    "primary_index_cache_size": 64 << 20,
    "index_mark_cache_size": 32 << 20,
    "uncompressed_cache_size": 0,
    "index_uncompressed_cache_size": 0,
    "query_condition_cache_size": 16 << 20,
    "compiled_expression_cache_size": 32 << 20,
    "vector_similarity_index_cache_size": 0,
    "text_index_tokens_cache_size": 0,
    "text_index_header_cache_size": 0,
    "text_index_postings_cache_size": 0,
    "parquet_metadata_cache_size": 0,
    "iceberg_metadata_files_cache_size": 0,
    "background_pool_size": 2,
    "background_merges_mutations_concurrency_ratio": 2,
    "background_schedule_pool_size": 8,
    "background_schedule_pool_initial_size": 4,
    "background_common_pool_size": 2,
    "background_move_pool_size": 1,
    "background_fetches_pool_size": 1,
}
# A merge has to leave room for others in a pool of this size; the default wants more free places than there are.
MERGE_TREE_SETTINGS: Final[dict[str, int]] = {
    "number_of_free_entries_in_pool_to_lower_max_size_of_merge": 2,
    "number_of_free_entries_in_pool_to_execute_mutation": 2,
    "number_of_free_entries_in_pool_to_execute_optimize_entire_partition": 2,
}

_CONFIG: Final = """<clickhouse>
  <max_server_memory_usage>{memory}</max_server_memory_usage>
  {server}
  <merge_tree>{merge_tree}</merge_tree>
  <backups><allowed_path>{backups}</allowed_path></backups>
  <users_config>{users}</users_config>
</clickhouse>
"""
# TRICKY: without session_timezone the engine takes the zone of the process, and DateTime('UTC') comes back in it.
_USERS: Final = """<clickhouse>
  <profiles><default><max_threads>{threads}</max_threads><session_timezone>UTC</session_timezone></default></profiles>
  <quotas><default/></quotas>
  <users><default>
    <password></password><networks><ip>::/0</ip></networks><profile>default</profile><quota>default</quota>
  </default></users>
</clickhouse>
"""


@dataclass(frozen=True)
class Address:
    """Where a store is: a directory for the embedded engine, or a server."""

    database: str
    directory: Path | None = None
    host: str = ""
    port: int = 0
    user: str = ""
    password: str = ""
    secure: bool = False

    def __str__(self) -> str:
        """Return the address without the password, for messages."""
        if self.directory:
            return f"chdb://{self.directory}"
        return f"clickhouse{'s' if self.secure else ''}://{self.host}:{self.port}/{self.database}"

    __repr__ = __str__


def parse(url: str) -> Address:
    """Return the address a store URL means. Raises `SettingsError` without showing the password.

    `chdb:///absolute/path` or `chdb://relative/path`, with `?database=name` for another database than `sendlens`;
    `clickhouse://user:password@host:port/database` over HTTP, `clickhouses://` over HTTPS.
    """
    parts = urlsplit(url)
    if parts.scheme == "chdb":
        path = unquote(url.removeprefix("chdb://").partition("?")[0])
        database = parse_qs(parts.query).get("database", [DATABASE])[0]
        if not path:
            raise SettingsError("SENDLENS_STORE names no directory", hint="chdb:///absolute/path")
        return Address(directory=Path(path).expanduser().absolute(), database=_identifier(database))
    try:
        port = parts.port
    except ValueError:
        port = -1
    if parts.scheme not in ("clickhouse", "clickhouses") or not parts.hostname or port == -1:
        raise SettingsError(
            "SENDLENS_STORE is not the address of a ClickHouse server",
            hint="clickhouse://user:password@host:port/database, with the port of the HTTP interface",
        )
    secure = parts.scheme == "clickhouses"
    return Address(
        database=_identifier(unquote(parts.path.strip("/")) or DATABASE),
        host=parts.hostname,
        port=port or (8443 if secure else 8123),
        user=unquote(parts.username or "default"),
        password=unquote(parts.password or ""),
        secure=secure,
    )


def _identifier(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,62}", name):
        raise SettingsError(f"SENDLENS_STORE names the database {name!r}; accepted: letters, digits and underscores")
    return name


class Engine:
    """The embedded engine's directory, held by this process while anything is open in it.

    There is one engine per process and one process per directory. Several stores of one process may share it, with a
    database each; the first decides the engine's settings.
    """

    _lock = threading.Lock()
    _open: Engine | None = None

    def __init__(self, directory: Path, memory_mb: int, threads: int) -> None:
        """Lock the directory and write the engine's configuration. Raises `StoreError` when another process has it."""
        directory.mkdir(parents=True, exist_ok=True)
        self.directory = directory
        self.threads = threads or os.cpu_count() or 1
        self.users = 0
        self._held = _hold(directory)
        raise_descriptor_limit()
        (directory / "backups").mkdir(exist_ok=True)
        config = _CONFIG.format(
            memory=memory_mb << 20,
            server=_elements(SERVER_SETTINGS),
            merge_tree=_elements(MERGE_TREE_SETTINGS),
            backups=escape(str(directory / "backups")),
            users=escape(str(directory / "users.xml")),
        )
        (directory / "users.xml").write_text(_USERS.format(threads=self.threads), encoding="utf-8")
        (directory / "config.xml").write_text(config, encoding="utf-8")

    @staticmethod
    def load() -> None:
        """Load the engine's library.

        TRICKY: that changes the working directory of the process for a moment. Call it while nothing else runs, so that
        no relative path of another thread leads elsewhere.
        """
        importlib.import_module("chdb")

    @classmethod
    def acquire(cls, directory: Path, memory_mb: int, threads: int) -> Engine:
        """Return the engine of a directory, opened or shared."""
        with cls._lock:
            if cls._open is None:
                cls._open = cls(directory, memory_mb, threads)
            elif cls._open.directory != directory:
                raise StoreError(
                    f"this process has the embedded store in {cls._open.directory} open and cannot open {directory}",
                    hint="close the first store, or use another process",
                )
            cls._open.users += 1
            return cls._open

    def release(self) -> None:
        """Give the directory back once its last user is done."""
        with Engine._lock:
            self.users -= 1
            if self.users == 0:
                Engine._open = None
                self._held.close()

    def options(self) -> dict[str, str]:
        """Return the engine's options for a client."""
        return {"config-file": str(self.directory / "config.xml")}


@contextmanager
def staging(address: Address) -> Generator[None]:
    """Have this process stage its inserts in the directory of the embedded engine, and delete what a kill left there.

    TRICKY: the driver writes every insert into a file of its own where `tempfile` says. That is outside of the data
    directory, and after a kill personal data would stay there for ever.
    """
    if not address.directory:
        yield
        return
    place = address.directory / "staging"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True, mode=0o700)
    before, tempfile.tempdir = tempfile.tempdir, str(place)
    try:
        yield
    finally:
        tempfile.tempdir = before


def _hold(directory: Path) -> IO[str]:
    # The engine has a lock of its own, but tells about it on stderr only.
    held = (directory / "lock").open("a+", encoding="utf-8")
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        held.seek(0)
        holder = held.read().strip()
        held.close()
        raise StoreError(
            f"the embedded store in {directory} is in use by another process{f' ({holder})' if holder else ''}",
            hint="stop that process, or set SENDLENS_DATA to another directory; "
            "several processes need a ClickHouse server (SENDLENS_STORE)",
        ) from error
    held.truncate(0)
    held.write(f"process {os.getpid()}")
    held.flush()
    return held


def raise_descriptor_limit() -> None:
    """Allow this process as many open files as it may allow itself; the engine keeps several hundred open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _elements(values: Mapping[str, int]) -> str:
    return "".join(f"<{name}>{value}</{name}>" for name, value in values.items())


def connect(
    address: Address, engine: Engine | None, settings: Mapping[str, Setting], *, database: bool = True
) -> Client:
    """Return a client of its own, with the settings applied in the order given; `readonly` goes last.

    A client serves one caller at a time. Raises `StoreError` when the store cannot be reached.
    """
    name = address.database if database else None
    try:
        if engine:
            return clickhouse_connect.get_client(
                interface="chdb",
                path=str(engine.directory / "engine"),
                chdb_options=engine.options(),
                database=name,
                settings=dict(settings),
                tz_mode="aware",
            )
        return clickhouse_connect.get_client(
            interface="https" if address.secure else "http",
            host=address.host,
            port=address.port,
            username=address.user,
            password=address.password,
            database=name,
            settings={"session_timezone": "UTC", **settings},
            tz_mode="aware",
            autogenerate_session_id=False,
            query_retries=0,
            connect_timeout=5,
            compress=False,
        )
    except ClickHouseError as error:
        raise StoreError(
            f"the store at {address} cannot be opened: {first_line(error)}", hint="check SENDLENS_STORE"
        ) from error


def first_line(error: Exception) -> str:
    """Return what an error of the store says, short and without a stack."""
    text = str(error).strip() or type(error).__name__
    return text.splitlines()[0][:500]
