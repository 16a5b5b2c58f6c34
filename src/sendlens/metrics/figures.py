"""Figures: sums become values, texts and verdicts. The one place where a rate is divided.

Owns rounding, formatting, "–" for no denominator, and whether a change is for the better. Leaves to `web` colours and
layout.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import pairwise
from typing import Final, Literal

from sendlens.metrics.question import Want
from sendlens.metrics.registry import METRICS, Better, ClockName, Metric, Sum, Unit

Number = int | Decimal
Sums = Mapping[Want, Number]
Direction = Literal["better", "worse", "same", "none"]

NONE_TEXT: Final = "–"
_SYMBOLS: Final = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "INR": "₹"}
_NO_CHANGE: Final = 0.0005
_WHOLE_CURRENCIES: Final = {"JPY", "KRW", "VND", "CLP", "ISK", "UGX", "XAF", "XOF", "PYG", "RWF"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One metric's answer.

    `n` and `d` are the sums it was made of; `d` is None for metrics without a denominator, and where a breakdown cannot
    tell one (nobody knows how many messages were delivered to a device). `value` is None without a denominator; `text`
    is then "–". `enough` says whether the denominator is large enough to judge by. `note` is a caution in words.
    `currency` is what money is counted in.
    """

    key: str
    n: Number | None
    d: Number | None
    value: float | None
    text: str
    unit: Unit
    better: Better
    enough: bool = True
    note: str = ""
    previous: Figure | None = None
    currency: str = ""

    @property
    def change(self) -> float | None:
        """Return the relative change against the earlier period; None where there is nothing to start from."""
        if self.previous is None or self.value is None or not self.previous.value:
            return None
        return (self.value - self.previous.value) / abs(self.previous.value)

    @property
    def change_text(self) -> str:
        """Return the change as a text: "+12%", "new" where there was nothing, empty where nothing is compared."""
        if self.previous is None or self.value is None:
            return ""
        if not self.previous.value:
            return "new" if self.value else ""
        change = self.change or 0.0
        digits = change_digits(change)
        if digits is None:
            return f"×{1 + change:,.0f}"
        return "0%" if abs(change) < _NO_CHANGE else f"{change * 100:+,.{digits}f}%"

    @property
    def direction(self) -> Direction:
        """Return whether the change is for the better; "none" where that cannot be said."""
        if self.previous is None or self.value is None or self.previous.value is None or self.better == "neutral":
            return "none"
        if not (self.enough and self.previous.enough):
            return "none"
        if self.value == self.previous.value:
            return "same"
        return "better" if (self.value > self.previous.value) == (self.better == "up") else "worse"


def figure(
    metric: Metric, sums: Sums, currency: str, clock: ClockName | None = None, previous: Sums | None = None
) -> Figure:
    """Return a metric's figure from the sums of a question; a sum that is missing could not be told."""
    on = clock or metric.clock
    now = _composite(metric, sums, currency, on) if metric.parts else _ratio(metric, sums, currency, on)
    if previous is None:
        return now
    return replace(now, previous=figure(metric, previous, currency, clock))


def _ratio(metric: Metric, sums: Sums, currency: str, clock: ClockName) -> Figure:
    n = _add(metric.num, sums, clock)
    d = _add(metric.den, sums, clock) if metric.den else None
    value: float | None = None
    if n is not None and (not metric.den or d):
        value = metric.scale * (float(n) / float(d) if d else float(n))
        value = value if metric.floor is None else max(value, metric.floor)
    note = _caution(metric, sums, clock)
    enough = not metric.den or (d is not None and d > 0 and d >= metric.min_den)
    return Figure(
        key=metric.key,
        n=n,
        d=d,
        value=value,
        text=text_of(value, metric.unit, currency),
        unit=metric.unit,
        currency=currency,
        better=metric.better,
        enough=enough and not note,
        note=note,
    )


def _composite(metric: Metric, sums: Sums, currency: str, clock: ClockName) -> Figure:
    parts = [(_ratio(METRICS[part.metric], sums, currency, clock), part) for part in metric.parts]
    value: float | None = 0.0
    for made, part in parts:
        value = None if value is None or made.value is None else value + part.share * min(made.value / part.full, 1.0)
    value = None if value is None else metric.scale * value
    return Figure(
        key=metric.key,
        n=None,
        d=None,
        value=value,
        text=text_of(value, metric.unit, currency),
        unit=metric.unit,
        currency=currency,
        better=metric.better,
        enough=all(made.enough for made, _ in parts),
    )


def _add(terms: Sum, sums: Sums, clock: ClockName) -> Number | None:
    total: Number = 0
    for measure, weight in terms:
        found = sums.get(Want(measure, clock))
        if found is None:
            return None
        total = total + weight * found
    return total


def _caution(metric: Metric, sums: Sums, clock: ClockName) -> str:
    if metric.caution is None:
        return ""
    num, den = _add(metric.caution.num, sums, clock), _add(metric.caution.den, sums, clock)
    if not num or not den:
        return ""
    return metric.caution.text if float(num) / float(den) > metric.caution.above else ""


def text_of(value: float | None, unit: Unit, currency: str = "") -> str:
    """Return a value as people read it: 12.3%, 0.083%, 1,234, $1,234.50, 73.2, 1 h 05 min."""
    if value is None:
        return NONE_TEXT
    if unit == "seconds":
        return duration(value)
    if unit == "money":
        return money(value, currency)
    digits = decimals(value, unit)
    return f"{value * 100:,.{digits}f}%".replace("-0%", "0%") if unit == "ratio" else f"{value:,.{digits}f}"


def decimals(value: float, unit: Unit, currency: str = "") -> int:
    """Return how many digits after the point a value deserves; of a ratio, when it is written in percent.

    Amounts below a tenth keep four, because an e-mail earns little.
    """
    size = abs(value)
    match unit:
        case "ratio":
            percent = size * 100
            if round(percent, 4) in {0, 100}:
                return 0
            return 1 if percent >= 9.995 else 2 if percent >= 0.0995 else 3
        case "money":
            return 0 if currency in _WHOLE_CURRENCIES and size >= 10 else 4 if 0 < size < 0.1 else 2
        case "score":
            return 2 if size < 10 else 1
        case _:
            return 0


def change_digits(change: float) -> int | None:
    """Return how many digits after the point a change in percent deserves; None where it is told as a factor."""
    if change >= 10:
        return None
    return 0 if abs(change) >= 0.1 or abs(change) < _NO_CHANGE else 1


def money(value: float, currency: str) -> str:
    """Return an amount with its currency."""
    sign = "-" if value < 0 else ""
    symbol = _SYMBOLS.get(currency, f"{currency} " if currency else "")
    return f"{sign}{symbol}{abs(value):,.{decimals(value, 'money', currency)}f}"


def duration(seconds: float) -> str:
    """Return a length of time in its two largest units."""
    left = round(seconds)
    sizes = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))
    for (name, size), (next_name, next_size) in pairwise(sizes):
        if left >= size:
            rest = left % size // next_size
            return f"{left // size} {name} {rest} {next_name}" if rest else f"{left // size} {name}"
    return f"{left} s"
