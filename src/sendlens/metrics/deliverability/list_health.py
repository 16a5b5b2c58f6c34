"""List health: hard bounces and complaints by how long a recipient had been on the list when the mail was sent.

The age is counted from the recipient's first event of any kind. Bad addresses show in the first mail ever, tired
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
_AGES: Final = """
SELECT
    multiIf(
        f.message = m.message_key OR f.first >= m.sent_at, 'first',
        dateDiff('second', f.first, m.sent_at) < 30 * 86400, '30d',
        dateDiff('second', f.first, m.sent_at) <= 180 * 86400, '180d', 'older'
    ) AS age,
    countIf(m.delivered_at > 0 OR m.bounced_at > 0) AS sent,
    countIf(m.delivered_at > m.bounced_at) AS delivered,
    countIf(m.bounced_at > 0 AND m.bounced_at >= m.delivered_at AND m.bounce_class = 'hard') AS bounced_hard,
    countIf(m.complained_at > 0) AS complained,
    countIf(m.unsubscribed_human_at > 0) AS unsubscribed_human
FROM (
    SELECT recipient_key, message_key, sent_at, delivered_at, bounced_at, bounce_class, complained_at,
        unsubscribed_human_at
    FROM messages FINAL
    WHERE {where} AND recipient_key != 0
) AS m
INNER JOIN (
    SELECT recipient_key, toDateTime(min(occurred_at), 'UTC') AS first,
        argMin(message_key, occurred_at) AS message
    FROM recipient_events
    WHERE tenant = {{tenant:String}} AND recipient_key IN (
        SELECT recipient_key FROM messages WHERE {where} AND recipient_key != 0
    )
    GROUP BY recipient_key
) AS f ON m.recipient_key = f.recipient_key
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
