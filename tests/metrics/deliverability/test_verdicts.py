"""Intervals, thresholds and the inferred spam folder, with numbers worked out by hand."""

import math

import pytest

from sendlens.metrics.deliverability.placement import Placed, added
from sendlens.metrics.deliverability.spam_folder import days, judge
from sendlens.metrics.figures import figure
from sendlens.metrics.intervals import wilson
from sendlens.metrics.periods import DAY
from sendlens.metrics.question import Want
from sendlens.metrics.registry import METRICS
from sendlens.metrics.thresholds import THRESHOLDS, level
from tests.metrics.world import NOON, NOW


def test_an_interval_tells_how_little_few_seeds_say() -> None:
    assert wilson(5, 5) == pytest.approx((0.5655, 1.0), abs=1e-4)
    assert wilson(0, 5) == pytest.approx((0.0, 0.4345), abs=1e-4)
    assert wilson(500, 1000) == pytest.approx((0.4691, 0.5309), abs=1e-4)
    assert wilson(0, 0) is None
    for n in range(1, 200):
        none, all_ = wilson(0, n), wilson(n, n)
        assert none
        assert all_
        assert none[0] >= 0
        assert all_[1] <= 1


def test_a_placement_never_shows_a_bare_percentage() -> None:
    assert Placed(key="a", inbox=4, spam=1, missing=2).text == "4 of 5 (38–96 %)"
    assert Placed(key="a", inbox=0, spam=0, missing=2).text == "none arrived"


def test_parts_of_a_test_add_up() -> None:
    parts = [
        ("t", Placed(key="", inbox=1, spam=0, missing=2, at=5, tabs={"promotions": 1})),
        ("t", Placed(key="", inbox=2, spam=3, missing=0, at=4, tabs={"promotions": 1, "primary": 1})),
    ]
    assert added(parts) == [Placed(key="t", inbox=3, spam=3, missing=2, at=5, tabs={"promotions": 2, "primary": 1})]


@pytest.mark.parametrize(
    ("key", "n", "d", "expected"),
    [
        ("complaint_rate", 7, 10_000, ""),
        ("complaint_rate", 8, 10_000, "notice"),
        ("complaint_rate", 10, 10_000, "warning"),
        ("complaint_rate", 30, 10_000, "bad"),
        ("complaint_rate", 1, 10, ""),  # too little mail to judge by
        ("delivery_rate", 950, 1000, ""),
        ("delivery_rate", 949, 1000, "warning"),
        ("delivery_rate", 899, 1000, "bad"),
        ("hard_bounce_rate", 50, 1000, "bad"),
        ("sent", 50, 0, ""),
    ],
)
def test_a_level_is_reached_by_its_limit(key: str, n: int, d: int, expected: str) -> None:
    metric = METRICS[key]
    clock = metric.clock
    sums = {Want(name, clock): n for name, _ in metric.num} | {Want(name, clock): d for name, _ in metric.den}
    assert level(figure(metric, sums, "EUR")) == expected


def test_every_threshold_is_of_a_metric_and_gets_worse_in_order() -> None:
    for key, one in THRESHOLDS.items():
        limits = [limit for limit in (one.notice, one.warning, one.bad) if limit is not None]
        assert limits == sorted(limits, reverse=METRICS[key].better == "up")
        assert one.source


def test_opens_that_fall_at_one_provider_alone_are_a_signal() -> None:
    recent = {"gmail": (100, 1000), "yahoo_aol": (280, 1000)}
    baseline = {"gmail": (3000, 10_000), "yahoo_aol": (3000, 10_000)}
    signal, other = judge(recent, baseline)
    # (100.5/1001 / (280.5/1001)) / 1 = 0.3583; the variance is the sum of (1 - p) / (p (n + 1)) of the four.
    assert (signal.provider, signal.verdict) == ("gmail", "spam_folder")
    assert signal.ratio == pytest.approx(100.5 / 280.5)
    variance = 1 / 100.5 - 1 / 1001 + 1 / 280.5 - 1 / 1001 + 2 * (1 / 3000.5 - 1 / 10_001)
    assert signal.z == pytest.approx(math.log(100.5 / 280.5) / math.sqrt(variance))
    # Seen from Yahoo everything else fell, which is no spam folder of Yahoo's.
    assert (other.provider, other.verdict) == ("yahoo_aol", "holds")


def test_opens_that_fall_everywhere_are_none() -> None:
    # Fresh mail has not settled: half the openers are still to come, at every provider.
    recent = {"gmail": (150, 1000), "yahoo_aol": (150, 1000)}
    baseline = {"gmail": (3000, 10_000), "yahoo_aol": (3000, 10_000)}
    assert {one.verdict for one in judge(recent, baseline)} == {"holds"}


def test_a_fall_that_chance_explains_is_none() -> None:
    recent = {"gmail": (13, 200), "yahoo_aol": (20, 200)}
    baseline = {"gmail": (1000, 10_000), "yahoo_aol": (1000, 10_000)}
    found = {one.provider: one for one in judge(recent, baseline)}
    assert found["gmail"].verdict == "holds"
    assert found["gmail"].ratio is not None
    assert found["gmail"].ratio < 0.7


def test_too_little_mail_is_said() -> None:
    recent = {"gmail": (0, 199), "yahoo_aol": (280, 1000)}
    baseline = {"gmail": (3000, 10_000), "yahoo_aol": (3000, 10_000), "new.example": (1, 3)}
    found = {one.provider: one for one in judge(recent, baseline)}
    assert {one.verdict for one in found.values()} == {"too_little"}
    assert found["gmail"].recent == (0, 199)
    assert found["gmail"].z is None


def test_nobody_who_opens_any_more_is_a_signal_too() -> None:
    recent = {"gmail": (0, 1000), "yahoo_aol": (300, 1000)}
    baseline = {"gmail": (3000, 10_000), "yahoo_aol": (3000, 10_000)}
    assert judge(recent, baseline)[0].verdict == "spam_folder"


def test_the_days_are_full_ones_in_the_tenants_zone() -> None:
    recent, baseline = days("America/New_York", NOW)  # 2026-11-02 07:00 there, the day after the clocks went back
    assert (recent.end - recent.start, baseline.end - baseline.start) == (3 * DAY + 3_600_000, 28 * DAY)
    assert baseline.end == recent.start
    assert recent.end == (NOON + 17 * 3600) * 1000
