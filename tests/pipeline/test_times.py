"""Clocks of sources that are wrong: corrected by the known formula, flagged beyond limits, never dropped."""

from __future__ import annotations

import numpy as np
import pytest

from sendlens.pipeline.times import CLOCKS, times_of

DAY_MS = 86_400_000
NOW = 1_790_000_000_000
HOUR = 3_600_000


@pytest.mark.parametrize(
    ("occurred", "sent", "expected"),
    [
        pytest.param(0, 0, (NOW, 0, "none"), id="no time: the time of receipt"),
        pytest.param(NOW - HOUR, 0, (NOW - HOUR, 0, ""), id="an hour ago, no time of sending"),
        pytest.param(NOW - HOUR, NOW - 900, (NOW - HOUR, 0, ""), id="transit is not skew"),
        pytest.param(NOW - 3 * HOUR, NOW - 2 * HOUR, (NOW - HOUR, 2 * HOUR, "corrected"), id="slow clock"),
        pytest.param(NOW + HOUR, NOW + 2 * HOUR, (NOW - HOUR, -2 * HOUR, "corrected"), id="fast clock"),
        pytest.param(NOW - 9 * DAY_MS, NOW - 8 * DAY_MS, (NOW - 9 * DAY_MS, 0, "beyond"), id="beyond the limit"),
        pytest.param(NOW + HOUR, 0, (NOW + HOUR, 0, "ahead"), id="ahead of us"),
        pytest.param(NOW + 3 * DAY_MS, 0, (NOW + 3 * DAY_MS, 0, "beyond"), id="far ahead of us"),
        pytest.param(NOW, NOW - 4_999, (NOW, 0, ""), id="the longest transit"),
        pytest.param(NOW, NOW - 5_000, (NOW + 5_000, 5_000, "corrected"), id="the least skew"),
        pytest.param(NOW, NOW - DAY_MS, (NOW + DAY_MS, DAY_MS, "corrected"), id="at the limit"),
        pytest.param(NOW, NOW - DAY_MS - 1, (NOW, 0, "beyond"), id="just beyond the limit"),
        pytest.param(NOW + 5_000, 0, (NOW + 5_000, 0, ""), id="no further ahead than transit"),
        pytest.param(NOW + 5_001, 0, (NOW + 5_001, 0, "ahead"), id="further ahead than transit"),
        pytest.param(NOW + DAY_MS, 0, (NOW + DAY_MS, 0, "ahead"), id="ahead by the limit"),
        pytest.param(NOW + DAY_MS + 1, 0, (NOW + DAY_MS + 1, 0, "beyond"), id="ahead by more"),
    ],
)
def test_skew(occurred: int, sent: int, expected: tuple[int, int, str]) -> None:
    """`occurred + (received - sent)`, with a tolerance and a limit."""
    # Beside an event of another kind: what is said of one says nothing of its neighbours.
    times = times_of(np.array([NOW, occurred]), np.array([0, sent]), np.array([NOW, NOW]), DAY_MS)
    found = [(int(at), int(skew), CLOCKS[clock]) for at, skew, clock in zip(*times, strict=True)]
    assert found == [(NOW, 0, ""), expected]
