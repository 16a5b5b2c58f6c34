"""A question as plain data: which sums are wanted, of what, over which time; and the binding of its values.

Owns the shapes that `compile`, `branches` and `query` hand to each other, and the one way a value gets into SQL: bound
as a parameter, never written into the text.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sendlens.metrics.dimensions import Dimension
from sendlens.metrics.filters import Filter
from sendlens.metrics.registry import ClockName, Metric

Param = str | int | list[str] | list[int]
"""A value that can be bound."""


@dataclass(frozen=True, slots=True)
class Want:
    """One measure on one clock."""

    measure: str
    clock: ClockName


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Sums of measures over [start, end) in UTC milliseconds.

    `by` gives one row per value of a dimension, `edges` one per bucket (their beginnings, UTC milliseconds); with
    neither there is one row. `order` sorts by a metric of which all sums are wanted; `clock` is the one asked on, if
    not the metric's own.
    """

    wants: tuple[Want, ...]
    start: int
    end: int
    zone: str
    currency: str
    now: int
    filters: tuple[Filter, ...] = ()
    by: Dimension | None = None
    edges: tuple[int, ...] = ()
    order: Metric | None = None
    clock: ClockName | None = None
    descending: bool = True
    limit: int = 0
    offset: int = 0

    @property
    def dimensions(self) -> tuple[Dimension, ...]:
        """Return every dimension that the tables asked must know."""
        return (*((self.by,) if self.by else ()), *(one.of for one in self.filters))


@dataclass(slots=True)
class Binder:
    """Collects the values of one statement; the same value is bound once."""

    params: dict[str, Param] = field(default_factory=dict[str, Param])
    _names: dict[tuple[str, str], str] = field(default_factory=dict[tuple[str, str], str])

    def __call__(self, value: Param, type_: str) -> str:
        """Return the placeholder for a value of that ClickHouse type."""
        name = self._names.setdefault((repr(value), type_), f"p{len(self._names)}")
        self.params[name] = value
        return f"{{{name}:{type_}}}"

    def moment(self, at: int) -> str:
        """Return the expression of an instant given in UTC milliseconds, for a column of whole seconds."""
        return f"toDateTime({self(at // 1000, 'UInt32')}, 'UTC')"

    def instant(self, at: int) -> str:
        """Return the expression of an instant given in UTC milliseconds, for a column of milliseconds.

        TRICKY: a bound in whole seconds makes the store leave out parts that lie within the last second before it; it
        takes "before 12:00:00" for "up to 11:59:59", which is the same only where there is nothing in between.
        """
        return f"fromUnixTimestamp64Milli({self(at, 'Int64')}, 'UTC')"
