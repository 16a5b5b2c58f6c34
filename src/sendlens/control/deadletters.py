"""Dead letters: records that were accepted and could not be processed, set aside with the reason.

Owns their storage. Leaves to the pipeline which records die, and how one is tried again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec
from sqlalchemy import ColumnElement, delete, func, select, true, update

from sendlens.clock import Clock
from sendlens.control.database import Database
from sendlens.control.tables import batches, dead_letters

MOST_AT_ONCE: Final = 500
"""Letters named in one statement, so that their ids fit into every database's limit of parameters."""


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True):
    """One record that could not be processed, or a whole block whose bytes could not be read.

    `batch_id` and `position` make it unique, so that a batch that is repeated after a crash adds nothing. A position is
    the record's place among the events of its batch, counted from 0; that of a whole block is below 0. `body` are the
    bytes to try again with, and `received_at`, `sent_at` and `request_id` what the block told of them; `id` is 0 until
    it is stored.
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
    received_at: int = 0
    sent_at: int = 0
    records: int = 1
    request_id: str = ""
    parked: bool = False
    """Whether it is a block of a stopped source, which nobody tried to process."""

    @property
    def is_block(self) -> bool:
        """Whether the letter is a block of the log, and not a single record."""
        return self.position < 0


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which letters of a tenant are meant: all, or those of a source, with a text in the reason, or with these ids."""

    source: str = ""
    reason: str = ""
    ids: tuple[int, ...] = ()
    parked: bool | None = None
    """Only blocks of stopped sources, or none of them; both if not said."""


class Parked(msgspec.Struct, frozen=True, kw_only=True):
    """What waits of one stopped source: since which batch, how many records, why, and since when."""

    tenant: str
    source: str
    batch_id: int
    records: int
    reason: str
    at: int


class Cause(msgspec.Struct, frozen=True, kw_only=True):
    """Letters of one source that died of the same reason."""

    source: str
    kind: str
    reason: str
    letters: int
    first_at: int
    last_at: int


