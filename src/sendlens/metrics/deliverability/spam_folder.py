"""The inferred spam folder: a provider at which people suddenly open much less, while they open as before elsewhere.

Nobody tells a sender that mail went into the spam folder; but people do not open it there. The open rate of a provider
is held against its own past and against the other providers in the same days, because fresh mail has not settled and a
dull subject line is dull everywhere: both cancel in

    ratio = (recent at P / recent elsewhere) / (baseline at P / baseline elsewhere)

A ratio below 0.7 that chance does not explain (z < -2.58 on its logarithm, one in 200) is a signal.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

from sendlens.metrics.periods import Period, edges, parse_period, shift_days
from sendlens.metrics.query import Metrics, Scope

Verdict = Literal["spam_folder", "holds", "too_little"]
Opened = tuple[int, int]
"""(messages opened by people, messages delivered with a tracker)"""

RECENT_DAYS: Final = 3
BASELINE_DAYS: Final = 28
FALL: Final = 0.7
"""A provider's ratio below which it is looked into: 30 % under its own baseline."""
Z_LIMIT: Final = -2.58
LEAST_MAIL: Final = 200
"""Delivered, tracked messages that each of the four rates must have."""
_NOTHING: Final[Opened] = (0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """The verdict on one provider with the numbers behind it.

    `recent` and `baseline` are the provider's, `recent_others` and `baseline_others` those of all others together.
    `ratio` and `z` are None where there is too little mail.
    """

    provider: str
    verdict: Verdict
    recent: Opened
    baseline: Opened
    recent_others: Opened
    baseline_others: Opened
    ratio: float | None = None
    z: float | None = None


def judge(recent: Mapping[str, Opened], baseline: Mapping[str, Opened]) -> list[Signal]:
    """Return a verdict on every provider, the gravest first, those with too little mail last."""
    signals = [
        _signal(
            provider,
            recent.get(provider, _NOTHING),
            baseline.get(provider, _NOTHING),
            _others(recent, provider),
            _others(baseline, provider),
        )
        for provider in {*recent, *baseline}
    ]
    order = {"spam_folder": 0, "holds": 1, "too_little": 2}
    return sorted(signals, key=lambda one: (order[one.verdict], one.ratio or 0.0, -one.baseline[1], one.provider))


def spam_folder(metrics: Metrics, scope: Scope, limit: int = 200) -> list[Signal]:
    """Return a verdict on the largest providers, from the last three full days against the 28 before.

    The scope's period does not matter; its filters do.
    """
    recent, baseline = days(scope.tenant.time_zone, metrics.clock.now_ms())
    return judge(_opened(metrics, scope, recent, limit), _opened(metrics, scope, baseline, limit))


def days(zone: str, now: int) -> tuple[Period, Period]:
    """Return the recent days and the baseline before them; today is in neither."""
    today = edges(parse_period("today", zone, now), "day")[0]
    turn = shift_days(today, -RECENT_DAYS, zone)
    start = shift_days(turn, -BASELINE_DAYS, zone)
    return Period("custom", turn, today, today, zone), Period("custom", start, turn, turn, zone)


def _opened(metrics: Metrics, scope: Scope, period: Period, limit: int) -> dict[str, Opened]:
    asked = replace(scope, period=period, compare=None, clock="send")
    table = metrics.breakdown(asked, ("open_rate", "delivered"), "provider", order_by="-delivered", limit=limit)
    return {
        row.value: (int(row.figures["open_rate"].n or 0), int(row.figures["open_rate"].d or 0)) for row in table.rows
    }


def _others(all_: Mapping[str, Opened], provider: str) -> Opened:
    rest = [one for key, one in all_.items() if key != provider]
    return sum(one[0] for one in rest), sum(one[1] for one in rest)


def _signal(provider: str, recent: Opened, baseline: Opened, recent_others: Opened, baseline_others: Opened) -> Signal:
    four = (recent, recent_others, baseline, baseline_others)
    told = Signal(
        provider=provider,
        verdict="too_little",
        recent=recent,
        baseline=baseline,
        recent_others=recent_others,
        baseline_others=baseline_others,
    )
    if min(delivered for _, delivered in four) < LEAST_MAIL:
        return told
    # Half an opener more in each, so that a provider at which nobody opens any more still has a logarithm.
    rates = [(opened + 0.5) / (delivered + 1.0) for opened, delivered in four]
    log = math.log(rates[0] / rates[1]) - math.log(rates[2] / rates[3])
    variance = sum((1 - rate) / (rate * (delivered + 1.0)) for rate, (_, delivered) in zip(rates, four, strict=True))
    z = log / math.sqrt(variance) if variance > 0 else 0.0
    ratio = math.exp(log)
    verdict: Verdict = "spam_folder" if ratio < FALL and z < Z_LIMIT else "holds"
    return replace(told, verdict=verdict, ratio=ratio, z=z)
