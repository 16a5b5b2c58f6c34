"""Whatever happened, in whatever order it was told: every metric is what a plain recount of the events gives."""

import math
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from sendlens.clock import FrozenClock
from sendlens.metrics.filters import Filter
from sendlens.metrics.periods import edges, label, parse_period
from sendlens.metrics.query import Metrics, Scope
from sendlens.metrics.registry import METRICS
from sendlens.store import Store
from tests.harness.store import truncate
from tests.metrics import recount
from tests.metrics.world import NOW, Tenant, histories, put

ZONES = ("UTC", "Asia/Kathmandu", "America/New_York")
CLOCKS = ("send", "event")
KEYS = tuple(key for key in METRICS if key in recount.COUNTS or key in recount.RATES or key == "engagement_score")
ENGAGED = ("opened", "opened_raw", "opens", "opens_raw", "clicked", "clicked_raw", "clicks", "clicks_raw")
LINK = ("clicked", "clicked_raw", "clicks", "clicks_raw", "unsubscribed", "unsubscribed_raw")
QUESTIONS: tuple[tuple[str, tuple[recount.Condition, ...], tuple[str, ...]], ...] = (
    ("campaign", (), KEYS),
    ("provider", (("is", "campaign", ("spring", "")),), KEYS),
    ("variant", (("is_not", "provider", ("gmail",)), ("contains", "campaign", ("R",))), KEYS),
    ("recipient_domain", (("contains_not", "recipient_domain", ("b.",)),), KEYS),
    ("bounce_class", (("is", "channel", ("email",)),), KEYS),
    ("weekday", (("is", "recipient_domain", ("a.example", "b.example")),), KEYS),
    ("hour_of_day", (), KEYS),
    ("device", (), ENGAGED),
    ("actor", (("is", "provider", ("gmail",)),), ENGAGED),
    ("provider", (("is", "device", ("mobile",)),), ENGAGED),
    ("link", (("contains", "link", ("/2,|",)),), LINK),
    ("country", (("is_not", "campaign", ("",)),), (*ENGAGED, "conversions", "converted", "revenue")),
)


def same(found: float | None, wanted: float | None) -> bool:
    return found == wanted or (found is not None and wanted is not None and math.isclose(found, wanted, abs_tol=1e-9))


def check(figures: dict[str, Any], counted: dict[str, recount.Number], keys: tuple[str, ...], where: object) -> None:
    for key in keys:
        wanted = recount.value(key, counted)
        assert same(figures[key].value, wanted), (where, key, figures[key], wanted)


# A store takes a tenth of a second to fill, so that a short run has few examples with many questions each.
@pytest.mark.parametrize("examples", [6, pytest.param(150, marks=pytest.mark.long)])
def test_every_metric_is_a_recount(embedded_store: Store, examples: int) -> None:
    @settings(
        max_examples=examples,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
        # Shrinking asks thousands of questions; what failed is printed and can be replayed by its seed.
        phases=(Phase.explicit, Phase.reuse, Phase.generate),
    )
    @given(histories(), st.sampled_from(ZONES), st.sets(st.sampled_from(QUESTIONS), min_size=4, max_size=4))
    def holds(batches: list[list[recount.Event]], zone: str, questions: set[Any]) -> None:
        truncate(embedded_store)
        told = put(embedded_store, batches)
        metrics = Metrics(embedded_store, FrozenClock(NOW))
        tenant = Tenant(time_zone=zone)
        mine = [event for event in told if event["tenant"] == tenant.id]
        period = parse_period("custom", zone, NOW, since="2026-10-31", to="2026-11-01")
        span: dict[str, Any] = {"start": period.start // 1000, "end": period.end // 1000, "zone": zone}
        for clock in CLOCKS:
            scope = Scope(tenant=tenant, period=period, clock=clock)  # type: ignore[arg-type]  # the literals are spelt in tables
            counted = recount.sums(mine, clock=clock, **span)
            check(metrics.figures(scope, KEYS), counted.get("", {}), KEYS, (zone, clock))
            for interval in ("day", "hour"):
                check_series(metrics, scope, recount.sums(mine, clock=clock, interval=interval, **span), interval)
            for by, conditions, keys in questions:
                check_breakdown(metrics, scope, mine, by, conditions, keys, span)

    holds()


def check_series(metrics: Metrics, scope: Scope, counted: dict[str, dict[str, recount.Number]], interval: str) -> None:
    series = metrics.timeseries(scope, KEYS, interval)
    places = edges(scope.period, interval)
    assert series.labels == tuple(label(place, interval, scope.period.zone) for place in places)
    assert set(counted) <= set(series.labels), "something was counted outside of all buckets"
    for i, name in enumerate(series.labels):
        figures = {key: found[i] for key, found in series.figures.items()}
        check(figures, counted.get(name, {}), KEYS, (scope.tenant, scope.clock, interval, name))


def check_breakdown(
    metrics: Metrics,
    scope: Scope,
    mine: list[recount.Event],
    by: str,
    conditions: tuple[recount.Condition, ...],
    keys: tuple[str, ...],
    span: dict[str, Any],
) -> None:
    filters = tuple(Filter(operator, name, values) for operator, name, values in conditions)  # type: ignore[arg-type]  # the literals are spelt in tables
    asked = Scope(tenant=scope.tenant, period=scope.period, clock=scope.clock, filters=filters)
    counted = recount.sums(mine, clock=str(scope.clock), conditions=conditions, by=by, **span)
    table = metrics.breakdown(asked, keys, by, limit=1000)
    where = (scope.tenant, scope.clock, by, conditions)
    rows = {row.value: row.figures for row in table.rows}
    assert table.total_rows == len(rows)
    for value, figures in rows.items():
        check(figures, counted.get(value, {}), keys, (*where, value))
    for value in set(counted) - set(rows):
        assert not any(recount.value(key, counted[value]) for key in keys), (*where, value, "is missing")
