"""Curves: how soon after sending people opened and clicked, as the share of those who did so within a time.

Owns the steps of time (near enough evenly spaced on a logarithmic axis), the counting, and the median. Machines have a
curve of their own: they fetch within seconds, and would make every mailing look quick.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, cast

from sendlens.metrics.figures import duration
from sendlens.metrics.query import Metrics, TenantLike
from sendlens.metrics.question import Param

Deed = Literal["opened", "clicked"]
STEPS: Final = (
    *(30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200),
    *(86_400, 2 * 86_400, 3 * 86_400, 7 * 86_400, 14 * 86_400, 30 * 86_400),
)
"""Seconds after sending at which the curves are told."""

# A message that only machines opened has no human time; its first open is the machine's. What happened before the mail
# was sent by the clocks of two servers happened at once.
_WITHIN: Final = """
SELECT who, count() AS messages, quantileExact(0.5)(seconds) AS median,
    arrayMap(step -> arrayCount(s -> s <= step, groupArray(seconds)), {{steps:Array(UInt32)}}) AS within
FROM (
    SELECT
        human_at > 0 AS who,
        greatest(toInt64(if(human_at > 0, human_at, any_at)) - toInt64(sent_at), toInt64(0)) AS seconds
    FROM (
        SELECT sent_at, {deed}_human_at AS human_at, {deed}_at AS any_at
        FROM messages FINAL
        WHERE tenant = {{tenant:String}} AND campaign_id = {{id:String}} AND sent_at > 0 AND {deed}_at > 0
    )
)
GROUP BY who
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """Of `total` messages, how many were opened or clicked within each of `STEPS`; the median in seconds."""

    total: int
    within: tuple[int, ...]
    median: int

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


def curves(metrics: Metrics, tenant: TenantLike, campaign: str, deed: Deed) -> Curves:
    """Return how soon after sending the messages of a campaign were opened or clicked for the first time."""
    asked: dict[str, Param] = {"id": campaign, "steps": list(STEPS)}
    found = {
        bool(row[0]): Curve(
            total=int(cast("int", row[1])),
            median=int(cast("int", row[2])),
            within=tuple(int(count) for count in cast("Sequence[int]", row[3])),
        )
        for row in metrics.store.query(tenant.id, _WITHIN.format(deed=deed), asked).rows
    }
    nobody = Curve(total=0, within=(0,) * len(STEPS), median=0)
    return Curves(people=found.get(True, nobody), machines=found.get(False, nobody))


def both_curves(metrics: Metrics, tenant: TenantLike, campaign: str) -> dict[Deed, Curves]:
    """Return the curves of opening and of clicking."""
    deeds: tuple[Deed, ...] = ("opened", "clicked")
    return {deed: curves(metrics, tenant, campaign, deed) for deed in deeds}
