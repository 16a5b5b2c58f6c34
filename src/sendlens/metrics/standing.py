"""A person's standing: since when they are known, where their mailbox is, and what speaks against writing to them.

Owns the facts that a suppression list would ask for. What happened when is the timeline's (`recipients`).
"""

# ruff: noqa: S608 - only our own fragments are written into the text; every value is bound
from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, cast

from sendlens.metrics.query import Metrics, TenantLike
from sendlens.metrics.question import Param
from sendlens.metrics.states import OF_PERSON

_SEEN: Final = """
SELECT min(occurred_at) AS first, max(occurred_at) AS last, maxIf(occurred_at, type = 'resubscribed') AS returned,
    argMax((toString(provider), toString(gateway)), (provider != '', gateway != '', occurred_at)) AS mailbox
FROM events
WHERE tenant = {tenant:String} AND recipient_key = {person:UInt64}
"""
_MAIL: Final = f"""
SELECT
    countIf(delivered_at > 0 OR bounced_at > 0) AS messages,
    uniqExactIf(campaign_id, campaign_id != '') AS campaigns,
    maxIf(bounced_at, bounce_class = 'hard' AND bounced_at >= delivered_at) AS hard_bounced,
    max(delivered_at) AS delivered,
    max(complained_at) AS complained,
    max((unsubscribed_at, toString(unsubscribe_method))) AS left
FROM messages FINAL
WHERE {OF_PERSON}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What is known of a person besides their timeline; times in UTC milliseconds, 0 for never."""

    first_seen: int
    last_seen: int
    messages: int
    campaigns: int
    provider: str
    gateway: str
    hard_bounced: int
    delivered: int
    complained: int
    unsubscribed: int
    unsubscribe_method: str
    resubscribed: int

    @property
    def against(self) -> list[str]:
        """Return what speaks against writing to them, the gravest first."""
        found: list[str] = []
        if self.complained:
            found.append("complained")
        if self.unsubscribed and self.unsubscribed > self.resubscribed:
            found.append("unsubscribed")
        if self.hard_bounced > self.delivered:
            found.append("hard_bounced")
        return found


def standing(metrics: Metrics, tenant: TenantLike, key: str) -> Standing:
    """Return the standing of the person with this key."""
    asked: dict[str, Param] = {"person": int(key)}
    first, last, returned, mailbox = metrics.store.query(tenant.id, _SEEN, asked).rows[0]
    messages, campaigns, hard, delivered, complained, left = metrics.store.query(tenant.id, _MAIL, asked).rows[0]
    provider, gateway = cast("tuple[str, str]", mailbox)
    left_at, method = cast("tuple[object, str]", left)
    return Standing(
        first_seen=_millis(first),
        last_seen=_millis(last),
        messages=int(cast("int", messages)),
        campaigns=int(cast("int", campaigns)),
        provider=provider,
        gateway=gateway,
        hard_bounced=_millis(hard),
        delivered=_millis(delivered),
        complained=_millis(complained),
        unsubscribed=_millis(left_at),
        unsubscribe_method=method,
        resubscribed=_millis(returned),
    )


def _millis(value: object) -> int:
    return round(cast("datetime", value).timestamp() * 1000)
