"""Periods and their buckets, over changes of daylight saving and in zones that are not whole hours from UTC."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendlens.errors import InvalidField
from sendlens.metrics.compare import Compare, earlier, parse_compare
from sendlens.metrics.periods import (
    HOUR,
    PERIODS,
    QUARTER,
    auto_interval,
    edges,
    label,
    parse_period,
    unfinished_from,
)


def at(text: str, zone: str = "UTC") -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp() * 1000)


def shown(ms: int, zone: str = "UTC") -> str:
    return datetime.fromtimestamp(ms / 1000, ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M")


NOW = at("2026-11-18T11:05:30")


@pytest.mark.parametrize(
    ("key", "start", "end", "until"),
    [
        ("today", "2026-11-18 00:00", "2026-11-19 00:00", "2026-11-18 11:15"),
        ("yesterday", "2026-11-17 00:00", "2026-11-18 00:00", "2026-11-18 00:00"),
        ("1h", "2026-11-18 10:15", "2026-11-18 11:15", "2026-11-18 11:15"),
        ("24h", "2026-11-17 12:00", "2026-11-18 12:00", "2026-11-18 11:15"),
        ("7d", "2026-11-12 00:00", "2026-11-19 00:00", "2026-11-18 11:15"),
        ("28d", "2026-10-22 00:00", "2026-11-19 00:00", "2026-11-18 11:15"),
        ("90d", "2026-08-21 00:00", "2026-11-19 00:00", "2026-11-18 11:15"),
        ("month", "2026-11-01 00:00", "2026-12-01 00:00", "2026-11-18 11:15"),
        ("12mo", "2025-12-01 00:00", "2026-12-01 00:00", "2026-11-18 11:15"),
    ],
)
def test_named_periods(key: str, start: str, end: str, until: str) -> None:
    period = parse_period(key, "UTC", NOW)
    assert (shown(period.start), shown(period.end), shown(period.until)) == (start, end, until)


def test_every_period_has_help_and_can_be_read() -> None:
    for key in PERIODS:
        more = {"since": "2026-11-01"} if key == "custom" else {}
        period = parse_period(key, "Asia/Kathmandu", NOW, **more)
        assert period.start < period.until <= period.end


def test_days_begin_at_local_midnight() -> None:
    period = parse_period("today", "Asia/Kathmandu", NOW)
    assert shown(period.start) == "2026-11-17 18:15"
    hours = edges(period, "hour")
    assert len(hours) == 24
    assert {hour % HOUR for hour in hours} == {QUARTER}


def test_the_last_24_hours_begin_on_a_local_hour() -> None:
    period = parse_period("24h", "Asia/Kathmandu", NOW)
    assert shown(period.end, "Asia/Kathmandu") == "2026-11-18 17:00"
    assert len(edges(period, "hour")) == 24


@pytest.mark.parametrize(("day", "hours"), [("2026-03-08", 23), ("2026-11-01", 25), ("2026-11-02", 24)])
def test_a_day_has_as_many_hours_as_its_clock(day: str, hours: int) -> None:
    period = parse_period("custom", "America/New_York", NOW, since=day, to=day)
    assert len(edges(period, "hour")) == hours
    assert len(edges(period, "day")) == 1
    labels = [label(edge, "hour", period.zone) for edge in edges(period, "hour")]
    assert len(set(labels)) == hours, "an hour that comes twice must have two names"


def test_a_day_without_midnight_begins_when_the_clock_jumps() -> None:
    # In Beirut, clocks went from 00:00 to 01:00 on this day.
    period = parse_period("custom", "Asia/Beirut", NOW, since="2026-03-29", to="2026-03-29")
    assert period.start == int(datetime(2026, 3, 28, 22, tzinfo=UTC).timestamp() * 1000)
    assert len(edges(period, "hour")) == 23


def test_weeks_begin_on_monday_and_months_on_the_first() -> None:
    period = parse_period("28d", "Europe/Berlin", NOW)
    assert [label(edge, "week", period.zone) for edge in edges(period, "week")] == [
        *("2026-10-19", "2026-10-26", "2026-11-02", "2026-11-09", "2026-11-16")
    ]
    assert [label(edge, "month", period.zone) for edge in edges(period, "month")] == ["2026-10-01", "2026-11-01"]


def test_custom_periods_take_dates_and_times() -> None:
    days = parse_period("custom", "Europe/Berlin", NOW, since="2026-11-01", to="2026-11-20")
    assert (shown(days.start), shown(days.end)) == ("2026-10-31 23:00", "2026-11-20 23:00")
    times = parse_period("", "Europe/Berlin", NOW, since="2026-11-01T10:30", to="2026-11-01T12:00Z")
    assert (shown(times.start), shown(times.end), times.key) == ("2026-11-01 09:30", "2026-11-01 12:00", "custom")
    assert not times.calendar


@pytest.mark.parametrize(
    ("key", "more", "field"),
    [
        ("8d", {}, "period"),
        ("custom", {}, "from"),
        ("custom", {"since": "soon"}, "from"),
        ("custom", {"since": "2026-11-01", "to": "2026-10-01"}, "to"),
        ("custom", {"since": "2026-11-01", "to": "2999-10-01"}, "to"),
        ("7d", {"since": "2026-11-01"}, "from"),
    ],
)
def test_mistakes_name_the_parameter(key: str, more: dict[str, str], field: str) -> None:
    with pytest.raises(InvalidField) as mistake:
        parse_period(key, "UTC", NOW, **more)
    assert mistake.value.field == field


def test_a_zone_that_does_not_exist_is_refused() -> None:
    with pytest.raises(InvalidField, match="Europe/Berlin"):
        parse_period("today", "Mars/Olympus", NOW)


def test_too_fine_an_interval_is_refused() -> None:
    with pytest.raises(InvalidField, match="coarser"):
        edges(parse_period("90d", "UTC", NOW), "minute")


def test_auto_interval_gives_a_readable_number_of_points() -> None:
    for key in PERIODS.keys() - {"all", "custom"}:
        period = parse_period(key, "Europe/Berlin", NOW)
        found = edges(period, auto_interval(period, minutes=True))
        assert 4 <= len(found) <= 100, key


def test_the_bucket_that_still_runs_is_known() -> None:
    today = parse_period("today", "UTC", NOW)
    assert unfinished_from(edges(today, "hour"), today) == 11
    assert unfinished_from(edges(today, "day"), today) == 0
    yesterday = parse_period("yesterday", "UTC", NOW)
    assert unfinished_from(edges(yesterday, "hour"), yesterday) is None


@given(
    zone=st.sampled_from(["UTC", "Asia/Kathmandu", "America/New_York", "Australia/Lord_Howe", "Pacific/Chatham"]),
    now=st.integers(at("2024-01-01T00:00") // 1000, at("2027-12-31T00:00") // 1000),
    key=st.sampled_from(sorted(PERIODS.keys() - {"custom", "all"})),
    interval=st.sampled_from(["quarter", "hour", "day", "week", "month"]),
)
def test_buckets_cover_a_period_in_order(zone: str, now: int, key: str, interval: str) -> None:
    period = parse_period(key, zone, now * 1000)
    assert period.start % QUARTER == period.end % QUARTER == period.until % QUARTER == 0
    if interval == "quarter" and period.end - period.start > 10 * 24 * HOUR:
        return
    if interval == "hour" and period.end - period.start > 60 * 24 * HOUR:
        return
    found = edges(period, interval)
    assert list(found) == sorted(set(found))
    assert found[0] <= period.start
    assert found[-1] < period.end
    assert all(edge > period.start for edge in found[1:])
    assert all(edge % QUARTER == 0 for edge in found), "roll-ups have quarters of an hour"


@pytest.mark.parametrize(
    ("key", "compare", "start", "until"),
    [
        ("today", "previous", "2026-11-17 00:00", "2026-11-17 11:15"),
        ("today", "weekday", "2026-11-11 00:00", "2026-11-11 11:15"),
        ("today", "year", "2025-11-18 00:00", "2025-11-18 11:15"),
        ("yesterday", "previous", "2026-11-16 00:00", "2026-11-17 00:00"),
        ("28d", "previous", "2026-09-24 00:00", "2026-10-21 11:15"),
        ("28d", "weekday", "2026-09-24 00:00", "2026-10-21 11:15"),
        ("90d", "weekday", "2026-05-22 00:00", "2026-08-19 11:15"),
        ("month", "previous", "2026-10-01 00:00", "2026-10-18 11:15"),
        ("12mo", "previous", "2024-12-01 00:00", "2025-11-18 11:15"),
        ("1h", "previous", "2026-11-18 09:15", "2026-11-18 10:15"),
        ("1h", "weekday", "2026-11-11 10:15", "2026-11-11 11:15"),
    ],
)
def test_earlier_periods_end_where_the_present_one_stands(key: str, compare: str, start: str, until: str) -> None:
    found = earlier(parse_period(key, "UTC", NOW), Compare(compare))
    assert found is not None
    assert (shown(found.start), shown(found.until)) == (start, until)


def test_an_earlier_day_keeps_its_clock_over_daylight_saving() -> None:
    # The day after New York's clocks went back, against the day of 25 hours.
    period = parse_period("custom", "America/New_York", NOW, since="2026-11-02", to="2026-11-02")
    found = earlier(period, Compare.PREVIOUS)
    assert found is not None
    assert len(edges(found, "hour")) == 25
    assert shown(found.start, "America/New_York") == "2026-11-01 00:00"


def test_the_end_of_a_long_month_is_compared_with_the_whole_short_one() -> None:
    found = earlier(parse_period("month", "UTC", at("2026-03-31T12:00")), Compare.PREVIOUS)
    assert found is not None
    assert (shown(found.start), shown(found.until)) == ("2026-02-01 00:00", "2026-02-28 12:15")


def test_a_leap_day_has_a_year_before() -> None:
    found = earlier(parse_period("today", "UTC", at("2028-02-29T12:00")), Compare.YEAR)
    assert found is not None
    assert shown(found.start) == "2027-02-28 00:00"


def test_everything_has_nothing_before() -> None:
    assert earlier(parse_period("all", "UTC", NOW), Compare.PREVIOUS) is None


def test_comparisons_are_read() -> None:
    assert parse_compare("none") is parse_compare("") is None
    assert parse_compare("weekday") is Compare.WEEKDAY
    with pytest.raises(InvalidField, match="previous"):
        parse_compare("last")
