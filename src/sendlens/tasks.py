"""The table of background tasks: what is done now and then, and how often.

Owns the one thread that runs them. A task that fails is reported and tried at its next turn; it stops no other.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Final

import structlog

from sendlens.clock import Clock, Steady
from sendlens.control.control import Control
from sendlens.log.protocol import Log
from sendlens.pipeline.expiry import expire
from sendlens.settings import Settings
from sendlens.store.client import Store
from sendlens.web.samples import Samples, TaskState

_log = structlog.stdlib.get_logger(__name__)

_DAY_MS: Final = 86_400_000
MINUTES_KEPT_DAYS: Final = 35
"""How long the roll-up by minute is kept; the one by quarters of an hour stays."""
LETTERS_KEPT_DAYS: Final = 30
"""How long a dead letter is kept after its replay."""

REJECTIONS_KEPT_DAYS: Final = 35
"""How long it is known why records were refused; how many were stays in the accounts."""


@dataclass(frozen=True)
class Context:
    """What a task may use."""

    settings: Settings
    clock: Clock
    control: Control
    log: Log
    store: Store
    samples: Samples = field(default_factory=Samples)
    hold: Callable[[], AbstractContextManager[bool]] = lambda: nullcontext(True)
    """Holds the writer between two batches, and says whether no batch is open."""
    follow_networks: Callable[[], None] = lambda: None
    """Makes another list of networks count, if one was put into the data directory."""
    finish_erasures: Callable[[], int] = lambda: 0
    """Finishes the erasures that were cut off, and says how many there were."""


@dataclass(frozen=True)
class Task:
    """Something done every `seconds`, first `after` seconds from the start."""

    name: str
    seconds: float
    after: float
    work: Callable[[Context], None]
    help: str
    by_age: bool = False
    """Whether it deletes what is old, and therefore waits while the clock is doubted."""


def flush_control(context: Context) -> None:
    """Write what the control plane collects in memory."""
    context.control.flush()


def trim_log(context: Context) -> None:
    """Drop blocks that were stored longer ago than they are kept."""
    now = context.clock.now_ms()
    for partition in context.log.partitions():
        context.log.trim(partition, now - context.settings.log_keep_hours * 3_600_000, now)


def drop_old_keys(context: Context) -> None:
    """Drop event keys beyond the de-duplication horizon."""
    days = context.settings.dedupe_days + 1  # the first day of the horizon counts whole
    day = context.clock.now_ms() // _DAY_MS - days
    context.store.drop_partitions("event_keys", before_day=day)


def drop_old_minutes(context: Context) -> None:
    """Drop months of the roll-up by minute that nobody looks at any more."""
    context.store.drop_partitions("metrics_minute", before_day=context.clock.now_ms() // _DAY_MS - MINUTES_KEPT_DAYS)


def purge_letters(context: Context) -> None:
    """Drop dead letters that were replayed long ago."""
    context.control.deadletters.purge(before_ms=context.clock.now_ms() - LETTERS_KEPT_DAYS * _DAY_MS)


def purge_rejections(context: Context) -> None:
    """Drop what was refused long ago."""
    context.control.rejections.purge(before_ms=context.clock.now_ms() - REJECTIONS_KEPT_DAYS * _DAY_MS)


def expire_events(context: Context) -> None:
    """Delete the events that tenants no longer want to keep."""
    for tenant in context.control.tenants.list():
        if tenant.events_keep_days:
            messages = expire(context.store, tenant.id, tenant.events_keep_days, context.clock.now_ms(), context.hold)
            if messages:
                _log.info("events expired", tenant=tenant.id, messages=messages, kept_days=tenant.events_keep_days)


def follow_networks(context: Context) -> None:
    """Take up a list of networks that was refreshed."""
    context.follow_networks()


def finish_erasures(context: Context) -> None:
    """Finish the erasures that a kill cut off."""
    if finished := context.finish_erasures():
        _log.info("erasures finished that were cut off", persons=finished)


def take_samples(context: Context) -> None:
    """Measure what metrics and health show."""
    context.samples.take(context.settings, context.control, context.store)


TASKS: Final = (
    Task("sample", 15, 0, take_samples, "Measures tables, log, disk and dead letters for `/metrics` and health."),
    Task("follow-networks", 30, 30, follow_networks, "Takes up a list of networks that was refreshed."),
    Task("finish-erasures", 60, 2, finish_erasures, "Finishes erasures of persons that were cut off."),
    Task("flush-control", 5, 5, flush_control, "Writes when keys were used and sources were heard of."),
    Task("trim-log", 600, 60, trim_log, "Drops blocks from the log after `log_keep_hours`.", by_age=True),
    Task("drop-old-keys", 3600, 120, drop_old_keys, "Drops event keys beyond `dedupe_days`.", by_age=True),
    Task("drop-old-minutes", 3600, 180, drop_old_minutes, "Drops old months of the roll-up by minute.", by_age=True),
    Task(
        "expire-events",
        86_400,
        600,
        expire_events,
        "Deletes events that a tenant keeps no longer; figures stay.",
        by_age=True,
    ),
    Task("purge-rejections", 3600, 300, purge_rejections, "Drops reasons of rejections after 35 days.", by_age=True),
    Task("purge-letters", 3600, 240, purge_letters, "Drops dead letters that were replayed a month ago.", by_age=True),
)


class Runner:
    """Runs the tasks, one after another, in a thread of its own."""

    def __init__(self, context: Context, tasks: tuple[Task, ...] = TASKS) -> None:
        """Prepare; `start` begins."""
        self._context = context
        self._tasks = tasks
        self.states: Final = {task.name: TaskState() for task in tasks}
        self._steady = Steady(context.clock)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="tasks", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self, timeout: float = 10.0) -> None:
        """Let the running task end, and begin no other."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout)

    def _run(self) -> None:
        now = self._context.clock.monotonic
        due = [now() + task.after for task in self._tasks]
        while not self._stop.wait(max(0.05, min(due) - now())):
            for index, task in enumerate(self._tasks):
                if due[index] <= now() and not self._stop.is_set():
                    due[index] = now() + task.seconds
                    self._do(task)

    def _do(self, task: Task) -> None:
        state, now = self.states[task.name], self._context.clock.now_ms
        if not self._steady.believed() and task.by_age:
            _log.warning("the clock has jumped: nothing is deleted by its age for a day", task=task.name)
            return
        try:
            task.work(self._context)
        except Exception as error:  # a task that fails is tried again when its time comes, and health tells of it
            state.failures += 1
            state.error = (str(error) or type(error).__name__)[:1000]
            state.failing_since_ms = state.failing_since_ms or now()
            _log.error("task failed", task=task.name, error=state.error)
        else:
            state.error, state.failing_since_ms, state.last_success_ms = "", 0, now()
