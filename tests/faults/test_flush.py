"""A disk that fails every flush: posts are refused and never acknowledged, and a start on a sound disk goes on."""

from __future__ import annotations

import os
import platform
import signal
import sys
import time
from pathlib import Path

import pytest

from tests.faults.checks import check
from tests.faults.conftest import Note
from tests.faults.load import Account, delivered
from tests.harness.missing import missing
from tests.harness.server import Server
from tests.log.failing_disk_child import SYSTEM_CALLS

ROOT = Path(__file__).resolve().parents[2]
BAD = {"PYTHONPATH": os.pathsep.join([str(Path(__file__).with_name("bad_disk")), str(ROOT)])}


@pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() not in SYSTEM_CALLS, reason="the failing flush is made with seccomp"
)
def test_nothing_is_acknowledged_that_was_not_flushed(tmp_path: Path, note: Note) -> None:
    """What was refused may be on the disk or not; sent again, as providers do, it is there once."""
    account, refused = Account(), list[int]()
    server = Server(tmp_path / "data", environment=BAD).start()
    try:
        assert post(server, account, 0) == 202
        server.wait_settled()
        assert server.process is not None
        os.kill(server.process.pid, signal.SIGUSR1)
        deadline = time.monotonic() + 30
        while not refused:
            # The signal may arrive behind a post or two, which were flushed then.
            assert time.monotonic() < deadline, server.output()
            if "PermissionError" in server.output():
                missing("seccomp", "this machine does not let a process filter its own system calls")
            number = len(account.acknowledged) + len(refused)
            if post(server, account, number) != 202:
                refused.append(number)
        for number in range(1000, 1010):
            assert post(server, account, number) == 503
            refused.append(number)
        assert server.process.poll() is None, server.output()
        health = server.ready()
        assert not health["checks"]["log"]["ok"], health
        server.kill()

        server = Server(tmp_path / "data").start()
        server.wait_settled()
        for number in refused:
            assert post(server, account, number) == 202
        server.wait_settled()
        assert server.stop() == 0, server.output()
    finally:
        server.kill()
    note("every flush fails", 1, account, check(server.data, account))


def post(server: Server, account: Account, number: int) -> int:
    """Post one event, note it if it was acknowledged, and return the status."""
    name = f"event-{number}"
    answer = server.post("/v1/events", [delivered(name)])
    if answer.status_code == 202:
        account.acknowledged.add(name)
    else:
        assert int(answer.headers["retry-after"]) > 0, answer.text
    return answer.status_code
