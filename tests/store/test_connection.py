"""Addresses are read right, every option of the embedded engine took effect, and a directory has one owner."""

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from sendlens.errors import SettingsError, StoreError
from sendlens.settings import Settings
from sendlens.store import Store
from sendlens.store.client import memory_of_queries
from sendlens.store.connection import MERGE_TREE_SETTINGS, SERVER_SETTINGS, Address, parse
from sendlens.store.insert import WRITE_SETTINGS
from sendlens.store.query import MOST_ROWS
from tests.harness.ports import free_port


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("chdb:///var/lib/store", Address(directory=Path("/var/lib/store"), database="sendlens")),
        ("chdb:///with%20space?database=other", Address(directory=Path("/with space"), database="other")),
        ("clickhouse://h", Address(host="h", port=8123, user="default", database="sendlens")),
        (
            "clickhouse://u:p%40ss%2F@h:1234/d",
            Address(host="h", port=1234, user="u", password="p@ss/", database="d"),
        ),
        ("clickhouses://h/d", Address(host="h", port=8443, user="default", secure=True, database="d")),
    ],
)
def test_addresses(url: str, address: Address) -> None:
    assert parse(url) == address


def test_a_relative_directory_is_made_absolute() -> None:
    assert parse("chdb://data/store").directory == Path.cwd() / "data" / "store"


@pytest.mark.parametrize(
    "url",
    [
        "clickhouse://",
        "clickhouse://h:port/d",
        "http://h",
        "clickhouse://u:secret@h/a`b",
        "chdb://",
        "chdb:///d?database=",
    ],
)
def test_an_address_that_means_nothing(url: str) -> None:
    if url.endswith("database="):
        assert parse(url).database == "sendlens"
        return
    with pytest.raises(SettingsError) as error:
        parse(url)
    assert "secret" not in error.value.detail


def test_messages_do_not_show_the_password() -> None:
    address = parse("clickhouse://u:secret@h/d")
    assert "secret" not in str(address)
    assert "secret" not in repr(address)


def test_a_server_that_is_not_there() -> None:
    with pytest.raises(StoreError, match=r"the store at clickhouse://127\.0\.0\.1:\d+/d cannot be opened") as error:
        Store.open(Settings(store=f"clickhouse://u:secret@127.0.0.1:{free_port()}/d"))
    assert "secret" not in error.value.detail


def test_a_wrong_password(server_store: Store, server_url: str) -> None:
    with pytest.raises(StoreError) as error:
        Store.open(Settings(store=server_url.replace("only-for-tests", "wrong-one")))
    assert "wrong-one" not in error.value.detail


# What runs in a process of its own prints what it saw; one process can have only one engine.
PROBE = """
import sys
from sendlens.settings import Settings
from sendlens.store import Store
store = Store.open(Settings(store="chdb://" + sys.argv[1], store_memory_mb=512, store_threads=3))
{body}
store.close()
"""


def probe(directory: Path, body: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", PROBE.format(body=body), str(directory)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=os.environ | environment,
    )


def test_every_option_of_the_engine_took_effect(tmp_path: Path) -> None:
    body = """
for table in ("server_settings", "merge_tree_settings"):
    for name, value in store.fetch_internal(f"SELECT name, value FROM system.{table}"):
        print(table, name, value)
print("threads", store.fetch_internal("SELECT getSetting('max_threads')").scalar())
print("zone", store.fetch_internal("SELECT timezone(), toDateTime(0, 'UTC')").rows)
"""
    answer = probe(tmp_path / "store", body, TZ="America/New_York")
    assert answer.returncode == 0, answer.stderr
    seen = dict(line.rsplit(" ", 1) for line in answer.stdout.splitlines() if not line.startswith("zone"))
    wanted = {f"server_settings {name}": value for name, value in SERVER_SETTINGS.items()}
    wanted |= {f"merge_tree_settings {name}": value for name, value in MERGE_TREE_SETTINGS.items()}
    wanted |= {"server_settings max_server_memory_usage": 512 << 20, "threads": 3}
    assert {name: seen.get(name) for name in wanted} == {name: str(value) for name, value in wanted.items()}
    zone = answer.stdout.splitlines()[-1]
    assert zone == "zone [('UTC', datetime.datetime(1970, 1, 1, 0, 0, tzinfo=datetime.timezone.utc))]"


def test_the_engine_keeps_to_its_memory(tmp_path: Path) -> None:
    body = """
try:
    store.fetch_internal("SELECT length(groupArray(toString(number))) FROM numbers(100000000)")
except Exception as error:
    print(error)
"""
    assert probe(tmp_path / "store", body).stdout.strip() == "the query needs more memory than it may use"


def test_write_settings_took_effect(any_store: Store) -> None:
    with any_store._write_lock:
        names = ", ".join(f"toString(getSetting('{name}'))" for name in WRITE_SETTINGS)
        seen = any_store._writer.query(f"SELECT {names}").result_rows[0]
    assert dict(zip(WRITE_SETTINGS, (str(value) for value in seen), strict=True)) == {
        name: {0: "false", 1: "true"}.get(int(value), str(value)) if str(shown) in ("true", "false") else str(value)
        for (name, value), shown in zip(WRITE_SETTINGS.items(), seen, strict=True)
    }


def test_read_settings_took_effect(any_store: Store) -> None:
    seen = any_store.query(
        "t_1",
        "SELECT getSetting('readonly') AS readonly, getSetting('max_execution_time') AS seconds, "
        "getSetting('max_memory_usage') AS memory, getSetting('max_result_rows') AS rows, "
        "getSetting('optimize_and_compare_chain') AS chains, "
        "getSetting('log_comment') LIKE concat({tenant:String}, '/%') AS tagged",
    ).dicts()[0]
    settings = any_store._settings
    most = memory_of_queries(settings)
    assert seen == {
        "readonly": 1,
        "seconds": settings.query_seconds,
        "memory": most["alone" if any_store._engine else "large"],
        "rows": MOST_ROWS,
        "chains": 0,
        "tagged": 1,
    }


def test_open_files_are_allowed(embedded_store: Store) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert soft == hard


def test_a_second_process_is_told_who_has_the_directory(embedded_store: Store, store_directory: Path) -> None:
    answer = probe(store_directory, "")
    assert answer.returncode == 1
    assert (
        f"the embedded store in {store_directory} is in use by another process (process {os.getpid()})" in answer.stderr
    )


def test_the_directory_is_free_after_close_and_keeps_its_rows(tmp_path: Path) -> None:
    body = """
store.migrate()
store._run("INSERT INTO gauges (tenant, value) VALUES ('t_1', 1)", {})
print(store.fetch_internal("SELECT count() FROM gauges").scalar())
store.close()
store = Store.open(Settings(store="chdb://" + sys.argv[1]))
print(store.fetch_internal("SELECT count() FROM gauges").scalar())
"""
    for counts in (["1", "1"], ["2", "2"]):
        # Gauges are a set by (tenant, name, time); without a merge both rows stay.
        answer = probe(tmp_path / "store", body.replace("'t_1', 1", f"'t_{counts[0]}', 1"))
        assert answer.stdout.split() == counts, answer.stderr


def test_a_process_has_one_directory(embedded_store: Store, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot open"):
        Store.open(Settings(store=f"chdb://{tmp_path}"))
    assert embedded_store.ping()
