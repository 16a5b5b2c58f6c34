"""A new store is made in one piece, and is what all migrations would have made of it."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from sendlens.settings import Settings
from sendlens.store import Store, migrate, whole
from sendlens.store.statements import Topology, split, with_engines, without_comments
from tests.store.make_whole import by_steps
from tests.store.test_migrate import Killed, written

REMEDY = "after a new migration: python -m tests.store.make_whole"
CATALOGUES = {
    "tables": "name, engine, create_table_query, engine_full, partition_key, sorting_key, primary_key, as_select",
    "columns": "table, position, name, type, default_kind, default_expression, compression_codec, comment",
    "data_skipping_indices": "table, name, type_full, expr, granularity",
    "projections": "table, name, type, sorting_key, query",
}
FILES = {
    "0001_first.sql": """
        CREATE TABLE a (n UInt32) ENGINE = {mergetree} ORDER BY n;
        CREATE TABLE b (n UInt32) ENGINE = {mergetree} ORDER BY n;
    """,
    "0002_second.sql": "ALTER TABLE a ADD COLUMN m UInt32; CREATE VIEW c AS SELECT n FROM a;",
}
TOGETHER = """
CREATE TABLE IF NOT EXISTS a (n UInt32, m UInt32) ENGINE = {mergetree} ORDER BY n;
CREATE TABLE IF NOT EXISTS b (n UInt32) ENGINE = {mergetree} ORDER BY n;
CREATE VIEW IF NOT EXISTS c AS SELECT n FROM a;
"""


def catalogue(store: Store) -> dict[str, list[str]]:
    """Return all that the store knows of its tables; those of two databases can be compared."""
    return {
        name: [
            str(row).replace(f"{store.database}.", "")
            for row in store.fetch_internal(
                f"SELECT {columns} FROM system.{name} WHERE database = currentDatabase() ORDER BY ALL"
            )
        ]
        for name, columns in CATALOGUES.items()
    }


def test_a_new_store_is_what_the_migrations_lead_to(embedded_store: Store, embedded_url: str) -> None:
    with Store.open(Settings(store=embedded_url)) as migrated:
        by_steps(migrated)
        assert catalogue(embedded_store) == catalogue(migrated), REMEDY
        assert embedded_store.history() == migrated.history()
    at_once = "SELECT uniqExact(applied_at), count() FROM schema_migrations"
    assert embedded_store.fetch_internal(at_once).rows == [(1, len(migrate.read()))], REMEDY
    assert embedded_store.migrate() == []


def test_a_new_store_on_a_server_has_the_same_tables(embedded_store: Store, server_store: Store) -> None:
    ours = "SELECT name, position, table, type FROM system.columns WHERE database = currentDatabase() ORDER BY ALL"
    assert server_store.fetch_internal(ours).rows == embedded_store.fetch_internal(ours).rows


def test_a_cluster_gets_them_too() -> None:
    statements = split(without_comments(whole.WHOLE.read_text(encoding="utf-8")))
    placed = [with_engines(statement, Topology("many")) for statement in statements]
    assert all("ON CLUSTER `many`" in statement for statement in placed)
    assert sum("ENGINE = Replicated" in one for one in placed) == sum("MergeTree" in one for one in placed)


@pytest.fixture
def migrations(tmp_path: Path) -> list[migrate.Migration]:
    return written(tmp_path, FILES)


@pytest.fixture
def file(tmp_path: Path, migrations: list[migrate.Migration]) -> Path:
    path = tmp_path / "together" / "schema.sql"
    path.parent.mkdir()
    path.write_text(f"-- Stands for migrations {whole.mark(migrations)}\n{TOGETHER}", encoding="utf-8")
    return path


def make(store: Store, migrations: list[migrate.Migration], file: Path, kill_after: int | None = None) -> list[int]:
    """Make an open store; `kill_after` statements the process is gone."""
    done = 0

    def run(sql: str, params: Mapping[str, object]) -> None:
        nonlocal done
        store._run(sql, params)
        done += 1
        if kill_after is not None and done > kill_after:
            raise Killed

    return whole.make(run, store._fetch, Topology(), migrations, file)


def steps(store: Store, migrations: list[migrate.Migration]) -> list[int]:
    return migrate.migrate(store._run, store._fetch, Topology(), migrations)


def test_a_kill_anywhere_is_resumed(embedded_url: str, migrations: list[migrate.Migration], file: Path) -> None:
    with Store.open(Settings(store=embedded_url)) as store:
        for kill_after in range(5):
            for left in ("a", "b", "c", "schema_migrations"):
                store._run(f"DROP TABLE IF EXISTS {left} SYNC", {})
            with pytest.raises(Killed):
                make(store, migrations, file, kill_after)
            assert make(store, migrations, file) == ([] if kill_after == 4 else [1, 2])
            assert steps(store, migrations) == []
            assert store.history() == {one.number: one.checksum for one in migrations}
            assert store.fetch_internal("SELECT count() FROM schema_migrations").scalar() == 2
            assert store.fetch_internal("SELECT n, m FROM a UNION ALL SELECT n, 0 FROM c").rows == []


def test_what_another_version_was_killed_over_is_made_anew(
    embedded_url: str, tmp_path: Path, migrations: list[migrate.Migration], file: Path
) -> None:
    (tmp_path / "later").mkdir()
    later = written(tmp_path / "later", FILES | {"0003_third.sql": "ALTER TABLE b ADD COLUMN x UInt32;"})
    newer = tmp_path / "newer.sql"
    together = TOGETHER.replace("b (n UInt32)", "b (n UInt32, x UInt32)")
    newer.write_text(f"-- Stands for migrations {whole.mark(later)}\n{together}", encoding="utf-8")
    with Store.open(Settings(store=embedded_url)) as store:
        for kill_after in range(4):
            for left in ("a", "b", "c", "schema_migrations"):
                store._run(f"DROP TABLE IF EXISTS {left} SYNC", {})
            with pytest.raises(Killed):
                make(store, migrations, file, kill_after)
            assert make(store, later, newer) == [1, 2, 3]
            assert store.fetch_internal("SELECT x FROM b").rows == []


def test_a_history_that_was_begun_and_notes_nothing_is_no_history(
    embedded_url: str, migrations: list[migrate.Migration], file: Path
) -> None:
    with Store.open(Settings(store=embedded_url)) as store:
        # An earlier version was killed when it had made its history and its first table, and noted nothing.
        store._run(with_engines(migrate.LEDGER.strip(), Topology()), {})
        store._run(with_engines(migrations[0].statements[0], Topology()), {})
        assert make(store, migrations, file) == [1, 2]
        assert steps(store, migrations) == []
        assert store.fetch_internal("SELECT n, m FROM a").rows == []


@pytest.mark.parametrize(
    "theirs",
    [
        ("CREATE TABLE theirs (n UInt32) ENGINE = MergeTree ORDER BY n",),
        ("CREATE TABLE a (n UInt32) ENGINE = MergeTree ORDER BY n", "INSERT INTO a VALUES (1)"),
    ],
    ids=["a table", "rows"],
)
def test_nothing_of_others_is_touched(
    embedded_url: str, migrations: list[migrate.Migration], file: Path, theirs: tuple[str, ...]
) -> None:
    with Store.open(Settings(store=embedded_url)) as store:
        for statement in theirs:
            store._run(statement, {})
        before = store.fetch_internal("SELECT name, uuid FROM system.tables WHERE database = currentDatabase()").rows
        assert make(store, migrations, file) == []
        after = store.fetch_internal("SELECT name, uuid FROM system.tables WHERE database = currentDatabase()").rows
        assert before == after


def test_other_migrations_than_those_it_stands_for_are_applied_step_by_step(
    embedded_url: str, migrations: list[migrate.Migration], file: Path
) -> None:
    with Store.open(Settings(store=embedded_url)) as store:
        assert make(store, migrations[:1], file) == []
        assert (
            store.fetch_internal("SELECT count() FROM system.tables WHERE database = currentDatabase()").scalar() == 0
        )
