"""Bodies for the load generator: the events of a stretch of the made-up world, made before anything is measured."""

from __future__ import annotations

from pathlib import Path

from bench.fill import History
from bench.rows import Rows, body
from bench.world import Plan, World, events_per_message
from sendlens.model.events import Event

_HOUR_MS = 3_600_000


def events_after(data: Path, count: int, tag: str) -> list[Event]:
    """Return `count` events that go on where the history of a data directory ends: two hours of a busy day."""
    history = History.load(data)
    return told(history.world(data), history, count, tag)


def told(world: World, history: History, count: int, tag: str) -> list[Event]:
    """Return `count` events of the world's next two hours; `tag` keeps their ids apart from others."""
    # Most of what people do with a message comes later, so more messages are needed than the average says.
    columns = world.stretch(int(count / events_per_message() * 1.3) + 20, history.plan.end + 2 * _HOUR_MS)
    records = Rows(history.plan, history.tenants).records(columns, tag)[:count]
    return [event for _, event in records]


def empty_history(start: int, tenants: tuple[str, ...], events: int) -> History:
    """Return the description of a world without a past that begins at `start` (UTC milliseconds)."""
    return History(Plan(seed=7, start=start - 2 * _HOUR_MS, end=start, events=events), tenants)


def bodies(events: list[Event], size: int) -> tuple[list[bytes], list[int]]:
    """Return bodies of `size` events each, and the number of events in each."""
    parts = [events[start : start + size] for start in range(0, len(events), size)]
    return [body(part) for part in parts], [len(part) for part in parts]
