"""Migrations are applied once and in order, resume after a kill, and refuse a history that was rewritten."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from sendlens.errors import SendlensError, StoreError
from sendlens.settings import Settings
from sendlens.store import Store, migrate
from sendlens.store.statements import Topology

FILES = {
    "0001_first.sql": """
        -- Two tables and a view.
        CREATE TABLE a (n UInt32) ENGINE = {mergetree} ORDER BY n;
        CREATE TABLE b (n UInt32) ENGINE = {mergetree} ORDER BY n;
        CREATE MATERIALIZED VIEW a_to_b TO b AS SELECT n FROM a;
    """,
    "0002_second.sql": """
        ALTER TABLE a ADD COLUMN m UInt32 DEFAULT n * 10;
        DROP VIEW a_to_b;
        TRUNCATE TABLE b;
        INSERT INTO b SELECT m FROM a;
    """,
}


class Killed(BaseException):
    """Stands for SIGKILL: nothing after it runs."""


def written(directory: Path, files: Mapping[str, str] = FILES) -> list[migrate.Migration]:
    for name, text in files.items():
        (directory / name).write_text(text)
    return migrate.read(directory)


def apply(store: Store, migrations: list[migrate.Migration], kill_after: int | None = None) -> list[int]:
    """Apply on an open store; `kill_after` statements (records included) the process is gone."""
    done = 0

    def run(sql: str, params: Mapping[str, object]) -> None:
        nonlocal done
        store._run(sql, params)
        if sql.startswith("CREATE TABLE IF NOT EXISTS a ") and store._fetch("SELECT count() FROM a", {}) == [(0,)]:
            store._run("INSERT INTO a (n) VALUES (1), (2)", {})
        done += 1
        if kill_after is not None and done > kill_after:
            raise Killed

    return migrate.migrate(run, store._fetch, Topology(), migrations)


def test_the_whole_schema_applies_once(any_url: str) -> None:
    with Store.open(Settings(store=any_url)) as store:
        assert store.migrate() == [migration.number for migration in migrate.read()]
        assert store.migrate() == []
    with Store.open(Settings(store=any_url)) as store:
        assert store.migrate() == []
        assert store.query("t_1", "SELECT count() FROM events WHERE tenant = {tenant:String}").scalar() == 0


def test_the_database_is_an_atomic_one(any_url: str) -> None:
    with Store.open(Settings(store=any_url)) as store:
        engine = "SELECT engine FROM system.databases WHERE name = currentDatabase()"
        assert store.fetch_internal(engine).scalar() == "Atomic"


def test_a_kill_anywhere_is_resumed(embedded_url: str, tmp_path: Path) -> None:
    migrations = written(tmp_path)
    for kill_after in range(1 + 2 * 7):
        with Store.open(Settings(store=embedded_url)) as store:
            for left in ("a_to_b", "a", "b", "schema_migrations"):
                store._run(f"DROP TABLE IF EXISTS {left} SYNC", {})
            with pytest.raises(Killed):
                apply(store, migrations, kill_after)
            apply(store, migrations)
            assert store.fetch_internal("SELECT count(), sum(n) FROM b").rows == [(2, 30)]
            assert store.fetch_internal("SELECT count() FROM system.tables WHERE name = 'a_to_b'").scalar() == 0
            assert apply(store, migrations) == []


def test_a_changed_file_is_refused(embedded_url: str, tmp_path: Path) -> None:
    with Store.open(Settings(store=embedded_url)) as store:
        assert apply(store, written(tmp_path)) == [1, 2]
        retold = {name: text.replace("Two tables", "A comment may change") for name, text in FILES.items()}
        assert apply(store, written(tmp_path, retold)) == []
        changed = FILES | {"0001_first.sql": FILES["0001_first.sql"].replace("UInt32", "UInt64")}
        with pytest.raises(StoreError, match=r"0001_first\.sql was changed after it had been applied"):
            apply(store, written(tmp_path, changed))


def test_a_store_of_a_newer_version_is_refused(embedded_url: str, tmp_path: Path) -> None:
    migrations = written(tmp_path)
    with Store.open(Settings(store=embedded_url)) as store:
        apply(store, migrations)
        with pytest.raises(StoreError, match="0002, which this version of Sendlens does not know"):
            apply(store, migrations[:1])


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("RENAME TABLE a TO b;", "cannot be run twice"),
        ("INSERT INTO b SELECT 1;", "must directly follow TRUNCATE TABLE b"),
        ("TRUNCATE TABLE a; INSERT INTO b SELECT 1;", "must directly follow TRUNCATE TABLE b"),
        ("CREATE TABLE a {include:nowhere};", "names no file"),
    ],
)
def test_a_file_that_cannot_be_resumed_is_refused(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(SendlensError, match=complaint):
        written(tmp_path, {"0001_bad.sql": text})


def test_a_gap_in_the_numbers_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SendlensError, match="without a gap"):
        written(tmp_path, {"0002_second.sql": "DROP TABLE a;"})
