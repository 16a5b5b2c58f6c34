"""A writer prepares its next batch ahead: nothing is lost or doubled, nothing stale is stored."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from sendlens.clock import FrozenClock
from sendlens.model.blocks import Block, pack
from sendlens.model.events import Event, EventType
from sendlens.pipeline.agreement import disagreements
from sendlens.store.client import Store
from tests.pipeline.house import NOW, House

EVENTS = 5


@pytest.fixture
def house(tmp_path: Path, embedded_store: Store) -> Iterator[House]:
    """A house whose log holds many small batches."""
    it = House(tmp_path, embedded_store)
    for batch in range(6):
        it.append([event(batch * EVENTS + place) for place in range(EVENTS)])
    yield it
    it.close()


def event(number: int) -> Event:
    """Every fifth event repeats one of the batch before."""
    name = number - EVENTS if number % EVENTS == 4 and number > EVENTS else number
    return Event(
        type=EventType.DELIVERED,
        id=f"e{name}",
        occurred_at=NOW - name * 1000,
        message_id=f"m{name}",
        recipient=f"p{name}@example.org",
    )


def test_repetitions_in_a_batch_prepared_ahead_are_recognised(house: House) -> None:
    """It was prepared before the batch with their first appearance was stored."""
    writer = house.writer(batch_events=EVENTS)
    assert [writer.step(wait=0) for _ in range(7)] == [EVENTS] * 6 + [0]
    told = {event(number).id for number in range(6 * EVENTS)}
    assert house.store.fetch_internal("SELECT count(), uniqExact(event_key) FROM events").rows == [(len(told),) * 2]
    assert disagreements(house.store) == []


def test_a_pause_makes_what_was_prepared_stale(house: House) -> None:
    """Erasure rewrites the log in a pause: the writer must not store what it had read before."""

    def renamed(block: Block) -> Block:
        events = [msgspec.structs.replace(one, recipient="gone") for one in block.records() if isinstance(one, Event)]
        return msgspec.structs.replace(block, body=pack(events))

    writer = house.writer(batch_events=EVENTS)
    writer.step(wait=0)
    with writer.paused():
        house.log.rewrite(0, renamed)
    while writer.step(wait=0):
        pass
    later = "SELECT DISTINCT recipient FROM events WHERE batch_id > (SELECT min(batch_id) FROM events)"
    assert house.store.fetch_internal(later).rows == [("gone",)]


def test_what_came_while_a_batch_was_stored_has_waited_enough(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches begin a quarter of a second apart, and the time that the one before took is part of it."""
    writer = house.writer(batch_events=1000)
    clock, waits = writer._clock, list[float]()  # pyright: ignore[reportPrivateUsage] - no other way to hear of it
    assert isinstance(clock, FrozenClock)
    monkeypatch.setattr(writer, "_batch_seconds", 0.25)
    monkeypatch.setattr(writer._stop, "wait", waits.append)  # pyright: ignore[reportPrivateUsage] - as above
    for took in (0.1, 0.4):
        writer.step(wait=0)
        house.append([event(1000 + int(took * 10))])
        clock.advance(took)
    writer.step(wait=0)
    assert waits == pytest.approx([0.0, 0.15, 0.0])


def test_what_comes_after_a_quiet_while_is_carried_at_once(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """One mail that is opened is not made to wait for company, and a flood behind it still makes few, large batches."""
    writer = house.writer(batch_events=1000)
    clock, waits = writer._clock, list[float]()  # pyright: ignore[reportPrivateUsage] - no other way to hear of it
    assert isinstance(clock, FrozenClock)
    monkeypatch.setattr(writer, "_batch_seconds", 0.25)
    monkeypatch.setattr(writer._stop, "wait", waits.append)  # pyright: ignore[reportPrivateUsage] - as above
    writer.step(wait=0)

    def arrives(*_: object) -> bool:
        clock.advance(60)
        house.append([event(2000)])
        return True

    monkeypatch.setattr(house.log, "wait", arrives)
    assert writer.step(wait=1) == 1
    assert waits == pytest.approx([0.0, 0.0])
