"""Reading: how a scope's period and filters narrow a table that is asked beside the registry.

Owns which filters a table knows. A table that does not know one of them is not asked: half-filtered figures mislead.
"""

from __future__ import annotations

from typing import Final

from sendlens.metrics.branches import conditions
from sendlens.metrics.periods import DAY, Period
from sendlens.metrics.query import Scope
from sendlens.metrics.question import Binder

HEARD_BEFORE: Final = DAY
"""How long before it was sent a message may have been heard of: clocks differ."""


def knows(scope: Scope, home: str) -> bool:
    """Return whether a family of tables ("column" for messages, else a `measures.Home`) knows every filter."""
    return all(one.of.level == "time" or getattr(one.of, home) for one in scope.filters)


def within(scope: Scope, period: Period, bind: Binder, *, at: str, home: str, fine: bool = False) -> str:
    """Return the condition for the rows of the tenant in the period under the scope's filters.

    The column `at` holds whole seconds, or milliseconds where it is `fine`.
    """
    instant = bind.instant if fine else bind.moment
    parts = [
        "tenant = {tenant:String}",
        f"{at} >= {instant(period.start)}",
        f"{at} < {instant(period.until)}",
        *conditions(scope.filters, bind, scope.tenant.time_zone, at=at, home=home),
    ]
    return " AND ".join(parts)


def sent_within(scope: Scope, period: Period, bind: Binder) -> str:
    """Return the condition for messages sent in the period, so that only the days they were born on are read."""
    born = bind.moment(max(period.start - HEARD_BEFORE, 0))
    return f"born >= toDate({born}) AND {within(scope, period, bind, at='sent_at', home='column')}"
