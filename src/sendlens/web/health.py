"""Health: whether the process lives, and whether it can keep its promises.

Owns the checks and what they say. `live` never asks another part, so that a slow store does not get the process killed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import msgspec
from litestar import MediaType, Response, Router, get

from sendlens.clock import Clock
from sendlens.log.protocol import Log
from sendlens.pipeline.fuse import Blown, Fuse
from sendlens.pipeline.writer import Progress, Writer
from sendlens.settings import Settings
from sendlens.store.client import Store
from sendlens.web.samples import Samples, TaskState


class Check(msgspec.Struct, frozen=True):
    """One part: whether it does its work, and what is wrong if not."""

    ok: bool
    detail: str


class Health(msgspec.Struct, frozen=True):
    """The answer of `/health/ready`; `waiting` is the number of records on disk and not yet in the store.

    `status` is `ready`, `degraded` (somebody should look; everything is accepted, stored and shown) or `failing`.
    """

    status: str
    waiting: int
    checks: dict[str, Check]


@dataclass(frozen=True)
class Facts:
    """What the parts told at one moment."""

    now_ms: int
    waiting: int
    alive: bool
    progress: Progress
    answered: bool
    log_trouble: str = ""
    blown: list[Blown] = field(default_factory=list[Blown])
    disk_free_bytes: int = -1
    behind: str = ""
    unread: Mapping[str, int] = field(default_factory=dict[str, int])
    """Polled sources that cannot be read, and since when (UTC ms)."""
    tasks: Mapping[str, TaskState] = field(default_factory=dict[str, TaskState])


WARNINGS = frozenset({"blocks", "disk", "tasks", "polling"})
"""Checks that make health degraded and not failing: a load balancer has no reason to turn away."""


_MOST_UNREAD = 10
PING_SECONDS = 3.0
"""How long the store may take to answer: whoever asks about health shall hear that it does not, and not wait, too."""


@dataclass(frozen=True)
class Sources:
    """The parts that are asked."""

    settings: Settings
    clock: Clock
    log: Log
    store: Store
    writer: Writer
    fuse: Fuse
    samples: Samples
    tasks: Mapping[str, TaskState]
    trouble: Callable[[], str]

    def facts(self, answered: bool) -> Facts:
        """Ask every part but the store, which has `answered` or not; may take a moment."""
        return Facts(
            now_ms=self.clock.now_ms(),
            waiting=self.log.backlog(),
            alive=self.writer.alive,
            progress=self.writer.progress,
            answered=answered,
            log_trouble=self.trouble(),
            blown=self.fuse.blown(),
            disk_free_bytes=self.samples.disk_free_bytes,
            behind=self.samples.behind,
            unread=self.samples.unread,
            tasks=self.tasks,
        )


class StorePing:
    """One question to the store at a time, however many ask about health and however long it takes."""

    def __init__(self, ping: Callable[[], bool]) -> None:
        """Ask by `ping`, in a worker thread."""
        self._ping = ping
        self._asked: asyncio.Task[bool] | None = None

    async def answered(self) -> bool:
        """Return whether the store answers within `PING_SECONDS`."""
        asked = self._asked
        if asked is None or asked.done():
            asked = self._asked = asyncio.ensure_future(asyncio.to_thread(self._ping))
        done, _ = await asyncio.wait([asked], timeout=PING_SECONDS)
        return bool(done) and asked.result()


def health_router(sources: Sources) -> Router:
    """Return the routes `/health/live` and `/health/ready`; both are open to everybody and tell no data."""
    ping = StorePing(sources.store.ping)

    @get("/live", media_type=MediaType.JSON, sync_to_thread=False, summary="Whether the process lives")
    def live() -> dict[str, str]:
        """Answer at once."""
        return {"status": "alive"}

    @get("/ready", media_type=MediaType.JSON, summary="Whether events are accepted, stored and shown")
    async def ready() -> Response[Health]:
        """Ask every part; 503 with the reason if one cannot do its work."""
        health = judge(sources.settings, await asyncio.to_thread(sources.facts, await ping.answered()))
        return Response(
            health, status_code=503 if health.status == "failing" else 200, headers={"cache-control": "no-store"}
        )

    return Router("/health", route_handlers=[live, ready], tags=["health"])


def judge(settings: Settings, facts: Facts) -> Health:
    """Return the verdict from what the parts told."""
    over = facts.waiting > settings.max_lag_events
    late = f", more than {settings.max_lag_events}: posts get 503" if over else ""
    checks = {
        "writer": _writer(facts),
        "store": Check(facts.answered, "answers" if facts.answered else f"does not answer within {PING_SECONDS:g} s"),
        "door": Check(not over, f"{facts.waiting} records wait to be stored{late}"),
        "log": Check(not facts.log_trouble, facts.log_trouble or "takes what arrives"),
        "blocks": _blocks(facts.progress),
        "fuse": _fuse(facts.blown),
        "migrations": Check(not facts.behind, facts.behind or "all are applied"),
        "disk": _disk(settings, facts.disk_free_bytes),
        "tasks": _tasks(facts),
        "polling": _polling(facts),
    }
    bad = {name for name, check in checks.items() if not check.ok}
    # Parked records of some sources are no reason to turn everybody away.
    warnings = WARNINGS if any(not one.parks for one in facts.blown) else WARNINGS | {"fuse"}
    status = "ready" if not bad else "degraded" if bad <= warnings else "failing"
    return Health(status, facts.waiting, checks)


def _writer(facts: Facts) -> Check:
    progress = facts.progress
    if not facts.alive:
        return Check(False, "has stopped; restart Sendlens")
    if progress.holding:
        return Check(False, f"holds batch {progress.holding}, because a fuse has blown")
    if progress.failing_since_ms:
        seconds = (facts.now_ms - progress.failing_since_ms) // 1000
        # Open to everybody, so that only the kind of mistake is told; the log has the whole of it.
        kind = progress.last_error.partition(":")[0][:80]
        return Check(False, f"has failed for {seconds} s and keeps trying: {kind}")
    return Check(True, "stores what arrives")


def _blocks(progress: Progress) -> Check:
    if not progress.damaged:
        return Check(True, "every block of the log was as it had been written")
    return Check(
        False,
        f"{progress.damaged} damaged since the start, the last at offset {progress.last_damaged}; their records are "
        "dead letters. Look at the disk",
    )


def _fuse(blown: list[Blown]) -> Check:
    # Open to everybody: the whole reason may repeat what a sender wrote, so that only the kind of mistake is told.
    stopped = [
        f"source {one.source}: {one.dead} of {one.records} records in batch {one.batch_id} could not be processed "
        f"({one.reason.partition(':')[0]})"
        for one in blown
    ]
    if not stopped:
        return Check(True, "no source is stopped")
    rest = "their records are parked" if all(one.parks for one in blown) else "nothing is stored"
    return Check(False, f"{'; '.join(stopped)}; {rest} until a version runs that can, or: sendlens fuse reset SOURCE")


def _disk(settings: Settings, free: int) -> Check:
    if free < 0:
        return Check(True, "not measured yet")
    megabytes = free // 1_000_000
    if megabytes >= settings.least_disk_mb:
        return Check(True, f"{megabytes} MB are free")
    return Check(False, f"only {megabytes} MB are free; when it is full, posts get 503")


def _tasks(facts: Facts) -> Check:
    failing = [
        f"{name} has failed for {(facts.now_ms - task.failing_since_ms) // 1000} s; the log says why"
        for name, task in facts.tasks.items()
        if task.failing_since_ms
    ]
    return Check(not failing, "; ".join(failing) or "all do their work")


def _polling(facts: Facts) -> Check:
    # Open to everybody: the reason names hosts and users, and stands on the page Intake.
    unread = [f"{one} for {(facts.now_ms - since) // 60_000} min" for one, since in facts.unread.items()]
    if not unread:
        return Check(True, "every polled source is read")
    more = f" and {len(unread) - _MOST_UNREAD} more" if len(unread) > _MOST_UNREAD else ""
    told = ", ".join(unread[:_MOST_UNREAD])
    return Check(False, f"polled sources that cannot be read: {told}{more}; the page Intake says why")
