"""Periods: which stretch of time is meant, and where its buckets begin, in the tenant's own time zone.

Owns the names of periods and intervals and all calendar arithmetic, daylight saving included; ClickHouse only receives
the resulting instants. Leaves the shift to an earlier period to `compare`.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sendlens.errors import InvalidField

MINUTE: Final = 60_000
QUARTER: Final = 15 * MINUTE
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR

PERIODS: Final[dict[str, str]] = {
    "today": "Since midnight",
    "yesterday": "The day before today",
    "1h": "The last hour, in quarters of an hour, the present one included",
    "24h": "The last 24 hours, the present one included",
    "7d": "The last 7 days, today included",
    "28d": "The last 28 days, today included",
    "90d": "The last 90 days, today included",
    "12mo": "The last 12 months, this one included",
    "month": "This month",
    "all": "Everything there is",
    "custom": "From `from` to `to`: a date as `to` includes that day, a time is excluded",
}
INTERVALS: Final = ("minute", "quarter", "hour", "day", "week", "month")
_EARLIEST: Final = 1
_LATEST: Final = int(datetime(2100, 1, 1, tzinfo=UTC).timestamp() * 1000)
_MOST_BUCKETS: Final = 1500


@dataclass(frozen=True, slots=True)
class Period:
    """A half-open stretch of time [start, end) in UTC milliseconds.

    `until` is where the known part ends: `end` for what is past, the end of the present quarter of an hour for a period
    that still runs. `calendar` says that its borders are local midnights, which shift by days rather than by hours.
    """

    key: str
    start: int
    end: int
    until: int
    zone: str
    calendar: bool = True

    @property
    def unfinished(self) -> bool:
        """Return whether part of the period lies in the future."""
        return self.until < self.end


def zone_info(name: str, field: str = "time_zone") -> ZoneInfo:
    """Return the time zone of that IANA name. Raises `InvalidField`."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InvalidField(field, name, "is not an IANA time zone such as Europe/Berlin") from error


