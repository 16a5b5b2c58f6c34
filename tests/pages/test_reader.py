"""Numbers and dates are written as the reader's country writes them; what nobody knows falls back to plain English."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from sendlens.metrics.figures import text_of
from sendlens.web.pages.reader import between, day_time, number, reading, value_text, when

AT = datetime(2026, 11, 26, 21, 24, 5, tzinfo=UTC)
MS = int(AT.timestamp() * 1000)


def plain(text: str) -> str:
    """Return a text with ordinary spaces."""
    return text.replace("\u00a0", " ").replace("\u202f", " ")


@pytest.mark.parametrize(
    ("header", "count", "rate", "amount", "date"),
    [
        ("", "1,234,567", "12.3%", "$1,234.50", "26 Nov 2026, 21:24"),
        ("de-DE,de;q=0.9,en;q=0.8", "1.234.567", "12,3 %", "1.234,50 $", "26 Nov 2026, 21:24"),
        ("fr", "1 234 567", "12,3 %", "1 234,50 $US", "26 Nov 2026, 21:24"),
        ("en-GB", "1,234,567", "12.3%", "US$1,234.50", "26 Nov 2026, 21:24"),
        ("en-US,en;q=0.9", "1,234,567", "12.3%", "$1,234.50", "Nov 26, 2026, 9:24 PM"),
        ("en-IN", "12,34,567", "12.3%", "$1,234.50", "26 Nov 2026, 9:24 PM"),
        ("ja", "1,234,567", "12.3%", "$1,234.50", "26 Nov 2026, 21:24"),
        ("ar", "1,234,567", "12.3%", "$1,234.50", "26 Nov 2026, 9:24 pm"),
        ("en;q=0.1,de;q=0.9", "1.234.567", "12,3 %", "1.234,50 $", "26 Nov 2026, 21:24"),
    ],
)
def test_as_the_reader_writes(header: str, count: str, rate: str, amount: str, date: str) -> None:
    with reading(header):
        assert plain(number(1_234_567)) == count
        assert plain(value_text(0.1234, "ratio")) == rate
        assert plain(value_text(1234.5, "money", "USD")) == amount
        assert plain(day_time(MS)) == date


@pytest.mark.parametrize(
    "header", ["*", "xx-YY", ";q=,,=", "../../etc/passwd", "de;q=0", "q" * 10_000, "\u00ff-\u00fe"]
)
def test_what_is_not_known_is_nobodys(header: str) -> None:
    with reading(header) as reader:
        assert (number(1234.5), reader.tag) == ("1,234.50", "en")


@pytest.mark.parametrize("value", [0.0, 0.0004, 0.00123, 0.0999, 0.5, 0.99996, 1.0, 12.3456, -0.25])
def test_without_a_language_the_page_says_what_the_api_says(value: float) -> None:
    with reading(""):
        for unit in ("ratio", "count", "score", "seconds", "money"):
            assert value_text(value, unit, "EUR") == text_of(value, unit, "EUR")


def test_spans_and_forms() -> None:
    with reading("en-US"):
        assert plain(between(AT.replace(day=1), AT)) == "Nov 1 – 26, 2026"
    with reading("de"):
        assert plain(between(AT.replace(day=1), AT)) == "1 – 26 Nov 2026"
        assert when(AT, "weekday_clock") == "Thu 21:24"
        assert value_text(None, "ratio") == "–"
