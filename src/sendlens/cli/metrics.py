"""`sendlens metrics`: what can be asked."""

from __future__ import annotations

import sys
from typing import Literal

from sendlens.cli.output import Json, print_json, print_table


def metrics(
    *,
    markdown: Literal["metrics", "dimensions"] | None = None,
    json: Json = False,
) -> None:
    """List the metrics with their formulas.

    Args:
        markdown: Print a reference page instead: metrics or dimensions.
        json: Print JSON instead of text.
    """
    from sendlens.metrics.reference import PAGES
    from sendlens.metrics.registry import METRICS

    if markdown:
        sys.stdout.write(PAGES[markdown]())
    elif json:
        names = ("key", "label", "group", "unit", "better", "clock", "min_den", "formula", "help")
        print_json([{name: getattr(one, name) for name in names} for one in METRICS.values()])
    else:
        rows = [(one.key, one.label, one.formula, one.clock) for one in METRICS.values()]
        print_table(("metric", "name", "is", "clock"), rows)
