"""Curves: how soon after sending people opened and clicked, as the share of those who did so within a time.

Owns the steps of time (near enough evenly spaced on a logarithmic axis), the counting, and the median. Machines have a
curve of their own: they fetch within seconds, and would make every mailing look quick.
"""

# ruff: noqa: S608 - only our own fragments are written into the text; every value is bound
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, cast

from sendlens.metrics.figures import duration
from sendlens.metrics.query import Metrics, TenantLike
from sendlens.metrics.question import Param
from sendlens.metrics.states import OF_CAMPAIGN

Deed = Literal["opened", "clicked"]
DEEDS: Final[tuple[Deed, ...]] = ("opened", "clicked")
STEPS: Final = (
    *(30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200),
    *(86_400, 2 * 86_400, 3 * 86_400, 7 * 86_400, 14 * 86_400, 30 * 86_400),
)
"""Seconds after sending at which the curves are told."""

# A message that only machines opened has no human time; its first open is the machine's. What happened before the mail
# was sent by the clocks of two servers happened at once.
_WITHIN: Final = f"""
SELECT deed, who, count() AS messages, quantileExact(0.5)(seconds) AS median,
    arrayMap(step -> arrayCount(s -> s <= step, groupArray(seconds)), {{steps:Array(UInt32)}}) AS within
FROM (
    SELECT act.1 AS deed, act.2 > 0 AS who,
        greatest(toInt64(if(act.2 > 0, act.2, act.3)) - toInt64(sent_at), toInt64(0)) AS seconds
    FROM messages FINAL
    ARRAY JOIN [('opened', opened_human_at, opened_at), ('clicked', clicked_human_at, clicked_at)] AS act
    WHERE {OF_CAMPAIGN} AND sent_at > 0 AND act.3 > 0
)
GROUP BY deed, who
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """Of `total` messages, how many were opened or clicked within each of `STEPS`; the median in seconds."""

    total: int
    within: tuple[int, ...]
    median: int

    def within_seconds(self, step: int) -> int:
        """Return how many acted within one of `STEPS`."""
        return self.within[STEPS.index(step)]

    @property
    def shares(self) -> tuple[float, ...]:
        """Return the share of all that acted, per step; empty where nobody did."""
        return tuple(count / self.total for count in self.within) if self.total else ()

    @property
    def median_text(self) -> str:
        """Return the median as people read it, or a dash."""
        return duration(self.median) if self.total else "–"


@dataclass(frozen=True, slots=True, kw_only=True)
class Curves:
    """The curve of people, and that of messages where only machines acted."""

    people: Curve
    machines: Curve


def curves(metrics: Metrics, tenant: TenantLike, campaign: str) -> dict[Deed, Curves]:
    """Return how soon after sending the messages of a campaign were opened and clicked for the first time."""
    asked: dict[str, Param] = {"id": campaign, "steps": list(STEPS)}
    found = {
        (str(deed), bool(who)): Curve(
            total=int(cast("int", messages)),
            median=int(cast("int", median)),
            within=tuple(int(count) for count in cast("Sequence[int]", within)),
        )
        for deed, who, messages, median, within in metrics.store.query(tenant.id, _WITHIN, asked).rows
    }
    nobody = Curve(total=0, within=(0,) * len(STEPS), median=0)
    return {
        deed: Curves(people=found.get((deed, True), nobody), machines=found.get((deed, False), nobody))
        for deed in DEEDS
    }
