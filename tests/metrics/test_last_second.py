"""What happens in the last second before a bound is told on the right side of it, from the first moment on.

A store that keeps milliseconds and is asked for whole seconds may leave out a part that lies within that second alone;
a larger part hides the mistake, so the rows here are the only ones of their time.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from sendlens.clock import FrozenClock
from sendlens.metrics.periods import QUARTER, parse_period
from sendlens.metrics.query import Metrics, Scope
from sendlens.metrics.recipients import Recipients
from sendlens.metrics.registry import ClockName
from sendlens.store import Store
from tests.metrics.test_query import TENANT, story
from tests.metrics.world import NOON, put

BOUND = (NOON * 1000 // QUARTER + 1) * QUARTER
ANN = "ann@a.example"
ASKED = {
    "campaign": ("delivered", "opens", "clicks", "conversions", "revenue", "readings"),
    "recipient_domain": ("delivered", "opens", "clicks"),
    "link": ("clicks",),
    "device": ("opens", "readings"),
}
"""Dimension -> metrics: from roll-ups, messages, engagements and events."""


@pytest.fixture
def filled(embedded_store: Store) -> Store:
    """A store with a mail whose whole life, a reading included, falls into half of the last second."""
    events = story(1, recipient=ANN, recipient_key=7, sending_domain="mail.example.com")
    events.append(events[1] | {"type": "read", "reason": "read", "metadata": {"seconds": "9"}, "event_key": 199})
    for place, event in enumerate(events):
        event["occurred_at"] = BOUND - 900 + place * 60
    put(embedded_store, [events[:-1], events[-1:]])
    return embedded_store


def asked(store: Store, now: int) -> tuple[Metrics, Scope]:
    return Metrics(store, FrozenClock(now)), Scope(tenant=TENANT, period=parse_period("7d", "UTC", now))


@pytest.mark.parametrize("clock", ["event", "send"])
@pytest.mark.parametrize("dimension", ASKED)
def test_every_figure_is_there_before_the_quarter_is_over(filled: Store, dimension: str, clock: ClockName) -> None:
    told: list[dict[str, float | None]] = []
    for now in (BOUND - 300, BOUND + 60_000):
        metrics, scope = asked(filled, now)
        rows = metrics.breakdown(replace(scope, clock=clock), ASKED[dimension], dimension).rows
        told.append({f"{row.value} {key}": figure.value for row in rows for key, figure in row.figures.items()})
    assert told[0] == told[1]
    assert told[0]
    assert all(told[0].values())


def test_people_are_found_before_the_quarter_is_over(filled: Store) -> None:
    metrics, scope = asked(filled, BOUND - 300)
    for search in ("", "ann@", "a.example"):
        assert [one.recipient for one in Recipients(metrics).who(scope, "delivered", limit=5, search=search)] == [ANN]