def parse_period(key: str, zone: str, now: int, *, since: str = "", to: str = "") -> Period:
    """Return the period of that name around `now` (UTC milliseconds); `since` and `to` belong to `custom`.

    Raises `InvalidField` naming the parameter (`period`, `from`, `to`).
    """
    if not key:
        key = "custom" if since or to else "28d"
    if key not in PERIODS:
        raise InvalidField("period", key, f"is not a period; accepted are {', '.join(PERIODS)}")
    tz = zone_info(zone)
    if key == "custom":
        start = _moment(since, "from", tz, last=False)
        end = _moment(to, "to", tz, last=True) if to else _midnight(_local(now, tz) + timedelta(days=1), tz)
        if end <= start:
            raise InvalidField("to", to, "must be later than from")
        whole = start == _midnight(_local(start, tz), tz) and end == _midnight(_local(end, tz), tz)
        return _period(key, start, end, zone, now, calendar=whole)
    if since or to:
        raise InvalidField("from" if since else "to", since or to, "is only read with period=custom")
    today = _local(now, tz)
    tomorrow = today + timedelta(days=1)
    match key:
        case "1h" | "24h":
            step, length = (QUARTER, HOUR) if key == "1h" else (HOUR, DAY)
            # Local hours begin on a quarter of a UTC hour in some zones.
            shift = _offset(now, tz) % HOUR if step == HOUR else 0
            end = -(-(now + 1 + shift) // step) * step - shift
            return _period(key, end - length, end, zone, now, calendar=False)
        case "yesterday":
            start, end = today - timedelta(days=1), today
        case "month":
            start, end = today.replace(day=1), add_months(today.replace(day=1), 1)
        case "12mo":
            start, end = add_months(today.replace(day=1), -11), add_months(today.replace(day=1), 1)
        case "all":
            return _period(key, _EARLIEST, _midnight(tomorrow, tz), zone, now, calendar=False)
        case "today":
            start, end = today, tomorrow
        case _:
            start, end = tomorrow - timedelta(days=int(key[:-1])), tomorrow
    return _period(key, _midnight(start, tz), _midnight(end, tz), zone, now)


def auto_interval(period: Period, *, minutes: bool) -> str:
    """Return the interval that gives a readable number of buckets; `minutes` tells whether minutes are cheap."""
    length = period.end - period.start
    for most, interval in (
        (2 * HOUR, "minute" if minutes else "quarter"),
        (12 * HOUR, "quarter"),
        (3 * DAY, "hour"),
        (100 * DAY, "day"),
        (400 * DAY, "week"),
    ):
        if length <= most:
            return "month" if period.key == "12mo" else interval
    return "month"


def edges(period: Period, interval: str) -> tuple[int, ...]:
    """Return where the buckets of a period begin, in UTC milliseconds; the first may begin before the period does.

    A day of 23 or 25 hours is one bucket, and every hour that a clock shows twice is two. Raises `InvalidField` when
    the interval is not known or too fine for the period.
    """
    if interval not in INTERVALS:
        raise InvalidField("interval", interval, f"is not an interval; accepted are auto, {', '.join(INTERVALS)}")
    step = {"minute": MINUTE, "quarter": QUARTER, "hour": HOUR}.get(interval, DAY)
    if (period.end - period.start) // step > _MOST_BUCKETS * {"week": 7, "month": 30}.get(interval, 1):
        raise InvalidField("interval", interval, f"gives more than {_MOST_BUCKETS} points; choose a coarser one")
    tz = zone_info(period.zone)
    if interval in {"minute", "quarter", "hour"}:
        # A whole-hour step keeps its place on the clock over a change of daylight saving, except where the change is
        # half an hour (Lord Howe Island); there each bucket is placed anew.
        found: list[int] = []
        at = period.start
        while at < period.end:
            offset = _offset(at, tz)
            begin = (at + offset) // step * step - offset
            found.append(max(begin, found[-1] + 1) if found else begin)
            at = begin + step
        return tuple(found)
    day = _local(period.start, tz)
    if interval == "week":
        day -= timedelta(days=day.weekday())
    elif interval == "month":
        day = day.replace(day=1)
    found = []
    while (begin := _midnight(day, tz)) < period.end:
        found.append(begin)
        day = add_months(day, 1) if interval == "month" else day + timedelta(days=7 if interval == "week" else 1)
    return tuple(found)


def label(at: int, interval: str, zone: str) -> str:
    """Return a bucket's beginning as ISO 8601 in the tenant's zone: a date for days and longer, else a time."""
    local = datetime.fromtimestamp(at / 1000, zone_info(zone))
    return local.date().isoformat() if interval in {"day", "week", "month"} else local.isoformat(timespec="minutes")


def unfinished_from(found: tuple[int, ...], period: Period) -> int | None:
    """Return the index of the first bucket that is not over yet, or None if all are."""
    if not period.unfinished:
        return None
    return max(bisect_left(found, period.until) - 1, 0)


def add_months(day: date, months: int) -> date:
    """Return the same day that many months on; the last of the month where there is no such day."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    for number in (day.day, 30, 29, 28):
        try:
            return date(year, month + 1, number)
        except ValueError:
            continue
    raise AssertionError


def _period(key: str, start: int, end: int, zone: str, now: int, *, calendar: bool = True) -> Period:
    present = (now // QUARTER + 1) * QUARTER
    return Period(key, start, end, max(min(end, present), start), zone, calendar)


def _local(at: int, tz: ZoneInfo) -> date:
    return datetime.fromtimestamp(at / 1000, tz).date()


def _midnight(day: date, tz: ZoneInfo) -> int:
    # Where midnight does not exist, the offset before the change applies, which gives the instant of the change itself.
    return int(datetime(day.year, day.month, day.day, tzinfo=tz).timestamp()) * 1000


def _offset(at: int, tz: ZoneInfo) -> int:
    offset = datetime.fromtimestamp(at / 1000, tz).utcoffset()
    return 0 if offset is None else int(offset.total_seconds()) * 1000


def _moment(text: str, field: str, tz: ZoneInfo, *, last: bool) -> int:
    """Return the instant of a date or time; of a date, its beginning, or its end if it is the `last`."""
    try:
        if len(text) == 10:
            day = date.fromisoformat(text)
            at = _midnight(day + timedelta(days=1) if last else day, tz)
        else:
            moment = datetime.fromisoformat(text)
            at = int((moment if moment.tzinfo else moment.replace(tzinfo=tz)).timestamp()) * 1000
    except (ValueError, OverflowError) as error:
        raise InvalidField(
            field, text, "must be a date such as 2026-11-01 or a time such as 2026-11-01T14:30"
        ) from error
    if not 0 < at < _LATEST:
        raise InvalidField(field, text, "must lie between 1970 and 2100")
    return at


def shift_days(at: int, days: int, zone: str) -> int:
    """Return the instant at which the clock on the wall shows the same time that many days later."""
    tz = zone_info(zone)
    local = datetime.fromtimestamp(at / 1000, tz)
    return int((local.replace(tzinfo=None) + timedelta(days=days)).replace(tzinfo=tz).timestamp()) * 1000


def shift_months(at: int, months: int, zone: str) -> int:
    """Return the instant at which the clock on the wall shows the same time that many months later."""
    tz = zone_info(zone)
    local = datetime.fromtimestamp(at / 1000, tz)
    moved = add_months(local.date(), months)
    return int(datetime.combine(moved, local.time(), tzinfo=tz).timestamp()) * 1000


def days_in(period: Period) -> int:
    """Return how many local days a calendar period has."""
    tz = zone_info(period.zone)
    return (_local(period.end, tz) - _local(period.start, tz)).days
