"""Compare: the earlier period that a period is held against.

Owns the three ways to choose it. A running period is compared with the same part of the earlier one, so that this
morning is not measured against the whole of yesterday. Leaves the two questions to `query`.
"""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from typing import Final

from sendlens.errors import InvalidField
from sendlens.metrics.periods import DAY, Period, days_in, shift_days, shift_months

_WEEK: Final = 7


class Compare(StrEnum):
    """Which earlier period to hold a period against."""

    PREVIOUS = "previous"
    YEAR = "year"
    WEEKDAY = "weekday"


COMPARISONS: Final[dict[str, str]] = {
    "none": "No comparison",
    "previous": "The period of the same length just before",
    "year": "The same dates a year earlier",
    "weekday": "The latest earlier period with the same days of the week",
}


def parse_compare(text: str) -> Compare | None:
    """Return the comparison of that name, None for `none` or nothing. Raises `InvalidField`."""
    if text in {"", "none"}:
        return None
    try:
        return Compare(text)
    except ValueError as error:
        raise InvalidField("compare", text, f"is not a comparison; accepted are {', '.join(COMPARISONS)}") from error


def earlier(period: Period, compare: Compare) -> Period | None:
    """Return the earlier period, or None where there cannot be one (`all`)."""
    if period.key == "all":
        return None
    if compare is Compare.YEAR:
        return _months(period, -12)
    if compare is Compare.PREVIOUS and period.key in {"month", "12mo"}:
        return _months(period, -1 if period.key == "month" else -12)
    if compare is Compare.PREVIOUS and not period.calendar:
        length = period.end - period.start
        return replace(period, start=period.start - length, end=period.start, until=period.until - length)
    days = days_in(period) if period.calendar else -(-(period.end - period.start) // DAY)
    if compare is Compare.WEEKDAY:
        days = -(-days // _WEEK) * _WEEK
    return _bounded(
        period,
        shift_days(period.start, -days, period.zone),
        shift_days(period.end, -days, period.zone),
        shift_days(period.until, -days, period.zone),
    )


def _months(period: Period, months: int) -> Period:
    return _bounded(
        period,
        shift_months(period.start, months, period.zone),
        shift_months(period.end, months, period.zone),
        shift_months(period.until, months, period.zone),
    )


def _bounded(period: Period, start: int, end: int, until: int) -> Period:
    # The 31st of a month has no counterpart in a shorter one; the known part then is the whole of it.
    until = end if not period.unfinished else max(start, min(until, end))
    return replace(period, start=start, end=end, until=until)
