"""`GET /metrics`: the metrics of the process for Prometheus.

Owns who may scrape, and where each value is read. The figures of tenants are at `/v1/metrics` and are something else.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from litestar import Request, Response, Router, get

from sendlens.clock import Clock
from sendlens.errors import SendlensError, Unauthorized
from sendlens.exchangers.known import Known
from sendlens.log.protocol import Log
from sendlens.pipeline.births import Births
from sendlens.pipeline.dedupe import Deduper
from sendlens.pipeline.fuse import Fuse
from sendlens.pipeline.writer import Writer
from sendlens.polling.rounds import Rounds
from sendlens.settings import Settings
from sendlens.store.maintenance import Size
from sendlens.web.live import LiveHub
from sendlens.web.pace import Pace
from sendlens.web.samples import Samples, TaskState
from sendlens.web.telemetry import Reading, Readings, Telemetry

AnyRequest = Request[Any, Any, Any]


@dataclass(frozen=True)
class Gauges:
    """The parts whose state is read at a scrape."""

    clock: Clock
    log: Log
    hub: LiveHub
    writer: Writer
    deduper: Deduper
    births: Births
    fuse: Fuse
    samples: Samples
    tasks: Mapping[str, TaskState]
    exchangers: Known
    pace: Pace
    polled: Sequence[Rounds]
    """What is polled; filled when polling begins."""
    trouble: Callable[[], str]
    """What keeps the log from being written; empty while all is well."""

    def readings(self) -> Readings:
        """Return how each value is read."""
        progress, samples = self.writer.progress, self.samples

        def tables(value: Callable[[Size], int]) -> Reading:
            return [((name,), value(size)) for name, size in samples.tables.items()]

        return {
            "sendlens_batch_failures_total": lambda: _one(progress.failures),
            "sendlens_damaged_blocks_total": lambda: _one(progress.damaged),
            "sendlens_writer_up": lambda: _one(
                self.writer.alive and not progress.failing_since_ms and not progress.holding
            ),
            "sendlens_lag_records": lambda: _one(self.log.backlog()),
            "sendlens_lag_seconds": lambda: _one(lag_seconds(self.log, self.clock)),
            "sendlens_fuses_blown": lambda: _one(len(self.fuse.blown())),
            "sendlens_dead_letters_waiting": lambda: _one(samples.letters_waiting),
            "sendlens_dedupe_keys": lambda: _one(self.deduper.held),
            "sendlens_dedupe_store_keys_total": lambda: _one(self.deduper.asked),
            "sendlens_births_held": lambda: _one(self.births.held),
            "sendlens_tenants_behind": lambda: _one(self.pace.standing_back),
            "sendlens_turns_waited_total": lambda: _by_kind(self.pace.waits),
            "sendlens_turns_waited_seconds_total": lambda: _by_kind(self.pace.waited),
            "sendlens_turns_refused_total": lambda: _by_kind(self.pace.refused),
            "sendlens_store_bytes": lambda: tables(lambda size: size.bytes),
            "sendlens_store_rows": lambda: tables(lambda size: size.rows),
            "sendlens_store_parts": lambda: tables(lambda size: size.parts),
            "sendlens_log_bytes": lambda: _one(samples.log_bytes),
            "sendlens_log_trouble": lambda: _one(bool(self.trouble())),
            "sendlens_disk_free_bytes": lambda: [] if samples.disk_free_bytes < 0 else _one(samples.disk_free_bytes),
            "sendlens_exchangers_known": lambda: _one(len(self.exchangers)),
            "sendlens_exchangers_waiting": lambda: _one(self.exchangers.waiting),
            "sendlens_exchangers_lookups_total": lambda: [
                (("answered",), self.exchangers.answered),
                (("failed",), self.exchangers.failed),
            ],
            "sendlens_polls_total": lambda: [
                one
                for rounds in self.polled
                for one in (((rounds.name, "good"), rounds.looks), ((rounds.name, "failed"), rounds.failed))
            ],
            "sendlens_polls_failing": lambda: [((rounds.name,), rounds.failing) for rounds in self.polled],
            "sendlens_live_streams": lambda: _one(self.hub.listeners),
            "sendlens_task_failures_total": lambda: [((name,), task.failures) for name, task in self.tasks.items()],
            "sendlens_task_last_success_seconds": lambda: [
                ((name,), task.last_success_ms / 1000) for name, task in self.tasks.items() if task.last_success_ms
            ],
        }


def lag_seconds(log: Log, clock: Clock) -> float:
    """Return the age of the oldest block that is not stored; 0 if there is none, or if it cannot be read."""
    oldest: list[int] = []
    for partition in log.partitions():
        if log.head(partition) > (committed := log.committed(partition)):
            try:
                blocks = log.read(partition, committed, max_records=1, max_bytes=1)
            except SendlensError:
                continue  # health says what is wrong with the log; a scrape must not fail over it
            oldest += [found.block.received_at for found in blocks]
    return max(0, clock.now_ms() - min(oldest)) / 1000 if oldest else 0.0


def scrape_router(settings: Settings, telemetry: Telemetry, is_local: Callable[[AnyRequest], bool]) -> Router:
    """Return the route; without `metrics_key` it answers only requests for which `is_local` holds."""

    @get("/metrics", include_in_schema=False)
    async def scrape(request: AnyRequest) -> Response[bytes]:
        if not (_shows(request, settings.metrics_key) or is_local(request)):
            raise Unauthorized(
                "these metrics are for this machine, or for a scraper with the key of the settings",
                hint="Set SENDLENS_METRICS_KEY, and send it as Authorization: Bearer <key>.",
            )
        body, content_type = await asyncio.to_thread(telemetry.exposition, request.headers.get("accept", ""))
        return Response(
            body, media_type=content_type, headers={"content-type": content_type, "cache-control": "no-store"}
        )

    return Router("/", route_handlers=[scrape])


def _shows(request: AnyRequest, key: str) -> bool:
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    given = secret.strip().encode("utf-8", "replace")
    return bool(key) and scheme.lower() == "bearer" and hmac.compare_digest(given, key.encode())


def _one(value: float) -> Reading:
    return [((), value)]


def _by_kind(values: Mapping[str, float]) -> Reading:
    return [((kind,), value) for kind, value in values.items()]
