"""A version that stumbles over one tenant's events, killed while it parks them: others go on, and all come back."""

from __future__ import annotations

import random
import sqlite3
import time
from contextlib import closing
from pathlib import Path

from tests.faults.checks import check
from tests.faults.conftest import Note
from tests.faults.flood import bearer, client, second_tenant
from tests.faults.load import Account, delivered
from tests.harness.server import KEY, Server

SICK = str(Path(__file__).with_name("sick"))
# A batch takes a block or two, so that the order of the blocks shows in the batches.
WRONG = {
    "PYTHONPATH": SICK,
    "SENDLENS_FUSE_LEAST": "20",
    "SENDLENS_FUSE_RUN": "40",
    "SENDLENS_BATCH_EVENTS": "30",
}
ORDER = "SELECT order_id, batch_id FROM events WHERE startsWith(order_id, 'sick-') ORDER BY order_id"


def test_killed_while_a_sick_source_is_parked(tmp_path: Path, long: bool, note: Note) -> None:
    """Kill as soon as the first block is parked, and at random; the version that follows can process everything."""
    rounds = 12 if long else 1
    rng = random.Random(14)
    for number in range(rounds):
        data = tmp_path / str(number) / "data"
        data.parent.mkdir()
        server = Server(data, environment=WRONG).start()
        try:
            account = Account()
            well = second_tenant(server, "well")
            for block in range(4):
                send(server, well, account, "well", block)
                send(server, KEY, account, "sick", block, may_stop=True)
            assert any(name.startswith("sick-") for name in account.acknowledged)
            wait_for(server, waits=True)
            time.sleep(rng.choice((0.0, 0.0, 0.1, 0.5)) * rng.random() if number else 0.0)
            server.kill()

            # The same version: what is parked stays so, and the other tenant is stored.
            server.start()
            send(server, well, account, "well", 4)
            server.wait_settled()
            assert not send(server, KEY, account, "sick", 5, may_stop=True), "the source is not stopped any more"
            server.kill()

            server = Server(data, environment={"SENDLENS_BATCH_EVENTS": "30"}).start()
            wait_for(server, waits=False)
            server.wait_settled()
            assert server.stop() == 0, server.output()
        finally:
            server.kill()
        found = check(data, account, parked=True, order=ORDER)
        batches = [int(batch) for _, batch in found.answers["order"]]
        assert batches == sorted(batches), "blocks came back in another order"
        note("SIGKILL while a source is parked", rounds, account, found)


def send(server: Server, key: str, account: Account, who: str, block: int, *, may_stop: bool = False) -> bool:
    """Post twenty events; return whether they were acknowledged, and note it."""
    names = [f"{who}-{block:02d}-{number:02d}" for number in range(20)]
    events = [delivered(name) for name in names]
    with client(server, key) as http:
        answer = http.post("/v1/events", json=events, headers=bearer(key))
    if answer.status_code == 202:
        account.acknowledged |= set(names)
        return True
    assert may_stop, answer.text
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "60"), answer.text
    return False


def wait_for(server: Server, *, waits: bool) -> None:
    """Wait until a parked block waits among the dead letters, or none does any more."""
    deadline = time.monotonic() + 60
    while (parked_blocks(server.data) > 0) is not waits:
        assert time.monotonic() < deadline, server.output()
        assert server.process is not None
        assert server.process.poll() is None, server.output()
        time.sleep(0.005)


def parked_blocks(data: Path) -> int:
    """Return how many parked blocks wait."""
    with closing(sqlite3.connect(f"file:{data / 'control.sqlite'}?mode=ro", uri=True)) as control:
        waiting = control.execute("SELECT count() FROM dead_letters WHERE parked AND replayed_at = 0")
        return int(waiting.fetchone()[0])
