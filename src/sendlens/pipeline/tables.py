"""The writer's hand on the store: rows to Arrow, inserts by month, derived tables, and the questions of recovery.

Owns which statements a batch needs and in which order. The SQL itself stands in `store/sql`.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final

import numpy as np
import pyarrow as pa

from sendlens.model.events import EventType
from sendlens.pipeline.batch import Batch
from sendlens.pipeline.births import Days
from sendlens.pipeline.dedupe import Buckets, Keys
from sendlens.pipeline.nameless import Message
from sendlens.store.client import Store
from sendlens.store.columns import table_of
from sendlens.store.query import Rows
from sendlens.store.statements import writer_statement

DERIVED: Final[dict[str, frozenset[EventType]]] = {
    "derive_event_keys": frozenset(EventType),
    "derive_conversions": frozenset({EventType.CONVERTED}),
    "derive_touchpoints": frozenset({EventType.TOUCHED, EventType.CLICKED, EventType.OPENED}),
}
"""Statements that fill tables which are keyed sets, and the types of events that these tables are made of.

Running one twice for a batch changes nothing.
"""
CARRY_ON: Final = "derive_messages"
"""The statement that carries a batch into message states and sums: run exactly once, or recovered from."""
CORRECT: Final = "correct_messages"
"""The statement that carries a batch's corrections into message states and sums; run once as well."""
BEHIND: Final = ("derive_engagements",)
"""Statements that fill keyed sets from a batch's events and the message states it left: run behind those.

They have nothing to do where no event is of `ENGAGED` and every message is new: nothing earlier is to be told again.
"""
ENGAGED: Final = frozenset(
    {
        EventType.OPENED,
        EventType.CLICKED,
        EventType.UNSUBSCRIBED,
        EventType.COMPLAINED,
        EventType.REPLIED,
        EventType.FORWARDED,
        EventType.SHARED,
    }
)
"""The types of `store/sql/fragments/engagement_types.sql`."""
RECOVER: Final = ("rederive_messages", "recorrect_messages", "reconcile_quarter", "reconcile_minute")
"""Statements that make states and sums agree with the base table, whatever had been done before."""

BASE_ROW: Final[dict[str, int]] = {"event_key": 0, "weight": 1, "correction": 0}
"""What tells the rows of one batch apart in the base table, with what a row has that does not say."""
BaseRow = tuple[int, int, int]


