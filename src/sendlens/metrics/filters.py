"""Filters: `f=is,provider,gmail` and its three brothers, read and checked.

Owns the grammar of one filter in a URL: `<operator>,<dimension>,<value>[|<value>...]`. A comma or a bar that belongs to
a value is written with a backslash before it. Leaves the SQL to `compile`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal, cast

from sendlens.errors import InvalidField
from sendlens.metrics.dimensions import DIMENSIONS, Dimension, dimension

Operator = Literal["is", "is_not", "contains", "contains_not"]

OPERATORS: Final[dict[str, str]] = {
    "is": "has one of these values",
    "is_not": "has none of these values",
    "contains": "contains one of these texts, in upper or lower case",
    "contains_not": "contains none of these texts",
}
MOST_FILTERS: Final = 20
MOST_VALUES: Final = 100


@dataclass(frozen=True, slots=True)
class Filter:
    """One condition: the dimension's value is, or is not, or contains one of `values`."""

    operator: Operator
    dimension: str
    values: tuple[str, ...]

    @property
    def of(self) -> Dimension:
        """Return the dimension this filter looks at."""
        return DIMENSIONS[self.dimension]

    def text(self) -> str:
        """Return the filter as it is written in a URL, before percent-encoding."""
        return ",".join((self.operator, self.dimension, "|".join(_escape(value) for value in self.values)))


def parse_filters(texts: Iterable[str], field: str = "f") -> tuple[Filter, ...]:
    """Return the filters of a URL's `f` parameters. Raises `InvalidField` naming what is accepted."""
    filters = tuple(dict.fromkeys(parse_filter(text, field) for text in texts))
    if len(filters) > MOST_FILTERS:
        raise InvalidField(field, len(filters), f"at most {MOST_FILTERS} filters at a time")
    return filters


def parse_filter(text: str, field: str = "f") -> Filter:
    """Return one filter from its text."""
    parts = _split(text, ",", most=3)
    if len(parts) != 3:
        raise InvalidField(
            field,
            text,
            "must be operator,dimension,value",
            hint="For example f=is,provider,gmail or f=is_not,campaign,a|b",
        )
    operator, key, rest = parts
    if operator not in OPERATORS:
        raise InvalidField(field, text, f"{operator!r} is not an operator; accepted are {', '.join(OPERATORS)}")
    of = dimension(key, field)
    if not of.filterable:
        raise InvalidField(field, text, f"{key} cannot be filtered by; choose a period instead")
    values = tuple(dict.fromkeys(_unescape(value) for value in _split(rest, "|")))
    if len(values) > MOST_VALUES:
        raise InvalidField(field, text, f"at most {MOST_VALUES} values in one filter")
    if operator.startswith("contains") and "" in values:
        raise InvalidField(field, text, "needs a text to look for")
    return Filter(cast("Operator", operator), key, values)


def _split(text: str, separator: str, most: int = 0) -> list[str]:
    """Split at separators that no backslash stands before; escapes stay in the parts."""
    parts: list[str] = [""]
    escaped = False
    for letter in text:
        if letter == separator and not escaped and (not most or len(parts) < most):
            parts.append("")
        else:
            parts[-1] += letter
        escaped = letter == "\\" and not escaped
    return parts


def _unescape(text: str) -> str:
    # A backslash before any other letter stands for itself, so that a Windows path survives being typed by hand.
    out: list[str] = []
    rest = iter(text)
    for letter in rest:
        if letter != "\\":
            out.append(letter)
            continue
        following = next(rest, "")
        out.append(following if following in {",", "|", "\\"} and following else "\\" + following)
    return "".join(out)


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace(",", "\\,").replace("|", "\\|")


def of_level(filters: Sequence[Filter], level: str) -> tuple[Filter, ...]:
    """Return the filters whose dimension is of that level."""
    return tuple(one for one in filters if one.of.level == level)
