"""Background tasks: what each deletes by its age; a failure stops no other, and a doubted clock deletes nothing."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from sendlens import tasks
from sendlens.clock import DOUBT_SECONDS, FrozenClock
from sendlens.settings import Settings
from sendlens.tasks import TASKS, Context, Runner, Task

DAY_MS = 86_400_000
TODAY = 20_000
NOW = TODAY * DAY_MS + 3_600_000


class Parts:
    """Stands for log, store and control plane: notes what it is asked to delete."""

    def __init__(self) -> None:
        self.dropped: dict[str, int] = {}

    def drop_partitions(self, table: str, before_day: int) -> int:
        self.dropped[table] = before_day
        return 0

    def partitions(self) -> list[int]:
        return [0]

    def trim(self, partition: int, before_ms: int, now_ms: int) -> int:
        assert now_ms == NOW
        self.dropped[f"log {partition}"] = before_ms
        return 0

    def purging(self, what: str) -> Any:
        def purge(*, before_ms: int) -> int:
            self.dropped[what] = before_ms
            return 0

        return SimpleNamespace(purge=purge)


def context_of(parts: Any, clock: FrozenClock, **settings: Any) -> Context:
    control: Any = SimpleNamespace(deadletters=parts.purging("letters"), rejections=parts.purging("rejections"))
    return Context(
        settings=Settings(data=Path("unused"), **settings), clock=clock, control=control, log=parts, store=parts
    )


def test_what_is_kept_for_how_long() -> None:
    parts = Parts()
    context = context_of(parts, FrozenClock(NOW), dedupe_days=7, log_keep_hours=48)
    aged = (tasks.trim_log, tasks.drop_old_keys, tasks.drop_old_minutes, tasks.purge_letters, tasks.purge_rejections)
    for work in aged:
        work(context)
    assert parts.dropped == {
        "log 0": NOW - 2 * DAY_MS,
        "event_keys": TODAY - 8,  # seven whole days, and the one on which the first of them began
        "metrics_minute": TODAY - 35,
        "letters": NOW - 30 * DAY_MS,
        "rejections": NOW - 35 * DAY_MS,
    }


def test_every_task_that_deletes_waits_while_the_clock_is_doubted() -> None:
    assert {task.name for task in TASKS if task.by_age} == {
        task.name for task in TASKS if task.name.split("-")[0] in {"trim", "drop", "expire", "purge"}
    }
    clock, done = FrozenClock(NOW), list[str]()
    told = (
        Task("young", 60, 0, lambda _: done.append("young"), ""),
        Task("old", 60, 0, lambda _: done.append("old"), "", by_age=True),
    )
    runner = Runner(context_of(Parts(), clock), told)
    clock.jump(400 * 86_400)
    for task in told:
        runner._do(task)
    assert done == ["young"]
    clock.advance(DOUBT_SECONDS)
    for task in told:
        runner._do(task)
    assert done == ["young", "young", "old"]


def test_a_task_that_fails_says_why_until_it_succeeds() -> None:
    clock, wrong = FrozenClock(NOW), ["the disk is full", ""]

    def work(_: Context) -> None:
        if text := wrong.pop(0):
            raise OSError(text)

    one = Task("one", 60, 0, work, "")
    runner = Runner(context_of(Parts(), clock), (one,))
    state = runner.states["one"]
    runner._do(one)
    assert (state.failures, state.error, state.failing_since_ms) == (1, "the disk is full", NOW)
    clock.advance(60)
    runner._do(one)
    assert (state.failures, state.error, state.failing_since_ms) == (1, "", 0)
    assert state.last_success_ms == NOW + 60_000
