"""Health: whether the process lives, and whether it can keep its promises.

Owns the checks and what they say. `live` never asks another part, so that a slow store does not get the process killed.
"""

from __future__ import annotations

import asyncio

import msgspec
from litestar import MediaType, Response, Router, get

from sendlens.clock import Clock
from sendlens.log.protocol import Log
from sendlens.pipeline.writer import Progress, Writer
from sendlens.settings import Settings
from sendlens.store.client import Store


class Check(msgspec.Struct, frozen=True):
    """One part: whether it does its work, and what is wrong if not."""

    ok: bool
    detail: str


class Health(msgspec.Struct, frozen=True):
    """The answer of `/health/ready`; `waiting` is the number of records on disk and not yet in the store."""

    status: str
    waiting: int
    checks: dict[str, Check]


def health_router(settings: Settings, clock: Clock, log: Log, store: Store, writer: Writer) -> Router:
    """Return the routes `/health/live` and `/health/ready`; both are open to everybody and tell no data."""

    @get("/live", media_type=MediaType.JSON, sync_to_thread=False, summary="Whether the process lives")
    def live() -> dict[str, str]:
        """Answer at once."""
        return {"status": "alive"}

    @get("/ready", media_type=MediaType.JSON, summary="Whether events are accepted, stored and shown")
    async def ready() -> Response[Health]:
        """Ask every part; 503 with the reason if one cannot do its work."""
        answered = await asyncio.to_thread(store.ping)
        health = judge(settings, clock, log.backlog(), writer.alive, writer.progress, answered)
        return Response(
            health, status_code=200 if health.status == "ready" else 503, headers={"cache-control": "no-store"}
        )

    return Router("/health", route_handlers=[live, ready], tags=["health"])


def judge(settings: Settings, clock: Clock, waiting: int, alive: bool, progress: Progress, answered: bool) -> Health:
    """Return the verdict from what the parts told."""
    if progress.failing_since_ms:
        seconds = (clock.now_ms() - progress.failing_since_ms) // 1000
        writer = Check(False, f"has failed for {seconds} s and keeps trying: {progress.last_error}")
    else:
        writer = Check(alive, "stores what arrives" if alive else "has stopped; restart Sendlens")
    checks = {
        "writer": writer,
        "store": Check(answered, "answers" if answered else "does not answer"),
        "door": Check(
            waiting <= settings.max_lag_events,
            f"{waiting} records wait to be stored"
            + ("" if waiting <= settings.max_lag_events else f", more than {settings.max_lag_events}: posts get 503"),
        ),
    }
    good = all(check.ok for check in checks.values())
    return Health("ready" if good else "failing", waiting, checks)
