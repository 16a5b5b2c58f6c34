"""Questions about a period read the days on which its messages were born, and leave out nothing that counts in it."""

from __future__ import annotations

from typing import cast

import pytest

from sendlens.clock import FrozenClock
from sendlens.metrics.campaigns import Campaigns
from sendlens.metrics.compile import compile_question
from sendlens.metrics.dimensions import DIMENSIONS
from sendlens.metrics.filters import parse_filters
from sendlens.metrics.periods import parse_period
from sendlens.metrics.query import Metrics, Scope
from sendlens.metrics.question import Question, Want
from sendlens.metrics.recipients import Recipients
from sendlens.metrics.registry import ClockName
from sendlens.store import Store
from tests.metrics.test_query import TENANT
from tests.metrics.world import NOON, NOW, Event, put

LONG_AGO = NOON - 60 * 86_400
PERIOD = parse_period("7d", "UTC", NOW)


def _mail(key: int, event_key: int, kind: str, at: int, **more: object) -> Event:
    told = {"tenant": "t_1", "message_key": key, "recipient_key": key, "recipient_domain": "a.example"}
    return (
        told
        | {"message_born": LONG_AGO // 86_400, "event_key": event_key, "type": kind, "occurred_at": at * 1000}
        | more
    )


@pytest.fixture
def filled(embedded_store: Store) -> Store:
    """A store with old mail that bounced and was opened this week, and mail of this week heard of long ago."""
    early = [
        _mail(1, 1, "delivered", LONG_AGO),
        _mail(7, 2, "unknown", LONG_AGO),
        *(_mail(key, key, "delivered", LONG_AGO) for key in range(100, 5_100)),
    ]
    late = [
        _mail(1, 11, "bounced", NOON, bounce_reason="full", bounce_class="hard"),
        _mail(1, 12, "opened", NOON, device="mobile"),
        _mail(7, 13, "delivered", NOON, message_sent_at=NOON - 60),
        _mail(7, 14, "opened", NOON + 60, device="tablet"),
    ]
    put(embedded_store, [early, late])
    return embedded_store


def test_what_was_born_long_before_the_period_counts_in_it(filled: Store) -> None:
    metrics = Metrics(filled, FrozenClock(NOW))
    clocks: tuple[tuple[str, str, ClockName, dict[str, int]], ...] = (
        ("bounced", "bounce_reason", "event", {"full": 1}),
        ("delivered", "recipient_domain", "send", {"a.example": 1}),
        ("opened", "device", "event", {"mobile": 1, "tablet": 1}),
        ("opened", "device", "send", {"tablet": 1}),
    )
    for metric, dimension, clock, told in clocks:
        scope = Scope(tenant=TENANT, period=PERIOD, clock=clock)
        rows = metrics.breakdown(scope, (metric,), dimension).rows
        assert {row.value: row.figures[metric].n for row in rows} == told, (metric, dimension, clock)
    who = Recipients(metrics).who
    assert [one.key for one in who(Scope(tenant=TENANT, period=PERIOD), "bounced")] == ["1"]
    assert [one.key for one in who(Scope(tenant=TENANT, period=PERIOD), "opened_human")] == ["7", "1"]


def test_of_few_messages_the_state_that_holds_is_found_among_all_versions(embedded_store: Store) -> None:
    born = {"message_born": NOON // 86_400}
    first = [_mail(key, key, "bounced", NOON, bounce_reason="full", bounce_class="soft", **born) for key in range(1, 5)]
    later = [
        _mail(2, 12, "delivered", NOON + 60, **born),  # came through after all: no bounce any more
        _mail(3, 13, "bounced", NOON + 60, bounce_reason="unknown_user", bounce_class="hard", **born),
        _mail(4, 14, "complained", NOON + 60, campaign_id="spring", **born),  # the campaign was not known before
        _mail(5, 15, "bounced", NOON, message_sent_at=LONG_AGO, **born),
    ]
    put(embedded_store, [first, later])
    metrics = Metrics(embedded_store, FrozenClock(NOW))

    def told(clock: ClockName, *filters: str) -> dict[str, int]:
        scope = Scope(tenant=TENANT, period=PERIOD, clock=clock, filters=parse_filters(filters))
        rows = metrics.breakdown(scope, ("bounced",), "bounce_reason").rows
        return {row.value: int(row.figures["bounced"].n or 0) for row in rows}

    assert embedded_store.query("t_1", "SELECT count() FROM messages WHERE tenant = {tenant:String}").scalar() == 8
    for clock in ("event", "send"):
        assert told(clock) == {"full": 2, "unknown_user": 1} | ({"": 1} if clock == "event" else {}), clock
        assert told(clock, "is,campaign,spring") == {"full": 1}, clock
        assert told(clock, "is_not,campaign,spring").get("full") == 1, clock
    who = Recipients(metrics).who
    assert {one.key for one in who(Scope(tenant=TENANT, period=PERIOD), "bounced")} == {"1", "3", "4", "5"}
    found = Campaigns(metrics).bounces(TENANT, "spring")
    assert [(one.bounce_class, one.bounce_reason, one.messages) for one in found] == [("soft", "full", 1)]


@pytest.mark.parametrize("clock", ["event", "send"])
def test_days_without_mail_of_the_period_are_not_read(embedded_store: Store, clock: ClockName) -> None:
    old = [_mail(key, key, "delivered", LONG_AGO) for key in range(1, 8_000)]
    new = [_mail(9_000, 9_000, "delivered", NOON, message_born=NOON // 86_400)]
    put(embedded_store, [old, new])
    question = Question(
        wants=(Want("delivered", clock),),
        start=PERIOD.start,
        end=PERIOD.until,
        zone="UTC",
        currency="EUR",
        now=NOW,
        by=DIMENSIONS["recipient_domain"],
    )
    compiled = compile_question(question)
    plan = embedded_store.query("t_1", f"EXPLAIN ESTIMATE {compiled.sql}", compiled.params)
    read = {str(row["table"]): int(cast("int", row["rows"])) for row in plan.dicts()}
    assert read["messages"] < 2_000
