"""Columns of events: what a portion of the log looks like as rows of the table `events`.

Owns the filling of every column from events and their enrichment. Pure: the same events give the same columns. A column
that no event of the portion uses is left out, and the store fills in its default; enrichment is asked once per distinct
text. Leaves to `dedupe` which of the rows are new, and to `batch` what happens to those that cannot be made.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from operator import attrgetter
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from sendlens.enrich import actor, bounce, client, links, provider
from sendlens.enrich.geo import Countries
from sendlens.model.events import Event, EventType
from sendlens.model.identity import normal_recipient
from sendlens.pipeline import keys as digests
from sendlens.pipeline.codes import Coded, combined
from sendlens.pipeline.portion import Portion
from sendlens.pipeline.times import CLOCKS, times_of
from sendlens.store.columns import table_of

_BOUNCE_TYPES: Final = frozenset({EventType.BOUNCED, EventType.DEFERRED, EventType.DROPPED})
_ACTED: Final = frozenset({EventType.OPENED, EventType.CLICKED, EventType.UNSUBSCRIBED})
_CENTS: Final = Decimal("0.0001")
_ZERO: Final = Decimal(0)
_MINUTE_MS: Final = 60_000

TOLD: Final = (
    "native_type",
    "message_id",
    "campaign_id",
    "template_id",
    "segment",
    "variant",
    "sender",
    "subject",
    "pool",
    "sending_ip",
    "stream",
    "channel",
    "untracked",
    "link_url",
    "link_id",
    "user_agent",
    "ip",
    "mx",
    "smtp_code",
    "enhanced_code",
    "smtp_reply",
    "reason",
    "attempt",
    "unsubscribe_method",
    "conversion_type",
    "currency",
    "order_id",
    "product_id",
    "category",
    "quantity",
    "raw",
)
"""Fields that are columns as they were told, with the same name and the same default: empty or zero."""

Column = Sequence[object] | pa.Array


class Made(NamedTuple):
    """Rows of the table `events`, and those of their columns that the writer reckons with."""

    table: pa.Table
    event_keys: digests.Keys
    key_buckets: NDArray[np.uint32]
    message_keys: digests.Keys


class Rower:
    """Makes columns of events, with the enrichment tables and limits given to it once."""

    def __init__(
        self,
        *,
        currency_of: Callable[[str], str],
        countries: Countries | None = None,
        skew_limit_ms: int,
        exchanger_of: Callable[[str, int], str] | None = None,
    ) -> None:
        """`currency_of` tells a tenant's own currency, in which revenue is summed.

        `exchanger_of` tells the mail exchanger of a domain for what was received at a moment (UTC ms): always the same
        one for the same moment, and without waiting.
        """
        self._currency_of = currency_of
        self._exchanger_of = exchanger_of
        self._countries = countries
        self._skew_limit_ms = skew_limit_ms

    def columns(self, portion: Portion) -> Made:
        """Return rows of the table `events` for these events, in their order.

        Raises whatever an event that cannot be digested raises; the caller finds out which one it was.
        """
        events, owners = portion.events, portion.owners
        tenants = _of_blocks(portion, lambda block: block.tenant)
        recipients = _recipients(events)
        messages = Coded.of([event.message_id for event in events])
        event_keys = digests.event_keys(portion)
        message_keys = digests.message_keys(portion, tenants, messages, recipients, event_keys)
        occurred = np.array([event.occurred_at for event in events], dtype=np.int64)
        received = portion.times(lambda block: block.received_at)
        buckets = digests.key_buckets(occurred, received)
        shards = np.array([stored.partition for stored in portion.blocks], dtype=np.uint16)[owners]
        values: dict[str, Any] = {
            "tenant": tenants.labels(),
            "source": _of_blocks(portion, lambda block: block.source).labels(),
            "shard": pa.array(shards),
            "event_key": pa.array(event_keys),
            "key_bucket": pa.array(buckets),
            "type": [str(event.type) for event in events],
            "received_at": pa.array(received),
            "message_key": pa.array(message_keys),
            "recipient_key": pa.array(digests.recipient_keys(tenants, recipients)),
        }
        for name in TOLD:
            told = list(map(attrgetter(name), events))
            if any(told):
                values[name] = told
        values |= self._times(portion, occurred, received)
        values |= self._mailboxes(events, recipients, received)
        values |= _links(events)
        values |= _agents(events)
        values |= self._countries_of(events)
        values |= _actors(events)
        values |= _bounces(events)
        values |= self._money(portion)
        values |= _sending_domains(events)
        values |= _lists(events)
        return Made(table_of("events", values), event_keys, buckets, message_keys)

    def _mailboxes(self, events: Sequence[Event], recipients: Coded, received: NDArray[np.int64]) -> dict[str, Column]:
        told = Coded.of([event.mx for event in events])
        if not recipients and not told:
            return {}
        domains = _spread(recipients, lambda address: address.rpartition("@")[2] if "@" in address else "")
        columns: dict[str, Column] = {
            "recipient": recipients.labels().dictionary_decode(),
            "recipient_domain": domains.labels(),
        }
        # What is known of exchangers changes at full minutes only, so few combinations are to be looked up.
        minutes, places = np.unique(received // _MINUTE_MS, return_inverse=True)
        firsts, which = combined(domains, told, Coded(places.astype(np.int64), [""] * len(minutes)))
        found: list[tuple[str, str, str]] = []
        for place in firsts.tolist():
            domain, mx = domains.at(place), told.at(place)
            if domain and not mx and self._exchanger_of is not None:
                mx = self._exchanger_of(domain, int(received[place]) // _MINUTE_MS * _MINUTE_MS)
            found.append(_mailbox(domain, mx))
        boxes = Coded(which, ())
        for place, name in enumerate(("provider", "gateway", "mailbox_kind")):
            if column := boxes.spread([box[place] for box in found]):
                columns[name] = column.labels()
        return columns

    def _times(self, portion: Portion, occurred: NDArray[np.int64], received: NDArray[np.int64]) -> dict[str, Column]:
        told = np.array([event.sent_at for event in portion.events], dtype=np.int64)
        sent = np.where(told != 0, told, portion.times(lambda block: block.sent_at))
        times = times_of(occurred, sent, received, self._skew_limit_ms)
        columns: dict[str, Column] = {"occurred_at": pa.array(times.occurred_at)}
        if times.clock.any():
            columns["clock"] = Coded(times.clock.astype(np.int64), CLOCKS).labels()
            columns["skew_ms"] = pa.array(times.skew_ms)
        of_messages = np.array([event.message_sent_at for event in portion.events], dtype=np.int64)
        if of_messages.any():
            columns["message_sent_at"] = pa.array(of_messages // 1000)
        return columns

    def _countries_of(self, events: Sequence[Event]) -> dict[str, Column]:
        told = [event.country for event in events]
        if self._countries is not None:
            of = self._countries.of
            told = [said or (of(event.ip) if event.ip else "") for said, event in zip(told, events, strict=True)]
        return {"country": told} if any(told) else {}

    def _money(self, portion: Portion) -> dict[str, Column]:
        told = [event.value for event in portion.events]
        if not any(told):
            return {}
        values = [value.quantize(_CENTS) if value else _ZERO for value in told]
        own = [self._currency_of(stored.block.tenant) for stored in portion.blocks]
        revenue = [
            value if value and event.currency == own[owner] else _ZERO
            for event, value, owner in zip(portion.events, values, portion.owners.tolist(), strict=True)
        ]
        return {"value": values, "revenue": revenue}


def _of_blocks(portion: Portion, told: Callable[[Any], str]) -> Coded:
    """Return the column of what each event's block tells."""
    return Coded(portion.owners, ()).spread([told(stored.block) for stored in portion.blocks])


