"""A store on a server that stalls or dies: the door goes on, and what it took in is stored once afterwards."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx

from sendlens.settings import Settings
from sendlens.store import Store
from tests.faults.checks import QUERIES, Found
from tests.faults.conftest import Note
from tests.faults.load import Load
from tests.harness import clickhouse_child, clickhouse_server
from tests.harness.ports import wait_until_listening
from tests.harness.server import Server

CHILD = Path(clickhouse_child.__file__)


def pid_of(directory: Path) -> int:
    """Return the process that serves a directory."""
    found = subprocess.run(["pgrep", "-f", f"{CHILD.name} {directory}"], capture_output=True, text=True, check=True)
    return int(found.stdout.split()[0])


def test_stalled_then_crashed(tmp_path: Path, note: Note) -> None:
    """SIGSTOP for a while, then SIGKILL and a new start, under load all the time."""
    with clickhouse_server.running(tmp_path) as (node,):
        place = tmp_path / "node0"
        url = node.url("sendlens")
        server = Server(tmp_path / "data", environment={"SENDLENS_STORE": url, "SENDLENS_BATCH_MS": "20"}).start()
        load = Load(server, seed=3, senders=2)
        replaced: subprocess.Popen[bytes] | None = None
        try:
            load.start()
            time.sleep(1)
            os.kill(pid_of(place / "data"), signal.SIGSTOP)
            time.sleep(2)
            load.wait_answered(posts=50)  # the door does not stand still with the store
            os.kill(pid_of(place / "data"), signal.SIGCONT)
            time.sleep(1)

            os.kill(pid_of(place / "data"), signal.SIGKILL)
            deadline = time.monotonic() + 30
            while httpx.get(f"{server.url}/health/ready", timeout=30).status_code != 503:
                assert time.monotonic() < deadline, "health never turned red"
                time.sleep(0.1)
            load.wait_answered(posts=20)
            with (place / "log").open("ab") as out:
                replaced = subprocess.Popen(
                    [sys.executable, str(CHILD), str(place / "data")], cwd=place, stdout=out, stderr=out
                )
            wait_until_listening(node.http_port, replaced, place / "log")

            account = load.finish()
            server.wait_settled(120)
            assert server.stop() == 0, server.output()
            check_on_server(url, account.acknowledged)
            note("store stalled, then killed", 2, account, Found(corrections=0, duplicates=account.repeats))
        finally:
            server.kill()
            if replaced is not None:
                replaced.terminate()
                replaced.wait(20)


def check_on_server(url: str, acknowledged: set[str]) -> None:
    """Compare every table on the server with what was acknowledged."""
    from sendlens.pipeline.agreement import disagreements

    with Store.open(Settings(store=url)) as store:
        assert disagreements(store) == []
        stored = {str(order): int(str(count)) for order, count in store.fetch_internal(QUERIES["stored"])}
    assert acknowledged <= stored.keys()
    assert set(stored.values()) == {1}
