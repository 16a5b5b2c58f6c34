"""The check that tables agree finds nothing where they do, and every kind of damage where they do not."""

import pytest

from sendlens.pipeline.agreement import CHECKS, Kept, disagreements
from sendlens.store import Store
from sendlens.store.columns import table_of
from tests.store.rows import START
from tests.store.rows import events as rows_of
from tests.store.test_derive import EVERY, invented

RECEIVED = START + 60_000


def fill(store: Store, batches: int = 3) -> int:
    """Do what the writer does with a few batches, accounts included; return the number of events."""
    told = [row | {"received_at": RECEIVED, "key_bucket": 9} for row in invented(11, messages=40, most_events=8)]
    size = -(-len(told) // batches)
    for batch in range(1, batches + 1):
        part = told[(batch - 1) * size : batch * size]
        store.insert("events", rows_of([row | {"batch_id": batch} for row in part]))
        for name in EVERY:
            store.execute(name, {"batch": batch})
        for tenant in sorted({str(row["tenant"]) for row in part}):
            stored = sum(row["tenant"] == tenant for row in part)
            account(store, batch, tenant, stored=stored, received=stored)
    return len(told)


def account(store: Store, batch: int, tenant: str, *, stored: int, received: int) -> None:
    columns = {"tenant": [tenant], "source": ["s_1"], "kind": ["event"], "minute": [RECEIVED // 60_000 * 60]}
    numbers = {"batch_id": [batch], "received": [received], "stored": [stored]}
    nothing = {name: [0] for name in ("duplicate", "rejected", "dead")}
    store.insert("intake", table_of("intake", columns | numbers | nothing))


@pytest.mark.parametrize("slice_events", [5_000_000, 23])
def test_nothing_to_find(any_store: Store, slice_events: int, monkeypatch: pytest.MonkeyPatch) -> None:
    assert disagreements(any_store) == []
    fill(any_store)
    monkeypatch.setattr("sendlens.pipeline.agreement.SLICE_EVENTS", slice_events)
    assert disagreements(any_store) == []


# What is done to the tables, and which checks must speak of it.
DAMAGES = {
    "an event stored twice": (
        "INSERT INTO events SELECT * FROM events LIMIT 1",
        {"check_repeated", "check_intake"},
    ),
    "events lost after they were counted": (
        "ALTER TABLE events DELETE WHERE type = 'delivered' SETTINGS mutations_sync = 2",
        {"check_intake", "check_keys_orphaned", "check_messages"},
    ),
    "no keys": ("TRUNCATE TABLE event_keys SYNC", {"check_keys_missing"}),
    "a key without event": ("INSERT INTO event_keys VALUES (9, 999999, 1, '2026-10-26')", {"check_keys_orphaned"}),
    "an account that does not add up": (
        "INSERT INTO intake SELECT tenant, source, 'campaign', minute, 77, 5, 3, 1, 0, 0 FROM intake LIMIT 1",
        {"check_accounts"},
    ),
    "an account missing": ("TRUNCATE TABLE intake SYNC", {"check_intake"}),
    "no conversions": ("TRUNCATE TABLE conversions SYNC", {"check_conversions"}),
    "no touchpoints": ("TRUNCATE TABLE touchpoints SYNC", {"check_touchpoints"}),
    "a touchpoint of nobody": (
        "INSERT INTO touchpoints (tenant, event_key) VALUES ('t_1', 1)",
        {"check_touchpoints"},
    ),
    "no engagements": ("TRUNCATE TABLE engagements SYNC", {"check_engagements"}),
    "an engagement that knows another campaign": (
        "INSERT INTO engagements SELECT * REPLACE ('other' AS campaign_id, version + 1 AS version)"
        " FROM engagements LIMIT 1",
        {"check_engagements"},
    ),
    "states of an earlier batch": (
        "ALTER TABLE messages DELETE WHERE version = 2 SETTINGS mutations_sync = 2",
        {"check_messages", "check_metrics_quarter", "check_metrics_minute"},
    ),
    "a sum by quarters counted twice": (
        "INSERT INTO metrics_quarter SELECT * FROM metrics_quarter WHERE n != 0 LIMIT 1",
        {"check_metrics_quarter"},
    ),
    "a sum by minutes lost": ("TRUNCATE TABLE metrics_minute SYNC", {"check_metrics_minute"}),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_is_found(embedded_store: Store, damage: str) -> None:
    fill(embedded_store, batches=2)
    statement, speaking = DAMAGES[damage]
    embedded_store._run(statement, {})
    found = disagreements(embedded_store)
    spoken = {name for name, sentence in CHECKS.items() if any(sentence.split("{wrong}")[1] in line for line in found)}
    assert speaking <= spoken
    assert all("one of them: " in line for line in found)


def test_what_is_past_its_time_is_not_missed(embedded_store: Store) -> None:
    fill(embedded_store)
    embedded_store._run("TRUNCATE TABLE metrics_minute SYNC", {})
    embedded_store._run("TRUNCATE TABLE event_keys SYNC", {})
    tomorrow = 30_000
    assert disagreements(embedded_store, Kept(keys_from_day=tomorrow, minutes_from_day=tomorrow)) == []


def test_a_repetition_beyond_the_horizon_is_another_event(embedded_store: Store) -> None:
    twice = {"event_key": 5, "key_bucket": 9}
    later = {"batch_id": 2, "received_at": START + 10 * 86_400_000}
    embedded_store.insert("events", rows_of([twice, twice | later]))
    check = CHECKS["check_repeated"].split("{wrong}")[1]
    assert any(check in line for line in disagreements(embedded_store))
    assert not any(check in line for line in disagreements(embedded_store, Kept(horizon_days=7)))
