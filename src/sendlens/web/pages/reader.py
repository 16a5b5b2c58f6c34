"""How numbers and dates look to whoever reads a page: in the manner of their own country, with English words.

Owns the reading of Accept-Language, and the writing of counts, rates, money and times for pages. Leaves to
`metrics.figures` how many digits a value deserves, and the neutral texts of the API and of files, which never depend
on who asks.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from copy import copy
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_interval, format_skeleton, format_time
from babel.numbers import NumberPattern

from sendlens.metrics.figures import NONE_TEXT, Figure, change_digits, decimals, duration
from sendlens.metrics.registry import Unit


@dataclass(frozen=True)
class Reader:
    """Whose eyes a page is for: `numbers` are written as there, `words` is the kind of English its dates are in."""

    numbers: Locale
    words: Locale

    @property
    def tag(self) -> str:
        """Return the locale of numbers as browsers name it, for the scales of charts."""
        return str(self.numbers).replace("_", "-")


NOBODY: Final = Reader(Locale("en"), Locale("en", "150"))
"""Who tells no language that is known: 1,234.5 and 26 Nov 2026, 21:24."""

_reader: ContextVar[Reader] = ContextVar("reader", default=NOBODY)

_DATES: Final = {
    "day": ("yMMMd", ""),
    "moment": ("yMMMd", "short"),
    "near": ("MMMd", "short"),
    "second": ("MMMd", "medium"),
    "weekday": ("yMMMEd", ""),
    "near_weekday": ("MMMEd", "short"),
    "near_day": ("MMMd", ""),
    "month": ("yMMM", ""),
    "long_month": ("yMMMM", ""),
    "full_day": ("yMMMMEEEEd", ""),
    "full_second": ("yMMMMEEEEd", "medium"),
    "exact": ("yMMMd", "medium"),
    "clock": ("", "short"),
    "clock_second": ("", "medium"),
    "weekday_clock": ("E", "short"),
}
"""How a time may be written: the parts of the date, and how much of the time of day; the locale gives the order."""
_MOST_LANGUAGES: Final = 10
_LONGEST_HEADER: Final = 300


def reader() -> Reader:
    """Return whom the present request's page is for."""
    return _reader.get()


@contextmanager
def reading(header: str) -> Generator[Reader]:
    """Write numbers and dates for the sender of an Accept-Language header until the block ends."""
    found = reader_of(header[:_LONGEST_HEADER])
    token = _reader.set(found)
    try:
        yield found
    finally:
        _reader.reset(token)


@lru_cache(maxsize=256)
def reader_of(header: str) -> Reader:
    """Return the reader of an Accept-Language header: the best liked language that is known, else `NOBODY`."""
    for tag in _by_liking(header):
        try:
            wanted = Locale.parse(tag, sep="-")
        except (UnknownLocaleError, ValueError, TypeError):
            continue
        # Signs that turn the direction of writing have no place in a line of English.
        numbers = wanted if wanted.character_order == "left-to-right" else Locale("en")
        return Reader(numbers, _english(wanted))
    return NOBODY


def _by_liking(header: str) -> list[str]:
    liked: list[tuple[float, str]] = []
    for part in header.split(",")[:_MOST_LANGUAGES]:
        tag, _, rest = part.strip().partition(";")
        name, _, weight = rest.strip().partition("=")
        try:
            quality = float(weight) if name == "q" else 1.0
        except ValueError:
            continue
        if tag and tag != "*" and quality > 0:
            liked.append((quality, tag))
    return [tag for _, tag in sorted(liked, key=lambda one: -one[0])]


def _english(wanted: Locale) -> Locale:
    """Return the English of the reader's country, or one that tells the time with as many hours."""
    if wanted.language == "en":
        return wanted if wanted.territory else Locale("en", "US")
    if wanted.territory:
        try:
            return Locale("en", wanted.territory)
        except UnknownLocaleError:
            pass
    twelve = "a" in wanted.time_formats["short"].pattern
    return Locale("en", "001" if twelve else "150")


def number(value: float | Decimal | None) -> str:
    """Return a number with its thousands set apart, or a dash for none."""
    if value is None:
        return NONE_TEXT
    return _number(value, 0 if float(value).is_integer() else 2)


def said(figure: Figure | None) -> str:
    """Return a figure as the reader writes it; a dash for none."""
    return value_text(figure.value, figure.unit, figure.currency) if figure else NONE_TEXT


def value_text(value: float | None, unit: Unit, currency: str = "") -> str:
    """Return a value as the reader writes it: 12.3%, 12,3 %, 1 234, $1,234.50, 1 h 5 min."""
    if value is None:
        return NONE_TEXT
    if unit == "seconds":
        return duration(value)
    digits, on = decimals(value, unit, currency), reader().numbers
    if unit == "ratio":
        value = 0.0 if not round(value, 6) else value
        return _with(on.percent_formats[None], digits).apply(value, on)
    if unit == "money" and currency:
        form = _with(on.currency_formats["standard"], digits)
        return form.apply(value, on, currency=currency, currency_digits=False)
    return _number(value, digits)


def change(figure: Figure) -> str:
    """Return a figure's change as the reader writes it: +12%, ×12, "new", or an empty text."""
    if figure.change is None:
        return figure.change_text
    digits = change_digits(figure.change)
    if digits is None:
        return f"×{_number(1 + figure.change, 0)}"
    on = reader().numbers
    told = _with(on.percent_formats[None], digits).apply(abs(figure.change), on)
    return told if abs(figure.change) < 0.0005 else f"{'+' if figure.change > 0 else '-'}{told}"


def day_time(ms: int, zone: str = "UTC", form: str = "moment") -> str:
    """Return a time in a time zone, or a dash for none; the forms are those of `when`."""
    return when(datetime.fromtimestamp(ms / 1000, ZoneInfo(zone)), form) if ms else NONE_TEXT


def when(at: datetime, form: str) -> str:
    """Return a local time in one of the forms: day, moment, near (without the year), second, weekday, clock."""
    words = reader().words
    date_parts, clock = _DATES[form]
    day = format_skeleton(date_parts, at, locale=words) if date_parts else ""
    time = format_time(at, clock, tzinfo=at.tzinfo, locale=words) if clock else ""
    if form == "exact":
        # The thousandths stand with the seconds, before what says which half of the day it is.
        time = time.replace(f":{at:%S}", f":{at:%S}.{at.microsecond // 1000:03d}")
    apart = " " if form == "weekday_clock" else ", "
    return apart.join(part for part in (str(day), time.replace("\u202f", "\u00a0")) if part)


def between(first: datetime, last: datetime) -> str:
    """Return two days as one span, without saying a month or year twice: 1 – 26 Nov 2026."""
    told = str(format_interval(first, last, "yMMMd", locale=reader().words))
    return " – ".join(part.strip() for part in told.split("–"))


def iso(ms: int) -> str:
    """Return a time for machines."""
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _number(value: float | Decimal, digits: int) -> str:
    on = reader().numbers
    return _with(on.decimal_formats[None], digits).apply(value, on)


def _with(form: NumberPattern, digits: int) -> NumberPattern:
    """Return a locale's way to write a number with a number of digits after the point."""
    made = copy(form)
    made.frac_prec = (digits, digits)
    return made
