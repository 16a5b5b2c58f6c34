"""A batch: one recorded range of the log and what becomes of each of its records.

Owns reading the range into tables, the accounts of its outcome, and setting aside what cannot be digested. Pure but for
the key store it is given; leaves the inserting to `writer` and `recovery`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final, NamedTuple, Protocol, cast

import msgspec
import numpy as np
import pyarrow as pa

from sendlens.control.deadletters import DeadLetter
from sendlens.model.blocks import Block, StoredBlock
from sendlens.model.events import Event, Record, RecordKind
from sendlens.pipeline import nameless, others, verdicts
from sendlens.pipeline.births import UNKNOWN, Births, Days
from sendlens.pipeline.dedupe import Buckets, Deduper, Keys
from sendlens.pipeline.engagement import Engagement
from sendlens.pipeline.happenings import NOTHING, Happenings
from sendlens.pipeline.nameless import NamingStore
from sendlens.pipeline.portion import Portion
from sendlens.pipeline.rows import Made, Rower
from sendlens.pipeline.verdicts import CorrectedStore

_MINUTE_MS: Final = 60_000
_DAY_MS: Final = 86_400_000
_NO_SMALLER: Final = 5_000
"""A batch of fewer records takes about as long as one of so many."""
NONE_PARKED: Final[Mapping[int, str]] = {}

DAMAGED: Final = (
    "CorruptBlock: the disk has changed these records since they were accepted; ask their sender for them again, "
    "where what is stored already is recognised"
)
"""Why the records of a damaged block are set aside."""

Account = tuple[str, str, str, int]
"""Tenant, source, record kind, minute of receipt in seconds."""


def account_of(tenant: str, source: str, kind: str, received_at: int) -> Account:
    """Return the account of records received at a time (UTC milliseconds)."""
    return (tenant, source, kind, received_at // _MINUTE_MS * 60)


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
    parked: bool = False
    """Whether it is a whole block of a source that is stopped, set aside unread."""

    @property
    def account(self) -> Account:
        """Where it is counted."""
        return account_of(self.tenant, self.source, self.kind, self.received_at)


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
    oldest: dict[tuple[str, str], int] = field(default_factory=dict[tuple[str, str], int])
    """When the first of its blocks was received (UTC ms), by tenant and source."""
    happenings: Happenings = field(default_factory=NOTHING.copy)
    """Deliveries and acts among the new events, and in `changed` the earlier acts with another verdict from now on."""
    changed: Happenings = field(default_factory=NOTHING.copy)
    corrected: bool = False
    """Whether `events` has rows that correct events of earlier batches."""
    seconds: float = 0.0
    """How long it took from the log into all tables; told by the writer once it is there."""

    @property
    def stored_by_tenant(self) -> dict[str, int]:
        """How many new records the batch brought to each tenant it concerns."""
        stored: dict[str, int] = defaultdict(int)
        for (tenant, *_), outcome in self.accounts.items():
            stored[tenant] += outcome.stored
        return stored

    @property
    def seconds_by_tenant(self) -> dict[str, float]:
        """Whose records took how much of `seconds`, but for what a batch takes however few it has."""
        received: dict[str, int] = defaultdict(int)
        for (tenant, *_), outcome in self.accounts.items():
            received[tenant] += outcome.received
        whole = max(sum(received.values()), _NO_SMALLER)
        return {tenant: self.seconds * count / whole for tenant, count in received.items()}


@dataclass
class Prepared:
    """What a range of the log makes by itself, before anybody is asked what is known already."""

    blocks: Sequence[StoredBlock]
    portion: Portion
    """The events that could be digested."""
    made: Made | None
    others: list[tuple[StoredBlock, list[Record]]]
    """Campaigns, spend and gauges, decoded."""
    dead: list[Dead]
    rower: Rower
    """What made the columns, and makes them again where an event's recipient is found."""
    nameless: list[int]
    """Places of events that tell their message and not their recipient."""
    pauses: int
    """How often the writer had been paused when the blocks were read; a later pause makes them stale."""
    parked: Mapping[int, str] = field(default_factory=dict[int, str])
    """Offsets of the blocks that were set aside unread, because their source is stopped, and why it is."""


