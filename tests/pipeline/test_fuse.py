"""A wrong deploy: the fuse blows, nothing is set aside, and after the fix everything is stored once."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from sendlens.clock import FrozenClock
from sendlens.errors import NotFound, Unavailable
from sendlens.model.blocks import Block, pack
from sendlens.model.events import Event, EventType, RecordKind
from sendlens.pipeline import rows
from sendlens.pipeline.agreement import disagreements
from sendlens.pipeline.births import Births
from sendlens.pipeline.dedupe import Deduper
from sendlens.pipeline.engagement import Engagement
from sendlens.pipeline.fuse import Fuse, FuseBlown, Limits
from sendlens.pipeline.rows import Rower
from sendlens.pipeline.tables import Tables
from sendlens.pipeline.writer import Writer
from sendlens.store.client import Store
from tests.pipeline.house import NOW, House

LIMITS = Limits(ratio=0.5, least=20, run=50)


class Works:
    """A pipeline whose code can be broken for one source, with a fuse."""

    def __init__(self, directory: Path, store: Store) -> None:
        self.house = House(directory, store)
        self.log = self.house.log
        self.tenant = self.house.tenant.id
        self.fuse = Fuse(FrozenClock(NOW), LIMITS)

    def start(self) -> Writer:
        """Return a writer as after a start: nothing in memory, the fuse included."""
        self.fuse = Fuse(FrozenClock(NOW), LIMITS)
        tables = Tables(self.house.store)
        return Writer(
            log=self.log,
            ledger=self.house.control.ledger,
            deadletters=self.house.control.deadletters,
            tables=tables,
            rower=Rower(currency_of=lambda _: "USD", skew_limit_ms=86_400_000),
            deduper=Deduper(tables, memory_keys=1000, horizon_days=7),
            births=Births(tables, memory_messages=1000),
            engagement=Engagement(tables, most=60),
            clock=FrozenClock(NOW),
            batch_events=10_000,
            batch_ms=0,
            on_stored=lambda _: None,
            fuse=self.fuse,
        )

    def append(self, source: str, first: int, count: int, *, sick: int = 0, body: bytes = b"") -> None:
        """Append a block; the first `sick` events are those that broken code stumbles over."""
        events = [
            Event(
                type=EventType.DELIVERED,
                id=f"{source}{i}",
                occurred_at=NOW - i,
                message_id=f"m{source}{i}",
                recipient=f"{'sick' if i < first + sick else 'well'}{i}@example.com",
            )
            for i in range(first, first + count)
        ]
        block = Block(
            tenant=self.tenant,
            source=source,
            kind=RecordKind.EVENT,
            received_at=NOW,
            count=count,
            request_id=f"req-{source}-{first}",
            body=body or pack(events),
        )
        asyncio.run(self.log.append(block))

    def count(self) -> tuple[object, ...]:
        return self.house.store.fetch_internal("SELECT count(), uniqExact(event_key) FROM events").rows[0]

    def account(self) -> tuple[object, ...]:
        sums = "SELECT sum(received), sum(stored), sum(duplicate), sum(dead) FROM intake FINAL"
        return self.house.store.fetch_internal(sums).rows[0]

    def letters(self) -> int:
        return self.house.control.deadletters.count(self.tenant)


@pytest.fixture
def works(tmp_path: Path, embedded_store: Store) -> Generator[Works]:
    it = Works(tmp_path, embedded_store)
    yield it
    it.house.close()


@pytest.fixture
def deploy(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Switch between the right code and code that cannot digest some events."""
    right = rows.normal_recipient

    def wrong(recipient: str) -> str:
        if recipient.startswith("sick"):
            raise ZeroDivisionError("a mistake of ours")
        return right(recipient)

    return lambda broken: monkeypatch.setattr(rows, "normal_recipient", wrong if broken else right)


def test_a_wrong_deploy_stops_its_source_and_loses_nothing(works: Works, deploy: Any) -> None:
    deploy(True)
    works.append("bad", 0, 30, sick=30)
    works.append("good", 0, 10, sick=10)
    writer = works.start()
    with pytest.raises(FuseBlown, match=r"source bad of tenant t_\w+: 30 of 30 records in batch 1 .*ZeroDivisionError"):
        writer.step(wait=0)
    assert works.count() == (0, 0)
    assert works.letters() == 0
    assert [batch.batch_id for batch in works.house.control.ledger.pending()] == [1]
    with pytest.raises(Unavailable) as refused:
        works.fuse.check(works.tenant, "bad")
    assert refused.value.retry_after == 60
    works.fuse.check(works.tenant, "good")
    works.append("good", 10, 10, sick=10)

    # A restart with the same code reads the same batch and comes to the same end.
    with pytest.raises(FuseBlown):
        works.start().settle()
    assert works.letters() == 0

    deploy(False)
    writer = works.start()
    writer.settle()
    writer.step(wait=0)
    assert works.count() == (50, 50)
    assert works.account() == (50, 50, 0, 0)
    assert works.letters() == 0
    assert works.fuse.blown() == []
    assert works.house.control.ledger.pending() == []
    assert disagreements(works.house.store) == []


