"""The writer: one thread that carries a partition of the log into the store, batch by batch.

Owns the order of the steps, which is what makes counting once survive a kill at any moment:

1. record the range of the log as a batch (`ledger.begin`), so that a retry is the same batch, and ask the `fuse`
   whether what cannot be digested may be set aside; what is set aside or parked is written down (`deadletters`), which
   is the record of that decision, so that a retry by another version is the same batch too;
2. insert its events into the base table, whole or not at all per month;
3. derive the other tables from the base;
4. commit the log's offset, then close the record.

Whatever fails between 1 and 4, here or by a kill, leaves an open record, and `recovery` finishes it. A blown fuse
that holds leaves one too, and the batch is read again after a reset, when other sources turn out to be well, now and
then, and at the next start.
"""

from __future__ import annotations

import contextlib
import logging
import math
import threading
from collections import Counter
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass

import structlog

from sendlens.clock import Clock
from sendlens.control.deadletters import DeadLetter, DeadLetters
from sendlens.control.ledger import Ledger
from sendlens.errors import SendlensError
from sendlens.log.protocol import CorruptBlock, Log
from sendlens.model.blocks import StoredBlock
from sendlens.pipeline import batch as batches
from sendlens.pipeline.ahead import Ahead
from sendlens.pipeline.batch import Batch, Past, Prepared
from sendlens.pipeline.births import Births
from sendlens.pipeline.dedupe import Deduper
from sendlens.pipeline.engagement import Engagement
from sendlens.pipeline.fuse import Fuse, FuseBlown, Sums, sums
from sendlens.pipeline.recovery import recover
from sendlens.pipeline.rows import Rower
from sendlens.pipeline.tables import Tables

_log = structlog.stdlib.get_logger(__name__)

IDLE_SECONDS = 0.5
"""How long the writer sleeps in one go when nothing arrives; also how fast it notices a stop."""
LONGEST_PAUSE = 15.0
"""Longest pause between two tries against a store that fails, in seconds."""
HOLD_SECONDS = 60.0
"""How long the writer waits with a blown fuse before it reads the batch again: the cause may have passed."""
LOOK_SECONDS = 2.0
"""How often a writer that holds looks whether anybody waits who is well."""
SLOW_SECONDS = 5.0
"""A batch that takes longer is told of at level info; others at debug."""
MOST_NAMED = 100
"""Most request ids in the log line of a batch."""


@dataclass
class Progress:
    """What the writer tells of itself: for health, metrics and the Intake page."""

    batches: int = 0
    records: int = 0
    duplicates: int = 0
    failing_since_ms: int = 0
    last_error: str = ""
    last_batch_ms: float = 0.0
    failures: int = 0
    holding: int = 0
    """The batch that waits because it blew a fuse; 0 for none."""
    damaged: int = 0
    """Blocks of the log that were not as they had been written, since the start."""
    last_damaged: int = 0
    """The offset of the last of them."""


