"""Stores to test with: the embedded one and the one on a real server, empty at the start of every test.

`embedded_store`, `server_store` and `any_store` (both, one after the other) are open and migrated. `prepared_url` is
the address of the first, for tests that start the application in this process; `embedded_url` is the address of a
database nobody has opened yet, for tests of that first opening.

An engine takes a second to open and a process can have only one, so all of a session's embedded stores share one
directory and differ by database; likewise for the server.
"""

import itertools
from collections.abc import Generator
from pathlib import Path

import pytest

from sendlens.settings import Settings
from sendlens.store import Store
from tests.harness.clickhouse_server import ClickHouseServer

_numbers = itertools.count(1)


def run(store: Store, sql: str) -> None:
    """Run any statement as the writer."""
    store._run(sql, {})  # pyright: ignore[reportPrivateUsage]  # the product itself runs schema and sql/ files only


def truncate(store: Store) -> None:
    """Empty every table that has rows, the history of migrations excepted."""
    filled = """
        SELECT name FROM system.tables
        WHERE database = currentDatabase() AND total_rows > 0 AND name != 'schema_migrations'
    """
    for (name,) in store.fetch_internal(filled):
        run(store, f"TRUNCATE TABLE {name} SYNC")


@pytest.fixture(scope="session")
def store_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of this process' embedded engine."""
    return tmp_path_factory.mktemp("store")


@pytest.fixture(scope="session")
def _embedded(store_directory: Path) -> Generator[Store]:
    with Store.open(Settings(store=f"chdb://{store_directory}?database=shared", store_memory_mb=1000)) as store:
        store.migrate()
        yield store


@pytest.fixture(scope="session")
def _server(clickhouse_server: ClickHouseServer) -> Generator[Store]:
    with Store.open(Settings(store=clickhouse_server.url("sendlens_shared"))) as store:
        store.migrate()
        yield store


@pytest.fixture
def embedded_store(_embedded: Store) -> Store:
    """An empty embedded store; close nothing."""
    truncate(_embedded)
    return _embedded


@pytest.fixture
def server_store(_server: Store) -> Store:
    """An empty store on a server; close nothing."""
    truncate(_server)
    return _server


@pytest.fixture(params=["embedded", "server"])
def any_store(request: pytest.FixtureRequest) -> Store:
    """An empty store: every test with it runs on the embedded engine and on a server."""
    store: Store = request.getfixturevalue(f"{request.param}_store")
    return store


@pytest.fixture
def prepared_url(embedded_store: Store, store_directory: Path) -> str:
    """The address of an embedded database that has the whole schema and no rows: `embedded_store` itself.

    For tests that start the application: to lay out the schema takes it longer than all the rest of a start.
    """
    return f"chdb://{store_directory}?database={embedded_store.database}"


@pytest.fixture
def embedded_url(_embedded: Store, store_directory: Path) -> Generator[str]:
    """The address of an embedded database that does not exist yet, dropped after the test."""
    name = f"own_{next(_numbers)}"
    yield f"chdb://{store_directory}?database={name}"
    run(_embedded, f"DROP DATABASE IF EXISTS {name} SYNC")


@pytest.fixture
def server_url(_server: Store, clickhouse_server: ClickHouseServer) -> Generator[str]:
    """The address of a database on the server that does not exist yet, dropped after the test."""
    name = f"own_{next(_numbers)}"
    yield clickhouse_server.url(name)
    run(_server, f"DROP DATABASE IF EXISTS {name} SYNC")


@pytest.fixture(params=["embedded", "server"])
def any_url(request: pytest.FixtureRequest) -> str:
    """The address of a database that does not exist yet, embedded and on a server."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url
