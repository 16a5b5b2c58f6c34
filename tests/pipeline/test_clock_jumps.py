"""The server's own clock goes forward and back: nothing is lost, counted twice, or put where it did not happen."""

from __future__ import annotations

from pathlib import Path

import msgspec

from sendlens.clock import DOUBT_SECONDS, FrozenClock, Steady
from sendlens.model.events import Event, EventType
from sendlens.pipeline.agreement import disagreements
from sendlens.store.client import Store
from tests.pipeline.house import NOW, House

DAY_MS = 86_400_000
JUMPS = (0, -3_600_000, 3 * DAY_MS, 3 * DAY_MS + 1000, 5_000, -2 * DAY_MS, 10_000)
"""What the clock shows against NOW when each request comes in: back by an hour, ahead by days, and right again."""


def told(request: int, at: int) -> list[Event]:
    """Events of one request: one says when it happened, one does not."""
    timed = Event(
        type=EventType.DELIVERED,
        id=f"d{request}",
        occurred_at=at,
        message_id=f"m{request}",
        recipient=f"p{request}@shop.example",
        campaign_id="spring",
    )
    return [timed, msgspec.structs.replace(timed, type=EventType.OPENED, id=f"o{request}", occurred_at=0)]


def test_jumps_lose_double_and_bend_nothing(tmp_path: Path, embedded_store: Store) -> None:
    """Every request is sent again under every other time of the clock; a restart lies between some."""
    house = House(tmp_path, embedded_store)
    try:
        for number, jump in enumerate(JUMPS):
            for request in range(number + 1):
                house.append(told(request, NOW + request * 60_000), received_at=NOW + jump)
            house.writer().step(wait=0)
        assert house.store.fetch_internal("SELECT count(), uniqExact(event_key) FROM events").rows == [(14, 14)]
        accounts = "SELECT sum(received), sum(stored), sum(duplicate) FROM intake FINAL"
        assert house.store.fetch_internal(accounts).rows == [(56, 14, 42)]
        assert disagreements(house.store) == []
        # Deliveries stand where their source saw them, whatever our clock said.
        bent = (
            "SELECT count() FROM metrics_minute WHERE measure = 'delivered' AND n > 0 AND NOT "
            "(toUnixTimestamp(bucket) BETWEEN {first:UInt32} AND {last:UInt32})"
        )
        limits = {"first": NOW // 1000 - 60, "last": NOW // 1000 + 6 * 60}
        assert house.store.fetch_internal(bent, limits).scalar() == 0
    finally:
        house.close()


def test_one_batch_on_both_sides_of_midnight(tmp_path: Path, embedded_store: Store) -> None:
    """The same event without a time, received before and after midnight and stored at once, is one event."""
    house = House(tmp_path, embedded_store)
    try:
        midnight = NOW // DAY_MS * DAY_MS
        for received_at in (midnight - 1, midnight):
            house.append(told(1, NOW), received_at=received_at)
        house.writer().step(wait=0)
        assert house.store.fetch_internal("SELECT count() FROM events").rows == [(2,)]
    finally:
        house.close()


def test_a_clock_that_jumped_is_not_believed_for_a_day() -> None:
    clock = FrozenClock(NOW)
    steady = Steady(clock)
    clock.advance(3 * 86_400)
    assert steady.believed()
    clock.jump(600)
    assert steady.believed()
    clock.jump(400 * 86_400)
    assert not steady.believed()
    clock.jump(-400 * 86_400)
    clock.advance(DOUBT_SECONDS - 1)
    assert not steady.believed()
    clock.advance(DOUBT_SECONDS)
    assert steady.believed()
