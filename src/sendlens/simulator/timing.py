"""When things happen: time to open, delivery latency, and the rhythm of the day.

Owns the distributions, as functions from uniform random numbers to milliseconds; everything is vectorised.
"""

from __future__ import annotations

from math import erf, log, sqrt
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sendlens.simulator.parameters import DAY_MS, HOUR_MS

Floats = NDArray[np.float64]
Longs = NDArray[np.int64]

ANCHORS: Final = ((HOUR_MS, 0.26), (DAY_MS, 0.71), (7 * DAY_MS, 0.93))
"""Share of human first opens that fall within a time of delivery; half of them come within 6 h 25 min."""

LAST_OPEN_MS: Final = 30 * DAY_MS
"""Nobody opens later; what the fitted curve puts beyond is spread over the fourth week and later."""

# Two log-normal habits (weight, median minutes, spread), fitted to the anchors and the median: people who see the mail
# come in, and people who find it when they next read their mail.
_MIXTURE: Final = ((0.226389, 18.1566, 1.187054), (0.773611, 782.763, 1.910286))

DAY_SHAPE: Final = np.array(
    [4, 3, 2, 2, 3, 6, 14, 26, 36, 40, 38, 34, 33, 31, 29, 28, 29, 31, 34, 36, 34, 27, 17, 9], dtype=np.float64
)
"""Relative readiness to open mail in each hour of the day (UTC): a morning peak and a smaller one in the evening."""


def _cdf(minutes: float) -> float:
    return sum(w * 0.5 * (1 + erf(log(minutes / median) / spread / sqrt(2))) for w, median, spread in _MIXTURE)


def _quantiles() -> tuple[Floats, Floats]:
    minutes = np.exp(np.linspace(log(0.05), log(LAST_OPEN_MS / 60_000), 4096))
    shares = np.array([_cdf(float(m)) for m in minutes])
    shares[0] = 0.0
    # The tail behind the last anchor is stretched to end at LAST_OPEN_MS, which leaves the anchors where they are.
    last = ANCHORS[-1][1]
    tail = shares > last
    shares[tail] = last + (shares[tail] - last) * (1 - last) / (shares[-1] - last)
    return shares, minutes * 60_000


_SHARES, _DELAYS = _quantiles()
_EDGES: Final = np.array([0.0, *(share for _, share in ANCHORS), 1.0])


def time_to_open(rng: np.random.Generator, delivered_at: Longs, rhythm: float) -> Longs:
    """Return delays in milliseconds from delivery to the first human open.

    The daily rhythm chooses between three candidates of the same stretch (hour, day, week, later), so that the shares
    of `ANCHORS` hold whatever the hour of sending is.
    """
    n = len(delivered_at)
    if n == 0:
        return np.zeros(0, dtype=np.int64)
    u = rng.random(n)
    stretch = np.searchsorted(_EDGES, u, side="right") - 1
    low, width = _EDGES[stretch], np.diff(_EDGES)[stretch]
    candidates = np.stack([u, *(low + width * rng.random(n) for _ in range(2))])
    delays = np.interp(candidates, _SHARES, _DELAYS)
    hours = ((delivered_at + delays) // HOUR_MS % 24).astype(np.int64)
    weights = np.cumsum((DAY_SHAPE ** max(rhythm, 1e-9))[hours], axis=0)
    chosen = (weights < rng.random(n) * weights[-1]).sum(axis=0)
    return delays[chosen, np.arange(n)].astype(np.int64)


def lognormal(rng: np.random.Generator, n: int, median_ms: float, spread: float) -> Longs:
    """Return n durations in milliseconds around a median, at least 1."""
    return np.maximum(rng.lognormal(log(median_ms), spread, n), 1.0).astype(np.int64)


def through_the_day(rng: np.random.Generator, n: int, start: int, length: int, rhythm: float = 0.5) -> Longs:
    """Return n sorted times in [start, start + length), denser where people are awake."""
    steps = max(1, min(96, length // (HOUR_MS // 4)))
    edges = start + length * np.arange(steps + 1, dtype=np.float64) / steps
    weights = (DAY_SHAPE**rhythm)[((edges[:-1] + length / steps / 2) // HOUR_MS % 24).astype(np.int64)]
    shares = np.concatenate([[0.0], np.cumsum(weights) / weights.sum()])
    return np.sort(np.interp(rng.random(n), shares, edges).astype(np.int64))
