"""Address: the parameters by which a URL asks a question, read into a scope.

Owns their names, help and defaults, so that the API, exports and alerts read the same words in the same way. Each value
is judged where it belongs (`periods`, `compare`, `filters`, `registry`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, cast

from sendlens.errors import InvalidField
from sendlens.metrics.compare import parse_compare
from sendlens.metrics.filters import parse_filters
from sendlens.metrics.periods import PERIODS, parse_period
from sendlens.metrics.query import Scope, TenantLike
from sendlens.metrics.registry import ClockName, metric

PARAMETERS: Final[dict[str, str]] = {
    "period": f"Which time: {', '.join(PERIODS)}. 28d if nothing is said.",
    "from": "Beginning of a custom period: a date, or a time in the tenant's zone unless it carries an offset.",
    "to": "End of a custom period: a date, which is included, or a time, which is not. The present if left out.",
    "compare": "Which earlier period to hold it against: none, previous, year or weekday.",
    "f": "A filter: operator,dimension,value with is, is_not, contains or contains_not; several values are joined by "
    "|, and a comma or bar inside a value has a backslash before it. May be repeated; all must hold.",
    "clock": "send: of the mail sent in the period; event: what happened in the period. Each metric has its own "
    "default.",
}
"""The parameters of every question."""


def read_scope(
    tenant: TenantLike,
    now: int,
    *,
    period: str = "",
    since: str = "",
    to: str = "",
    compare: str = "",
    filters: Sequence[str] = (),
    clock: str = "",
) -> Scope:
    """Return the scope that a URL's parameters ask for. Raises `InvalidField` naming the parameter."""
    return Scope(
        tenant=tenant,
        period=parse_period(period, tenant.time_zone, now, since=since, to=to),
        compare=parse_compare(compare),
        filters=parse_filters(filters),
        clock=read_clock(clock),
    )


def read_clock(text: str) -> ClockName | None:
    """Return the clock of that name, None for nothing. Raises `InvalidField`."""
    if text not in {"", "send", "event"}:
        raise InvalidField("clock", text, "is not a clock; accepted are send and event")
    return cast("ClockName", text) if text else None


def read_metrics(metrics: str, default: Sequence[str], field: str = "metrics") -> tuple[str, ...]:
    """Return the metric keys of a list separated by commas. Raises `InvalidField` for one that does not exist."""
    keys = tuple(dict.fromkeys(part.strip() for part in metrics.split(",") if part.strip())) or tuple(default)
    return tuple(metric(key, field).key for key in keys)
