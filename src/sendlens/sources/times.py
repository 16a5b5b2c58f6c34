"""Times as senders write them, turned into UTC milliseconds.

Owns which notations are understood and which times are absurd. A clock that is merely wrong is not refused here: the
pipeline corrects or flags it.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

from sendlens.errors import InvalidField

EARLIEST: Final = 946_684_800_000
"""2000-01-01: no e-mail event of a provider in use is older, and a smaller number is a unit mistaken for another."""
LATEST_AHEAD: Final = 366 * 86_400_000

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
# As seconds this is the year 5138, as milliseconds March 1973: no sensible time is on the wrong side.
_SECONDS_BELOW: Final = 100_000_000_000
_FAR: Final = 100_000_000_000_000
_NOTATIONS: Final = "a time is RFC 3339 with an offset (2026-03-01T12:00:00Z), unix seconds or unix milliseconds"


def milliseconds(field: str, value: object, received_at: int) -> int:
    """Return a told time as UTC milliseconds.

    Raises `InvalidField` for what is no time, for a text without a UTC offset, and for times before 2000 or more than
    366 days after `received_at`.
    """
    told = _text(field, value) if isinstance(value, str) else _number(field, value)
    if not EARLIEST <= told <= received_at + LATEST_AHEAD:
        raise InvalidField(field, value, "a time lies between 2000-01-01 and 366 days from now")
    return told


def _number(field: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal) or value != value:
        raise InvalidField(field, value, _NOTATIONS)
    # TRICKY: the comparison comes before int(), because int(Decimal("1E+999999")) would keep the processor for hours.
    if not -_FAR < value < _FAR:
        raise InvalidField(field, value, "a time lies between 2000-01-01 and 366 days from now")
    return int(value * 1000) if abs(value) < _SECONDS_BELOW else int(value)


def _text(field: str, value: str) -> int:
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        moment = _unusual(field, value)
        if isinstance(moment, int):
            return moment
    if moment.tzinfo is None:
        raise InvalidField(field, value, "the time lacks its UTC offset; end it with Z or +02:00")
    try:
        return (moment - _EPOCH) // _MILLISECOND
    except OverflowError:
        raise InvalidField(field, value, _NOTATIONS) from None


def _unusual(field: str, value: str) -> datetime | int:
    """Read numbers in quotes, lower-case letters and leap seconds."""
    text = value.strip().upper()
    if len(text) <= 18 and text.isascii() and text.replace(".", "", 1).isdigit():
        return _number(field, Decimal(text))
    try:
        return datetime.fromisoformat(text.replace(":60", ":59") if text.count(":60") == 1 else text)
    except ValueError:
        raise InvalidField(field, value, _NOTATIONS) from None