def test_a_cause_that_passes_lets_the_source_in_again(works: Works, deploy: Any) -> None:
    deploy(True)
    works.append("bad", 0, 30, sick=30)
    writer = works.start()
    with pytest.raises(FuseBlown):
        writer.step(wait=0)
    deploy(False)
    writer.settle()
    works.fuse.check(works.tenant, "bad")
    assert works.count() == (30, 30)


def test_a_reset_accepts_what_is_in_the_log_and_no_more(works: Works, deploy: Any) -> None:
    deploy(True)
    works.append("bad", 0, 30, sick=30)
    writer = works.start()
    with pytest.raises(FuseBlown):
        writer.step(wait=0)
    works.append("bad", 30, 30, sick=30)  # it was on its way when the fuse blew
    with pytest.raises(NotFound):
        works.fuse.reset(works.tenant, "good", 2)
    assert works.fuse.reset(works.tenant, "bad", works.log.head(0)).dead == 30
    works.fuse.check(works.tenant, "bad")
    writer.settle()
    writer.step(wait=0)
    assert works.letters() == 60
    assert works.account() == (60, 0, 0, 60)
    works.append("bad", 60, 30, sick=30)
    with pytest.raises(FuseBlown):
        writer.step(wait=0)
    assert works.letters() == 60


def test_small_batches_add_up(works: Works, deploy: Any) -> None:
    deploy(True)
    writer = works.start()
    for first in range(0, 15, 5):
        works.append("bad", first, 5, sick=5)
        writer.step(wait=0)
    works.append("bad", 15, 5, sick=5)
    with pytest.raises(FuseBlown):
        writer.step(wait=0)
    assert works.letters() == 15


def test_good_times_long_ago_excuse_nothing(works: Works, deploy: Any) -> None:
    deploy(True)
    writer = works.start()
    works.append("bad", 0, 1000)
    writer.step(wait=0)
    works.append("bad", 1000, 20, sick=20)
    with pytest.raises(FuseBlown):
        writer.step(wait=0)


def test_a_few_among_many_are_set_aside(works: Works, deploy: Any) -> None:
    deploy(True)
    writer = works.start()
    works.append("bad", 0, 100, sick=49)
    writer.step(wait=0)
    assert works.account() == (100, 51, 0, 49)
    assert works.letters() == 49


def test_a_long_run_blows_it_whatever_the_ratio(works: Works, deploy: Any) -> None:
    deploy(True)
    works.append("bad", 0, 150)
    works.append("bad", 150, 49, sick=49)
    works.append("good", 0, 1, sick=1)  # another source between them does not end the run
    works.append("bad", 199, 1, sick=1)
    with pytest.raises(FuseBlown, match="50 of 200"):
        works.start().step(wait=0)


def test_a_run_goes_on_over_batches(works: Works, deploy: Any) -> None:
    deploy(True)
    works.fuse = Fuse(FrozenClock(NOW), Limits(ratio=0, least=20, run=50))
    fuse = works.fuse
    writer = works.start()
    writer._fuse = fuse
    for first in (0, 20):
        works.append("bad", first, 20, sick=20)
        writer.step(wait=0)
    works.append("bad", 40, 10, sick=10)
    with pytest.raises(FuseBlown):
        writer.step(wait=0)


def test_blocks_that_cannot_be_read_count_with_all_their_records(works: Works) -> None:
    works.append("bad", 0, 30, body=b"no block body")
    with pytest.raises(FuseBlown, match="30 of 30"):
        works.start().step(wait=0)


def test_the_thread_holds_and_goes_on_after_a_reset(works: Works, deploy: Any) -> None:
    deploy(True)
    works.append("bad", 0, 30, sick=30)
    writer = works.start()
    writer.start()
    _until(lambda: writer.progress.holding == 1)
    assert writer.alive
    works.fuse.reset(works.tenant, "bad", works.log.head(0))
    _until(lambda: works.log.backlog() == 0)
    assert writer.stop()
    assert (works.letters(), writer.progress.holding, writer.progress.failures) == (30, 0, 0)


def _until(holds: Any) -> None:
    for _ in range(600):
        if holds():
            return
        asyncio.run(asyncio.sleep(0.05))
    raise AssertionError("nothing happened for 30 seconds")
