"""Columns of events: what a range of the log looks like as rows of the table `events`.

Owns the filling of every column from an event and its enrichment, as one literal table. Pure: the same events give the
same columns. Leaves to `dedupe` which of the rows are new, and to `batch` what happens to those that cannot be made.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Final, NamedTuple

from sendlens.enrich import actor, bounce, client, links, provider
from sendlens.enrich.geo import Countries
from sendlens.model.events import Event, EventType
from sendlens.model.identity import event_key, key_bucket, message_key, normal_recipient, recipient_key
from sendlens.pipeline.times import times_of

_BOUNCE_TYPES: Final = frozenset({EventType.BOUNCED, EventType.DEFERRED, EventType.DROPPED})
_ACTED: Final = frozenset({EventType.OPENED, EventType.CLICKED, EventType.UNSUBSCRIBED})
_ZERO: Final = Decimal(0)
_CENTS: Final = Decimal("0.0001")
_NOBODY: Final = ("", "", 0)
_NO_BOUNCE: Final = ("", "", 0, "")
_NO_MAILBOX: Final = ("", "", "")


class Placed(NamedTuple):
    """One event with what its block says of it: place in the batch, owner, and our time of receipt."""

    position: int
    tenant: str
    source: str
    partition: int
    received_at: int
    sent_at: int
    event: Event
    request_id: str = ""


class Rower:
    """Makes columns of events, with the enrichment tables and limits given to it once."""

    def __init__(
        self, *, currency_of: Callable[[str], str], countries: Countries | None = None, skew_limit_ms: int
    ) -> None:
        """`currency_of` tells a tenant's own currency, in which revenue is summed."""
        self._currency_of = currency_of
        self._countries = countries
        self._skew_limit_ms = skew_limit_ms

    def columns(self, placed: Sequence[Placed], batch_id: int) -> dict[str, list[object]]:
        """Return the columns of the table `events` for these events, each as long as `placed`.

        Raises whatever an event that cannot be digested raises; the caller finds out which one it was.
        """
        events = [p.event for p in placed]
        recipients = [normal_recipient(e.recipient) for e in events]
        domains = [r.rpartition("@")[2] if "@" in r else "" for r in recipients]
        mailboxes = [_mailbox(d, e.mx) for d, e in zip(domains, events, strict=True)]
        times = [
            times_of(p.event.occurred_at, p.event.sent_at or p.sent_at, p.received_at, self._skew_limit_ms)
            for p in placed
        ]
        agents = [client.identify(e.user_agent) for e in events]
        actors = [_actor(e, agent) for e, agent in zip(events, agents, strict=True)]
        bounces = [_bounce(e) for e in events]
        keys = [event_key(p.tenant, p.source, p.event) for p in placed]
        values = [_ZERO if e.value is None else e.value.quantize(_CENTS) for e in events]
        currencies = {tenant: self._currency_of(tenant) for tenant in {p.tenant for p in placed}}
        return {
            "tenant": [p.tenant for p in placed],
            "source": [p.source for p in placed],
            "shard": [p.partition for p in placed],
            "batch_id": [batch_id] * len(placed),
            "event_key": list(keys),
            "key_bucket": [key_bucket(p.event, p.received_at) for p in placed],
            "weight": [1] * len(placed),
            "type": [str(e.type) for e in events],
            "native_type": [e.native_type for e in events],
            "occurred_at": [t.occurred_at for t in times],
            "received_at": [p.received_at for p in placed],
            "skew_ms": [t.skew_ms for t in times],
            "clock": [t.clock for t in times],
            "message_key": [message_key(p.tenant, p.event, key) for p, key in zip(placed, keys, strict=True)],
            "message_id": [e.message_id for e in events],
            "message_sent_at": [e.message_sent_at // 1000 for e in events],
            "campaign_id": [e.campaign_id for e in events],
            "recipient": list(recipients),
            "recipient_key": [recipient_key(p.tenant, r) for p, r in zip(placed, recipients, strict=True)],
            "recipient_domain": list(domains),
            "provider": [m[0] for m in mailboxes],
            "gateway": [m[1] for m in mailboxes],
            "mailbox_kind": [m[2] for m in mailboxes],
            "template_id": [e.template_id for e in events],
            "segment": [e.segment for e in events],
            "variant": [e.variant for e in events],
            "sending_domain": [e.sending_domain or _domain_of(e.sender) for e in events],
            "sender": [e.sender for e in events],
            "subject": [e.subject for e in events],
            "pool": [e.pool for e in events],
            "sending_ip": [e.sending_ip for e in events],
            "stream": [e.stream for e in events],
            "channel": [e.channel for e in events],
            "untracked": [int(e.untracked) for e in events],
            "link_url": [e.link_url for e in events],
            "link_id": [e.link_id for e in events],
            "link_kind": [links.kind(e.link_url, e.link_id) if e.type is EventType.CLICKED else "" for e in events],
            "link_position": [e.link_position for e in events],
            "user_agent": [e.user_agent for e in events],
            "ip": [e.ip for e in events],
            "country": [e.country or self._country(e.ip) for e in events],
            "machine_told": [-1 if e.machine is None else int(e.machine) for e in events],
            "actor": [a[0] for a in actors],
            "actor_reason": [a[1] for a in actors],
            "actor_confidence": [a[2] for a in actors],
            "client": [a.client for a in agents],
            "device": [str(a.device) if e.user_agent else "" for a, e in zip(agents, events, strict=True)],
            "os": [a.os for a in agents],
            "mx": [e.mx for e in events],
            "smtp_code": [e.smtp_code for e in events],
            "enhanced_code": [e.enhanced_code for e in events],
            "smtp_reply": [e.smtp_reply for e in events],
            "bounce_class": [b[0] for b in bounces],
            "bounce_reason": [b[1] for b in bounces],
            "bounce_confidence": [b[2] for b in bounces],
            "bounce_rule": [b[3] for b in bounces],
            "reason": [e.reason for e in events],
            "attempt": [e.attempt for e in events],
            "unsubscribe_method": [e.unsubscribe_method for e in events],
            "conversion_type": [e.conversion_type for e in events],
            "value": list(values),
            "currency": [e.currency for e in events],
            "revenue": [
                value if value and p.event.currency == currencies[p.tenant] else _ZERO
                for p, value in zip(placed, values, strict=True)
            ],
            "order_id": [e.order_id for e in events],
            "product_id": [e.product_id for e in events],
            "category": [e.category for e in events],
            "quantity": [e.quantity for e in events],
            "tags": [list(e.tags) for e in events],
            "metadata": [list(e.metadata.items()) for e in events],
            "raw": [e.raw for e in events],
        }

    def _country(self, ip: str) -> str:
        return self._countries.of(ip) if ip and self._countries is not None else ""


def _mailbox(domain: str, mx: str) -> tuple[str, str, str]:
    if not domain:
        return _NO_MAILBOX
    found = provider.of_domain(domain, mx)
    return str(found.provider), str(found.gateway), str(found.kind)


def _actor(event: Event, agent: client.Client) -> tuple[str, str, int]:
    if event.type not in _ACTED:
        return _NOBODY
    verdict = actor.judge(event.type, event.user_agent, event.ip, event.machine, agent)
    return str(verdict.actor), verdict.reason, verdict.confidence


def _bounce(event: Event) -> tuple[str, str, int, str]:
    if event.type not in _BOUNCE_TYPES:
        return _NO_BOUNCE
    verdict = bounce.classify(
        event.type, event.smtp_code, event.enhanced_code, event.smtp_reply, event.bounce_class, event.reason
    )
    return str(verdict.bounce_class), verdict.reason, verdict.confidence, verdict.rule


def _domain_of(sender: str) -> str:
    return sender.rpartition("@")[2].strip("> ").lower() if "@" in sender else ""
