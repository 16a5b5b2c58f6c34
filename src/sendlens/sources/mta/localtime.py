"""Times of logs that leave out the year or the zone; a source's options fill the gap.

Owns the rule for a missing year: the latest one in which the time is not in the future.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sendlens.errors import InvalidField
from sendlens.sources.esp.provider import Options

MONTHS: Final = {
    name: number
    for number, name in enumerate("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(), 1)  # noqa: SIM905 (a table)
}

_AHEAD: Final = timedelta(days=1)


@lru_cache(maxsize=64)
def zone(name: str) -> ZoneInfo:
    """Return a time zone by its IANA name, UTC for an empty one. Raises `InvalidField`."""
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InvalidField("time_zone", name, "an IANA time zone, such as Europe/Vienna") from None


def without_year(month: str, day: str, clock: str, options: Options, received_at: int) -> int:
    """Return the UTC milliseconds of `Nov 20 10:00:00`; 0 if there is no such day.

    Without `year` in the options it is the latest year in which the time is not more than a day ahead of the receipt,
    so that the logs of December may come in January.
    """
    here = zone(options.time_zone)
    now = datetime.fromtimestamp(received_at / 1000, here)
    for year in [options.year] if options.year else [now.year + 1, now.year, now.year - 1]:
        try:
            told = datetime.fromisoformat(f"{year:04d}-{MONTHS[month]:02d}-{int(day):02d}T{clock}").replace(tzinfo=here)
        except (ValueError, KeyError):
            continue
        if options.year or told <= now + _AHEAD:
            return int(told.timestamp() * 1000)
    return 0


def with_zone(text: str, options: Options) -> str:
    """Return a time with an offset; where the log wrote none, that of the source's zone."""
    try:
        told = datetime.fromisoformat(text.strip())
    except ValueError:
        return text.strip()
    return (told if told.tzinfo else told.replace(tzinfo=zone(options.time_zone))).astimezone(UTC).isoformat()
