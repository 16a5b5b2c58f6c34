"""Complaints: who marks mail as spam, as far as providers tell."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from sendlens.metrics.query import Metrics, Row, Scope
from sendlens.metrics.thresholds import level

COMPLAINT_METRICS: Final = ("complained", "complaint_rate")
SILENT: Final = frozenset({"gmail", "google_workspace"})
"""Providers without a feedback loop: what their users mark as spam is told to no sender, so 0 says nothing there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaints:
    """Complaints by mailbox provider, and by campaign those that got any, most first."""

    providers: list[Row]
    campaigns: list[Row]


def complaints(metrics: Metrics, scope: Scope, limit: int = 20) -> Complaints:
    """Return the complaints about mail sent in the period."""
    asked = replace(scope, compare=None)
    campaigns = metrics.breakdown(asked, COMPLAINT_METRICS, "campaign", limit=limit).rows
    return Complaints(
        providers=metrics.breakdown(asked, ("delivered", *COMPLAINT_METRICS), "provider", limit=limit).rows,
        campaigns=[row for row in campaigns if row.figures["complained"].n],
    )


def level_at(provider: str, row: Row) -> str:
    """Return how bad a provider's complaints are; nothing is said of a provider that tells none."""
    return "" if provider in SILENT else level(row.figures["complaint_rate"])
