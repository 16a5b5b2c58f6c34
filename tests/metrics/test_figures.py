"""Figures: division, texts, cautions, and whether a change is for the better."""

from decimal import Decimal

import pytest

from sendlens.metrics.figures import NONE_TEXT, Figure, Number, duration, figure, money, text_of
from sendlens.metrics.question import Want
from sendlens.metrics.registry import METRICS


def made(key: str, before: dict[str, Number] | None = None, /, **sums: Number) -> Figure:
    on = METRICS[key].clock
    now = {Want(measure, on): n for measure, n in sums.items()}
    then = None if before is None else {Want(measure, on): n for measure, n in before.items()}
    return figure(METRICS[key], now, "USD", None, then)


def test_a_rate_carries_what_it_is_made_of() -> None:
    rate = made("delivery_rate", delivered=950, sent=1000)
    assert (rate.n, rate.d, rate.value, rate.text, rate.enough) == (950, 1000, 0.95, "95.0%", True)


def test_no_denominator_is_no_value() -> None:
    rate = made("delivery_rate", delivered=0, sent=0)
    assert (rate.value, rate.text, rate.enough) == (None, NONE_TEXT, False)


def test_a_denominator_nobody_can_tell_leaves_the_count() -> None:
    rate = made("open_rate", opened_human=12)
    assert (rate.n, rate.d, rate.value, rate.text) == (12, None, None, NONE_TEXT)


def test_a_small_denominator_is_not_enough() -> None:
    assert not made("open_rate", opened_human=1, tracked_delivered=199).enough
    assert made("open_rate", opened_human=1, tracked_delivered=200).enough


def test_click_to_open_warns_while_machines_open() -> None:
    fine = made("click_to_open_rate", clicked_human=50, opened_human=500, opened=900)
    bad = made("click_to_open_rate", clicked_human=50, opened_human=500, opened=1100)
    assert (fine.note, fine.enough) == ("", True)
    assert (bad.value, bad.enough) == (0.1, False)
    assert "machines" in bad.note


def test_the_engagement_score_is_points_for_a_hundred_delivered() -> None:
    deeds = {"opened_human": 30, "clicked_human": 10, "forwarded": 1, "shared": 1, "replied": 1}
    score = made("engagement_score", **deeds, unsubscribed_human=1, complained=1, delivered=200)
    assert score.value == pytest.approx(100 * (30 + 30 + 5 + 5 + 8 - 10 - 20) / 200)
    against = made("engagement_score", **dict.fromkeys(deeds, 0), unsubscribed_human=5, complained=1, delivered=200)
    assert against.value == 0


def test_the_performance_score_weighs_three_parts() -> None:
    sums: dict[str, Number] = {
        "impressions": 10_000,
        "ad_clicks": 250,
        "paid_conversions": 50,
        "spend": Decimal(1000),
        "paid_revenue": Decimal(1500),
    }
    assert made("performance_score", **sums).value == pytest.approx(100 * (0.3 * 0.5 + 0.3 * 1 + 0.4 * 0.5))
    assert made("performance_score", **sums | {"impressions": 0}).value is None


def test_return_on_investment_needs_a_cost() -> None:
    assert made("return_on_investment", costed_revenue=Decimal(300), cost=Decimal(100)).text == "200.0%"
    assert made("return_on_investment", costed_revenue=Decimal(0), cost=Decimal(0)).value is None


@pytest.mark.parametrize(
    ("key", "now", "before", "text", "direction"),
    [
        ("delivered", 120, 100, "+20%", "better"),
        ("delivered", 95, 100, "-5.0%", "worse"),
        ("bounced", 120, 100, "+20%", "worse"),
        ("bounced", 80, 100, "-20%", "better"),
        ("sent", 120, 100, "+20%", "none"),
        ("delivered", 100, 100, "0%", "same"),
        ("delivered", 5, 0, "new", "better"),
        ("delivered", 0, 0, "", "same"),
        ("delivered", 5000, 100, "×50", "better"),
    ],
)
def test_changes(key: str, now: int, before: int, text: str, direction: str) -> None:
    measure = METRICS[key].num[0][0]
    found = made(key, {measure: before}, **{measure: now})
    assert (found.change_text, found.direction) == (text, direction)


def test_a_change_of_too_few_is_neither_good_nor_bad() -> None:
    found = made("delivery_rate", {"delivered": 10, "sent": 10}, delivered=900, sent=1000)
    assert found.change == pytest.approx(-0.1)
    assert found.direction == "none"


@pytest.mark.parametrize(
    ("ratio", "text"),
    [
        (0.0, "0%"),
        (1.0, "100%"),
        (0.9532, "95.3%"),
        (0.0123, "1.23%"),
        (0.00123, "0.12%"),
        (0.00083, "0.083%"),
        (-0.5, "-50.0%"),
        (12.5, "1,250.0%"),
    ],
)
def test_percentages(ratio: float, text: str) -> None:
    assert text_of(ratio, "ratio") == text


@pytest.mark.parametrize(
    ("value", "currency", "text"),
    [
        (1234.5, "USD", "$1,234.50"),
        (0.0123, "EUR", "€0.0123"),
        (-5, "GBP", "-£5.00"),
        (1234.5, "CHF", "CHF 1,234.50"),
        (1234.4, "JPY", "¥1,234"),
        (0, "USD", "$0.00"),
    ],
)
def test_money(value: float, currency: str, text: str) -> None:
    assert money(value, currency) == text


def test_lengths_of_time() -> None:
    assert [duration(s) for s in (0, 59, 60, 3900, 3600, 90_000)] == [
        *("0 s", "59 s", "1 min", "1 h 5 min", "1 h", "1 d 1 h")
    ]


def test_counts_and_scores() -> None:
    assert text_of(1234567, "count") == "1,234,567"
    assert text_of(73.24, "score") == "73.2"
    assert text_of(3.2, "score") == "3.20"


def test_a_loss_that_becomes_a_gain_is_a_rise() -> None:
    now = made("return_on_investment", {"costed_revenue": 50, "cost": 100}, costed_revenue=150, cost=100)
    assert (now.value, now.change, now.direction) == (0.5, 2.0, "better")
