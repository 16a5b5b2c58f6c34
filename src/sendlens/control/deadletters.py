"""Dead letters: records that were accepted and could not be processed, set aside with the reason.

Owns their storage. Leaves to the pipeline which records die, and how one is tried again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec
from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from sendlens.clock import Clock
from sendlens.control.database import Database
from sendlens.control.tables import dead_letters


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True):
    """One record that could not be processed.

    `batch_id` and `position` (its place in the batch, counted from 0) make it unique, so that a batch that is repeated
    after a crash adds nothing. `body` are the bytes to try again with; `id` is 0 until it is stored.
    """

    id: int = 0
    tenant: str
    source: str
    kind: str
    batch_id: int
    position: int
    reason: str
    body: bytes
    at: int = 0
    replayed_at: int = 0


class DeadLetters:
    """Storing, listing and settling dead letters."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Work on `database`."""
        self._database = database
        self._clock = clock

    def add(self, letters: Iterable[DeadLetter]) -> int:
        """Store what is not stored yet; return how many that were. `at` is filled in where it is 0."""
        now = self._clock.now_ms()
        rows = [msgspec.structs.asdict(letter) | {"at": letter.at or now} for letter in letters]
        for row in rows:
            del row["id"]
        if not rows:
            return 0
        dialect = sqlite if self._database.is_sqlite else postgresql
        statement = dialect.insert(dead_letters).on_conflict_do_nothing(index_elements=["batch_id", "position"])
        count = select(func.count()).where(dead_letters.c.batch_id.in_({row["batch_id"] for row in rows}))
        with self._database.write() as connection:
            before = connection.execute(count).scalar_one()
            connection.execute(statement, rows)
            return connection.execute(count).scalar_one() - before

    def list(self, tenant: str, *, after: int = 0, most: int = 100, waiting: bool = True) -> list[DeadLetter]:
        """Return dead letters of a tenant with an id above `after`, in order; with `waiting` those not replayed yet."""
        query = select(dead_letters).where(dead_letters.c.tenant == tenant, dead_letters.c.id > after)
        if waiting:
            query = query.where(dead_letters.c.replayed_at == 0)
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(dead_letters.c.id).limit(most)).mappings()
            return [DeadLetter(**row) for row in rows]

    def count(self, tenant: str) -> int:
        """Return how many wait to be replayed."""
        query = select(func.count()).where(dead_letters.c.tenant == tenant, dead_letters.c.replayed_at == 0)
        with self._database.read() as connection:
            return connection.execute(query).scalar_one()

    def mark_replayed(self, tenant: str, ids: Sequence[int]) -> int:
        """Record that these were processed after all; return how many were still waiting."""
        mine = (dead_letters.c.tenant == tenant) & dead_letters.c.id.in_(ids) & (dead_letters.c.replayed_at == 0)
        with self._database.write() as connection:
            return connection.execute(
                update(dead_letters).where(mine).values(replayed_at=self._clock.now_ms())
            ).rowcount

    def purge(self, *, before_ms: int) -> int:
        """Delete letters that were replayed before `before_ms`; return how many."""
        old = (dead_letters.c.replayed_at > 0) & (dead_letters.c.replayed_at < before_ms)
        with self._database.write() as connection:
            return connection.execute(delete(dead_letters).where(old)).rowcount