class Tables:
    """Everything the writer asks of the store."""

    def __init__(self, store: Store) -> None:
        """Use `store` for all statements."""
        self._store = store

    def rows_present(self, batch_id: int) -> frozenset[BaseRow]:
        """Return the rows of a batch that are in the base table already."""
        rows = self._fetch("batch_rows", {"batch": batch_id})
        return frozenset((int(str(key)), int(str(weight)), int(str(one))) for key, weight, one in rows)

    def insert_events(self, batch: Batch, *, present: frozenset[BaseRow] = frozenset()) -> None:
        """Insert the batch's events, one insert a month, but for the rows that are there already."""
        if batch.events is None:
            return
        missing = batch.events
        if present:
            told = (
                missing.column(name).to_pylist() if name in missing.column_names else [default] * missing.num_rows
                for name, default in BASE_ROW.items()
            )
            missing = missing.filter(pa.array([row not in present for row in zip(*told, strict=True)], pa.bool_()))
        if missing.num_rows:
            for _month, rows in _by_month(missing):
                self._store.insert("events", rows)

    def derive(self, batch: Batch) -> None:
        """Fill the tables that follow from the batch's events, for the first time."""
        if batch.events is None:
            return
        types = frozenset(batch.events.column("type").cast(pa.string()).unique().to_pylist())
        wanted = [name for name, made_of in DERIVED.items() if made_of & types]
        known = any(new != 1 for new in batch.events.column("message_new").unique().to_pylist())
        behind = BEHIND if known or ENGAGED & types else ()
        for name in (*wanted, CARRY_ON, *((CORRECT,) if batch.corrected else ()), *behind):
            self._store.execute(name, {"batch": batch.batch_id})

    def rederive(self, batch: Batch) -> None:
        """Bring the tables that follow from the batch's events to agreement, whatever a crash left of them."""
        if batch.events is not None:
            for name in (*DERIVED, *RECOVER, *BEHIND):
                self._store.execute(name, {"batch": batch.batch_id})

    def insert_others(self, batch: Batch) -> None:
        """Insert campaigns, spend, gauges and the accounts; each is a keyed set, so a repetition changes nothing."""
        for name, rows in batch.others.items():
            self._store.insert(name, rows)
        if batch.accounts:
            self._store.insert("intake", table_of("intake", _account_columns(batch)))

    # The key store of `dedupe`

    def key_counts(self, buckets: Sequence[int]) -> dict[int, int]:
        """Return how many keys each bucket holds."""
        rows = self._fetch("keys_per_bucket", {"buckets": list(buckets)})
        return {int(str(bucket)): int(str(count)) for bucket, count in rows}

    def keys_of(self, buckets: Sequence[int], not_batch: int) -> tuple[Buckets, Keys]:
        """Return all keys of the buckets except the batch's own."""
        return self._pairs("keys_of_buckets", {"buckets": list(buckets), "batch": not_batch})

    def keys_seen(self, buckets: Buckets, keys: Keys, not_batch: int) -> tuple[Buckets, Keys]:
        """Return those of the pairs that another batch has left."""
        return self._pairs("keys_seen", {"buckets": buckets.tolist(), "keys": keys.tolist(), "batch": not_batch})

    # The birth store of `births`

    def births_per_day(self) -> list[tuple[int, int]]:
        """Return (day, number of messages), the newest day first."""
        return [(int(str(day)), int(str(count))) for day, count in self._fetch("births_per_day", {})]

    def births_since(self, day: int) -> tuple[Keys, Days]:
        """Return the messages born on or after a day."""
        return self._births("births_since", {"day": day})

    def births_before(self, day: int, keys: Keys) -> tuple[Keys, Days]:
        """Return those of the given messages that were born before a day."""
        return self._births("births_before", {"day": day, "keys": keys.tolist()})

    # The past of `engagement` and `verdicts`

    def happenings_since(self, since_ms: int, most: int, not_batch: int) -> pa.Table:
        """Return the latest deliveries and acts from a time on, at most so many, except the batch's own."""
        asked = {"since": since_ms, "most": most, "batch": not_batch}
        return self._store.fetch_internal_arrow(writer_statement("happenings_since"), asked)

    def happenings_of(self, tenants: Sequence[str], days: Sequence[int], keys: Keys, not_batch: int) -> pa.Table:
        """Return the deliveries and acts of messages on days (since 1970), except the batch's own."""
        asked = {"tenants": list(tenants), "days": list(days), "keys": keys.tolist(), "batch": not_batch}
        return self._store.fetch_internal_arrow(writer_statement("happenings_of"), asked)

    def rows_to_correct(
        self, tenants: Sequence[str], days: Sequence[int], messages: Keys, keys: Keys, not_batch: int
    ) -> pa.Table:
        """Return events whose verdict changes, as they stand."""
        asked = {"tenants": list(tenants), "days": list(days), "messages": messages.tolist(), "keys": keys.tolist()}
        return self._store.fetch_internal_arrow(writer_statement("rows_to_correct"), asked | {"batch": not_batch})

    # The past of `nameless`

    def recipients_of(
        self, tenants: Sequence[str], messages: Sequence[str], partition: int, since_ms: int, not_batch: int
    ) -> dict[Message, list[str]]:
        """Return recipients of messages, two at most of each, as events of the partition since a time tell them."""
        asked = {"tenants": list(tenants), "messages": list(messages), "since": since_ms, "shard": partition}
        rows = self._store.fetch_internal_arrow(writer_statement("recipients_of"), asked | {"batch": not_batch})
        told = zip(*(rows.column(name).to_pylist() for name in ("tenant", "message_id", "recipients")), strict=True)
        return {(str(tenant), str(message)): list(recipients) for tenant, message, recipients in told}

    def _births(self, name: str, parameters: dict[str, object]) -> tuple[Keys, Days]:
        table = self._store.fetch_internal_arrow(writer_statement(name), parameters)
        return (
            np.asarray(table.column("message_key").to_numpy(), dtype=np.uint64),
            np.asarray(table.column("day").to_numpy(), dtype=np.uint16),
        )

    def _pairs(self, name: str, parameters: dict[str, object]) -> tuple[Buckets, Keys]:
        table = self._store.fetch_internal_arrow(writer_statement(name), parameters)
        return (
            np.asarray(table.column("bucket").to_numpy(), dtype=np.uint32),
            np.asarray(table.column("event_key").to_numpy(), dtype=np.uint64),
        )

    def _fetch(self, name: str, parameters: dict[str, object]) -> Rows:
        return self._store.fetch_internal(writer_statement(name), parameters)


def _by_month(events: pa.Table) -> list[tuple[int, pa.Table]]:
    """Return the rows of each month (YYYYMM), because one insert is whole or absent only within one partition."""
    days = np.asarray(events.column("occurred_at").cast(pa.int64()).to_numpy()) // 86_400_000
    first, last = int(days.min()), int(days.max())
    if _month(first) == _month(last):
        return [(_month(first), events)]
    months = np.array([_month(day) for day in range(first, last + 1)])[days - first]
    return [(int(month), events.filter(pa.array(months == month))) for month in np.unique(months)]


def _month(day: int) -> int:
    then = time.gmtime(day * 86_400)
    return then.tm_year * 100 + then.tm_mon


def _account_columns(batch: Batch) -> dict[str, list[object]]:
    items = list(batch.accounts.items())
    return {
        "tenant": [key[0] for key, _ in items],
        "source": [key[1] for key, _ in items],
        "kind": [key[2] for key, _ in items],
        "minute": [key[3] for key, _ in items],
        "batch_id": [batch.batch_id] * len(items),
        **{
            name: [getattr(outcome, name) for _, outcome in items]
            for name in ("received", "stored", "duplicate", "rejected", "dead")
        },
    }
