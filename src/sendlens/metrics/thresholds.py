"""Thresholds: from which value on a deliverability metric deserves attention, and from which it is bad.

Owns the table. A level is reached by a value at least as bad as its limit, and never by a figure whose denominator is
too small to judge by.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from sendlens.metrics.figures import Figure
from sendlens.metrics.registry import METRICS

Level = Literal["", "notice", "warning", "bad"]


@dataclass(frozen=True, slots=True)
class Threshold:
    """The limits of one metric from mild to grave, None where there is no such level, and where they come from."""

    notice: float | None
    warning: float | None
    bad: float | None
    source: str


THRESHOLDS: Final[dict[str, Threshold]] = {
    "complaint_rate": Threshold(0.0008, 0.001, 0.003, "Google and Yahoo: below 0.10 %, never 0.30 %"),
    "hard_bounce_rate": Threshold(None, 0.02, 0.05, "Amazon SES reviews an account at 5 %; 2 % leaves time to act"),
    "block_rate": Threshold(None, 0.05, 0.10, "ours: one refusal in twenty, one in ten"),
    "delivery_rate": Threshold(None, 0.95, 0.90, "ours: one mail in twenty lost, one in ten"),
    "deferral_rate": Threshold(None, 0.10, None, "ours: receivers slow the mail down"),
    "unsubscribe_rate": Threshold(None, 0.005, 0.01, "ours: one reader in 200 leaves, one in 100"),
    "dmarc_pass_rate": Threshold(None, 0.98, None, "ours: with every source set up, forwarding leaves less than 2 %"),
}
"""The limits by metric; a value is judged in the direction in which the metric gets worse."""


def level(figure: Figure) -> Level:
    """Return how bad a figure is; an empty text where it is fine, where there is no limit, and for too little mail."""
    limits = THRESHOLDS.get(figure.key)
    if limits is None or figure.value is None or not figure.enough:
        return ""
    down = METRICS[figure.key].better == "down"
    value = figure.value

    def reached(limit: float | None) -> bool:
        return limit is not None and (value >= limit if down else value < limit)

    if reached(limits.bad):
        return "bad"
    return "warning" if reached(limits.warning) else "notice" if reached(limits.notice) else ""
