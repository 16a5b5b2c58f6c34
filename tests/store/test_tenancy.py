"""A query sees one tenant: the first belt refuses, and the second holds with the first one taken off."""

import re
from pathlib import Path

import pytest

import sendlens
from sendlens.errors import SendlensError
from sendlens.store import Store
from sendlens.store.tenancy import TABLES, check, filters
from tests.harness.store import run
from tests.store.rows import events

TENANTS = ("t_1", "t_2", "o'neill", "back\\slash", "', 'x': '1", "{tenant:String}", "")


@pytest.mark.parametrize(
    ("tenant", "sql", "complaint"),
    [
        ("", "SELECT count() FROM events WHERE tenant = {tenant:String}", "needs a tenant"),
        ("t_1", "SELECT count() FROM events", "must restrict itself"),
        ("t_1", "SELECT count() FROM events WHERE tenant = '{tenant:String}'", "must restrict itself"),
        ("t_1", "SELECT count() FROM events -- tenant = {tenant:String}", "must restrict itself"),
        ("t_1", "SELECT {tenant:String}; DROP TABLE events", "one statement"),
        ("t_1", "SELECT {tenant:String} FROM merge(currentDatabase(), 'events')", r"merge\(\)"),
        ("t_1", "SELECT {tenant:String} FROM remoteSecure('elsewhere', events)", r"remoteSecure\(\)"),
    ],
)
def test_a_careless_query_is_refused(embedded_store: Store, tenant: str, sql: str, complaint: str) -> None:
    for ask in (embedded_store.query, embedded_store.query_arrow):
        with pytest.raises(SendlensError, match=complaint):
            ask(tenant, sql)


def test_a_query_runs_for_the_tenant_it_names() -> None:
    with pytest.raises(SendlensError, match="differs"):
        check("t_1", "SELECT {tenant:String}", {"tenant": "t_2"})


@pytest.fixture
def shared(any_store: Store) -> Store:
    any_store.insert(
        "events",
        events(
            {"tenant": tenant, "event_key": number, "message_key": number, "batch_id": 1}
            for number, tenant in enumerate(TENANTS)
        ),
    )
    any_store.execute("derive_messages", {"batch": 1})
    any_store.execute("derive_event_keys", {"batch": 1})
    return any_store


EVERYTHING = (
    "SELECT DISTINCT tenant FROM events",
    "SELECT DISTINCT tenant FROM messages FINAL",
    "SELECT DISTINCT tenant FROM message_facts",
    "SELECT DISTINCT tenant FROM metrics_quarter",
    "SELECT DISTINCT b.tenant FROM events AS a CROSS JOIN events AS b",
    "WITH all AS (SELECT tenant FROM events) SELECT tenant FROM all WHERE tenant IN (SELECT tenant FROM messages)",
    "SELECT tenant FROM (SELECT tenant FROM metrics_minute UNION ALL SELECT tenant FROM events) GROUP BY tenant",
)


@pytest.mark.parametrize("tenant", TENANTS[:-1])
def test_the_second_belt_holds_alone(shared: Store, tenant: str) -> None:
    """Without any condition in the SQL, straight to the connection, as if the first belt were not there."""
    for sql in EVERYTHING:
        assert shared._readers.query(tenant, sql, {}).rows == [(tenant,)], sql


def test_tables_without_a_tenant_show_nothing(shared: Store) -> None:
    assert shared.fetch_internal("SELECT count() > 0 FROM event_keys").scalar() == 1
    assert shared._readers.query("t_1", "SELECT count() FROM event_keys", {}).scalar() == 0
    assert shared._readers.query("t_1", "SELECT count() FROM schema_migrations", {}).scalar() == 0


def test_every_table_with_rows_has_a_filter(embedded_store: Store) -> None:
    tables = [(str(name), bool(mine)) for name, mine in embedded_store.fetch_internal(TABLES)]
    assert {name for name, mine in tables if not mine} == {"event_keys", "schema_migrations"}
    stored = embedded_store.fetch_internal(
        "SELECT name FROM system.tables "
        "WHERE database = currentDatabase() AND total_rows IS NOT NULL AND engine != 'Null'"
    )
    assert {name for (name,) in stored} <= {name for name, _ in tables}


def test_a_table_of_a_later_migration_is_filtered_too(embedded_store: Store) -> None:
    embedded_store.query("t_1", "SELECT {tenant:String}")
    run(embedded_store, "CREATE TABLE later (tenant String) ENGINE = MergeTree ORDER BY tenant")
    try:
        run(embedded_store, "INSERT INTO later VALUES ('t_1'), ('t_2')")
        embedded_store.migrate()
        assert embedded_store._readers.query("t_1", "SELECT tenant FROM later", {}).rows == [("t_1",)]
    finally:
        run(embedded_store, "DROP TABLE later SYNC")


def test_the_filter_is_quoted_twice() -> None:
    assert filters("o'n\\", "d", [("t", True), ("k", False)]) == r"{'d.t': 'tenant = \'o\\\'n\\\\\'', 'd.k': '0'}"


def test_only_the_pipeline_asks_across_tenants() -> None:
    source = Path(sendlens.__file__).parent
    callers = {
        path.relative_to(source).parts[0]
        for path in source.rglob("*.py")
        if re.search(r"\bfetch_internal(_arrow)?\b", path.read_text(encoding="utf-8"))
    }
    # A restore puts back and counts whole tables; it runs before any tenant can ask.
    assert callers <= {"store", "pipeline", "operations"}


def test_only_the_store_speaks_to_clickhouse() -> None:
    source = Path(sendlens.__file__).parent
    callers = {
        path.relative_to(source).parts[0]
        for path in source.rglob("*.py")
        if re.search(r"^\s*(import|from) (clickhouse_connect|chdb)\b", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert callers == {"store"}
