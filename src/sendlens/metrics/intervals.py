"""Intervals: how far a share of a few may lie from the share of all."""

from __future__ import annotations

import math
from typing import Final

Z_95: Final = 1.959963984540054
"""The two-sided 95 % point of the normal distribution."""


def wilson(successes: int, trials: int, z: float = Z_95) -> tuple[float, float] | None:
    """Return the score interval of a proportion as (low, high), or None without trials.

    The formula is E. B. Wilson's (1927); unlike the usual one it holds for few trials and for shares of 0 and 1.

    >>> tuple(round(side, 4) for side in wilson(8, 10))
    (0.4902, 0.9433)
    """
    if trials <= 0:
        return None
    share, square = successes / trials, z * z
    middle = (share + square / (2 * trials)) / (1 + square / trials)
    half = z / (1 + square / trials) * math.sqrt(share * (1 - share) / trials + square / (4 * trials * trials))
    return max(0.0, middle - half), min(1.0, middle + half)