def _recipients(events: Sequence[Event]) -> Coded:
    return _spread(Coded.of([event.recipient for event in events]), normal_recipient)


def _spread(column: Coded, answer: Callable[[str], str]) -> Coded:
    return column.spread([answer(text) for text in column.texts])


def _mailbox(domain: str, mx: str) -> tuple[str, str, str]:
    if not domain and not mx:
        return "", "", ""
    # Without a recipient, whoever reported is all that tells where the mailbox is.
    box = provider.of_domain(domain or mx, mx)
    return str(box.provider), str(box.gateway), str(box.kind)


def _links(events: Sequence[Event]) -> dict[str, Column]:
    columns: dict[str, Column] = {"link_position": [event.link_position for event in events]}
    kinds = [links.kind(event.link_url, event.link_id) if event.type is EventType.CLICKED else "" for event in events]
    if any(kinds):
        columns["link_kind"] = kinds
    return columns


def _agents(events: Sequence[Event]) -> dict[str, Column]:
    agents = Coded.of([event.user_agent for event in events])
    if not agents:
        return {}
    seen = [client.identify(text) for text in agents.texts]
    return {
        "client": agents.spread([one.client for one in seen]).labels(),
        "device": agents.spread(
            [str(one.device) if text else "" for text, one in zip(agents.texts, seen, strict=True)]
        ).labels(),
        "os": agents.spread([one.os for one in seen]).labels(),
    }


def _actors(events: Sequence[Event]) -> dict[str, Column]:
    columns: dict[str, Column] = {
        "machine_told": [-1 if event.machine is None else int(event.machine) for event in events]
    }
    acted = [place for place, event in enumerate(events) if event.type in _ACTED]
    if not acted:
        return columns
    actors, reasons, confidences = [""] * len(events), [""] * len(events), [0] * len(events)
    for place in acted:
        event = events[place]
        agent = client.identify(event.user_agent)
        verdict = actor.judge(event.type, event.user_agent, event.ip, event.machine, agent)
        actors[place], reasons[place], confidences[place] = str(verdict.actor), verdict.reason, verdict.confidence
    return columns | {"actor": actors, "actor_reason": reasons, "actor_confidence": confidences}


def _bounces(events: Sequence[Event]) -> dict[str, Column]:
    bounced = [place for place, event in enumerate(events) if event.type in _BOUNCE_TYPES]
    if not bounced:
        return {}
    classes, reasons, rules = [""] * len(events), [""] * len(events), [""] * len(events)
    confidences = [0] * len(events)
    for place in bounced:
        e = events[place]
        verdict = bounce.classify(e.type, e.smtp_code, e.enhanced_code, e.smtp_reply, e.bounce_class, e.reason)
        classes[place], reasons[place] = str(verdict.bounce_class), verdict.reason
        confidences[place], rules[place] = verdict.confidence, verdict.rule
    return {
        "bounce_class": classes,
        "bounce_reason": reasons,
        "bounce_confidence": confidences,
        "bounce_rule": rules,
    }


def _sending_domains(events: Sequence[Event]) -> dict[str, Column]:
    domains = [event.sending_domain or (_domain_of(event.sender) if event.sender else "") for event in events]
    return {"sending_domain": domains} if any(domains) else {}


def _lists(events: Sequence[Event]) -> dict[str, Column]:
    columns: dict[str, Column] = {}
    if any(event.tags for event in events):
        columns["tags"] = [list(event.tags) for event in events]
    if any(event.metadata for event in events):
        columns["metadata"] = [list(event.metadata.items()) for event in events]
    return columns


def _domain_of(sender: str) -> str:
    return sender.rpartition("@")[2].strip("> ").lower() if "@" in sender else ""
