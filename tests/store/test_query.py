"""Queries: read-only, bounded, explained when they fail, few at a time, and never mixed up."""

import asyncio
import datetime as dt
import threading
import time
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from sendlens.errors import SendlensError, StoreError, TooBusy
from sendlens.settings import Settings
from sendlens.store import Store
from sendlens.store.asker import Asker, asking
from sendlens.store.client import memory_of_queries
from sendlens.store.query import Room
from tests.store.rows import START, events

MINE = "FROM events WHERE tenant = {tenant:String}"


@pytest.fixture
def store(any_store: Store) -> Store:
    any_store.insert(
        "events",
        events(
            {"tenant": tenant, "event_key": number, "campaign_id": f"c{number % 3}"}
            for tenant in ("t_1", "t_2")
            for number in range(10)
        ),
    )
    return any_store


def test_rows(store: Store) -> None:
    rows = store.query("t_1", f"SELECT campaign_id, count() AS n {MINE} GROUP BY ALL ORDER BY campaign_id")
    assert rows.names == ("campaign_id", "n")
    assert list(rows) == [("c0", 4), ("c1", 3), ("c2", 3)]
    assert rows.dicts()[0] == {"campaign_id": "c0", "n": 4}
    assert len(rows) == 3

    class Count(msgspec.Struct):
        campaign_id: str
        n: int

    assert rows.into(Count)[2] == Count("c2", 3)
    assert store.query("t_1", f"SELECT count() {MINE} AND event_key > {{least:UInt64}}", {"least": 4}).scalar() == 5


def test_types(store: Store) -> None:
    row = store.query(
        "t_1",
        "SELECT any(occurred_at) AS exact, any(toDateTime(occurred_at, 'UTC')) AS second, toDecimal64(1.5, 4) AS money "
        f"{MINE}",
    ).dicts()[0]
    exact = dt.datetime.fromtimestamp(START / 1000, dt.UTC)
    assert row == {"exact": exact, "second": exact, "money": Decimal("1.5")}
    assert row["second"].tzinfo is not None  # type: ignore[union-attr]


def test_arrow(store: Store) -> None:
    table = store.query_arrow("t_1", f"SELECT campaign_id, event_key {MINE} ORDER BY event_key LIMIT 2")
    assert table.to_pydict() == {"campaign_id": ["c0", "c1"], "event_key": [0, 1]}


@pytest.mark.parametrize(
    "value",
    [
        "'; DROP TABLE events; --",
        "\\'; DROP TABLE events; --",
        "x' OR tenant != '",
        "{tenant:String}",
        "\n\t\0ü€\\",
        "'",
    ],
)
def test_values_are_bound(store: Store, value: str) -> None:
    answer = store.query(value, f"SELECT {{text:String}}, {{tenant:String}}, count() {MINE}", {"text": value})
    assert answer.rows == [(value, value, 0)]
    assert store.fetch_internal("SELECT count() FROM events").scalar() == 20


@pytest.mark.parametrize(
    "sql",
    [
        "DROP TABLE events",
        "TRUNCATE TABLE events",
        "INSERT INTO events (tenant) VALUES ({tenant:String})",
        "ALTER TABLE events DELETE WHERE tenant = {tenant:String}",
        "CREATE TABLE mine (n UInt8) ENGINE = Memory AS SELECT {tenant:String}",
        "SELECT {tenant:String} FROM file('/etc/passwd', 'LineAsString')",
        "SELECT {tenant:String} FROM url('http://127.0.0.1:1/', 'LineAsString')",
        "SELECT {tenant:String} SETTINGS readonly = 0",
        "SET readonly = 0",
        f"SELECT count() {MINE} SETTINGS additional_table_filters = {{}}",
        f"SELECT count() {MINE} SETTINGS max_execution_time = 0",
    ],
)
def test_a_reader_only_reads(store: Store, sql: str) -> None:
    # The tenant is mentioned, so that it is the connection that refuses.
    sql = sql if "{tenant" in sql else f"{sql} /* */" if sql.startswith("SET") else sql
    with pytest.raises(StoreError):
        store._readers.query("t_1", sql, {"tenant": "t_1"})
    assert store.fetch_internal("SELECT count() FROM events").scalar() == 20


def test_a_reader_runs_no_second_statement(store: Store) -> None:
    """Even below the check for semicolons, and without leaving its output to the next query."""
    with pytest.raises(StoreError):
        store._readers.query("t_1", "SELECT 'left over'; DROP TABLE events", {"tenant": "t_1"})
    assert store.query("t_1", f"SELECT count() {MINE}").rows == [(10,)]


