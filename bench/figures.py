"""What a bench hands back: named figures with their spread.

Owns the form of a figure and how repetitions become one. Leaves to `budgets` what a figure should be.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

import msgspec


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One measured number: the median of `runs` repetitions with the least and the largest of them.

    `name` has the bench's name in front and is what budgets refer to; `what` is for people.
    """

    name: str
    what: str
    unit: str
    value: float
    low: float
    high: float
    runs: int


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """Where time goes: lines of (what, milliseconds per batch, calls per batch), the largest first."""

    title: str
    lines: list[tuple[str, float, float]]


class Findings(msgspec.Struct, frozen=True):
    """Everything one bench found."""

    figures: list[Figure] = msgspec.field(default_factory=list[Figure])
    profiles: list[Profile] = msgspec.field(default_factory=list[Profile])
    notes: list[str] = msgspec.field(default_factory=list[str])
    measured: str = ""
    """When and how, as a sentence; told by the run."""


def figure(name: str, what: str, unit: str, values: Sequence[float]) -> Figure:
    """Return the median of repeated measurements. Raises `ValueError` without any."""
    if not values:
        raise ValueError(f"{name} was never measured")
    return Figure(
        name=name, what=what, unit=unit, value=median(values), low=min(values), high=max(values), runs=len(values)
    )


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value that `share` of the values do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
