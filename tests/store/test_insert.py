"""One insert is one part per partition, whatever its size and however its Arrow table is cut."""

import contextlib
import os
import select
import socket
import threading

import pyarrow as pa
import pytest

from sendlens.errors import StoreError
from sendlens.settings import Settings
from sendlens.store import Store
from sendlens.store.columns import table_of
from tests.harness.clickhouse_server import ClickHouseServer
from tests.harness.store import run
from tests.store.rows import BASE, START, events

PARTS = """
    SELECT partition, rows, level FROM system.parts
    WHERE database = currentDatabase() AND table = 'events' AND active ORDER BY partition
"""


def many(rows: int, **columns: list[object]) -> pa.Table:
    numbers = list(range(rows))
    # Incompressible texts, so that limits in bytes would show too.
    texts = [os.urandom(64).hex() for _ in numbers]
    full = {name: [value] * rows for name, value in BASE.items()}
    return table_of("events", full | {"event_key": numbers, "message_key": numbers, "recipient": texts} | columns)


@pytest.fixture
def store(any_store: Store):
    run(any_store, "SYSTEM STOP MERGES events")
    yield any_store
    run(any_store, "SYSTEM START MERGES events")


@pytest.mark.parametrize("rows", [1, 50_000, 200_000])
def test_one_part(store: Store, rows: int) -> None:
    assert store.insert("events", many(rows)) == rows
    assert store.fetch_internal(PARTS).rows == [("202610", rows, 0)]


def test_one_part_from_many_chunks(store: Store) -> None:
    pieces = [
        events([{"event_key": n, "campaign_id": f"c{n}"} for n in range(start, start + 10)])
        for start in range(0, 50, 10)
    ]
    whole = pa.concat_tables(pieces)
    assert whole.column("campaign_id").num_chunks == 5
    store.insert("events", whole)
    assert store.fetch_internal(PARTS).rows == [("202610", 50, 0)]
    counted = store.fetch_internal("SELECT count() FROM events WHERE campaign_id = concat('c', toString(event_key))")
    assert counted.scalar() == 50


def test_one_part_per_month_even_for_many_months(store: Store) -> None:
    months = 110
    month = 2_678_400_000
    store.insert("events", many(months, occurred_at=[START - n * month for n in range(months)]))
    found = store.fetch_internal(PARTS).rows
    assert len(found) == len({partition for partition, *_ in found})
    assert len(found) > 100


def test_columns_left_out_take_their_defaults(any_store: Store) -> None:
    any_store.insert("events", table_of("events", {"tenant": ["t_1"], "event_key": [1]}))
    assert any_store.fetch_internal("SELECT weight, type, value, metadata FROM events").rows == [(1, "", 0, {})]


def test_the_same_rows_twice_are_stored_twice(any_store: Store) -> None:
    """The store drops nothing by itself: a repaired batch must arrive. Counting once is the pipeline's."""
    for _ in range(2):
        any_store.insert("events", events([{}]))
    assert any_store.fetch_internal("SELECT count() FROM events").scalar() == 2


def test_nothing_is_no_insert(any_store: Store) -> None:
    assert any_store.insert("events", events([])) == 0


def test_too_many_rows_are_refused(embedded_store: Store) -> None:
    with pytest.raises(ValueError, match="at most 1000000"):
        embedded_store.insert("events", table_of("events", {"shard": pa.array([0] * 1_000_001, type=pa.uint16())}))


def test_a_wrong_table_is_explained_and_the_next_insert_works(any_store: Store) -> None:
    with pytest.raises(StoreError, match="a table is missing"):
        any_store.insert("nowhere", events([{}]))
    assert any_store.insert("events", events([{}])) == 1


class CutOff:
    """Stands between the store and a server: passes everything on, but never the answer to an insert."""

    def __init__(self, port: int) -> None:
        self.inserts = 0
        self._server_port = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._pass_on, args=(client,), daemon=True).start()

    def _pass_on(self, client: socket.socket) -> None:
        with client, socket.create_connection(("127.0.0.1", self._server_port)) as server, contextlib.suppress(OSError):
            while True:
                ready, _, _ = select.select([client, server], [], [])
                for one, other in ((client, server), (server, client)):
                    if one in ready:
                        data = one.recv(1 << 20)
                        if not data:
                            return
                        if one is client:
                            inserting = b"INSERT+INTO" in data or b"INSERT%20INTO" in data
                            self.inserts += inserting
                        if one is server and self.inserts:
                            return
                        other.sendall(data)

    def close(self) -> None:
        self._listener.close()


def test_an_insert_is_not_repeated_when_its_answer_is_lost(
    server_store: Store, clickhouse_server: ClickHouseServer
) -> None:
    """Whether it arrived is for the pipeline to find out; a second try by the connection would count twice."""
    between = CutOff(clickhouse_server.http_port)
    url = clickhouse_server.url(server_store.database).replace(f":{clickhouse_server.http_port}", f":{between.port}")
    store = Store.open(Settings(store=url))
    try:
        with pytest.raises(StoreError, match="cannot be reached"):
            store.insert("events", events([{}]))
        assert between.inserts == 1
        count = server_store.fetch_internal("SELECT count() FROM events").scalar()
        assert count == 1
    finally:
        between.close()
        store.close()
