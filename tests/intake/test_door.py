"""The door by itself: blocks, accounting, refusal."""

import pytest

from sendlens.errors import Rejection, Unavailable
from sendlens.model.events import Event, EventType, RecordKind
from sendlens.pipeline.door import BLOCK_RECORDS, Accepted, Door
from sendlens.settings import Settings
from sendlens.sources.received import Mapped
from tests.intake.world import MemoryLog, run

REJECTED = [Rejection(index=0, field="type", error="missing")]


def events(count: int) -> list[Event]:
    return [Event(type=EventType.DELIVERED, id=str(number)) for number in range(count)]


def accept(log: MemoryLog, mapped: Mapped, **settings: int) -> Accepted:
    door = Door(log, Settings(**settings))  # pyright: ignore[reportArgumentType] (the door uses two of the methods)
    return run(door.accept("t_1", "src", RecordKind.EVENT, mapped, 1_000, "r-1"))


def test_a_block_says_what_the_request_brought() -> None:
    log = MemoryLog()
    assert accept(log, Mapped(records=events(3), rejected=REJECTED, sent_at=900)) == Accepted(3, 1)
    (block,) = log.blocks
    assert (block.tenant, block.source, block.kind, block.request_id) == ("t_1", "src", RecordKind.EVENT, "r-1")
    assert (block.received_at, block.sent_at, block.count, block.rejected) == (1_000, 900, 3, 1)
    assert block.records() == events(3)


@pytest.mark.parametrize("count", [1, BLOCK_RECORDS, BLOCK_RECORDS + 1, 3 * BLOCK_RECORDS])
def test_counts_of_the_blocks_add_up(count: int) -> None:
    log = MemoryLog()
    accept(log, Mapped(records=events(count), rejected=REJECTED * 7))
    assert sum(block.count for block in log.blocks) == count
    assert sum(block.rejected for block in log.blocks) == 7
    assert [record for block in log.blocks for record in block.records()] == events(count)
    assert all(block.count <= BLOCK_RECORDS for block in log.blocks)


def test_rejections_alone_leave_a_block() -> None:
    log = MemoryLog()
    assert accept(log, Mapped(records=[], rejected=REJECTED)) == Accepted(0, 1)
    assert [(block.count, block.rejected, block.records()) for block in log.blocks] == [(0, 1, [])]


def test_nothing_leaves_nothing() -> None:
    log = MemoryLog()
    assert accept(log, Mapped(records=[])) == Accepted(0, 0)
    assert log.blocks == []


def test_a_full_log_refuses() -> None:
    log = MemoryLog()
    log.waiting = 1001
    with pytest.raises(Unavailable) as caught:
        accept(log, Mapped(records=events(1)), max_lag_events=1000)
    assert caught.value.retry_after
    assert log.blocks == []


def test_a_log_that_fails_is_not_called_a_success() -> None:
    log = MemoryLog()
    log.broken = True
    with pytest.raises(Unavailable):
        accept(log, Mapped(records=events(1)))
