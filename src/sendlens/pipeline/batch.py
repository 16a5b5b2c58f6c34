"""A batch: one recorded range of the log and what becomes of each of its records.

Owns reading the range into tables, the accounts of its outcome, and setting aside what cannot be digested. Pure but for
the key store it is given; leaves the inserting to `writer` and `recovery`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, cast

import msgspec
import numpy as np
import pyarrow as pa

from sendlens.model.blocks import StoredBlock
from sendlens.model.events import Event, RecordKind
from sendlens.pipeline import others
from sendlens.pipeline.births import UNKNOWN, Births, Days
from sendlens.pipeline.dedupe import Buckets, Deduper, Keys
from sendlens.pipeline.rows import Placed, Rower
from sendlens.store.columns import table_of

_MINUTE_MS: Final = 60_000
_DAY_MS: Final = 86_400_000

Account = tuple[str, str, str, int]
"""Tenant, source, record kind, minute of receipt in seconds."""


@dataclass
class Outcome:
    """What became of the records of one account: received = stored + duplicate + rejected + dead."""

    received: int = 0
    stored: int = 0
    duplicate: int = 0
    rejected: int = 0
    dead: int = 0


@dataclass(frozen=True)
class Dead:
    """A record the pipeline could not digest; kept raw, to be replayed after a fix.

    `position` is its place among the batch's events, or for a whole block its offset in the log below 0.
    """

    tenant: str
    source: str
    kind: str
    position: int
    reason: str
    body: bytes
    received_at: int
    sent_at: int
    records: int = 1
    request_id: str = ""


@dataclass
class Batch:
    """The tables' rows for one range of the log, and the accounts."""

    batch_id: int
    partition: int
    first: int
    last: int
    records: int = 0
    events: pa.Table | None = None
    keys: Keys = field(default_factory=lambda: np.empty(0, dtype=np.uint64))
    buckets: Buckets = field(default_factory=lambda: np.empty(0, dtype=np.uint32))
    message_keys: Keys = field(default_factory=lambda: np.empty(0, dtype=np.uint64))
    message_days: Days = field(default_factory=lambda: np.empty(0, dtype=np.uint16))
    others: dict[str, pa.Table] = field(default_factory=dict[str, pa.Table])
    """Rows of the records that are no events, by table."""
    dead: list[Dead] = field(default_factory=list[Dead])
    accounts: dict[Account, Outcome] = field(default_factory=lambda: defaultdict(Outcome))
    seconds: float = 0.0
    """How long it took from the log into all tables; told by the writer once it is there."""

    @property
    def stored_by_tenant(self) -> dict[str, int]:
        """How many new records the batch brought to each tenant it concerns."""
        stored: dict[str, int] = defaultdict(int)
        for (tenant, *_), outcome in self.accounts.items():
            stored[tenant] += outcome.stored
        return stored


