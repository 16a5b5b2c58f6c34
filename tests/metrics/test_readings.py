"""For how long messages were read, as the tracker measured it: shares and the mean, by people, corrections included."""

import pytest

from sendlens.store import Store
from tests.metrics.test_query import metrics, scope
from tests.metrics.world import NOON, Event, put


def reading(key: int, how: str, seconds: int, **more: object) -> Event:
    base: Event = {
        "tenant": "t_1", "message_key": key, "campaign_id": "spring", "provider": "gmail", "type": "read",
        "occurred_at": (NOON + key) * 1000, "event_key": key, "reason": how, "metadata": {"seconds": str(seconds)},
    }  # fmt: skip
    return base | {"actor": "human", "device": "desktop"} | more


@pytest.fixture
def told(embedded_store: Store) -> Store:
    scanner = reading(6, "read", 30, campaign_id="autumn")
    put(
        embedded_store,
        [
            [reading(1, "read", 20), reading(2, "read", 10), reading(3, "skimmed", 5), reading(4, "glanced", 1)],
            [reading(5, "read", 30, actor="machine"), reading(7, "read", 9, campaign_id="autumn", device="mobile")],
            [scanner],
            [scanner | {"weight": -1, "correction": 1}, scanner | {"actor": "machine", "correction": 1}],
        ],
    )
    return embedded_store


def test_readings_of_people_are_shared_out_and_averaged(told: Store) -> None:
    keys = ["readings", "read_share", "skimmed_share", "glanced_share", "reading_time"]
    found = metrics(told).figures(scope(), keys)
    assert [(found[key].n, found[key].d) for key in keys] == [(5, None), (3, 5), (1, 5), (1, 5), (45, 5)]


def test_they_are_broken_down_and_filtered(told: Store) -> None:
    asking = metrics(told)
    rows = asking.breakdown(scope(), ["readings", "reading_time"], "campaign").rows
    assert {row.value: row.figures["reading_time"].n for row in rows} == {"spring": 36, "autumn": 9}
    rows = asking.breakdown(scope(), ["readings"], "device").rows
    assert {row.value: row.figures["readings"].n for row in rows} == {"desktop": 4, "mobile": 1}
    assert asking.figures(scope("7d", "is,campaign,autumn"), ["readings"])["readings"].n == 1