class Writer:
    """Carries one partition of the log into the store until it is stopped."""

    def __init__(
        self,
        *,
        log: Log,
        ledger: Ledger,
        deadletters: DeadLetters,
        tables: Tables,
        rower: Rower,
        deduper: Deduper,
        births: Births,
        engagement: Engagement,
        clock: Clock,
        partition: int = 0,
        batch_events: int,
        batch_ms: int,
        on_stored: Callable[[Batch], None],
        fuse: Fuse | None = None,
        is_tenant: Callable[[str], bool] = lambda _: True,
    ) -> None:
        """`on_stored` is called in the writer's thread after each batch is in all tables.

        Without a `fuse` the writer has one of its own, which nobody can reset. A damaged block of somebody who is no
        tenant is nobody's, and the writer stops at it.
        """
        self._log = log
        self._ledger = ledger
        self._deadletters = deadletters
        self._tables = tables
        self._rower = rower
        self._deduper = deduper
        self._births = births
        self.engagement = engagement
        self._past = Past(deduper, births, engagement, tables)
        self._clock = clock
        self._partition = partition
        self._batch_events = batch_events
        self._batch_seconds = batch_ms / 1000
        self._on_stored = on_stored
        self._fuse = fuse or Fuse(clock)
        self._is_tenant = is_tenant
        self._ahead = Ahead(self._prepare, name=f"writer-{partition}-ahead")
        self._started = -math.inf
        self._stop = threading.Event()
        # Whoever wants a pause holds the turnstile, so that the next batch waits behind it and not in front of it.
        self._turnstile = threading.Lock()
        self._carrying = threading.Lock()
        self._pauses = 0
        self._thread = threading.Thread(target=self._run, name=f"writer-{partition}", daemon=True)
        self.progress = Progress()

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self, timeout: float = 30.0) -> bool:
        """Ask the thread to finish its batch and end; return whether it did within `timeout` seconds."""
        self._stop.set()
        self._log.wake()
        if self._thread.is_alive():
            self._thread.join(timeout)
        return not self._thread.is_alive()

    @property
    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    @contextlib.contextmanager
    def paused(self) -> Generator[None]:
        """Hold the writer between two batches until the block ends; intake goes on, because the log is another part.

        What is in the store then is what a kill could leave at that moment: every batch whole, but perhaps one that
        failed and is on record as open.
        """
        with self._turnstile, self._carrying:
            # Whoever pauses may change what is in the log: what was read of it before must be read again.
            self._pauses += 1
            yield

    @contextlib.contextmanager
    def held(self) -> Generator[bool]:
        """Hold the writer as `paused` does, and say whether every batch it began is closed."""
        with self.paused():
            yield not self._ledger.pending()

    @contextlib.contextmanager
    def _batch(self) -> Generator[None]:
        with self._turnstile:
            pass
        with self._carrying:
            yield

    def _run(self) -> None:
        pause = 0.25
        while not self._stop.is_set():
            try:
                with self._batch():
                    self.settle()
                while not self._stop.is_set():
                    self.step(wait=IDLE_SECONDS)
                    pause = 0.25
                    self._recovered()
            except FuseBlown as blown:
                self._ahead.forget()
                self._hold(blown)
            except Exception as error:  # nothing may end this thread: what cannot be carried is tried again, and told
                self._ahead.forget()
                self._failed(error)
                self._stop.wait(pause)
                pause = min(pause * 2, LONGEST_PAUSE)
        self._ahead.close()

    def settle(self) -> None:
        """Finish the batch that an unclean stop left open, if there is one."""
        for pending in self._ledger.pending():
            if pending.partition != self._partition:
                continue
            if pending.last_offset > self._log.committed(self._partition):
                blocks = self._log.read(
                    self._partition,
                    pending.first_offset - 1,
                    max_records=2**62,
                    max_bytes=2**62,
                    until=pending.last_offset,
                )
                # Memory may hold keys of a half-done try; the store's answer leaves the batch's own keys out.
                self._deduper.forget()
                self._births.forget()
                self.engagement.forget()
                started = self._clock.monotonic()
                batch = self._decided(blocks, pending.batch_id) or self._judged(
                    batches.prepare(blocks, self._rower, parked=self._fuse.parks(blocks)), pending.batch_id
                )
                recover(batch, self._tables)
                self._finish(batch, blocks, started)
                _log.info("batch recovered", batch=pending.batch_id, records=batch.records)
            else:
                self._ledger.finish(pending.batch_id)

    def step(self, *, wait: float) -> int:
        """Carry the next batch, waiting up to `wait` seconds for one; return its number of records."""
        after = self._log.committed(self._partition)
        prepared = self._ahead.take(after)
        if prepared is None:
            if self._log.head(self._partition) <= after and not self._log.wait(self._partition, after, wait):
                return 0
            if self._log.backlog() < self._batch_events:
                # Few, large inserts: batches begin no faster than this. What comes after a quiet while is carried at
                # once, and what came while the batch before was stored has had its time.
                had = self._clock.monotonic() - self._started
                self._stop.wait(max(self._batch_seconds - had, 0.0))
        started = self._started = self._clock.monotonic()
        prepared = prepared or self._prepare(after)
        with self._batch():
            if prepared is not None and (
                prepared.pauses != self._pauses or prepared.parked != self._fuse.parks(prepared.blocks)
            ):
                prepared = self._prepare(after)
            if prepared is None:
                return 0
            blocks = prepared.blocks
            batch_id = self._ledger.begin(self._partition, blocks[0].offset, blocks[-1].offset)
            if self._log.backlog() >= 2 * self._batch_events:
                # Far behind: columns of the next batch are made while the store is at work on this one.
                self._ahead.begin(blocks[-1].offset)
            batch = self._judged(prepared, batch_id)
            self._tables.insert_events(batch)
            self._tables.derive(batch)
            self._tables.insert_others(batch)
            self._finish(batch, blocks, started)
        return batch.records

    def _prepare(self, after: int) -> Prepared | None:
        pauses = self._pauses
        blocks = self._owned(self._log.read(self._partition, after, max_records=self._batch_events))
        if not blocks:
            return None
        return batches.prepare(blocks, self._rower, parked=self._fuse.parks(blocks), pauses=pauses)

    def _owned(self, blocks: Sequence[StoredBlock]) -> Sequence[StoredBlock]:
        """Return the blocks in front of one that is nobody's. Raises `CorruptBlock` if that is the first."""
        for place, stored in enumerate(blocks):
            if stored.damaged and not self._is_tenant(stored.block.tenant):
                if place:
                    return blocks[:place]
                raise CorruptBlock(
                    f"Block {stored.offset} of the log is damaged, and whose it was is not known any more.",
                    partition=self._partition,
                    offset=stored.offset,
                    hint=f"Stop the server and give up this one block: sendlens log discard {stored.offset}",
                )
        return blocks

    def _judged(self, prepared: Prepared, batch_id: int) -> Batch:
        """Return the batch with the fuse's consent; what it parks is on disk by then. Raises `FuseBlown`."""
        blocks = prepared.blocks
        batch = batches.admit(prepared, batch_id, self._past)
        more = self._fuse.judge(blocks, batch, lambda: self._seen_behind(blocks[-1].offset))
        if more:
            self._ahead.forget()
            batch = batches.admit(batches.prepare(blocks, self._rower, parked=more), batch_id, self._past)
            _log.error("a source is stopped and its records are parked", batch=batch_id, blocks=len(more))
        self._deadletters.add(_letters(batch))
        return batch

    def _decided(self, blocks: Sequence[StoredBlock], batch_id: int) -> Batch | None:
        """Return the batch of an earlier try that passed the fuse: the same rows, whatever would be judged now."""
        decided = self._deadletters.of_batch(batch_id)
        if not decided and not self._tables.rows_present(batch_id):
            return None
        batch = batches.admit(batches.prepare(blocks, self._rower, decided=decided), batch_id, self._past)
        self._deadletters.add(_letters(batch))
        return batch

    def _seen_behind(self, after: int) -> Sums:
        """Return what a batch's worth of records behind an offset comes to, but for sources that are stopped."""
        stopped = {one.origin for one in self._fuse.blown()}
        blocks = [
            stored
            for stored in self._log.read(self._partition, after, max_records=self._batch_events)
            if (stored.block.tenant, stored.block.source) not in stopped
        ]
        return sums(blocks, batches.prepare(blocks, self._rower).dead) if blocks else {}

    def _finish(self, batch: Batch, blocks: Sequence[StoredBlock], started: float) -> None:
        self._log.commit(self._partition, batch.last)
        self._ledger.finish(batch.batch_id)
        self._deduper.remember(batch.buckets, batch.keys)
        self._births.remember(batch.message_keys, batch.message_days)
        self.engagement.remember(batch.happenings, batch.changed)
        self.progress.batches += 1
        self.progress.records += batch.records
        self.progress.duplicates += sum(outcome.duplicate for outcome in batch.accounts.values())
        self.progress.holding = 0
        self._fuse.passed(blocks, batch)
        batch.seconds = self._clock.monotonic() - started
        self.progress.last_batch_ms = batch.seconds * 1000
        for stored in blocks:
            if stored.damaged:
                self.progress.damaged += 1
                self.progress.last_damaged = stored.offset
                _log.error(
                    "a block of the log is damaged; its records are a dead letter",
                    offset=stored.offset,
                    tenant=stored.block.tenant,
                    source=stored.block.source,
                    records=stored.block.count,
                )
        _tell(batch, blocks)
        self._on_stored(batch)

    def _hold(self, blown: FuseBlown) -> None:
        """Wait until the sources are let in again, or it is time for another try, or the writer is to stop."""
        stopped = [one for one in self._fuse.blown() if not one.parks]
        if not self.progress.holding:
            _log.error("the fuse has blown; nothing is stored until it is mended", error=blown.detail, hint=blown.hint)
        self.progress.holding = stopped[0].batch_id if stopped else 0
        # A store that failed before has been forgotten about: this is another trouble.
        self.progress.failing_since_ms, self.progress.last_error = 0, ""
        now = self._clock.monotonic()
        until, look, head = now + HOLD_SECONDS, now, -1
        while self._fuse.holds() and now < until and not self._stop.wait(IDLE_SECONDS):
            now = self._clock.monotonic()
            if now >= look and (newest := self._log.head(self._partition)) > head:
                look, head = now + LOOK_SECONDS, newest
                pending = self._ledger.pending()
                with contextlib.suppress(Exception):  # what cannot be read says nothing of anybody; it holds on
                    self._fuse.park(self._seen_behind(pending[0].last_offset if pending else newest))

    def _failed(self, error: Exception) -> None:
        self.progress.failures += 1
        if not self.progress.failing_since_ms:
            self.progress.failing_since_ms = self._clock.now_ms()
        detail = error.detail if isinstance(error, SendlensError) else f"{type(error).__name__}: {error}"
        self.progress.last_error = detail
        with contextlib.suppress(Exception):  # whatever else is wrong, what is known must be said
            for pending in self._ledger.pending():
                _log.error(
                    "a batch could not be carried and is tried again",
                    batch=pending.batch_id,
                    partition=pending.partition,
                    first_offset=pending.first_offset,
                    last_offset=pending.last_offset,
                    error=detail[:2000],
                )
                return
        _log.error("the writer cannot go on and tries again", error=detail[:2000])

    def _recovered(self) -> None:
        if self.progress.failing_since_ms:
            self.progress.failing_since_ms = 0
            self.progress.last_error = ""
            _log.info("the store accepts batches again")


