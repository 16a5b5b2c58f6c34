"""What campaigns came to over their whole life is read from sums kept for that, and ends where the present does."""

from __future__ import annotations

from sendlens.clock import FrozenClock
from sendlens.metrics.compile import compile_question
from sendlens.metrics.dimensions import DIMENSIONS
from sendlens.metrics.filters import Filter
from sendlens.metrics.periods import DAY, parse_period
from sendlens.metrics.query import Metrics, Scope
from sendlens.metrics.question import Question, Want
from sendlens.store import Store
from tests.metrics.test_query import TENANT, story
from tests.metrics.world import NOW, put

SPRING = Filter("is", "campaign", ("spring",))


def test_what_a_clock_ahead_tells_is_not_yet_counted(embedded_store: Store) -> None:
    ahead = [event | {"occurred_at": NOW + DAY} for event in story(2)]
    put(embedded_store, [story(1), ahead, story(3, campaign_id="autumn")])
    asked = ("delivered", "opened", "opens", "clicked", "revenue")
    metrics = Metrics(embedded_store, FrozenClock(NOW))
    for filters in ((SPRING,), (), (Filter("is_not", "campaign", ("autumn",)),)):
        whole = Scope(tenant=TENANT, period=parse_period("all", "UTC", NOW), filters=filters)
        week = Scope(tenant=TENANT, period=parse_period("7d", "UTC", NOW), filters=filters)
        told = metrics.figures(whole, asked)
        assert {key: one.value for key, one in told.items()} == {
            key: one.value for key, one in metrics.figures(week, asked).items()
        }
        assert told["delivered"].value == (2 if not filters else 1)
        rows = [metrics.breakdown(scope, asked, "campaign").rows for scope in (whole, week)]
        assert rows[0] == rows[1]
    later = Metrics(embedded_store, FrozenClock(NOW + 2 * DAY))
    whole = Scope(tenant=TENANT, period=parse_period("all", "UTC", NOW + 2 * DAY), filters=(SPRING,))
    assert later.figures(whole, ("delivered",))["delivered"].value == 2


def test_the_kept_sums_are_read(embedded_store: Store) -> None:
    put(embedded_store, [story(1)])
    period = parse_period("all", "UTC", NOW)
    question = Question(
        wants=(Want("delivered", "send"), Want("revenue", "event")),
        start=period.start,
        end=period.until,
        zone="UTC",
        currency="EUR",
        now=NOW,
        filters=(SPRING,),
        by=DIMENSIONS["campaign"],
    )
    compiled = compile_question(question)
    plan = embedded_store.query("t_1", f"EXPLAIN {compiled.sql}", compiled.params)
    told = "\n".join(str(row[0]) for row in plan.rows)
    assert "ReadFromMergeTree (campaigns)" in told
