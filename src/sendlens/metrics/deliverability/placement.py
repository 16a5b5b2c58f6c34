"""Placement: where seed mailboxes found a test: inbox, spam, or nowhere; with an interval, because seeds are few."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, cast

from sendlens.metrics.deliverability.reading import knows, within
from sendlens.metrics.intervals import wilson
from sendlens.metrics.query import Metrics, Scope
from sendlens.metrics.question import Binder

MOST_TESTS: Final = 200
_PLACEMENTS: Final = """
SELECT test_id, provider, countIf(placement = 'inbox') AS inbox, countIf(placement = 'spam') AS spam,
    countIf(placement = 'missing') AS missing, toUnixTimestamp(max(at)) AS last,
    arrayFilter(tab -> tab != '', groupArrayIf(toString(tab), placement = 'inbox')) AS tabs
FROM placements FINAL
WHERE {where} AND test_id IN (
    SELECT test_id FROM placements FINAL WHERE {where} GROUP BY test_id ORDER BY max(at) DESC LIMIT {limit}
)
GROUP BY test_id, provider
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """Seeds of one test or one provider: where they found the mail.

    `low` and `high` bound the share of the inbox among the seeds that found it (Wilson, 95 %); None where none did.
    `tabs` counts the inbox's tabs, where they were told.
    """

    key: str
    inbox: int
    spam: int
    missing: int
    at: int = 0
    tabs: dict[str, int] = field(default_factory=dict[str, int])

    @property
    def interval(self) -> tuple[float, float] | None:
        """Return the bounds of the inbox rate as shares from 0 to 1."""
        return wilson(self.inbox, self.inbox + self.spam)

    @property
    def text(self) -> str:
        """Return the rate with its bounds: "8 of 10 (49–94 %)"; never a percentage alone."""
        bounds = self.interval
        if bounds is None:
            return "none arrived"
        return f"{self.inbox} of {self.inbox + self.spam} ({bounds[0] * 100:.0f}–{bounds[1] * 100:.0f} %)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Placements:
    """Seeds by provider, most first, and by test, the latest first."""

    providers: list[Placed]
    tests: list[Placed]


def placement(metrics: Metrics, scope: Scope) -> Placements | None:
    """Return where the seeds of the period's latest tests found them; None if placements do not know a filter."""
    if not knows(scope, "placements"):
        return None
    bind = Binder()
    where = within(scope, metrics.known(scope), bind, at="at", home="placements")
    sql = _PLACEMENTS.format(where=where, limit=bind(MOST_TESTS, "UInt64"))
    rows = [
        (str(test), str(provider), _placed("", inbox, spam, missing, last, tabs))
        for test, provider, inbox, spam, missing, last, tabs in metrics.store.query(
            scope.tenant.id, sql, bind.params
        ).rows
    ]
    return Placements(
        providers=sorted(
            added((provider, one) for _, provider, one in rows),
            key=lambda one: (-(one.inbox + one.spam + one.missing), one.key),
        ),
        tests=sorted(added((test, one) for test, _, one in rows), key=lambda one: (-one.at, one.key)),
    )


def added(parts: Iterable[tuple[str, Placed]]) -> list[Placed]:
    """Return the sums of the parts of each key; the time is the latest."""
    sums: dict[str, Placed] = {}
    for key, one in parts:
        so_far = sums.get(key, Placed(key=key, inbox=0, spam=0, missing=0))
        tabs = {tab: so_far.tabs.get(tab, 0) + one.tabs.get(tab, 0) for tab in (*so_far.tabs, *one.tabs)}
        sums[key] = Placed(
            key=key,
            inbox=so_far.inbox + one.inbox,
            spam=so_far.spam + one.spam,
            missing=so_far.missing + one.missing,
            at=max(so_far.at, one.at),
            tabs=tabs,
        )
    return list(sums.values())


def _placed(key: str, inbox: object, spam: object, missing: object, last: object, tabs: object) -> Placed:
    counted: dict[str, int] = {}
    for tab in cast("list[str]", tabs):
        counted[tab] = counted.get(tab, 0) + 1
    numbers = [int(cast("int", one)) for one in (inbox, spam, missing, last)]
    return Placed(key=key, inbox=numbers[0], spam=numbers[1], missing=numbers[2], at=numbers[3] * 1000, tabs=counted)
