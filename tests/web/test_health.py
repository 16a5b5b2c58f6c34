"""What health says of each trouble, and how grave it is."""

from __future__ import annotations

import dataclasses
import re

import pytest

from sendlens.pipeline.fuse import Blown
from sendlens.pipeline.writer import Progress
from sendlens.settings import Settings
from sendlens.web.health import Facts, judge
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
        ({"blown": [STOPPED]}, "fuse", "failing", r"src_1: 90 of 120 records in batch 7 .*\(ValueError\)"),
        ({"behind": "the store lacks migrations 3"}, "migrations", "failing", "lacks migrations 3"),
        ({"disk_free_bytes": 999_999_999}, "disk", "degraded", "only 999 MB"),
        ({"unread": {"src_1": 1}}, "polling", "degraded", "cannot be read: src_1 for 0 min; the page Intake says why"),
        ({"tasks": {"trim-log": TaskState(failing_since_ms=1, error="secret")}}, "tasks", "degraded", "trim-log has"),
    ],
)
def test_each_trouble(trouble: dict[str, object], check: str, status: str, words: str) -> None:
    health = judge(Settings(), dataclasses.replace(WELL, **trouble))  # pyright: ignore[reportArgumentType]
    assert health.status == status
    assert [name for name, one in health.checks.items() if not one.ok] == [check]
    assert re.search(words, health.checks[check].detail)
    # Health is open to everybody.
    assert "ada@example.com" not in str(health)
    assert "secret" not in str(health)


def test_all_is_well() -> None:
    assert judge(Settings(), WELL).status == "ready"
    assert judge(Settings(), dataclasses.replace(WELL, disk_free_bytes=-1)).status == "ready"
    assert judge(Settings(least_disk_mb=0), dataclasses.replace(WELL, disk_free_bytes=0)).status == "ready"
