"""List health: hard bounces and complaints by how long a recipient had been on the list when the mail was sent.

The age is counted from the first mail to the recipient that is known. Bad addresses show in the first mail ever, tired
readers in the old ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, cast

from sendlens.metrics.deliverability.reading import knows, sent_within
from sendlens.metrics.figures import Figure, figure
from sendlens.metrics.query import Metrics, Scope
from sendlens.metrics.question import Binder, Want
from sendlens.metrics.registry import METRICS

HEALTH_METRICS: Final = ("sent", "hard_bounce_rate", "complaint_rate", "unsubscribe_rate")
AGES: Final = {
    "first": "First mail ever",
    "30d": "Less than 30 days",
    "180d": "30 to 180 days",
    "older": "More than 180 days",
}
"""The ages by key, youngest first."""
_MEASURES: Final = ("sent", "delivered", "bounced_hard", "complained", "unsubscribed_human")
# What a message counts for is the store's definition (contributions): a test holds these sums against the registry's.
# TRICKY: the first mail is looked for in all versions of all rows, because a message's time of sending only ever gets
# earlier. And ASOF, of which at most one first mail is found: an ordinary join is turned around by the planner, which
# then keeps all mail of the period in memory and not the people.
_AGES: Final = """
SELECT
    multiIf(
        m.sent_at <= f.first, 'first', m.sent_at < f.first + 30 * 86400, '30d',
        m.sent_at <= f.first + 180 * 86400, '180d', 'older'
    ) AS age,
    countIf(m.sent) AS sent, countIf(m.delivered) AS delivered, countIf(m.bounced_hard) AS bounced_hard,
    countIf(m.complained) AS complained, countIf(m.unsubscribed_human) AS unsubscribed_human
FROM (
    SELECT recipient_key, sent_at, delivered_at > 0 OR bounced_at > 0 AS sent, delivered_at > bounced_at AS delivered,
        bounced_at > 0 AND bounced_at >= delivered_at AND bounce_class = 'hard' AS bounced_hard,
        complained_at > 0 AS complained, unsubscribed_human_at > 0 AS unsubscribed_human
    FROM messages FINAL
    WHERE {where} AND recipient_key != 0
) AS m
ASOF INNER JOIN (
    SELECT recipient_key, min(sent_at) AS first
    FROM messages
    WHERE tenant = {{tenant:String}} AND recipient_key != 0 AND messages.sent_at > 0
    GROUP BY recipient_key
) AS f ON m.recipient_key = f.recipient_key AND m.sent_at >= f.first
GROUP BY age
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """The figures of one part of the list: an age (`AGES`) or a segment."""

    key: str
    label: str
    figures: dict[str, Figure]


def by_age(metrics: Metrics, scope: Scope) -> list[Health] | None:
    """Return the figures by age, youngest first, of mail sent in the period; None if messages do not know a filter."""
    if not knows(scope, "column"):
        return None
    bind = Binder()
    sql = _AGES.format(where=sent_within(scope, metrics.known(scope), bind))
    found: dict[str, list[int]] = {}
    for age, *sums in metrics.store.query(scope.tenant.id, sql, bind.params).rows:
        found[str(age)] = [int(cast("int", one)) for one in sums]
    health: list[Health] = []
    for key, label in AGES.items():
        if key not in found:
            continue
        sums = {Want(name, "send"): value for name, value in zip(_MEASURES, found[key], strict=True)}
        figures = {one: figure(METRICS[one], sums, scope.tenant.currency, "send") for one in HEALTH_METRICS}
        health.append(Health(key=key, label=label, figures=figures))
    return health


def by_segment(metrics: Metrics, scope: Scope, limit: int = 20) -> list[Health]:
    """Return the figures of the largest segments."""
    table = metrics.breakdown(scope, HEALTH_METRICS, "segment", limit=limit)
    return [Health(key=row.value, label=row.label, figures=row.figures) for row in table.rows]
