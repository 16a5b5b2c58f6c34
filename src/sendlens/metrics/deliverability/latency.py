"""Latency: how long mail takes from sending to the receiving server's yes.

Only messages are counted whose sending was told apart from their delivery; a source that tells deliveries alone knows
no time between.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, cast

from sendlens.metrics.deliverability.reading import knows, sent_within
from sendlens.metrics.query import Metrics, Scope
from sendlens.metrics.question import Binder

MOST_ROWS: Final = 50
# Counted by second first: there are thousands of seconds and millions of messages.
_LATENCY: Final = """
SELECT provider, grouping(provider) AS all_providers, sum(messages) AS n,
    quantilesExactWeighted(0.5, 0.9, 0.99)(seconds, messages) AS at
FROM (
    SELECT provider, toUInt32(dateDiff('second', sent_at, delivered_at)) AS seconds, count() AS messages
    FROM messages FINAL
    WHERE {where} AND delivered_at >= sent_at AND (injected_at > 0 OR sent_at < delivered_at)
    GROUP BY provider, seconds
)
GROUP BY GROUPING SETS ((), (provider))
ORDER BY all_providers DESC, n DESC, provider
LIMIT {limit}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """Seconds from sending to delivery: half, nine of ten and 99 of 100 mails of `n` took no longer.

    `provider` is None in the row about all of them together.
    """

    provider: str | None
    n: int
    p50: int
    p90: int
    p99: int


def latency(metrics: Metrics, scope: Scope) -> list[Latency] | None:
    """Return the latency of all mail and of the largest providers; None if messages do not know a filter."""
    if not knows(scope, "column"):
        return None
    bind = Binder()
    where = sent_within(scope, metrics.known(scope), bind)
    sql = _LATENCY.format(where=where, limit=bind(MOST_ROWS + 1, "UInt64"))
    found: list[Latency] = []
    for provider, every, n, at in metrics.store.query(scope.tenant.id, sql, bind.params).rows:
        count = int(cast("int", n))
        if not count:
            continue
        p50, p90, p99 = (int(value) for value in cast("list[int]", at))
        found.append(Latency(provider=None if every else str(provider), n=count, p50=p50, p90=p90, p99=p99))
    return found
