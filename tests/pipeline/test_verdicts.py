"""Verdicts from neighbours through the whole pipeline: at once, late, over batches, and cut off anywhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import pytest

from sendlens.model.events import Event, EventType
from sendlens.pipeline.agreement import disagreements
from sendlens.store.client import Store
from tests.pipeline.house import NOW, Cut, House, cut_after

DAY_MS = 86_400_000
BROWSER = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
)
VERDICTS = """
SELECT message_id, type, link_id, actor, actor_reason, actor_confidence FROM events
GROUP BY ALL HAVING sum(weight) > 0 ORDER BY ALL
"""
STORED = "SELECT count(), sum(weight), uniqExact(event_key) FROM events"
CLICKS = "SELECT measure, sum(n) FROM metrics_quarter WHERE clock = 'event' GROUP BY measure HAVING sum(n) != 0"


@pytest.fixture
def house(tmp_path: Path, embedded_store: Store) -> Iterator[House]:
    """A house with an empty store."""
    it = House(tmp_path, embedded_store)
    yield it
    it.close()


def act(kind: EventType, at: int, link: str = "", message: str = "m", **more: object) -> Event:
    """An act on a message, `at` milliseconds after now."""
    return Event(
        type=kind,
        id=f"{message}-{kind}-{at}-{link}",
        occurred_at=NOW + at,
        message_id=message,
        recipient=f"{message}@shop.example",
        campaign_id="spring",
        user_agent=BROWSER,
        ip="203.0.113.9",
        link_url=f"https://shop.example/{link}" if link else "",
        link_id=link,
        **more,  # type: ignore[arg-type]  # fields by name
    )


CLICK, LEFT, DELIVERED = EventType.CLICKED, EventType.UNSUBSCRIBED, EventType.DELIVERED
SCAN = (
    act(DELIVERED, -20_000),
    act(CLICK, 0, "a"),
    act(CLICK, 9_000, "b"),
    act(LEFT, 10_000, unsubscribe_method="one_click"),
    act(CLICK, 18_000, "c"),
)
"""What a covert scanner does: nothing but the company of its clicks gives it away."""


def sums_of(house: House) -> dict[str, int]:
    """Return what the roll-up counts, by measure."""
    return {str(measure): int(str(n)) for measure, n in house.store.fetch_internal(CLICKS)}


def test_a_burst_in_one_batch_is_found_at_once(house: House) -> None:
    house.append(SCAN)
    house.writer().step(wait=0)
    assert house.store.fetch_internal(STORED).rows == [(5, 5, 5)]
    verdicts = {(row[1], row[2]): row[3:] for row in house.store.fetch_internal(VERDICTS)}
    assert verdicts == {
        ("delivered", ""): ("", "", 0),
        ("clicked", "a"): ("machine", "burst", 96),
        ("clicked", "b"): ("machine", "burst", 96),
        ("clicked", "c"): ("machine", "burst", 96),
        ("unsubscribed", ""): ("machine", "burst", 90),
    }
    sums = sums_of(house)
    assert (sums["clicks"], sums.get("clicks_human"), sums["unsubscribed"]) == (3, None, 1)
    assert "unsubscribed_human" not in sums
    assert "unsubscribed_one_click" not in sums


def one_by_one(house: House, events: Sequence[Event], *, restart: bool) -> None:
    writer = house.writer()
    for event in events:
        house.append([event])
        writer = house.writer() if restart else writer
        assert writer.step(wait=0) == 1


@pytest.mark.parametrize("restart", [False, True], ids=["in memory", "from the store"])
@pytest.mark.parametrize("order", [(0, 1, 2, 3, 4), (4, 3, 2, 1, 0), (3, 1, 0, 4, 2)])
def test_late_evidence_corrects_what_was_stored(house: House, order: Sequence[int], restart: bool) -> None:
    """Every event in a batch of its own, in any order: the same verdicts as at once, by pairs of rows."""
    one_by_one(house, [SCAN[number] for number in order], restart=restart)
    rows, weight, keys = house.store.fetch_internal(STORED).rows[0]
    assert (weight, keys) == (5, 5)
    assert int(str(rows)) > 5
    in_parts = house.store.fetch_internal(VERDICTS).rows
    sums = sums_of(house)
    assert disagreements(house.store) == []
    assert house.store.fetch_internal("SELECT count() FROM touchpoints FINAL").rows == [(0,)]
    accounts = "SELECT sum(received), sum(stored), sum(duplicate) FROM intake FINAL"
    assert house.store.fetch_internal(accounts).rows == [(5, 5, 0)]
    # The same at once, for another message.
    again = [act(e.type, e.occurred_at - NOW, e.link_id, "n", unsubscribe_method=e.unsubscribe_method) for e in SCAN]
    house.append(again)
    house.writer().step(wait=0)
    assert sorted(row[1:] for row in in_parts) == [
        row[1:] for row in house.store.fetch_internal(VERDICTS).rows if row[0] == "n"
    ]
    assert sums_of(house) == {name: 2 * n for name, n in sums.items()}
    # A repetition of what was corrected is a repetition.
    house.append(SCAN)
    house.writer().step(wait=0)
    assert house.store.fetch_internal(STORED).rows[0][1] == 10


def test_an_open_that_came_before_the_burst_of_its_hand_is_corrected(house: House) -> None:
    writer = house.writer()
    for events in ([act(DELIVERED, -20_000), act(EventType.OPENED, 1_000)], SCAN[1:]):
        house.append(events)
        writer.step(wait=0)
    found = [row[3:5] for row in house.store.fetch_internal(VERDICTS) if row[1] == EventType.OPENED]
    assert found == [("machine", "burst_opener")]
    sums = sums_of(house)
    assert (sums["opened"], sums.get("opened_human"), sums["opens"], sums.get("opens_human")) == (1, None, 1, None)
    assert disagreements(house.store) == []


def test_evidence_that_comes_days_late(house: House) -> None:
    """A click of last week is told today, when nothing of that time is in memory any more."""
    old = [act(e.type, e.occurred_at - NOW - 5 * DAY_MS, e.link_id) for e in SCAN]
    house.append(old[:3])
    house.writer().step(wait=0)
    house.append([act(CLICK, number * 90_000, "x", f"other{number}") for number in range(100)])
    writer = house.writer()
    writer.step(wait=0)
    assert {row[3] for row in house.store.fetch_internal(VERDICTS) if row[0] == "m" and row[1] == CLICK} == {"human"}
    house.append(old[3:])
    writer.step(wait=0)
    assert {row[3] for row in house.store.fetch_internal(VERDICTS) if row[0] == "m" and row[1] == CLICK} == {"machine"}
    assert disagreements(house.store) == []


# Base table, keys, contacts, states and sums, corrections, engagements, the accounts: seven statements.
@pytest.mark.parametrize("statements", range(8))
def test_a_correction_cut_off_anywhere(house: House, statements: int) -> None:
    """The batch that corrects an earlier one is finished by the next start, whatever was left of it."""
    human = act(CLICK, 3_600_000, "a")  # an hour later a person clicks: stays
    house.append([*SCAN[:3], human])
    house.writer().step(wait=0)
    house.append([*SCAN[3:], act(DELIVERED, 0, message="other")])
    cut = house.writer(cut_after(statements))
    if statements < 7:
        with pytest.raises(Cut):
            cut.step(wait=0)
    else:
        cut.step(wait=0)
    again = house.writer()
    again.settle()
    again.step(wait=0)
    assert disagreements(house.store) == []
    assert house.store.fetch_internal(STORED).rows == [(11, 7, 7)]
    sums = sums_of(house)
    assert (sums["clicked"], sums["clicked_human"], sums["clicks"], sums["clicks_human"]) == (1, 1, 4, 1)
    contacts = house.store.fetch_internal("SELECT toUnixTimestamp64Milli(occurred_at) FROM touchpoints FINAL").rows
    assert contacts == [(NOW + 3_600_000,)]


def test_an_honest_reader_costs_the_store_no_question(house: House) -> None:
    writer = house.writer()
    house.append([act(DELIVERED, 0), act(EventType.OPENED, 40_000), act(CLICK, 55_000, "a")])
    writer.step(wait=0)
    house.append([act(CLICK, 80_000, "b"), act(CLICK, 400_000, "c")])
    writer.step(wait=0)
    assert writer.engagement.asked == 0
    assert {row[3] for row in house.store.fetch_internal(VERDICTS) if row[1] != DELIVERED} == {"human"}
    assert house.store.fetch_internal(STORED).rows == [(5, 5, 5)]


def test_a_source_that_gives_all_its_mail_one_message_id_is_carried_on(house: House) -> None:
    """Thousands of clicks on one message, whose verdicts one more click changes all at once."""
    many = 12_000
    house.append(
        [msgspec.structs.replace(act(CLICK, 0, "a"), id=str(n), occurred_at=NOW + n % 29_000) for n in range(many)]
    )
    writer = house.writer(batch_events=100_000)
    assert writer.step(wait=0) == many
    house.append([act(CLICK, 29_000, "b"), act(CLICK, 29_500, "c")])
    assert writer.step(wait=0) == 2
    assert {row[3:5] for row in house.store.fetch_internal(VERDICTS)} == {("machine", "burst")}
    assert sums_of(house)["clicks"] == many + 2
    assert "clicks_human" not in sums_of(house)
