"""Variants: the versions of a mailing side by side.

Owns which figures are compared. Which version did better is not said here: that is for an experiment to decide.
"""

from __future__ import annotations

from typing import Final

from sendlens.metrics.query import Metrics, Scope, Table

VARIANT_METRICS: Final = (
    *("sent", "delivery_rate", "open_rate", "click_rate", "unsubscribe_rate", "conversion_rate", "revenue"),
)
MOST: Final = 50
"""Variants that are told."""


def variants(metrics: Metrics, scope: Scope) -> Table:
    """Return a row per variant that messages of the scope name, by name."""
    table = metrics.breakdown(scope, VARIANT_METRICS, "variant", order_by="value", limit=MOST)
    rows = [row for row in table.rows if row.value]
    return Table(dimension=table.dimension, rows=rows, total_rows=table.total_rows - (len(table.rows) - len(rows)))