def read(blocks: Sequence[StoredBlock], batch_id: int, rower: Rower, deduper: Deduper, births: Births) -> Batch:
    """Return the batch that a range of the log makes; the same range and id give the same batch."""
    batch = Batch(
        batch_id=batch_id,
        partition=blocks[0].partition,
        first=blocks[0].offset,
        last=blocks[-1].offset,
        records=sum(stored.block.count for stored in blocks),
    )
    placed: list[Placed] = []
    for stored in blocks:
        block = stored.block
        outcome = batch.accounts[_account(block.tenant, block.source, block.kind, block.received_at)]
        outcome.received += block.count + block.rejected
        outcome.rejected += block.rejected
        if block.count == 0:
            continue
        try:
            records = block.records()
        except (msgspec.MsgspecError, ValueError, RuntimeError) as error:
            _bury_block(batch, stored, f"{type(error).__name__}: {error}")
            continue
        if block.kind is RecordKind.EVENT:
            start = len(placed)
            about = (block.tenant, block.source, stored.partition, block.received_at, block.sent_at)
            placed.extend(
                Placed(start + i, *about, event, block.request_id)
                for i, event in enumerate(cast("list[Event]", records))
            )
            continue
        try:
            name, rows = others.rows_of(block, records, batch_id)
        except MemoryError:
            raise  # says nothing about the record: the batch is tried again
        except Exception as error:
            _bury_block(batch, stored, f"{type(error).__name__}: {error}")
            continue
        outcome.stored += len(records)
        batch.others[name] = pa.concat_tables([batch.others[name], rows]) if name in batch.others else rows
    if placed:
        _read_events(batch, placed, rower, deduper)
        _give_birth(batch, blocks[0].block.received_at // _DAY_MS, births)
    return batch


def _account(tenant: str, source: str, kind: RecordKind, received_at: int) -> Account:
    return (tenant, source, str(kind), received_at // _MINUTE_MS * 60)


def _account_of(placed: Placed) -> Account:
    return _account(placed.tenant, placed.source, RecordKind.EVENT, placed.received_at)


def _read_events(batch: Batch, placed: list[Placed], rower: Rower, deduper: Deduper) -> None:
    table, placed = _digest(batch, placed, rower)
    if table is None:
        return
    keys = np.asarray(table.column("event_key").to_numpy(), dtype=np.uint64)
    buckets = np.asarray(table.column("key_bucket").to_numpy(), dtype=np.uint32)
    new = deduper.new_rows(buckets, keys, batch.batch_id)
    for item, is_new in zip(placed, new.tolist(), strict=True):
        outcome = batch.accounts[_account_of(item)]
        if is_new:
            outcome.stored += 1
        else:
            outcome.duplicate += 1
    batch.keys, batch.buckets = keys[new], buckets[new]
    if new.any():
        batch.events = table if new.all() else table.filter(pa.array(new))


def _give_birth(batch: Batch, today: int, births: Births) -> None:
    """Add to each event the day its message was born: as known, or the day of receipt of the batch."""
    if batch.events is None:
        return
    keys = np.asarray(batch.events.column("message_key").to_numpy(), dtype=np.uint64)
    days = births.of(keys)
    new = days == UNKNOWN
    days[new] = today
    batch.message_keys, batch.message_days = keys, days
    batch.events = batch.events.append_column(
        "message_born", pa.array(days.astype(np.int32)).cast(pa.date32())
    ).append_column("message_new", pa.array(new.astype(np.uint8)))


def _digest(batch: Batch, placed: list[Placed], rower: Rower) -> tuple[pa.Table | None, list[Placed]]:
    """Return the table of all events that can be digested, with those events; the others are buried with the reason."""
    try:
        return table_of("events", rower.columns(placed, batch.batch_id)), placed
    except MemoryError:
        raise  # says nothing about any event: the batch is tried again
    except Exception:
        # One event that cannot be digested must not cost its neighbours anything: find it, by halves.
        good = list(_good(batch, placed, rower))
        return (table_of("events", rower.columns(good, batch.batch_id)) if good else None), good


def _good(batch: Batch, placed: list[Placed], rower: Rower) -> list[Placed]:
    try:
        table_of("events", rower.columns(placed, batch.batch_id))
    except MemoryError:
        raise
    except Exception as error:
        if len(placed) > 1:
            half = len(placed) // 2
            return [*_good(batch, placed[:half], rower), *_good(batch, placed[half:], rower)]
        _bury_event(batch, placed[0], f"{type(error).__name__}: {error}")
        return []
    return placed


def _bury_block(batch: Batch, stored: StoredBlock, reason: str) -> None:
    block = stored.block
    batch.accounts[_account(block.tenant, block.source, block.kind, block.received_at)].dead += block.count
    # Whole blocks are placed by their negative offset, so that they never meet the position of a single event.
    batch.dead.append(
        Dead(
            tenant=block.tenant,
            source=block.source,
            kind=str(block.kind),
            position=-stored.offset,
            reason=reason,
            body=block.body,
            received_at=block.received_at,
            sent_at=block.sent_at,
            records=block.count,
            request_id=block.request_id,
        )
    )


def _bury_event(batch: Batch, item: Placed, reason: str) -> None:
    batch.accounts[_account_of(item)].dead += 1
    batch.dead.append(
        Dead(
            tenant=item.tenant,
            source=item.source,
            kind="event",
            position=item.position,
            reason=reason,
            body=msgspec.json.encode(item.event),
            received_at=item.received_at,
            sent_at=item.sent_at,
            request_id=item.request_id,
        )
    )