def _letters(batch: Batch) -> list[DeadLetter]:
    return [
        DeadLetter(
            tenant=dead.tenant,
            source=dead.source,
            kind=dead.kind,
            batch_id=batch.batch_id,
            position=dead.position,
            reason=dead.reason,
            body=dead.body,
            received_at=dead.received_at,
            sent_at=dead.sent_at,
            records=dead.records,
            request_id=dead.request_id,
            parked=dead.parked,
        )
        for dead in batch.dead
    ]


def _tell(batch: Batch, blocks: Sequence[StoredBlock]) -> None:
    """Write the line of a batch. Its offsets, and the request ids at level debug, lead from a request to its batch."""
    slow = batch.seconds > SLOW_SECONDS
    about = {"batch": batch.batch_id, "first": batch.first, "last": batch.last}
    if slow or logging.getLogger(__name__).isEnabledFor(logging.DEBUG):
        outcomes = batch.accounts.values()
        _log.log(
            logging.INFO if slow else logging.DEBUG,
            "batch stored slowly" if slow else "batch stored",
            **about,
            records=batch.records,
            stored=sum(outcome.stored for outcome in outcomes),
            duplicates=sum(outcome.duplicate for outcome in outcomes),
            rejected=sum(outcome.rejected for outcome in outcomes),
            dead=sum(outcome.dead for outcome in outcomes),
            seconds=round(batch.seconds, 3),
            requests=[stored.block.request_id for stored in blocks[:MOST_NAMED]],
        )
    for (tenant, source, reason), count in Counter(
        (dead.tenant, dead.source, dead.reason) for dead in batch.dead
    ).most_common(10):
        # TRICKY: not the whole reason, which may repeat what a sender wrote; it stands in the letter.
        _log.warning(
            "records set aside", **about, tenant=tenant, source=source, letters=count, error=reason.partition(":")[0]
        )