def prepare(
    blocks: Sequence[StoredBlock],
    rower: Rower,
    *,
    parked: Mapping[int, str] = NONE_PARKED,
    decided: Sequence[DeadLetter] = (),
    pauses: int = 0,
) -> Prepared:
    """Decode a range of the log and make columns of its events. Pure, so that it may be done ahead of its turn.

    The blocks at the offsets in `parked` are set aside whole and unread, with the reason given there. What is `decided`
    an earlier try has set aside, and so does this one, even if it could digest it.
    """
    dead: list[Dead] = []
    letters = {letter.position: letter for letter in decided}
    records: list[list[Event]] = []
    told: list[tuple[StoredBlock, list[Record]]] = []
    for stored in blocks:
        records.append([])
        if letter := letters.get(-stored.offset):
            dead.append(_dead_block(stored, letter.reason, parked=letter.parked))
            continue
        if stored.damaged:
            dead.append(_dead_block(stored, DAMAGED))
            continue
        if stored.block.count == 0:
            continue
        if stored.offset in parked:
            dead.append(_dead_block(stored, parked[stored.offset], parked=True))
            continue
        try:
            found = stored.block.records()
        except (msgspec.MsgspecError, ValueError, RuntimeError) as error:
            dead.append(_dead_block(stored, _reason(error)))
            continue
        if stored.block.kind is RecordKind.EVENT:
            records[-1] = cast("list[Event]", found)
        else:
            told.append((stored, found))
    made, portion = _digest(_undecided(Portion.of(blocks, records), letters, dead), rower, dead)
    return Prepared(blocks, portion, made, told, dead, rower, nameless.places(portion), pauses, parked)


class PastStore(CorrectedStore, NamingStore, Protocol):
    """The rows of earlier batches."""


class Past(NamedTuple):
    """What earlier batches left: the keys, births and happenings of their events, and the rows themselves."""

    deduper: Deduper
    births: Births
    engagement: Engagement
    store: PastStore


