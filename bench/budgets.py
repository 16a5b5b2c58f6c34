"""What the figures should be: one line per promise.

Owns the limits. A budget that is missed is shown as missed; no test depends on it, because machines differ.
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

from bench.figures import Figure


class Budget(NamedTuple):
    """The largest or smallest value that the worst of some figures should have.

    `figures` are beginnings and ends of names, separated by an asterisk.
    """

    what: str
    figures: str
    side: Literal["at least", "at most"]
    limit: float


BUDGETS: Final = (
    Budget(
        "Ingest over HTTP, counted once, in all tables, beside a bare insert", "ingest.ratio.bare*", "at least", 0.5
    ),
    Budget("Accepted until in a query at half load, p99", "freshness.half.p99*", "at most", 1000),
    Budget("Any page, panel or API answer, p95", "pages.*.p95", "at most", 100),
    Budget("First panel of a page, p95", "pages.*-first.p95", "at most", 300),
    Budget("Memory of the server while pages are asked for", "pages.*.memory", "at most", 2048),
    Budget("Memory of the server while posted to", "ingest.memory*", "at most", 2048),
    Budget("Bytes per event, all tables together", "storage.*.all", "at most", 40),
    Budget("First page after the start", "start.first*", "at most", 3),
    Budget("First page after the start, with history", "start.grown*", "at most", 3),
    Budget("--help", "start.help*", "at most", 0.5),
)


class Verdict(NamedTuple):
    """A budget beside the figure that decides it."""

    budget: Budget
    figure: Figure
    kept: bool


def verdicts(figures: list[Figure]) -> list[Verdict]:
    """Return each budget that was measured, with its worst figure."""
    found: list[Verdict] = []
    for budget in BUDGETS:
        first, _, last = budget.figures.partition("*")
        mine = [one for one in figures if one.name.startswith(first) and one.name.endswith(last)]
        if mine:
            least = budget.side == "at least"
            worst = (min if least else max)(mine, key=lambda one: one.value)
            kept = worst.value >= budget.limit if least else worst.value <= budget.limit
            found.append(Verdict(budget, worst, kept))
    return found
