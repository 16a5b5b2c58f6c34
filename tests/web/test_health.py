"""What health says of each trouble, and how grave it is."""

from __future__ import annotations

import asyncio
import dataclasses
import re
import threading

import pytest

from sendlens.pipeline.fuse import Blown
from sendlens.pipeline.writer import Progress
from sendlens.settings import Settings
from sendlens.web import health
from sendlens.web.health import Facts, StorePing, judge
from sendlens.web.samples import TaskState

WELL = Facts(now_ms=60_000, waiting=0, alive=True, progress=Progress(), answered=True, disk_free_bytes=10**12)
STOPPED = Blown("t_1", "src_1", 7, 120, 90, "ValueError: ada@example.com is odd", 1)


@pytest.mark.parametrize(
    ("trouble", "check", "status", "words"),
    [
        ({"alive": False}, "writer", "failing", "has stopped"),
        ({"progress": Progress(failing_since_ms=1, last_error="no disk")}, "writer", "failing", "59 s .* no disk"),
        ({"progress": Progress(holding=7)}, "writer", "failing", "holds batch 7"),
        ({"answered": False}, "store", "failing", "does not answer"),
        ({"waiting": 5_000_001}, "door", "failing", "posts get 503"),
        ({"log_trouble": "disk full"}, "log", "failing", "disk full"),
        ({"progress": Progress(damaged=2, last_damaged=9)}, "blocks", "degraded", "2 damaged .* at offset 9"),
        ({"blown": [STOPPED]}, "fuse", "failing", r"src_1: 90 of 120 records in batch 7 .*\(ValueError\)"),
        ({"behind": "the store lacks migrations 3"}, "migrations", "failing", "lacks migrations 3"),
        ({"disk_free_bytes": 999_999_999}, "disk", "degraded", "only 999 MB"),
        ({"unread": {"src_1": 1}}, "polling", "degraded", "cannot be read: src_1 for 0 min; the page Intake says why"),
        ({"tasks": {"trim-log": TaskState(failing_since_ms=1, error="secret")}}, "tasks", "degraded", "trim-log has"),
    ],
)
def test_each_trouble(trouble: dict[str, object], check: str, status: str, words: str) -> None:
    told = judge(Settings(), dataclasses.replace(WELL, **trouble))  # pyright: ignore[reportArgumentType]
    assert told.status == status
    assert [name for name, one in told.checks.items() if not one.ok] == [check]
    assert re.search(words, told.checks[check].detail)
    # Health is open to everybody.
    assert "ada@example.com" not in str(told)
    assert "secret" not in str(told)


def test_store_that_stands_still_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "PING_SECONDS", 0.01)
    free, asked = threading.Event(), list[int]()

    def ping() -> bool:
        asked.append(1)
        return free.wait(30)

    async def probe() -> None:
        store = StorePing(ping)
        assert [await store.answered() for _ in range(3)] == [False] * 3
        assert len(asked) == 1
        free.set()
        monkeypatch.setattr(health, "PING_SECONDS", 30)
        assert await store.answered()

    asyncio.run(probe())


def test_all_is_well() -> None:
    assert judge(Settings(), WELL).status == "ready"
    assert judge(Settings(), dataclasses.replace(WELL, disk_free_bytes=-1)).status == "ready"
    assert judge(Settings(least_disk_mb=0), dataclasses.replace(WELL, disk_free_bytes=0)).status == "ready"
