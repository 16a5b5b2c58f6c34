"""The clock is set while events come in, and while the server is down: nothing is lost, nothing counts twice."""

from __future__ import annotations

import random
from pathlib import Path

from tests.faults.checks import check
from tests.faults.conftest import Note
from tests.faults.load import Load
from tests.harness.server import Server

HOUR, DAY = 3600, 86_400
JUMPS = (-2 * HOUR, 3 * DAY, 0, -3 * DAY, 400 * DAY, 5)
"""What the clock is off by, in seconds, one after the other: forward, back, and right again."""

DAYS = "SELECT toDate(received_at) AS day, count() FROM events GROUP BY day"


def test_the_clock_is_set_forward_and_back(tmp_path: Path, long: bool, note: Note) -> None:
    """At every second jump the server is killed, so that it wakes up in another time than it went to sleep in."""
    rng = random.Random(31)
    offset = tmp_path / "offset"
    offset.write_text("0")
    environment = {
        "PYTHONPATH": str(Path(__file__).with_name("jumping")),
        "CLOCK_OFFSET_FILE": str(offset),
        "SENDLENS_BATCH_MS": "20",
    }
    server = Server(tmp_path / "data", environment=environment).start()
    load = Load(server, seed=9)
    load.start()
    jumps = JUMPS * 5 if long else JUMPS[:4]
    try:
        for number, jump in enumerate(jumps):
            load.wait_answered(posts=rng.randint(20, 60))
            killed = number % 2 == 1
            if killed:
                server.kill()
            set_clock(offset, jump)
            if killed:
                server.start()
        load.wait_answered(posts=20)
        set_clock(offset, 0)
        account = load.finish()
        server.wait_settled()
        assert server.stop() == 0, server.output()
    finally:
        server.kill()
    found = check(server.data, account, days=DAYS)
    assert len(found.answers["days"]) > 2, "hardly anything was stored while the clock was wrong: this proves nothing"
    note("clock set forward and back", len(jumps), account, found)


def set_clock(offset: Path, seconds: int) -> None:
    """Set the server's clock, in one step."""
    new = offset.with_suffix(".new")
    new.write_text(str(seconds))
    new.replace(offset)
