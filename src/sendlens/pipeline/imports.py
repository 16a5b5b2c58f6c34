"""Imports of files in the background: the records of an uploaded file through the same door as every post.

Owns the jobs, their progress and their rejections. Reading is `sources.files`, which `sendlens import` uses too;
judging is `sources.native`, durability the door's. A job lives in this process: after a restart the file is sent again,
and what was counted before is recognised.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import structlog

from sendlens.clock import Clock
from sendlens.errors import NotFound, SendlensError, TooBusy, Unavailable
from sendlens.model.events import RecordKind
from sendlens.pipeline.door import Door
from sendlens.sources import files, native

SOURCE: Final = "import"
"""What the records are filed under."""
MOST_SHOWN: Final = 100
"""Rejections kept of one job; their number is always told."""
_JOBS: Final = 50
_LINES: Final = "application/x-ndjson"
_log = structlog.stdlib.get_logger(__name__)


@dataclass
class Job:
    """One file: how far it is, and what was wrong with it. `state` is `running`, `done` or `failed`."""

    id: str
    tenant: str
    name: str
    size: int
    started_at: int
    records: int = 0
    accepted: int = 0
    rejected: int = 0
    bytes_done: int = 0
    finished_at: int = 0
    state: str = "running"
    problem: str = ""
    rejections: list[tuple[int, str]] = field(default_factory=list[tuple[int, str]])
    """Line and reason, the first ones."""


class Imports:
    """Runs jobs, one of a tenant at a time. Used on the event loop alone."""

    def __init__(self, door: Door, clock: Clock, directory: Path) -> None:
        """Bring records to `door`; files wait in `directory`, and what an earlier process left there is deleted."""
        self._door = door
        self._clock = clock
        self.directory = directory
        for left in directory.glob("*") if directory.exists() else ():
            left.unlink()
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._running: dict[str, asyncio.Task[None]] = {}

    def check(self, tenant: str) -> None:
        """Raise `TooBusy` while a job of the tenant runs."""
        if any(job.tenant == tenant and job.state == "running" for job in self._jobs.values()):
            raise TooBusy(
                "an import of this tenant is running", retry_after=10, hint="Wait for it, then send the next."
            )

    def start(self, tenant: str, name: str, file: Path) -> Job:
        """Begin to import a file, which is deleted at the end; its name tells the form. Raises as `check` does."""
        try:
            self.check(tenant)
        except TooBusy:
            _forget(file)  # another upload was quicker, and nobody else knows of this one
            raise
        job = Job(secrets.token_hex(8), tenant, name[:200], file.stat().st_size, self._clock.now_ms())
        self._jobs[job.id] = job
        while len(self._jobs) > _JOBS and next(iter(self._jobs.values())).state != "running":
            self._jobs.popitem(last=False)
        task = asyncio.create_task(self._run(job, file))
        self._running[job.id] = task
        task.add_done_callback(lambda _: self._running.pop(job.id, None))
        return job

    def get(self, tenant: str, job_id: str) -> Job:
        """Return a job of the tenant. Raises `NotFound`."""
        job = self._jobs.get(job_id)
        if job is None or job.tenant != tenant:
            raise NotFound("there is no such import", hint="Imports are forgotten when the server is started anew.")
        return job

    def of(self, tenant: str) -> list[Job]:
        """Return the jobs of a tenant, the latest first."""
        return [job for job in reversed(self._jobs.values()) if job.tenant == tenant]

    async def _run(self, job: Job, file: Path) -> None:
        try:
            found = files.batches(files.records([file]))
            while batch := await asyncio.to_thread(next, found, None):
                await self._bring(job, batch)
            job.state = "done"
        except SendlensError as error:
            # The file is called by a name of ours on disk, which says nothing to whoever sent it.
            said = f"{error.detail}. {error.hint}".strip().replace(str(file), job.name)
            job.state, job.problem = "failed", said
        except Exception as error:  # nobody waits for this job: whatever ends it has to be told by its state
            _log.exception("import failed", job=job.id, error=type(error).__name__)
            job.state, job.problem = "failed", "Something went wrong inside Sendlens; its log says what."
        finally:
            job.finished_at = self._clock.now_ms()
            _forget(file)

    async def _bring(self, job: Job, batch: list[files.Record]) -> None:
        body = b"\n".join(record.body for record in batch)
        received_at = self._clock.now_ms()
        mapped = await asyncio.to_thread(native.parse_events, body, _LINES, received_at)
        while True:
            try:
                done = await self._door.accept(job.tenant, SOURCE, RecordKind.EVENT, mapped, received_at, job.id)
            except (Unavailable, TooBusy) as error:
                # The pipeline is behind; a file can wait.
                await asyncio.sleep(error.retry_after or 1)
            else:
                break
        job.records += len(batch)
        job.accepted += done.accepted
        job.rejected += done.rejected
        job.bytes_done = min(job.size, job.bytes_done + len(body) + 1)
        left = MOST_SHOWN - len(job.rejections)
        job.rejections += [(batch[one.index].line, one.error) for one in mapped.rejected[:left]]


def _forget(file: Path) -> None:
    # Called at once and not in a thread: when the server stops, nothing is waited for any more.
    file.unlink(missing_ok=True)
