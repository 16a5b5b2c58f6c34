"""SIGKILL at random moments: nothing acknowledged is lost, nothing counts twice, every table agrees, without a hand."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

from tests.faults.checks import check
from tests.faults.conftest import Note
from tests.faults.load import Account, Load
from tests.harness.server import Server


def test_killed_while_it_takes_in_and_stores(tmp_path: Path, long: bool, note: Note) -> None:
    """Kill after a random time, start again, go on; at the end look at everything."""
    rounds = 55 if long else 4
    rng = random.Random(20261120)
    server = Server(tmp_path / "data", environment={"SENDLENS_BATCH_MS": "20"}).start()
    load = Load(server, seed=1)
    load.scan_apart()
    try:
        for _ in range(rounds):
            time.sleep(rng.choice((0.05, 0.3, 0.7, 1.5)) * rng.random())
            server.kill()
            server.start()
        account = load.finish()
        server.wait_settled()
        assert server.stop() == 0, server.output()
    finally:
        server.kill()
    assert account.repeats > 0, "no kill ever hit a request: the test proves nothing"
    found = check(server.data, account)
    assert account.scanned
    assert found.corrections > 0, "no verdict ever came late: the test proves less than it says"
    note("SIGKILL while taking in, storing and correcting", rounds, account, found)


@pytest.mark.long
def test_killed_while_it_merges(tmp_path: Path, note: Note) -> None:
    """Kill at the moment the store is merging parts, which can be seen by what a merge writes beside them."""
    rounds = 25
    server = Server(tmp_path / "data", environment={"SENDLENS_BATCH_MS": "1"}).start()
    load = Load(server, seed=5, batch=5)
    load.start()
    cut = 0
    try:
        for _ in range(rounds):
            deadline = time.monotonic() + 20
            while time.monotonic() < deadline and not merging(server.data):
                time.sleep(0.001)
            server.kill()
            cut += merging(server.data)
            server.start()
        account = load.finish()
        server.wait_settled()
        assert server.stop() == 0, server.output()
    finally:
        server.kill()
    assert cut, "no kill ever cut off a merge: the test proves nothing"
    note("SIGKILL while the store merges", rounds, account, check(server.data, account))


def merging(data: Path) -> bool:
    """Return whether a merge is at work, or was cut off."""
    return next(data.glob("store/engine/store/*/*/tmp_merge_*"), None) is not None


def test_killed_at_the_first_start(tmp_path: Path, long: bool, note: Note) -> None:
    """Kill while tables and control plane are made: the next start finishes it."""
    rng = random.Random(7)
    rounds = 20 if long else 2
    for number in range(rounds):
        server = Server(tmp_path / f"data{number}", fork=False)
        server.launch()
        # Begun by the key, or by the first table: the start takes most of its time for neither.
        begun = rng.choice(("secret.key", "store/engine/store/*/*/*.sql"))
        give_up = time.monotonic() + 60
        while time.monotonic() < give_up and next(server.data.glob(begun), None) is None:
            time.sleep(0.002)
        time.sleep(rng.random() ** 2)
        server.kill()
        try:
            server.start()
            event = {"type": "delivered", "id": "1", "order_id": "1", "recipient": "a@b.example"}
            event["occurred_at"] = "2026-11-01T10:00:00Z"
            assert server.post("/v1/events", [event]).status_code == 202
            server.wait_settled()
            assert server.stop() == 0, server.output()
        finally:
            server.kill()
        account = Account(acknowledged={"1"})
        note("SIGKILL at the first start", rounds, account, check(server.data, account))