def test_an_answer_after_a_failure_is_the_right_one(store: Store) -> None:
    failing = "SELECT throwIf(number = 150000, {tenant:String}), number FROM numbers(200000)"
    for _ in range(3):
        with pytest.raises(StoreError):
            store.query("t_1", failing)
        assert store.query("t_1", f"SELECT count() {MINE}").rows == [(10,)]
        with pytest.raises(StoreError):
            store.fetch_internal("SELECT throwIf(number = 150000), number FROM numbers(200000)")
        assert store.fetch_internal("SELECT 7").rows == [(7,)]


def test_errors_say_what_to_do(store: Store) -> None:
    with pytest.raises(StoreError) as missing:
        store.query("t_1", "SELECT 1 FROM no_such_table WHERE tenant = {tenant:String}")
    assert missing.value.detail == "a table is missing"
    with pytest.raises(StoreError) as rows:
        store.query("t_1", "SELECT {tenant:String}, number FROM numbers(1000001)")
    assert "more rows than may be returned" in rows.value.detail
    with pytest.raises(StoreError, match=r"refused a statement.*nonsense"):
        store.query("t_1", "SELECT nonsense({tenant:String})")


@pytest.mark.parametrize("kind", ["embedded", "server"])
def test_limits(request: pytest.FixtureRequest, kind: str) -> None:
    url: str = request.getfixturevalue(f"{kind}_url")
    with Store.open(Settings(store=url, query_seconds=1, store_memory_mb=256)) as store:
        with pytest.raises(StoreError) as slow:
            store.query(
                "t_1", "SELECT {tenant:String}, count() FROM numbers(1000000000000) WHERE sipHash64(number) = 1"
            )
        assert slow.value.detail == "the query took longer than it may"
        assert "SENDLENS_QUERY_SECONDS" in slow.value.hint
        assert str(slow.value.extra["query"]).startswith("t_1/")
        with pytest.raises(StoreError) as large:
            store.query("t_1", "SELECT {tenant:String}, length(groupArray(toString(number))) FROM numbers(100000000)")
        assert large.value.detail == "the query needs more memory than it may use"
        assert store.query("t_1", "SELECT {tenant:String}").scalar() == "t_1"


@pytest.mark.parametrize(("memory", "places"), [(1200, 3), (1200, 1), (256, 2), (100_000, 64)])
def test_all_queries_together_leave_memory_for_the_writer(memory: int, places: int) -> None:
    most = memory_of_queries(Settings(store_memory_mb=memory, query_concurrency=places))
    assert most["large"] + most["alone"] + (places - 1) * most["shared"] <= (memory << 20) * 5 // 6
    assert most["large"] + places * most["shared"] <= (memory << 20) * 5 // 6
    assert most["large"] > most["alone"]


