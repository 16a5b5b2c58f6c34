"""After an erasure the world goes on: late acts, corrections and repetitions about the person; every table agrees."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sendlens.model.events import Event, EventType
from sendlens.model.identity import recipient_key
from sendlens.pipeline.agreement import disagreements
from sendlens.privacy.desk import TABLES
from sendlens.store.client import Store
from tests.pipeline.house import NOW, House

BROWSER = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
)
ANNA = "anna@shop.example"


@pytest.fixture
def house(tmp_path: Path, embedded_store: Store) -> Iterator[House]:
    """A house with an empty store."""
    it = House(tmp_path, embedded_store)
    yield it
    it.close()


def click(at: int, link: str, recipient: str = ANNA) -> Event:
    """A click by a link that names the person, `at` milliseconds after now."""
    return Event(
        type=EventType.CLICKED,
        id=f"{recipient}-{at}-{link}",
        occurred_at=NOW + at,
        message_id="m",
        recipient=recipient,
        campaign_id="spring",
        user_agent=BROWSER,
        ip="203.0.113.9",
        link_url=f"https://shop.example/{link}?who=17#top",
        link_id=link,
    )


def erase(house: House) -> None:
    for table in TABLES:
        house.store.execute(
            f"erase_{table}", {"tenant": house.tenant.id, "person": recipient_key(house.tenant.id, ANNA)}
        )


def test_acts_that_come_after_an_erasure(house: House) -> None:
    """The first erasure is followed by a click, by one that makes a scanner of all, and by an erasure again."""
    other = click(0, "a", "bert@shop.example")
    house.append([click(0, "a"), other])
    house.writer().step(wait=0)
    erase(house)
    assert disagreements(house.store) == []

    house.append([click(9_000, "b"), click(0, "a")])  # and a repetition of what was erased
    house.writer().step(wait=0)
    assert disagreements(house.store) == []

    house.append([click(18_000, "c")])
    house.writer().step(wait=0)
    assert disagreements(house.store) == []
    machine = "SELECT sum(weight) FROM events WHERE actor = 'machine'"
    assert house.store.fetch_internal(machine).rows == [(3,)]

    erase(house)
    assert disagreements(house.store) == []
    left = "SELECT link_url FROM engagements FINAL WHERE link_url LIKE '%who%'"
    assert house.store.fetch_internal(left).rows == [(other.link_url,)]
