"""Transport: whether mail to a domain could be encrypted, and what went wrong, from TLS reports (RFC 8460)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, cast

from sendlens.metrics.deliverability.reading import knows, within
from sendlens.metrics.figures import Figure, figure
from sendlens.metrics.query import Metrics, Scope
from sendlens.metrics.question import Binder, Want
from sendlens.metrics.registry import METRICS

MOST_DOMAINS: Final = 50
_DOMAINS: Final = """
SELECT domain, sum(successful + failed) AS sessions, sum(failed) AS failures,
    groupUniqArray(20)(toString(org)) AS reporters,
    sumMapIf([toString(failure_type)], [failure_sessions], failure_type != '') AS causes
FROM tls_reports FINAL WHERE {where}
GROUP BY domain ORDER BY failures DESC, sessions DESC, domain LIMIT {limit}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transport:
    """One domain: sessions that failed among all that were reported, and the kinds of failure, most first."""

    domain: str
    sessions: int
    failure_rate: Figure
    causes: dict[str, int]
    reporters: list[str]


def transport(metrics: Metrics, scope: Scope) -> list[Transport] | None:
    """Return what TLS reports of the period say; None if reports do not know a filter."""
    if not knows(scope, "tls"):
        return None
    bind = Binder()
    where = within(scope, metrics.known(scope), bind, at="begin_at", home="tls")
    sql = _DOMAINS.format(where=where, limit=bind(MOST_DOMAINS, "UInt64"))
    found: list[Transport] = []
    for domain, sessions, failures, reporters, causes in metrics.store.query(scope.tenant.id, sql, bind.params).rows:
        sums = {
            Want("tls_sessions", "event"): int(cast("int", sessions)),
            Want("tls_failed", "event"): int(cast("int", failures)),
        }
        names, counts = cast("tuple[list[str], list[int]]", causes)
        found.append(
            Transport(
                domain=str(domain),
                sessions=int(cast("int", sessions)),
                failure_rate=figure(METRICS["tls_failure_rate"], sums, scope.tenant.currency, "event"),
                causes=dict(sorted(zip(names, counts, strict=True), key=lambda one: (-one[1], one[0]))),
                reporters=sorted(cast("list[str]", reporters)),
            )
        )
    return found
