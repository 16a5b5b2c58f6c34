"""Changes: what the batches after a given one brought to a tenant, for those who keep figures of their own up to date.

Owns the reading of the events of a range of batches, as sums with weights, so that a corrected verdict is told as what
it takes away and adds. A range is asked of the store, not remembered: after a restart, and for a listener that was away
or slow, the answer is the same, and nothing is told twice or left out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final, cast

from sendlens.metrics.query import StoreLike, TenantLike

MOST_GROUPS: Final = 100_000
"""Most combinations of campaign, provider, type and verdict that one range may have."""

ENGAGEMENT: Final = (
    "opened",
    "clicked",
    "complained",
    "unsubscribed",
    "resubscribed",
    "replied",
    "forwarded",
    "shared",
)
_ENGAGED: Final = {"opened": "opens", "clicked": "clicks"}
DELIVERY: Final = ("injected", "deferred", "delivered", "bounced", "dropped", "complained")

_CHANGED: Final = f"""
SELECT campaign_id, provider, type, actor = 'machine' AS by_machine, bounce_class,
    sum(toInt64(weight)) AS n, sum(revenue * weight) AS amount
FROM events
WHERE tenant = {{tenant:String}} AND batch_id > {{after:UInt64}} AND batch_id <= {{until:UInt64}}
    AND NOT (type = 'clicked' AND link_kind != '')
GROUP BY campaign_id, provider, type, by_machine, bounce_class
LIMIT {MOST_GROUPS}
"""  # noqa: S608 - a number of our own

Counts = dict[str, int]


@dataclass(frozen=True)
class Revenue:
    """Conversions and their value in the tenant's currency."""

    conversions: int
    amount: Decimal


@dataclass
class Changes:
    """What a range of batches brought: engagement and revenue by campaign, delivery by mailbox provider.

    Counts are of events: `opens` are those of people, `opens_machine` those of machines, and so for clicks. A bounce
    counts as `bounced` and in its class (`bounced_hard`, …).
    """

    engagement: dict[str, Counts] = field(default_factory=dict[str, Counts])
    revenue: dict[str, Revenue] = field(default_factory=dict[str, Revenue])
    delivery: dict[str, Counts] = field(default_factory=dict[str, Counts])


def changes(store: StoreLike, tenant: TenantLike, after: int, until: int) -> Changes:
    """Return what batches `after` (excluded) to `until` (included) brought; raises `StoreError` if it is too much."""
    rows = store.query(tenant.id, _CHANGED, {"after": after, "until": until}).rows
    return summed(rows)


def summed(rows: Sequence[Sequence[object]]) -> Changes:
    """Return rows of (campaign, provider, type, by machine, bounce class, number, amount) as changes."""
    engagement: defaultdict[str, Counts] = defaultdict(lambda: defaultdict(int))
    delivery: defaultdict[str, Counts] = defaultdict(lambda: defaultdict(int))
    revenue: dict[str, Revenue] = {}
    for row in rows:
        campaign, provider, kind, by_machine, bounce_class, number, amount = row
        campaign, provider, kind, n = str(campaign), str(provider), str(kind), int(cast("int", number))
        if kind in ENGAGEMENT:
            name = _ENGAGED.get(kind, kind)
            engagement[campaign][f"{name}_machine" if by_machine else name] += n
        if kind in DELIVERY:
            delivery[provider][kind] += n
        if kind == "bounced":
            delivery[provider][f"bounced_{bounce_class or 'undetermined'}"] += n
        if kind == "converted":
            before = revenue.get(campaign, Revenue(0, Decimal(0)))
            revenue[campaign] = Revenue(before.conversions + n, before.amount + cast("Decimal", amount))
    return Changes(_whole(engagement), revenue, _whole(delivery))


def _whole(table: dict[str, Counts]) -> dict[str, Counts]:
    """Return the table without what cancels out, in plain dictionaries."""
    kept = {name: {key: n for key, n in counts.items() if n} for name, counts in table.items()}
    return {name: counts for name, counts in kept.items() if counts}
