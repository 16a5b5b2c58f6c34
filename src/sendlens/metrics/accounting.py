"""Accounting: what became of every record received, and whether the sum holds.

Owns the reading of the table `intake`; the pipeline writes it. Received = stored + duplicate + rejected + dead.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, cast

from sendlens.metrics.periods import Period, edges, label
from sendlens.metrics.query import StoreLike, TenantLike

OUTCOMES: Final = ("received", "stored", "duplicate", "rejected", "dead")
_SUMS: Final = ", ".join(f"sum({name}) AS {name}_" for name in OUTCOMES)
_FROM: Final = (
    " FROM intake FINAL WHERE tenant = {tenant:String}"
    " AND minute >= toDateTime({start:UInt32}, 'UTC') AND minute < toDateTime({end:UInt32}, 'UTC')"
)
_BY_SOURCE: Final = f"SELECT source, kind, {_SUMS}{_FROM} GROUP BY source, kind ORDER BY source, kind"
_BY_TIME: Final = (
    f"SELECT roundDown(toUnixTimestamp(minute), {{edges:Array(UInt32)}}) AS slot, {_SUMS}{_FROM}"
    " GROUP BY slot ORDER BY slot"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcomes:
    """How many records came in, and what became of them."""

    received: int = 0
    stored: int = 0
    duplicate: int = 0
    rejected: int = 0
    dead: int = 0

    @property
    def missing(self) -> int:
        """Return the records without an outcome; anything but 0 is a mistake of ours."""
        return self.received - self.stored - self.duplicate - self.rejected - self.dead


@dataclass(frozen=True, slots=True, kw_only=True)
class OfSource:
    """The outcomes of one source and kind of record."""

    source: str
    kind: str
    outcomes: Outcomes


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The account of a period: in all, by source and kind, and along time."""

    total: Outcomes
    sources: list[OfSource]
    interval: str
    labels: tuple[str, ...]
    series: list[Outcomes]


def account(store: StoreLike, tenant: TenantLike, period: Period, interval: str) -> Account:
    """Return what became of the records received in a period. Raises `InvalidField`."""
    places = edges(period, interval)
    span = {"start": period.start // 1000, "end": -(-period.until // 1000)}
    by_source = [
        OfSource(source=str(row[0]), kind=str(row[1]), outcomes=_outcomes(row[2:]))
        for row in store.query(tenant.id, _BY_SOURCE, {**span}).rows
    ]
    bounds = [place // 1000 for place in places]
    by_time = {
        int(cast("int", row[0])): _outcomes(row[1:])
        for row in store.query(tenant.id, _BY_TIME, {**span, "edges": bounds}).rows
    }
    total = {name: sum(cast("int", getattr(one.outcomes, name)) for one in by_source) for name in OUTCOMES}
    return Account(
        total=Outcomes(**total),
        sources=by_source,
        interval=interval,
        labels=tuple(label(place, interval, period.zone) for place in places),
        series=[by_time.get(bound, Outcomes()) for bound in bounds],
    )


def _outcomes(values: object) -> Outcomes:
    numbers = [int(value) for value in cast("list[int]", values)]
    return Outcomes(**dict(zip(OUTCOMES, numbers, strict=True)))
