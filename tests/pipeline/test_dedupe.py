"""The rule of counting once, checked against a plain set, with and without room in memory."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sendlens.model.identity import TIMELESS
from sendlens.pipeline.dedupe import MOST_BUCKETS, Buckets, Deduper, Keys


class PlainKeys:
    """The store's table of keys as a list, counting how often it is asked."""

    def __init__(self) -> None:
        self.rows: list[tuple[int, int, int]] = []
        self.asked = 0

    def add(self, buckets: Buckets, keys: Keys, batch_id: int) -> None:
        self.rows += [(b, k, batch_id) for b, k in zip(buckets.tolist(), keys.tolist(), strict=True)]

    def key_counts(self, buckets: Sequence[int]) -> dict[int, int]:
        self.asked += 1
        return {b: sum(1 for row in self.rows if row[0] == b) for b in buckets}

    def keys_of(self, buckets: Sequence[int], not_batch: int) -> tuple[Buckets, Keys]:
        self.asked += 1
        return _arrays([(b, k) for b, k, batch in self.rows if b in set(buckets) and batch != not_batch])

    def keys_seen(self, buckets: Buckets, keys: Keys, not_batch: int) -> tuple[Buckets, Keys]:
        self.asked += 1
        wanted = set(zip(buckets.tolist(), keys.tolist(), strict=True))
        return _arrays([(b, k) for b, k, batch in self.rows if (b, k) in wanted and batch != not_batch])


def _arrays(pairs: list[tuple[int, int]]) -> tuple[Buckets, Keys]:
    return (
        np.array([b for b, _ in pairs], dtype=np.uint32),
        np.array([k for _, k in pairs], dtype=np.uint64),
    )


PAIRS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 12)), max_size=25)


@given(batches=st.lists(PAIRS, max_size=12), memory=st.sampled_from([0, 3, 10, 10_000]))
@settings(max_examples=200, deadline=None)
def test_each_key_of_an_hour_is_new_once(batches: list[list[tuple[int, int]]], memory: int) -> None:
    """However small the memory, the answers are those of a set."""
    store = PlainKeys()
    deduper = Deduper(store, memory_keys=memory, horizon_days=7)
    seen: set[tuple[int, int]] = set()
    for batch_id, pairs in enumerate(batches, start=1):
        buckets, keys = _arrays(pairs)
        new = deduper.new_rows(buckets, keys, batch_id)
        expected: list[bool] = []
        for pair in pairs:
            expected.append(pair not in seen)
            seen.add(pair)
        assert new.tolist() == expected
        store.add(buckets[new], keys[new], batch_id)
        deduper.remember(buckets[new], keys[new])


@given(pairs=PAIRS, memory=st.sampled_from([0, 10_000]))
@settings(max_examples=60, deadline=None)
def test_a_batch_that_is_tried_again_does_not_meet_its_own_keys(pairs: list[tuple[int, int]], memory: int) -> None:
    """A half-done batch left its keys in the store; the next try must find the same rows new."""
    store = PlainKeys()
    buckets, keys = _arrays(pairs)
    first = Deduper(store, memory_keys=memory, horizon_days=7).new_rows(buckets, keys, 1)
    store.add(buckets[first], keys[first], 1)
    again = Deduper(store, memory_keys=memory, horizon_days=7).new_rows(buckets, keys, 1)
    assert again.tolist() == first.tolist()
    other = Deduper(store, memory_keys=memory, horizon_days=7).new_rows(buckets, keys, 2)
    assert not other.any()


def test_the_running_hour_costs_no_question_to_the_store() -> None:
    """After the first batch of an hour, memory alone decides."""
    store = PlainKeys()
    deduper = Deduper(store, memory_keys=1000, horizon_days=7)
    for batch_id in range(1, 20):
        buckets, keys = _arrays([(5, batch_id * 10 + i) for i in range(10)])
        new = deduper.new_rows(buckets, keys, batch_id)
        assert new.all()
        deduper.remember(buckets, keys)
    assert store.asked == 1
    assert deduper.held == 190


@pytest.mark.parametrize(("days_later", "is_new"), [(0, False), (3, False), (7, False), (8, True)])
def test_an_event_without_a_time_is_recognised_within_the_horizon(days_later: int, is_new: bool) -> None:
    """Its bucket is the day of receipt, so later days must look back."""
    store = PlainKeys()
    day = TIMELESS + 20_000
    buckets, keys = _arrays([(day, 77)])
    store.add(buckets, keys, 1)
    deduper = Deduper(store, memory_keys=1000, horizon_days=7)
    assert deduper.new_rows(*_arrays([(day + days_later, 77)]), 2).tolist() == [is_new]


def test_memory_stays_within_its_bound() -> None:
    """Hours not used for longest go first."""
    deduper = Deduper(PlainKeys(), memory_keys=100, horizon_days=7)
    for hour in range(50):
        buckets, keys = _arrays([(hour, i) for i in range(30)])
        deduper.new_rows(buckets, keys, hour + 1)
        deduper.remember(buckets, keys)
        assert deduper.held <= 100


def test_hours_with_few_keys_are_not_remembered_for_ever() -> None:
    """A history of scattered times has an hour for every event; what was let go is asked of the store again."""
    store = PlainKeys()
    deduper = Deduper(store, memory_keys=10 * MOST_BUCKETS, horizon_days=7)
    for batch_id in (1, 2, 3):
        first = batch_id * MOST_BUCKETS
        buckets, keys = _arrays([(first + i, i) for i in range(MOST_BUCKETS // 2 + 1)])
        assert deduper.new_rows(buckets, keys, batch_id).all()
        deduper.remember(buckets, keys)
        assert deduper.held <= MOST_BUCKETS
    store.add(*_arrays([(MOST_BUCKETS, 0)]), 1)
    assert not deduper.new_rows(*_arrays([(MOST_BUCKETS, 0)]), 4).any()
