"""A log whose last block is not what was written, after a power cut or a bad disk: the server goes on by itself."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from tests.faults.checks import check
from tests.faults.conftest import Note
from tests.faults.load import Account, delivered
from tests.harness.server import Server

EVENTS = 30
# The second batch begins so long after the first that it is not stored when the kill comes.
SLOW = {"SENDLENS_BATCH_MS": "60000"}


def test_the_last_block_is_torn_or_damaged(tmp_path: Path, note: Note) -> None:
    """Killed with three blocks that wait; the write of a fourth was cut short, and the disk has changed the third."""
    data, account = tmp_path / "data", Account()
    server = Server(data, environment=SLOW).start()
    try:
        post(server, account, 0)
        server.wait_settled()
        for number in (1, 2, 3):
            post(server, account, number)
        server.kill()
        tear(data / "log.sqlite")
        assert damage_last(data / "log.sqlite") == 4, "the last block is not one that waits"

        server = Server(data).start()
        server.wait_settled()
        ready = server.get("/health/ready")
        assert ready["checks"]["writer"]["ok"], ready
        assert ready["checks"]["fuse"]["ok"], ready
        assert (ready["status"], ready["checks"]["blocks"]["ok"]) == ("degraded", False), ready
        (letter,) = server.get("/v1/dead-letters")["letters"]
        assert (letter["records"], letter["reason"].partition(":")[0]) == (EVENTS, "CorruptBlock")

        # Its sender is told by the letter which request it was, and sends it again; so does one who need not have.
        for number in (3, 2):
            post(server, account, number)
        server.wait_settled()
        assert server.stop() == 0, server.output()
    finally:
        server.kill()
    found = check(data, account, parked=True)
    assert found.duplicates == EVENTS
    note("last block of the log torn and damaged", 1, account, found)


def post(server: Server, account: Account, number: int) -> None:
    """Post a block of events, and note what was acknowledged."""
    names = [f"block-{number}-{place}" for place in range(EVENTS)]
    answer = server.post("/v1/events", [delivered(name) for name in names])
    assert answer.status_code == 202, answer.text
    account.acknowledged |= set(names)


def tear(path: Path) -> None:
    """Leave half of a write behind the last whole one, as a machine does that loses its power in the middle."""
    tail = path.with_name(f"{path.name}-wal")
    whole = tail.read_bytes()
    assert len(whole) > 8192, "the write-ahead file is empty"
    tail.write_bytes(whole + whole[32 : 32 + 5000])


def damage_last(path: Path) -> int:
    """Change a byte in the middle of the last block and return its offset."""
    with closing(sqlite3.connect(path)) as connection, connection:
        offset, position, body = connection.execute(
            "SELECT offset, (SELECT offset FROM position), body FROM blocks ORDER BY offset DESC LIMIT 1"
        ).fetchone()
        assert position < offset
        middle = len(body) // 2
        changed = body[:middle] + bytes([body[middle] ^ 4]) + body[middle + 1 :]
        connection.execute("UPDATE blocks SET body = ? WHERE offset = ?", (changed, offset))
    return offset
