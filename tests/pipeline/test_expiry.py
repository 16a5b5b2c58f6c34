"""Retention: what expired is gone from every table, the figures stay, and a cut at any step changes neither."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from sendlens.model.events import Event, EventType
from sendlens.pipeline.agreement import Kept, disagreements
from sendlens.pipeline.expiry import expire, finish
from sendlens.pipeline.tables import Tables
from sendlens.store.client import Store
from tests.pipeline.house import NOW, Cut, House, cut_after

DAY_MS = 86_400_000
KEPT = 100
SUMS = """
SELECT clock, measure, bucket, campaign_id, sum(n) AS n, sum(amount) AS amount FROM metrics_quarter
GROUP BY ALL HAVING n != 0 OR amount != 0 ORDER BY ALL
"""
TABLES = ("events", "engagements", "touchpoints", "conversions", "messages")


@pytest.fixture
def house(tmp_path: Path, embedded_store: Store) -> Iterator[House]:
    """A house with an empty store."""
    it = House(tmp_path, embedded_store)
    yield it
    it.close()


def told(house: House, message: str, days_ago: int) -> None:
    """Bring what happens to one message, received on the day it happened."""
    at = NOW - days_ago * DAY_MS
    kinds = (EventType.DELIVERED, EventType.OPENED, EventType.CLICKED, EventType.CONVERTED)
    house.append(
        [
            Event(
                type=kind,
                id=f"{message}-{days_ago}-{kind}",
                occurred_at=at + place * 300_000,
                message_id=message,
                recipient=f"{message}@shop.example",
                campaign_id="spring",
                user_agent="Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X)" if place in (1, 2) else "",
                value=Decimal(5) if kind is EventType.CONVERTED else None,
                currency="USD" if kind is EventType.CONVERTED else "",
            )
            for place, kind in enumerate(kinds)
        ],
        received_at=at + 3_600_000,
    )
    house.writer().step(wait=0)


def history(house: House) -> list[tuple[Any, ...]]:
    """Bring two old messages, one of which is still heard of, and a new one; return the sums."""
    told(house, "old", 200)
    told(house, "alive", 190)
    told(house, "alive", 10)
    told(house, "older", 210)
    told(house, "new", 1)
    return house.store.fetch_internal(SUMS).rows


def wrong(house: House) -> list[str]:
    """Return what disagrees once the tasks have dropped old keys and minutes, as they do long before events expire."""
    today = NOW // DAY_MS
    house.store.drop_partitions("event_keys", before_day=today - 8)
    house.store.drop_partitions("metrics_minute", before_day=today - 35)
    return disagreements(house.store, Kept(keys_from_day=today - 7, minutes_from_day=today - 35, horizon_days=7))


def messages_in(store: Store, table: str) -> int:
    final = "" if table == "events" else " FINAL"
    return int(str(store.fetch_internal(f"SELECT uniqExact(message_key) FROM {table}{final}").scalar()))


def gone(store: Store, house: House) -> int:
    return expire(store, house.tenant.id, KEPT, NOW, lambda: contextlib.nullcontext(True))


def test_rows_go_and_figures_stay(house: House) -> None:
    sums = history(house)
    assert gone(house.store, house) == 2
    assert {table: messages_in(house.store, table) for table in TABLES} == dict.fromkeys(TABLES, 2)
    assert house.store.fetch_internal(SUMS).rows == sums
    assert wrong(house) == []
    assert gone(house.store, house) == 0
    # A batch that is cut off and recovered, in a quarter that lost its messages, takes nothing from it.
    house.append([Event(type=EventType.OPENED, id="late", occurred_at=NOW - 200 * DAY_MS, message_id="alive",
                        recipient="alive@shop.example")], received_at=NOW)  # fmt: skip
    with pytest.raises(Cut):
        house.writer(cut_after(2)).step(wait=0)
    house.writer().settle()
    assert wrong(house) == []
    kept = {row[:4]: row[4] for row in house.store.fetch_internal(SUMS)}
    assert all(kept[row[:4]] >= row[4] for row in sums if row[1] in {"delivered", "clicks", "opens"})


@pytest.mark.parametrize("statements", [0, 4, 8, *(pytest.param(cut, marks=pytest.mark.long) for cut in (3, 6, 15))])
def test_a_run_cut_off_anywhere(house: House, statements: int) -> None:
    """The next start finishes it, or the next run begins it again."""
    sums = history(house)
    cutting = cut_after(statements)(Tables(house.store))._store  # pyright: ignore[reportPrivateUsage] - stands for a kill
    with contextlib.suppress(Cut):
        gone(cutting, house)
    finish(house.store)
    house.writer().settle()
    assert wrong(house) == []
    assert house.store.fetch_internal(SUMS).rows == sums
    gone(house.store, house)
    assert {table: messages_in(house.store, table) for table in TABLES} == dict.fromkeys(TABLES, 2)
    assert house.store.fetch_internal(SUMS).rows == sums
    assert wrong(house) == []


def test_nothing_goes_while_a_batch_is_open(house: House) -> None:
    history(house)
    assert expire(house.store, house.tenant.id, KEPT, NOW, lambda: contextlib.nullcontext(False)) == 0
    assert messages_in(house.store, "events") == 4


def test_a_message_is_as_old_as_what_was_last_heard_of_it(house: House) -> None:
    """By when it happened and by when it was received: a history that was imported yesterday stays, and so does what
    a clock that was behind received long ago."""
    for message, happened, received in (("imported", 200, 1), ("behind", 1, 200), ("old", 200, 190)):
        event = Event(
            type=EventType.DELIVERED,
            id=message,
            occurred_at=NOW - happened * DAY_MS,
            message_id=message,
            recipient=f"{message}@shop.example",
        )
        house.append([event], received_at=NOW - received * DAY_MS)
        house.writer().step(wait=0)
    assert gone(house.store, house) == 1
    left = house.store.fetch_internal("SELECT recipient FROM events ORDER BY recipient").rows
    assert left == [("behind@shop.example",), ("imported@shop.example",)]