def test_a_query_that_needs_more_memory_than_its_place_has_is_asked_again_alone(
    embedded_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    readers, opened = embedded_store._readers, list[str]()
    most = memory_of_queries(embedded_store._settings)
    original = readers._open

    def opening(tenant: str, room: Room) -> Any:
        opened.append(room)
        return original(tenant, room)

    readers.forget()
    monkeypatch.setattr(readers, "_open", opening)
    heavy = "SELECT {tenant:String}, uniqExact(number) FROM numbers(10000000)"
    assert most["alone"] < 256 << 20 < most["large"], "what a set of ten million numbers takes"
    assert embedded_store.query("heavy", heavy).rows == [("heavy", 10_000_000)]
    assert opened == ["alone", "large"]
    large, asked = readers._large, list[object]()
    assert large is not None
    waiter = threading.Thread(target=lambda: asked.append(embedded_store.query("heavy", heavy)))
    with large.place("other"):  # one at a time
        waiter.start()
        while not (use := large._uses.get("heavy")) or not use.waiting:
            assert waiter.is_alive()
            time.sleep(0.01)
        assert readers._admission._free == embedded_store._settings.query_concurrency, "it keeps no small one waiting"
    waiter.join()
    assert len(asked) == 1
    monkeypatch.setattr(large, "_patience", 0.01)
    with large.place("other"), pytest.raises(TooBusy):
        embedded_store.query("heavy", heavy)


def test_a_query_has_the_threads_of_the_store_while_no_other_runs(embedded_store: Store) -> None:
    readers, engine = embedded_store._readers, embedded_store._engine
    assert engine is not None

    def threads(tenant: str) -> int:
        asked = "SELECT {tenant:String}, getSetting('max_threads')"
        return int(str(embedded_store.query(tenant, asked).rows[0][1]))

    assert threads("t_new") == engine.threads
    with readers._admission.place("t_other"):
        mine = max(1, engine.threads // embedded_store._settings.query_concurrency)
        assert threads("t_new") == mine, "each kind has connections of its own"
    assert threads("t_newer") == engine.threads
    who = Asker()
    who.behind = True
    with asking(who):
        assert threads("t_new") == 1


def test_all_threads_are_used_though_memory_is_short(embedded_store: Store) -> None:
    engine = embedded_store._engine
    assert engine is not None
    if engine.threads < 2:
        pytest.skip("a machine of one core has no second thread to use")
    plan = "EXPLAIN PIPELINE SELECT {tenant:String}, number % 9 AS n FROM numbers_mt(100000000) GROUP BY n"
    told = [str(row[0]) for row in embedded_store.query("t_newest", plan)]
    assert any("AggregatingTransform × " in line for line in told), told


def test_only_so_many_at_a_time(embedded_url: str) -> None:
    with Store.open(Settings(store=embedded_url, query_concurrency=2)) as store:
        store.migrate()
        within, most = 0, 0
        lock, full = threading.Lock(), threading.Barrier(2, timeout=30)
        original = store._readers._take

        def take(tenant: str, room: Room):
            nonlocal within, most
            with lock:
                within += 1
                most = max(most, within)
            full.wait()  # two are always in at once, a third never
            with lock:
                within -= 1
            return original(tenant, room)

        store._readers._take = take  # type: ignore[method-assign]

        async def ask() -> list[object]:
            answers = [store.aquery(f"t_{n}", "SELECT {tenant:String}") for n in range(8)]
            return [rows.scalar() for rows in await asyncio.gather(*answers)]

        assert asyncio.run(ask()) == [f"t_{n}" for n in range(8)]
        assert most == 2


def test_waiting_has_an_end(embedded_url: str) -> None:
    with Store.open(Settings(store=embedded_url, query_concurrency=1, query_seconds=1)) as store:
        store.migrate()
        with store._readers._admission.place("t_1"), pytest.raises(TooBusy):
            store.query("t_2", "SELECT {tenant:String}")
        assert store.query("t_2", "SELECT {tenant:String}").scalar() == "t_2"


def test_a_question_that_waited_too_long_is_not_asked(embedded_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr("sendlens.store.client.time", SimpleNamespace(monotonic=lambda: now[0]))

    async def ask() -> None:
        question = asyncio.ensure_future(embedded_store._in_pool(lambda: pytest.fail("it was asked")))
        blocked = threading.Event()
        for _ in range(embedded_store._settings.query_concurrency):
            embedded_store._pool.submit(blocked.wait, 30)
        await asyncio.sleep(0)  # now it stands in the queue
        now[0] = embedded_store._settings.query_seconds + 1.0
        blocked.set()
        with pytest.raises(TooBusy):
            await question

    asyncio.run(ask())


def test_many_tenants_from_many_threads(store: Store) -> None:
    wrong: list[object] = []

    def ask(tenant: str) -> None:
        for _ in range(20):
            answer = store.query(tenant, f"SELECT {{tenant:String}}, count(), uniqExact(tenant) {MINE}").rows
            if answer != [(tenant, 10, 1)]:
                wrong.append(answer)

    threads = [threading.Thread(target=ask, args=(f"t_{1 + n % 2}",)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_connections_do_not_pile_up(embedded_store: Store) -> None:
    for number in range(80):
        assert embedded_store.query(f"tenant {number}", "SELECT {tenant:String}").scalar() == f"tenant {number}"
    assert sum(map(len, embedded_store._readers._idle.values())) <= 64


def test_a_long_list_of_keys(any_store: Store) -> None:
    keys = [2**64 - 1 - n for n in range(20_000)]
    rows = any_store.fetch_internal_arrow(
        "SELECT length({keys:Array(UInt64)}) AS n, {keys:Array(UInt64)}[20000] AS last, {label:String} AS label",
        {"keys": keys, "label": "'"},
    )
    assert rows.to_pylist() == [{"n": 20_000, "last": keys[-1], "label": "'"}]


def test_a_closed_store_says_so(embedded_url: str) -> None:
    store = Store.open(Settings(store=embedded_url))
    assert store.ping()
    store.close()
    store.close()
    assert not store.ping()
    for attempt in (
        lambda: store.query("t_1", "SELECT {tenant:String}"),
        lambda: store.insert("events", events([{}])),
        lambda: store.fetch_internal("SELECT 1"),
    ):
        with pytest.raises(SendlensError, match="closed"):
            attempt()
