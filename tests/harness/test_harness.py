"""Each server of the harness is up, reachable and what it claims to be."""

import os
import signal
import subprocess
from pathlib import Path

import clickhouse_connect
import psycopg
import pytest
from clickhouse_connect.driver.client import Client
from playwright.sync_api import Page

from tests.harness import forks
from tests.harness.chromium import Chromium
from tests.harness.clickhouse_server import CLUSTER, ClickHouseServer
from tests.harness.missing import missing
from tests.harness.postgres import PostgresServer


def connect(node: ClickHouseServer) -> Client:
    return clickhouse_connect.get_client(
        host=node.host, port=node.http_port, username=node.user, password=node.password
    )


def test_clickhouse_answers(clickhouse_server: ClickHouseServer) -> None:
    with connect(clickhouse_server) as client:
        assert client.query("SELECT 1").result_rows == [(1,)]


def test_two_shards_answer_as_one_table(clickhouse_cluster: list[ClickHouseServer]) -> None:
    for number, node in enumerate(clickhouse_cluster):
        with connect(node) as client:
            client.command("CREATE DATABASE harness")
            client.command("CREATE TABLE harness.t (n UInt8) ENGINE = MergeTree ORDER BY n")
            client.command(f"CREATE TABLE harness.every AS harness.t ENGINE = Distributed({CLUSTER}, harness, t)")
            client.command(f"INSERT INTO harness.t VALUES ({number})")
    for node in clickhouse_cluster:
        with connect(node) as client:
            assert client.query("SELECT n FROM harness.every ORDER BY n").result_rows == [(0,), (1,)]
    for node in clickhouse_cluster:
        with connect(node) as client:
            client.command("DROP DATABASE harness")


def test_postgres_answers(postgres_server: PostgresServer) -> None:
    with psycopg.connect(postgres_server.url()) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_postgres_databases_are_empty(postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as connection:
        tables = connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone()
        assert tables == (0,)


def test_chromium_renders(page: Page) -> None:
    page.set_content("<h1>Hello</h1><script>document.title = 'script ran'</script>")
    assert page.inner_text("h1") == "Hello"
    assert page.title() == "script ran"


def test_chromium_starts_without_playwright(chromium: Chromium, tmp_path: Path) -> None:
    command = chromium.command(tmp_path, "--dump-dom", "data:text/html,<p>plain")
    shown = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert "<p>plain</p>" in shown.stdout


def test_a_missing_server_skips_on_a_laptop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="nowhere"):
        missing("Something", "it is nowhere")


def test_a_missing_server_fails_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="nowhere"):
        missing("Something", "it is nowhere")


def test_a_fork_has_its_own_surroundings_and_end(tmp_path: Path) -> None:
    """What a server prints and how it ends is its own; that it was forked shows nowhere."""
    environment = {"PATH": os.environ["PATH"], "SENDLENS_DATA": str(tmp_path / "data")}
    done = forks.run(["sendlens", "tenant", "create", "acme", "--name", "Acme"], environment, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert "acme" in forks.run(["sendlens", "tenant", "list"], environment, timeout=60).stdout
    wrong = forks.run(["sendlens", "serve", "--port", "x"], environment, timeout=60)
    assert wrong.returncode != 0
    with (tmp_path / "told").open("wb") as told:
        server = forks.start(["sendlens", "serve", "--port", "0"], environment, told, told)
        assert os.getsid(server.pid) == server.pid
        with pytest.raises(subprocess.TimeoutExpired):
            server.wait(0.1)
        assert server.poll() is None
        os.kill(server.pid, signal.SIGKILL)
        assert server.wait(10) == -signal.SIGKILL
    assert server.poll() == -signal.SIGKILL
