"""SIGKILL at random moments: nothing acknowledged is lost, nothing counts twice, every table agrees, without a hand."""

from __future__ import annotations

import random
import time
from pathlib import Path

from tests.faults.load import Account, Load
from tests.harness.server import Server, inspect_data

QUERIES = {
    "stored": "SELECT order_id, count() FROM events GROUP BY order_id",
    "accounts": "SELECT sum(received), sum(stored), sum(duplicate), sum(rejected), sum(dead) FROM intake FINAL",
}


def check(data: Path, account: Account) -> None:
    """Compare what the senders know with what is stored, in every table."""
    seen = inspect_data(data, **QUERIES)
    assert seen["disagreements"] == []
    stored = {order: int(count) for order, count in seen["answers"]["stored"]}
    lost = account.acknowledged - stored.keys()
    doubled = {order for order, count in stored.items() if count != 1}
    assert not lost, f"{len(lost)} acknowledged events are lost"
    assert not doubled, f"{len(doubled)} events are stored twice"
    received, kept, duplicate, rejected, dead = map(int, seen["answers"]["accounts"][0])
    assert received == kept + duplicate + rejected + dead
    assert kept == len(stored)
    assert rejected == dead == 0


def test_killed_while_it_takes_in_and_stores(tmp_path: Path, long: bool) -> None:
    """Kill after a random time, start again, go on; at the end look at everything."""
    rounds = 55 if long else 4
    rng = random.Random(20261120)
    server = Server(tmp_path / "data", environment={"SENDLENS_BATCH_MS": "20"}).start()
    load = Load(server, seed=1)
    load.start()
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
    check(server.data, account)


def test_killed_at_the_first_start(tmp_path: Path, long: bool) -> None:
    """Kill while tables and control plane are made: the next start finishes it."""
    rng = random.Random(7)
    for number in range(20 if long else 2):
        server = Server(tmp_path / f"data{number}")
        server.launch()
        time.sleep(0.6 + rng.random() * 2.0)
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
        check(server.data, account)
