"""The ledger: which range of the log is which batch, written down before the batch is inserted.

Owns the numbers of batches and the rule that a partition has one open batch at most. With it, a batch that is repeated
after a crash has the same number and the same rows.
"""

from __future__ import annotations

from typing import Final

import msgspec
from sqlalchemy import RowMapping, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from sendlens.clock import Clock
from sendlens.control.database import Database
from sendlens.control.tables import batches
from sendlens.errors import NotFound, SendlensError

KEPT: Final = 1000
"""How many finished batches of a partition stay on record."""


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """A fixed range of one partition of the log, both ends included. `state` is open or done."""

    batch_id: int
    partition: int
    first_offset: int
    last_offset: int
    state: str
    created_at: int
    finished_at: int


class BatchOpen(SendlensError):
    """A partition has an unfinished batch, so that no other may begin."""

    status, kind, title = 409, "batch-open", "An earlier batch is not finished"


class Ledger:
    """Beginning and finishing batches. Every change is durable when the call returns."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Work on `database`."""
        self._database = database
        self._clock = clock

    def begin(self, partition: int, first_offset: int, last_offset: int) -> int:
        """Record a batch and return its number, which is never used again.

        Beginning the very range that is open returns the same number again. Raises `BatchOpen` when another range of
        the partition is open: finish that one first.
        """
        values = {
            "partition": partition,
            "first_offset": first_offset,
            "last_offset": last_offset,
            "state": "open",
            "created_at": self._clock.now_ms(),
            "finished_at": 0,
        }
        try:
            with self._database.write() as connection:
                number = connection.execute(insert(batches).values(values).returning(batches.c.batch_id)).scalar_one()
        except IntegrityError:
            for batch in self.pending():
                if (batch.partition, batch.first_offset, batch.last_offset) == (partition, first_offset, last_offset):
                    return batch.batch_id
                if batch.partition == partition:
                    raise BatchOpen(
                        f"Batch {batch.batch_id} of partition {partition} (offsets {batch.first_offset} to "
                        f"{batch.last_offset}) is not finished.",
                        hint="Two writers may be working on the same partition; only one may.",
                    ) from None
            raise
        return number

    def pending(self) -> list[Batch]:
        """Return the open batches, the oldest first."""
        query = select(batches).where(batches.c.state == "open").order_by(batches.c.batch_id)
        with self._database.read() as connection:
            return [_batch(row) for row in connection.execute(query).mappings()]

    def finish(self, batch_id: int) -> None:
        """Record that the batch is in the store. Raises `NotFound`; finishing twice changes nothing."""
        with self._database.write() as connection:
            query = select(batches.c.partition, batches.c.state).where(batches.c.batch_id == batch_id)
            found = connection.execute(query).first()
            if found is None:
                raise NotFound(f"There is no batch {batch_id}.")
            if found.state == "done":
                return
            done = {"state": "done", "finished_at": self._clock.now_ms()}
            connection.execute(update(batches).where(batches.c.batch_id == batch_id).values(done))
            of_partition = (batches.c.partition == found.partition) & (batches.c.state == "done")
            too_old = (
                select(batches.c.batch_id)
                .where(of_partition)
                .order_by(batches.c.batch_id.desc())
                .offset(KEPT)
                .limit(1)
                .scalar_subquery()
            )
            connection.execute(delete(batches).where(of_partition, batches.c.batch_id <= too_old))

    def last(self, partition: int = 0) -> Batch | None:
        """Return the newest batch of a partition, open or done."""
        query = select(batches).where(batches.c.partition == partition).order_by(batches.c.batch_id.desc()).limit(1)
        with self._database.read() as connection:
            row = connection.execute(query).mappings().first()
        return _batch(row) if row else None

    def finished(self, partition: int = 0) -> int:
        """Return the number of the newest batch of a partition that is in the store; 0 before the first."""
        done = (batches.c.partition == partition) & (batches.c.state == "done")
        with self._database.read() as connection:
            return connection.execute(select(func.max(batches.c.batch_id)).where(done)).scalar() or 0


def _batch(row: RowMapping) -> Batch:
    return Batch(**row)
