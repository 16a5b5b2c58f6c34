"""Imports of files in the background: the records of an uploaded file through the same door as every post.

Owns the running of jobs, their progress, and how one goes on after a restart: behind the last record that was noted as
brought; what was brought and not noted is recognised. Reading is `sources.files`, which `sendlens import` uses too;
judging is `sources.native`, durability the door's.
"""

from __future__ import annotations

import asyncio
import secrets
from pathlib import Path
from typing import Final

import structlog

from sendlens.clock import Clock
from sendlens.control.imports import Import, ImportJobs, Rejected
from sendlens.errors import Rejection, SendlensError, TooBusy, Unavailable
from sendlens.model.events import RecordKind
from sendlens.pipeline.disguise import Disguise
from sendlens.pipeline.door import Door
from sendlens.sources import files, native

SOURCE: Final = "import"
"""What the records are filed under."""
MOST_SHOWN: Final = 100
"""Rejections kept of one job; their number is always told."""
SAVE_SECONDS: Final = 1.0
"""How often progress is noted; so much is brought again after a kill, and recognised."""
INTERRUPTED: Final = (
    "The server was stopped while it read the file, and the file is gone. "
    "Send it again: what was counted is recognised."
)
_LINES: Final = "application/x-ndjson"
_log = structlog.stdlib.get_logger(__name__)


class Imports:
    """Runs jobs, one of a tenant at a time. Used on the event loop alone."""

    def __init__(self, door: Door, clock: Clock, directory: Path, jobs: ImportJobs, disguise: Disguise) -> None:
        """Bring records to `door`; files wait in `directory` until they are read."""
        self._door = door
        self._clock = clock
        self.directory = directory
        self._jobs = jobs
        self._disguise = disguise
        self._running: dict[str, Import] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def resume(self) -> None:
        """Go on with the jobs that an earlier process did not finish, and delete files that belong to none."""
        left = await asyncio.to_thread(self._jobs.running)
        for job in left:
            file = self.directory / job.file
            if file.is_file():
                job.resumed += 1
                _log.info("an import goes on", job=job.id, tenant=job.tenant, records=job.records)
                self._begin(job, file)
            else:
                job.state, job.problem, job.finished_at = "interrupted", INTERRUPTED, self._clock.now_ms()
                await asyncio.to_thread(self._jobs.save, job)
        known = {job.file for job in left}
        for file in self.directory.glob("*") if self.directory.exists() else ():
            if file.name not in known:
                file.unlink()

    async def stop(self) -> None:
        """Interrupt what runs; it goes on at the next start."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def finished(self, job_id: str) -> None:
        """Return once a job of this process is finished or was interrupted."""
        if task := self._tasks.get(job_id):
            await asyncio.wait([task])

    def check(self, tenant: str) -> None:
        """Raise `TooBusy` while a job of the tenant runs."""
        if any(job.tenant == tenant for job in self._running.values()):
            raise TooBusy(
                "an import of this tenant is running", retry_after=10, hint="Wait for it, then send the next."
            )

    async def start(self, tenant: str, name: str, file: Path) -> Import:
        """Begin to import a file of the directory, which is deleted at the end; its name tells the form.

        Raises as `check` does.
        """
        size = (await asyncio.to_thread(file.stat)).st_size
        try:
            self.check(tenant)
        except TooBusy:
            await asyncio.to_thread(file.unlink)  # another upload was quicker, and nobody else knows of this one
            raise
        job = Import(
            id=secrets.token_hex(8),
            tenant=tenant,
            name=name[:200],
            file=file.name,
            size=size,
            started_at=self._clock.now_ms(),
        )
        self._running[job.id] = job
        try:
            await asyncio.to_thread(self._jobs.add, job)
        except BaseException:
            del self._running[job.id]
            raise
        self._begin(job, file)
        return job

    async def get(self, tenant: str, job_id: str) -> Import:
        """Return a job of the tenant. Raises `NotFound`."""
        job = self._running.get(job_id)
        return job if job and job.tenant == tenant else await asyncio.to_thread(self._jobs.get, tenant, job_id)

    async def of(self, tenant: str) -> list[Import]:
        """Return the jobs of a tenant, the latest first."""
        return [self._running.get(job.id, job) for job in await asyncio.to_thread(self._jobs.of, tenant)]

    def _begin(self, job: Import, file: Path) -> None:
        self._running[job.id] = job
        task = self._tasks[job.id] = asyncio.create_task(self._run(job, file))
        task.add_done_callback(lambda _: (self._tasks.pop(job.id, None), self._running.pop(job.id, None)))

    async def _run(self, job: Import, file: Path) -> None:
        try:
            await self._read(job, file)
            job.state = "done"
        except SendlensError as error:
            # The file is called by a name of ours on disk, which says nothing to whoever sent it.
            said = f"{error.detail}. {error.hint}".strip().replace(str(file), job.name)
            job.state, job.problem = "failed", said
        except Exception as error:  # nobody waits for this job: whatever ends it has to be told by its state
            _log.exception("import failed", job=job.id, error=type(error).__name__)
            job.state, job.problem = "failed", "Something went wrong inside Sendlens; its log says what."
        # A job that is cancelled keeps its file, and goes on at the next start.
        job.finished_at = self._clock.now_ms()
        await asyncio.to_thread(self._jobs.save, job)
        await asyncio.to_thread(file.unlink, missing_ok=True)

    async def _read(self, job: Import, file: Path) -> None:
        found = files.batches(files.records([file]))
        before, noted = job.records, self._clock.monotonic()
        passed = 0
        while batch := await asyncio.to_thread(next, found, None):
            passed += len(batch)
            if passed <= before:
                continue
            await self._bring(job, batch[max(len(batch) - (passed - before), 0) :])
            if self._clock.monotonic() - noted >= SAVE_SECONDS:
                noted = self._clock.monotonic()
                await asyncio.to_thread(self._jobs.save, job)

    async def _bring(self, job: Import, batch: list[files.Record]) -> None:
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
        kept = self._disguise.rejections(mapped.rejected[: MOST_SHOWN - len(job.rejections)])
        job.rejections += [Rejected(batch[one.index].line, _said(one)) for one in kept]


def _said(one: Rejection) -> str:
    """Return why a record was rejected, from what may be kept of it."""
    field = f"{one.field}: " if one.field else ""
    value = f" (got {one.value})" if one.value else ""
    return f"{field}{one.reason}{value}{f'. {one.hint}' if one.hint else ''}"