def admit(prepared: Prepared, batch_id: int, past: Past) -> Batch:
    """Return the batch that prepared records make under this id: without what another batch has brought before."""
    blocks = prepared.blocks
    batch = Batch(
        batch_id=batch_id,
        partition=blocks[0].partition,
        first=blocks[0].offset,
        last=blocks[-1].offset,
        records=sum(stored.block.count for stored in blocks),
        dead=list(prepared.dead),
    )
    for stored in blocks:
        outcome = batch.accounts[_account(stored.block)]
        outcome.received += stored.block.count + stored.block.rejected
        outcome.rejected += stored.block.rejected
        origin, received_at = (stored.block.tenant, stored.block.source), stored.block.received_at
        if not stored.damaged:
            batch.oldest[origin] = min(batch.oldest.get(origin, received_at), received_at)
    for stored, records in prepared.others:
        try:
            name, rows = others.rows_of(stored.block, records, batch_id)
        except MemoryError:
            raise  # says nothing about the record: the batch is tried again
        except Exception as error:  # whatever the mistake is, it is that of this block alone
            batch.dead.append(_dead_block(stored, _reason(error)))
            continue
        batch.accounts[_account(stored.block)].stored += len(records)
        batch.others[name] = pa.concat_tables([batch.others[name], rows]) if name in batch.others else rows
    for letter in batch.dead:
        batch.accounts[letter.account].dead += letter.records
    if prepared.made is not None:
        portion, made = _with_names(prepared, prepared.made, batch, past.store)
        rows = _new_events(batch, portion, made, past.deduper)
        if rows is not None:
            # What a damaged block says of its time is no measure for what others brought.
            received_at = next(stored.block.received_at for stored in blocks if not stored.damaged)
            events = _give_birth(batch, rows, received_at // _DAY_MS, past.births)
            _look_around(batch, events, received_at, past)
    return batch


def _with_names(prepared: Prepared, made: Made, batch: Batch, store: NamingStore) -> tuple[Portion, Made]:
    """Return the events and their columns once more where recipients were found; such batches are few."""
    if not prepared.nameless:
        return prepared.portion, made
    found = nameless.named(
        prepared.portion, prepared.nameless, store, partition=batch.partition, not_batch=batch.batch_id
    )
    return (prepared.portion, made) if found is None else (found, prepared.rower.columns(found))


def _account(block: Block) -> Account:
    return account_of(block.tenant, block.source, str(block.kind), block.received_at)


def _new_events(batch: Batch, portion: Portion, made: Made, deduper: Deduper) -> pa.Table | None:
    new = deduper.new_rows(made.key_buckets, made.event_keys, batch.batch_id)
    counts = np.bincount(portion.owners, minlength=len(portion.blocks)).tolist()
    stored = np.bincount(portion.owners[new], minlength=len(portion.blocks)).tolist()
    for block, all_of_it, new_of_it in zip(portion.blocks, counts, stored, strict=True):
        outcome = batch.accounts[_account(block.block)]
        outcome.stored += new_of_it
        outcome.duplicate += all_of_it - new_of_it
    batch.keys, batch.buckets = made.event_keys[new], made.key_buckets[new]
    batch.message_keys = made.message_keys[new]
    if new.all():
        return made.table
    return made.table.filter(pa.array(new)) if new.any() else None


def _give_birth(batch: Batch, rows: pa.Table, today: int, births: Births) -> pa.Table:
    """Return the events with their batch and the day of birth of their message: as known, or that of receipt."""
    days = births.of(batch.message_keys)
    new = days == UNKNOWN
    days[new] = today
    batch.message_days = days
    return (
        rows.append_column("batch_id", pa.array(np.full(len(days), batch.batch_id, dtype=np.uint64)))
        .append_column("message_born", pa.array(days.astype(np.int32)).cast(pa.date32()))
        .append_column("message_new", pa.array(new.astype(np.uint8)))
    )


def _look_around(batch: Batch, events: pa.Table, now_ms: int, past: Past) -> None:
    """Give opens, clicks and unsubscriptions the verdict that their neighbours tell, and correct earlier ones."""
    found = verdicts.apply(events, past.engagement, past.store, batch.batch_id, now_ms)
    batch.events, batch.corrected = found.events, found.corrected
    batch.happenings, batch.changed = found.fresh, found.changed


def _digest(portion: Portion, rower: Rower, dead: list[Dead]) -> tuple[Made | None, Portion]:
    """Return the rows of all events that can be digested, with those events; the others are buried with the reason."""
    if not len(portion):
        return None, portion
    try:
        return rower.columns(portion), portion
    except MemoryError:
        raise  # says nothing about any event: the batch is tried again
    except Exception:
        # One event that cannot be digested must not cost its neighbours anything: find it, by halves.
        good = portion.joined(list(_good(portion, rower, dead)))
        return (rower.columns(good) if len(good) else None), good


def _undecided(portion: Portion, letters: Mapping[int, DeadLetter], dead: list[Dead]) -> Portion:
    """Return the events that no earlier try has set aside; those that one has are buried again."""
    places = [place for place in letters if 0 <= place < len(portion)]
    gone = [place for place in places if _is_about(letters[place], portion.events[place])]
    if not gone:
        return portion
    dead += [_dead_event(portion.part(place, place + 1), letters[place].reason) for place in gone]
    bounds = [-1, *sorted(gone), len(portion)]
    return portion.joined([portion.part(start + 1, end) for start, end in pairwise(bounds)])


def _is_about(letter: DeadLetter, event: Event) -> bool:
    """Return whether a letter is about this event: positions move when another version reads more blocks, or fewer."""
    try:
        return msgspec.json.decode(letter.body, type=Event) == event
    except msgspec.MsgspecError:
        return False


def _good(portion: Portion, rower: Rower, dead: list[Dead]) -> list[Portion]:
    try:
        rower.columns(portion)
    except MemoryError:
        raise
    except Exception as error:  # the same mistake as above, whatever it is
        if len(portion) > 1:
            half = len(portion) // 2
            parts = (portion.part(0, half), portion.part(half, len(portion)))
            return [good for part in parts for good in _good(part, rower, dead)]
        dead.append(_dead_event(portion, _reason(error)))
        return []
    return [portion]


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def _dead_block(stored: StoredBlock, reason: str, *, parked: bool = False) -> Dead:
    block = stored.block
    # Whole blocks are placed by their negative offset, so that they never meet the position of a single event.
    return Dead(
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
        parked=parked,
    )


def _dead_event(portion: Portion, reason: str) -> Dead:
    block = portion.block(0)
    return Dead(
        tenant=block.tenant,
        source=block.source,
        kind=str(RecordKind.EVENT),
        position=int(portion.positions[0]),
        reason=reason,
        body=msgspec.json.encode(portion.events[0]),
        received_at=block.received_at,
        sent_at=block.sent_at,
        request_id=block.request_id,
    )
