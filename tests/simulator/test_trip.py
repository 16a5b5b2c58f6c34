from collections import Counter
from dataclasses import replace
from itertools import pairwise

import msgspec
import pytest

from sendlens.simulator.parameters import DAY_MS, Parameters
from sendlens.simulator.trip import BROKEN, Trip
from sendlens.simulator.world import World
from sendlens.sources import native
from tests.simulator.test_world import ALL_SOURCES, NOW

ROUGH = replace(Parameters(), duplicate_share=0.05, late_share=0.1, invalid_share=0.01)


def arrived(seed=3):
    world = World(seed, ROUGH, people=4_000)
    world.plan(NOW - 5 * DAY_MS, NOW, 15_000, ALL_SOURCES)
    trip = Trip(seed, ROUGH)
    return world, trip, list(trip.out(world.advance(NOW, DAY_MS // 4)))


def test_nothing_is_lost_and_repetitions_are_counted():
    world, trip, parts = arrived()
    counts = Counter(event.id for _, events in parts for event in events)
    told = sum(world.truth().events.values())
    assert len(counts) == told
    assert counts.total() == told + trip.repeated.total()
    assert trip.repeated.total() > 0.03 * told
    assert {source for source, _ in parts} == {*ALL_SOURCES, "shop"}


def test_some_arrive_late():
    _, _, parts = arrived()
    times = [event.occurred_at for source, events in parts if source == "native" for event in events]
    backwards = sum(a > b + 3_600_000 for a, b in pairwise(times))
    assert backwards > 5


def test_a_trip_follows_its_seed():
    assert msgspec.json.encode(arrived()[2]) == msgspec.json.encode(arrived()[2])


@pytest.mark.parametrize("record", BROKEN, ids=lambda record: record.get("type", "no type"))
def test_a_broken_record_is_refused_and_its_neighbour_is_not(record):
    good = {"type": "opened", "id": "1", "recipient": "a@example.com", "occurred_at": NOW}
    body = msgspec.json.encode([good, record])
    mapped = native.parse_events(body, "application/json", NOW)
    assert [r.index for r in mapped.rejected] == [1]
    assert len(mapped.records) == 1


def test_broken_records_are_counted():
    trip = Trip(3, ROUGH)
    assert sum(len(trip.breakage("native", 1000)) for _ in range(20)) == trip.broken["native"] > 100
    assert trip.breakage("sendgrid", 1000) == []


def test_native_events_are_accepted_as_they_are():
    world = World(9, people=4_000)
    world.plan(NOW - 5 * DAY_MS, NOW, 5_000)
    for batch in world.advance(NOW, DAY_MS):
        events = batch.natives()
        mapped = native.parse_events(msgspec.json.encode(events), "application/json", NOW)
        assert not mapped.rejected
        assert mapped.records == events
