"""Imports of files: what is known of each job, so that it outlives the process that runs it.

Owns their storage. Leaves the running, and what becomes of a job that was interrupted, to `pipeline.imports`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec
from sqlalchemy import RowMapping, delete, insert, select, update

from sendlens.control.database import Database
from sendlens.control.tables import imports
from sendlens.errors import NotFound

MOST_OF_A_TENANT: Final = 50
"""Jobs kept of one tenant; the oldest make room."""


class Rejected(msgspec.Struct, frozen=True):
    """One line of a file that was rejected, and why."""

    line: int
    reason: str


class Import(msgspec.Struct, kw_only=True):
    """One file: how far it is, and what was wrong with it.

    `state` is `running`, `done`, `failed`, or `interrupted` where the server stopped and the file is gone.
    """

    id: str
    tenant: str
    name: str
    file: str
    """What the file is called in the directory of uploads while it waits there."""
    size: int
    started_at: int
    records: int = 0
    """Records that were brought to the door; where a job goes on after a restart."""
    accepted: int = 0
    rejected: int = 0
    bytes_done: int = 0
    finished_at: int = 0
    resumed: int = 0
    """How often it went on after a restart of the server."""
    state: str = "running"
    problem: str = ""
    rejections: list[Rejected] = msgspec.field(default_factory=list[Rejected])
    """The first lines that were rejected."""


class ImportJobs:
    """Keeping and finding jobs."""

    def __init__(self, database: Database) -> None:
        """Work on `database`."""
        self._database = database

    def add(self, job: Import) -> None:
        """Keep a new job; the tenant's oldest finished ones make room."""
        cells = imports.c
        mine = cells.tenant == job.tenant
        latest = select(cells.id).where(mine).order_by(cells.started_at.desc(), cells.id).limit(MOST_OF_A_TENANT)
        with self._database.write() as connection:
            connection.execute(insert(imports).values(_row(job)))
            connection.execute(delete(imports).where(mine, cells.state != "running", cells.id.not_in(latest)))

    def save(self, job: Import) -> None:
        """Keep how far a job is."""
        with self._database.write() as connection:
            connection.execute(update(imports).where(imports.c.id == job.id).values(_row(job)))

    def get(self, tenant: str, job_id: str) -> Import:
        """Return a job of the tenant. Raises `NotFound`."""
        query = select(imports).where(imports.c.tenant == tenant, imports.c.id == job_id)
        with self._database.read() as connection:
            row = connection.execute(query).mappings().first()
        if row is None:
            raise NotFound("there is no such import", hint=f"The latest {MOST_OF_A_TENANT} imports are kept.")
        return _job(row)

    def of(self, tenant: str) -> list[Import]:
        """Return the jobs of a tenant, the latest first."""
        query = select(imports).where(imports.c.tenant == tenant).order_by(imports.c.started_at.desc(), imports.c.id)
        with self._database.read() as connection:
            return [_job(row) for row in connection.execute(query).mappings()]

    def running(self) -> list[Import]:
        """Return the jobs of all tenants that are not finished."""
        query = select(imports).where(imports.c.state == "running").order_by(imports.c.started_at)
        with self._database.read() as connection:
            return [_job(row) for row in connection.execute(query).mappings()]

    def rewrite(self, tenant: str, change: Callable[[str], str]) -> None:
        """Put what `change` makes of the reasons of a tenant's rejections in their place."""
        for job in self.of(tenant):
            changed = [Rejected(one.line, change(one.reason)) for one in job.rejections]
            if changed != job.rejections:
                with self._database.write() as connection:
                    values = {"rejections": msgspec.to_builtins(changed)}
                    connection.execute(update(imports).where(imports.c.id == job.id).values(values))


def _row(job: Import) -> dict[str, object]:
    return msgspec.structs.asdict(job) | {"rejections": msgspec.to_builtins(job.rejections)}


def _job(row: RowMapping) -> Import:
    return msgspec.convert({name: row[name] for name in Import.__struct_fields__}, Import)
