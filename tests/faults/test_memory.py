"""A store that stands still in a flood: the door refuses with a time to come back, and memory stays within bounds."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.faults.flood import Flood
from tests.faults.test_store import check_on_server, pid_of
from tests.harness import clickhouse_server
from tests.harness.server import KEY, running

MOST_WAITING = 60_000
PADDING = 200
"""Bytes in the metadata of each event, so that what waits would be seen if it were held in memory."""
GROWTH_MB = 250
"""Most that the server may grow by: bodies on their way, one batch that is being tried, and what an allocator keeps."""


def test_memory_is_bounded_while_the_store_stands_still(tmp_path: Path, long: bool) -> None:
    """SIGSTOP for the store, a flood over several connections; afterwards everything acknowledged is stored."""
    seconds = 60 if long else 4
    with clickhouse_server.running(tmp_path) as (node,):
        store = pid_of(tmp_path / "node0" / "data")
        url = node.url("sendlens")
        limits = {
            "SENDLENS_STORE": url,
            "SENDLENS_MAX_LAG_EVENTS": str(MOST_WAITING),
            "SENDLENS_RATE_EVENTS": "0",
            "SENDLENS_BATCH_EVENTS": "5000",
        }
        with running(tmp_path / "data", **limits) as server:
            with Flood(server.url, KEY, posters=4, askers=0, batch=20) as warm:
                time.sleep(0.5)
            server.wait_settled()
            assert server.process is not None
            before = resident_mb(server.process.pid)
            os.kill(store, signal.SIGSTOP)
            try:
                with Flood(server.url, KEY, posters=8, askers=0, batch=500, padding=PADDING) as flood:
                    peak = highest(server.process.pid, seconds)
            finally:
                os.kill(store, signal.SIGCONT)
            assert not flood.unexplained, flood.unexplained
            refused = flood.statuses["post 429"] + flood.statuses["post 503"]
            assert refused > 0, flood.statuses
            assert len(flood.acknowledged) < MOST_WAITING + 8 * 500
            assert peak < before + GROWTH_MB, f"{before:.0f} MB before, {peak:.0f} MB while the store stood still"
            server.wait_settled(120)
            assert server.stop() == 0, server.output()
        check_on_server(url, flood.acknowledged | warm.acknowledged)


_HEAVY = """
import json, resource, sys, threading
from pathlib import Path
from sendlens import settings
from sendlens.errors import SendlensError
from sendlens.store.client import Store
with Store.open(settings.load({}, data=Path(sys.argv[1]))) as store:
    store.migrate()
    refused, troubled = [], []
    def ask():
        try:
            store.query("heavy", "SELECT {tenant:String}, uniqExact(number) FROM numbers(300000000)")
        except SendlensError as error:
            refused.append(error.detail)
    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        try:
            store.fetch_internal("SELECT uniqExact(number) FROM numbers(2000000)")
            store.query("light", "SELECT {tenant:String}")
        except SendlensError as error:
            troubled.append(error.detail)
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1000
    print(json.dumps({"refused": refused, "troubled": troubled, "most": most}))
"""


@pytest.mark.long
def test_heavy_questions_of_one_tenant_leave_memory_for_everybody(tmp_path: Path) -> None:
    """Six at a time that each want more than there is: they are refused, and neither the writer nor another tenant."""
    words = [sys.executable, "-c", _HEAVY, str(tmp_path / "data")]
    done = subprocess.run(words, capture_output=True, text=True, timeout=300, check=True)
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["troubled"] == []
    assert len(found["refused"]) == 6
    assert found["most"] < 1900, "megabytes, of the two thousand that a server with the defaults may have"


def highest(pid: int, seconds: float) -> float:
    """Return the most memory a process had during some seconds, in megabytes."""
    until, peak = time.monotonic() + seconds, 0.0
    while time.monotonic() < until:
        peak = max(peak, resident_mb(pid))
        time.sleep(0.05)
    return peak


def resident_mb(pid: int) -> float:
    """Return the resident memory of a process in megabytes."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
