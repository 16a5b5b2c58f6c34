"""A full disk: 503 instead of a broken promise, and everything goes on once there is room."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.checks import QUERIES, Found
from tests.faults.conftest import Note
from tests.faults.load import Account
from tests.harness.missing import missing
from tests.harness.server import Server, inspect_data

ROOM_MB = 96


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own with little room."""
    place = tmp_path / "small"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={ROOM_MB}m", "sendlens-test", str(place)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode != 0:
        missing("a small file system", mounted.stderr.decode().strip())
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def test_full_disk(small_disk: Path, note: Note) -> None:
    """Posts are refused while the disk is full; none that was acknowledged is lost."""
    server = Server(small_disk / "data").start()
    acknowledged: set[str] = set()
    number = 0

    def post() -> int:
        nonlocal number
        number += 1
        events = [
            {
                "type": "injected",
                "id": f"e{number}-{i}",
                "order_id": f"e{number}-{i}",
                "recipient": f"p{i}@gmail.com",
                "message_id": f"m{number}-{i}",
                "occurred_at": int(time.time() * 1000),
                "metadata": {"filler": os.urandom(100).hex()},
            }
            for i in range(200)
        ]
        answer = server.post("/v1/events", events)
        if answer.status_code == 202:
            acknowledged.update(str(event["order_id"]) for event in events)
        else:
            assert answer.status_code == 503, answer.text
            assert int(answer.headers["retry-after"]) > 0
            assert answer.headers["content-type"] == "application/problem+json"
        return answer.status_code

    try:
        assert post() == 202
        server.wait_settled()
        filler = small_disk / "filler"
        with filler.open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(b"\0" * 1_000_000)
            except OSError:
                pass
        codes = [post() for _ in range(40)]
        assert 503 in codes
        assert server.process is not None
        assert server.process.poll() is None, server.output()
        filler.unlink()
        deadline = time.monotonic() + 60
        while post() != 202:
            assert time.monotonic() < deadline, server.output()
            time.sleep(0.2)
        server.wait_settled(120)
        assert server.stop() == 0, server.output()
    finally:
        server.kill()
    seen = inspect_data(server.data, **QUERIES)
    assert seen["disagreements"] == []
    stored = {order: int(count) for order, count in seen["answers"]["stored"]}
    assert acknowledged <= stored.keys()
    assert set(stored.values()) == {1}
    note("disk full, and with room again", 1, Account(acknowledged=acknowledged), Found(corrections=0, duplicates=0))
