"""A history that is made quickly is one the pipeline could have made."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from pathlib import Path

import pytest

from bench.copies import STEPS, multiply
from bench.fill import History, draw
from bench.rows import Rows
from bench.world import Plan, World, events_per_message
from sendlens.model.blocks import Block, pack
from sendlens.model.events import Event, RecordKind
from sendlens.pipeline.agreement import disagreements
from sendlens.pipeline.tables import Tables
from sendlens.store.client import Store
from tests.harness.store import run, truncate
from tests.pipeline.house import NOW, House

DAY = 86_400_000
# Which engagement is a person's is told by neighbours too, at which a drawn history does not look.
SUMS = """
SELECT clock, measure, bucket, campaign_id, provider, sending_domain, segment, template_id, stream,
    sum(n) AS n, sum(amount) AS amount
FROM metrics_quarter
WHERE measure NOT LIKE '%human%' AND measure NOT LIKE 'unsubscribed!_%' ESCAPE '!'
GROUP BY ALL HAVING n != 0 OR amount != 0 ORDER BY ALL
"""
COUNTS = "SELECT count(), uniqExact(message_key), uniqExact(recipient_key), sum(value) FROM events"


@pytest.fixture
def history() -> History:
    # A whole quarter of an hour, like every end of a history.
    end = NOW // 900_000 * 900_000
    return History(Plan(seed=3, start=end - 20 * DAY, end=end, events=2_000), ("t1", "t2", "t3", "t4"))


@pytest.fixture
def house(tmp_path: Path, embedded_store: Store) -> House:
    return House(tmp_path, embedded_store)


def test_what_is_drawn_shows_the_same_as_what_is_posted(house: House, history: History) -> None:
    draw(history, house.control.ledger, Tables(house.store))
    drawn = [house.store.fetch_internal(sql).rows for sql in (SUMS, COUNTS)]
    assert int(str(drawn[1][0][0])) > 1_000
    truncate(house.store)
    by_tenant: dict[str, list[Event]] = defaultdict(list)
    columns = World(history.plan).stretch(int(history.plan.events / events_per_message()), history.plan.end)
    for tenant, event in Rows(history.plan, history.tenants).records(columns, "x"):
        by_tenant[tenant].append(event)
    for tenant, events in by_tenant.items():
        block = Block(
            tenant=tenant,
            source="api",
            kind=RecordKind.EVENT,
            received_at=history.plan.end,
            count=len(events),
            body=pack(events),
        )
        asyncio.run(house.log.append(block))
    assert house.writer().step(wait=0) == sum(map(len, by_tenant.values()))
    assert [house.store.fetch_internal(sql).rows for sql in (SUMS, COUNTS)] == drawn


def test_copies_are_what_the_pipeline_would_have_made(house: House, history: History) -> None:
    store, copies = house.store, STEPS + 2  # two of them share a place
    draw(history, house.control.ledger, Tables(store))
    before = store.fetch_internal(COUNTS).rows[0]
    multiply(store, lambda sql: run(store, sql), copies, keys_from=0)
    after = store.fetch_internal(COUNTS).rows[0]
    assert list(after) == [value * (copies + 1) for value in before]  # pyright: ignore[reportOperatorIssue]  # numbers
    assert disagreements(store) == []
