"""Comparable campaigns: how one campaign stands among the account's latest of its kind.

Owns which campaigns are of a kind, and the median, the middle half and the rank among them. It compares what was
measured; it does not say why, and small mailings are left out because their rates are chance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median, quantiles
from typing import Final

from sendlens.metrics.campaigns import CampaignFacts, CampaignRow, Campaigns
from sendlens.metrics.figures import Figure
from sendlens.metrics.query import TenantLike

METRICS: Final = ("delivery_rate", "open_rate", "click_rate", "unsubscribe_rate", "complaint_rate", "revenue_per_email")
MOST: Final = 20
"""Campaigns that one is compared with: the latest before it."""
LEAST: Final = 3
"""Fewer than so many say nothing."""
_LOOKED_AT: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One metric of the campaign among the others: their median and middle half, and how many it is above."""

    figure: Figure
    median: float
    low: float
    high: float
    above: int
    of: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What a campaign was compared with, in words and as a list, and how it stands. Empty where too few are known."""

    kind: str
    others: list[CampaignRow]
    standings: list[Standing]


def comparison(campaigns: Campaigns, tenant: TenantLike, facts: CampaignFacts) -> Comparison:
    """Return how a campaign stands among the latest `MOST` before it of its kind."""
    # Which campaigns are of the kind is told without figures; those are asked of these few alone.
    found = campaigns.list(tenant, metric_keys=(), order_by="-started_at", limit=_LOOKED_AT).rows
    kind, others = alike(facts, [row for row in found if row.facts.id != facts.id])
    if not others or all(row.facts.id != facts.id for row in found):
        return Comparison(kind=kind, others=others, standings=[])
    figures = campaigns.figures(tenant, [facts.id, *(row.facts.id for row in others)], METRICS)
    own, theirs = figures[facts.id], [figures[row.facts.id] for row in others]
    standings = [standing for key in METRICS if (standing := stand(own[key], [one[key] for one in theirs]))]
    return Comparison(kind=kind, others=others if standings else [], standings=standings)


def alike(facts: CampaignFacts, others: Sequence[CampaignRow]) -> tuple[str, list[CampaignRow]]:
    """Return the narrowest kind in words that has `LEAST` campaigns before this one, and those campaigns."""
    started = facts.started_at or facts.first_event_at
    earlier = [row for row in others if 0 < (row.facts.started_at or row.facts.first_event_at) < started]
    for names in (("type", "stream", "segment"), ("type", "stream"), ("type",), ("stream",)):
        if not all(getattr(facts, name) for name in names):
            continue
        fitting = [row for row in earlier if all(getattr(row.facts, n) == getattr(facts, n) for n in names)][:MOST]
        if len(fitting) >= LEAST:
            return ", ".join(f"{name} {getattr(facts, name)}" for name in names), fitting
    return "", []


def stand(figure: Figure, others: Sequence[Figure]) -> Standing | None:
    """Return where a figure stands among others, or None where that says nothing."""
    values = sorted(one.value for one in others if one.value is not None and one.enough)
    if figure.value is None or len(values) < LEAST:
        return None
    low, _, high = quantiles(values, n=4, method="inclusive")
    return Standing(
        figure=figure,
        median=median(values),
        low=low,
        high=high,
        above=sum(value < figure.value for value in values),
        of=len(values),
    )
