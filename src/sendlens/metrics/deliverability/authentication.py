"""Authentication: which sources send mail in a domain's name, and whether receivers believe them.

From the aggregate reports of receivers (DMARC), by their own evaluation. A source whose mail passes DKIM but not SPF is
most likely a forwarder; one that passes neither is a sender that was not set up, or somebody else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, cast

from sendlens.metrics.deliverability.reading import knows, within
from sendlens.metrics.figures import Figure, figure
from sendlens.metrics.query import Metrics, Scope
from sendlens.metrics.question import Binder, Want
from sendlens.metrics.registry import METRICS

Kind = Literal["passes", "forwarder", "fails"]
AUTHENTICATION_METRICS: Final = (
    "dmarc_mails",
    "dmarc_pass_rate",
    "dkim_aligned_rate",
    "spf_aligned_rate",
    "dmarc_refused_rate",
)
_MEASURES: Final = ("dmarc_mails", "dmarc_passed", "dmarc_dkim", "dmarc_spf", "dmarc_quarantined", "dmarc_rejected")
_SUMS: Final = """
    sum(count) AS mails, sumIf(count, dkim_aligned OR spf_aligned) AS passed, sumIf(count, dkim_aligned) AS dkim,
    sumIf(count, spf_aligned) AS spf, sumIf(count, disposition = 'quarantine') AS quarantined,
    sumIf(count, disposition = 'reject') AS rejected
"""
_DOMAINS: Final = """
SELECT domain, {sums}, groupUniqArray(20)(toString(org)) AS reporters,
    argMax((toString(policy), toString(subdomain_policy), toUInt8(testing)), end_at) AS published
FROM dmarc_records FINAL WHERE {where}
GROUP BY domain ORDER BY mails - passed DESC, mails DESC, domain LIMIT {limit}
"""
_SOURCES: Final = """
SELECT domain, source_ip, {sums}, groupUniqArray(20)(toString(org)) AS reporters
FROM dmarc_records FINAL WHERE {where}
GROUP BY domain, source_ip ORDER BY mails - passed DESC, mails DESC, domain, source_ip LIMIT {limit}
"""
MOST_DOMAINS: Final = 50
MOST_SOURCES: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Domain:
    """One From domain: its figures, who reported, and the policy that the latest report saw published."""

    domain: str
    figures: dict[str, Figure]
    reporters: list[str]
    policy: str
    subdomain_policy: str
    testing: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One address that sends in a domain's name."""

    domain: str
    source_ip: str
    kind: Kind
    figures: dict[str, Figure]
    reporters: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Authentication:
    """Domains and sources, those with the most mail that does not pass first."""

    domains: list[Domain]
    sources: list[Source]


def authentication(metrics: Metrics, scope: Scope) -> Authentication | None:
    """Return what DMARC reports of the period say; None if reports do not know a filter."""
    if not knows(scope, "dmarc"):
        return None
    bind = Binder()
    where = within(scope, metrics.known(scope), bind, at="begin_at", home="dmarc")
    domains = _DOMAINS.format(sums=_SUMS, where=where, limit=bind(MOST_DOMAINS, "UInt64"))
    sources = _SOURCES.format(sums=_SUMS, where=where, limit=bind(MOST_SOURCES, "UInt64"))
    return Authentication(
        domains=[_domain(scope, row) for row in metrics.store.query(scope.tenant.id, domains, bind.params).rows],
        sources=[_source(scope, row) for row in metrics.store.query(scope.tenant.id, sources, bind.params).rows],
    )


def kind(mails: int, passed: int, dkim: int, spf: int) -> Kind:
    """Return what a source looks like: one that passes, a forwarder (DKIM only), or one that fails.

    >>> kind(100, 99, 99, 98), kind(100, 90, 90, 0), kind(100, 3, 3, 0)
    ('passes', 'forwarder', 'fails')
    """
    if 2 * passed < mails:
        return "fails"
    return "forwarder" if 2 * dkim >= mails and 10 * spf < mails else "passes"


def _domain(scope: Scope, row: object) -> Domain:
    domain, *sums, reporters, published = cast("tuple[object, ...]", row)
    policy, subdomains, testing = cast("tuple[str, str, int]", published)
    return Domain(
        domain=str(domain),
        figures=_figures(scope, sums),
        reporters=sorted(cast("list[str]", reporters)),
        policy=policy,
        subdomain_policy=subdomains,
        testing=bool(testing),
    )


def _source(scope: Scope, row: object) -> Source:
    domain, address, *sums, reporters = cast("tuple[object, ...]", row)
    mails, passed, dkim, spf = (int(cast("int", one)) for one in sums[:4])
    return Source(
        domain=str(domain),
        source_ip=str(address),
        kind=kind(mails, passed, dkim, spf),
        figures=_figures(scope, sums),
        reporters=sorted(cast("list[str]", reporters)),
    )


def _figures(scope: Scope, sums: list[object]) -> dict[str, Figure]:
    told = {Want(name, "event"): int(cast("int", one)) for name, one in zip(_MEASURES, sums, strict=True)}
    return {key: figure(METRICS[key], told, scope.tenant.currency, "event") for key in AUTHENTICATION_METRICS}
