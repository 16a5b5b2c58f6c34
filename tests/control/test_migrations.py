"""The database is what the tables say, whoever starts first."""

import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect, text

from sendlens.control import Control
from sendlens.control.migrations import _VERSION, current, newest, step_by_step
from sendlens.control.tables import METADATA
from sendlens.errors import SendlensError, SettingsError, Unavailable
from tests.control.conftest import SECRET_KEY

START = """
import sys
from sendlens.control import Control, ensure_first_tenant
from sendlens.settings import Settings
with Control.open(sys.argv[1], sys.argv[2].encode()) as control:
    print(ensure_first_tenant(control, Settings())[1] or "")
"""


def test_all_steps_lead_to_what_a_new_database_gets(control: Control) -> None:
    with control.database.write() as connection:
        assert current(connection) == newest()
        at_once = described(connection)
        for table in (*reversed(METADATA.sorted_tables), _VERSION):
            table.drop(connection)
        assert described(connection) == {}
        step_by_step(connection, "")
        assert current(connection) == newest()
        assert described(connection) == at_once
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []


def described(connection: Connection) -> dict[str, dict[str, list[str]]]:
    """Return what the database itself says of its tables, in an order that does not depend on how they were made."""
    asked = inspect(connection)
    return {
        table: {
            "columns": sorted(map(str, asked.get_columns(table))),
            "keys": [str(asked.get_pk_constraint(table))],
            "unique": sorted(map(str, asked.get_unique_constraints(table))),
            "foreign": sorted(map(str, asked.get_foreign_keys(table))),
            "checks": sorted(map(str, asked.get_check_constraints(table))),
            "indexes": sorted(
                # The condition of a partial index is an object, whose own description is its address in memory.
                f"{[str(value) for value in one.pop('dialect_options', {}).values()]} {one}"
                for one in asked.get_indexes(table)
            ),
        }
        for table in asked.get_table_names()
    }


def test_processes_that_start_together_do_not_collide(control_url: str) -> None:
    command = [sys.executable, "-c", START, control_url, SECRET_KEY.decode()]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    keys = [process.communicate()[0].strip() for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0, 0]
    assert sorted(map(bool, keys)) == [False, False, False, True]
    with Control.open(control_url, SECRET_KEY) as control:
        (tenant,) = control.tenants.list()
        assert len(control.keys.list(tenant.id)) == 1
        assert [source.name for source in control.sources.list(tenant.id)] == ["api"]


def test_a_newer_database_is_refused(control: Control, control_url: str) -> None:
    with control.database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(SendlensError, match="schema 9999"):
        Control.open(control_url, SECRET_KEY)


def test_another_secret_key_is_refused(control: Control, control_url: str) -> None:
    with pytest.raises(SettingsError, match="secret key is not the one"):
        Control.open(control_url, b"another secret key, also long enough")


def test_sqlite_is_opened_for_safety(tmp_path: Path) -> None:
    with (
        Control.open(f"sqlite:///{tmp_path}/control.sqlite", SECRET_KEY) as control,
        control.database.read() as connection,
    ):
        found = {
            name: connection.execute(text(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 10_000}


def test_a_database_in_memory_is_refused() -> None:
    with pytest.raises(SettingsError, match="without a file"):
        Control.open("sqlite://", SECRET_KEY)


def test_a_server_that_is_away_is_named_without_its_password() -> None:
    url = "postgresql+psycopg://someone:very-secret@127.0.0.1:1/nowhere"
    with pytest.raises(Unavailable, match=r"127\.0\.0\.1:1/nowhere") as found:
        Control.open(url, SECRET_KEY)
    assert "very-secret" not in str(found.value.problem())


def test_an_address_that_is_none_is_refused_without_repeating_it() -> None:
    with pytest.raises(SettingsError) as found:
        Control.open("postgres-with-password-hunter2", SECRET_KEY)
    assert "hunter2" not in str(found.value.problem())