EVERY: Final = Wanted()


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
        statement = self._database.insert(dead_letters).on_conflict_do_nothing(index_elements=["batch_id", "position"])
        count = select(func.count()).where(dead_letters.c.batch_id.in_({row["batch_id"] for row in rows}))
        with self._database.write() as connection:
            before = connection.execute(count).scalar_one()
            connection.execute(statement, rows)
            return connection.execute(count).scalar_one() - before

    def list(
        self,
        tenant: str,
        wanted: Wanted = EVERY,
        *,
        after: int = 0,
        until: int = 0,
        most: int = 100,
        waiting: bool = True,
    ) -> list[DeadLetter]:
        """Return dead letters of a tenant with an id above `after` (and up to `until`), in order.

        With `waiting` only those that were not replayed yet.
        """
        query = select(dead_letters).where(_of(tenant, wanted, waiting=waiting), dead_letters.c.id > after)
        if until:
            query = query.where(dead_letters.c.id <= until)
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(dead_letters.c.id).limit(most)).mappings()
            return [DeadLetter(**row) for row in rows]

    def count(self, tenant: str = "", wanted: Wanted = EVERY) -> int:
        """Return how many wait to be replayed; of all tenants if none is named."""
        query = select(func.count()).where(_of(tenant, wanted, waiting=True))
        with self._database.read() as connection:
            return connection.execute(query).scalar_one()

    def causes(self, tenant: str, *, most: int = 100) -> list[Cause]:
        """Return what the waiting letters of a tenant died of, the most frequent cause first."""
        cells = dead_letters.c
        letters = func.count().label("letters")
        query = (
            select(
                cells.source,
                cells.kind,
                cells.reason,
                letters,
                func.min(cells.at).label("first_at"),
                func.max(cells.at).label("last_at"),
            )
            .where(_of(tenant, EVERY, waiting=True))
            .group_by(cells.source, cells.kind, cells.reason)
            .order_by(letters.desc(), cells.source, cells.reason)
            .limit(most)
        )
        with self._database.read() as connection:
            return [Cause(**row) for row in connection.execute(query).mappings()]

    def parked(self) -> list[Parked]:
        """Return the sources of all tenants with parked blocks that wait."""
        cells = dead_letters.c
        query = (
            select(
                cells.tenant,
                cells.source,
                func.min(cells.batch_id).label("batch_id"),
                func.sum(cells.records).label("records"),
                func.min(cells.reason).label("reason"),
                func.min(cells.at).label("at"),
            )
            .where(_of("", Wanted(parked=True), waiting=True))
            .group_by(cells.tenant, cells.source)
        )
        with self._database.read() as connection:
            return [Parked(**row) for row in connection.execute(query).mappings()]

    def of_batch(self, batch_id: int) -> list[DeadLetter]:
        """Return what a batch has set aside, of all tenants and whatever became of it."""
        query = select(dead_letters).where(dead_letters.c.batch_id == batch_id)
        with self._database.read() as connection:
            return [DeadLetter(**row) for row in connection.execute(query).mappings()]

    def last_id(self, tenant: str) -> int:
        """Return the id of the tenant's newest letter; 0 if there is none."""
        query = select(func.coalesce(func.max(dead_letters.c.id), 0)).where(dead_letters.c.tenant == tenant)
        with self._database.read() as connection:
            return connection.execute(query).scalar_one()

    def mark_replayed(self, tenant: str, ids: Sequence[int]) -> int:
        """Record that these were processed after all; return how many were still waiting."""
        changed = 0
        with self._database.write() as connection:
            for start in range(0, len(ids), MOST_AT_ONCE):
                some = Wanted(ids=tuple(ids[start : start + MOST_AT_ONCE]))
                changed += connection.execute(
                    update(dead_letters).where(_of(tenant, some, waiting=True)).values(replayed_at=self._clock.now_ms())
                ).rowcount
        return changed

    def purge(self, *, before_ms: int, tenant: str = "") -> int:
        """Delete letters that were replayed before `before_ms`, of one tenant or all; return how many."""
        old = (dead_letters.c.replayed_at > 0) & (dead_letters.c.replayed_at < before_ms)
        with self._database.write() as connection:
            return connection.execute(delete(dead_letters).where(old, _of_tenant(tenant))).rowcount

    def remove(self, tenant: str, ids: Sequence[int]) -> int:
        """Delete these letters, replayed or not; return how many."""
        gone = 0
        with self._database.write() as connection:
            for start in range(0, len(ids), MOST_AT_ONCE):
                some = Wanted(ids=tuple(ids[start : start + MOST_AT_ONCE]))
                gone += connection.execute(delete(dead_letters).where(_of(tenant, some, waiting=False))).rowcount
        return gone

    def rewrite(self, tenant: str, number: int, body: bytes, records: int) -> None:
        """Put another body in the place of a letter's."""
        one = _of(tenant, Wanted(ids=(number,)), waiting=False)
        with self._database.write() as connection:
            connection.execute(update(dead_letters).where(one).values(body=body, records=records))

    def give_up(self, tenant: str, wanted: Wanted) -> int:
        """Delete letters that were never replayed; return how many. They stay counted as dead in the accounts.

        Those of a batch that is not stored yet stay: what it set aside is the record of how to finish it.
        """
        unfinished = select(batches.c.batch_id).where(batches.c.state == "open")
        with self._database.write() as connection:
            return connection.execute(
                delete(dead_letters).where(
                    _of(tenant, wanted, waiting=True), dead_letters.c.batch_id.not_in(unfinished)
                )
            ).rowcount


def _of_tenant(tenant: str) -> ColumnElement[bool]:
    return dead_letters.c.tenant == tenant if tenant else true()


def _of(tenant: str, wanted: Wanted, *, waiting: bool) -> ColumnElement[bool]:
    meant = _of_tenant(tenant)
    if waiting:
        meant &= dead_letters.c.replayed_at == 0
    if wanted.source:
        meant &= dead_letters.c.source == wanted.source
    if wanted.reason:
        meant &= dead_letters.c.reason.contains(wanted.reason, autoescape=True)
    if wanted.parked is not None:
        meant &= dead_letters.c.parked == wanted.parked
    if wanted.ids:
        meant &= dead_letters.c.id.in_(wanted.ids)
    return meant
