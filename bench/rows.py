"""What the events of the made-up world look like: as rows of the table `events`, and as records of the API.

Owns the texts behind the numbers and the enrichment of each distinct value. The rows are those the pipeline would make
of the records, but for keys of events, which are drawn at random instead of digested.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

import msgspec
import numpy as np
import pyarrow as pa

from bench.world import (
    ALWAYS,
    BOUNCED,
    CAMPAIGNS,
    CLICKED,
    DEFERRED,
    DROPPED,
    INJECTED,
    LINKS,
    OPENED,
    TYPES,
    UNSUBSCRIBED,
    Columns,
    Numbers,
    Plan,
    campaign_tenants,
    person_ranges,
)
from sendlens.enrich import actor, bounce, client, provider
from sendlens.model.events import Event, EventType
from sendlens.model.identity import digest64, recipient_key
from sendlens.simulator.clients import AGENTS
from sendlens.simulator.mailboxes import MAILBOXES
from sendlens.store.columns import table_of

REPLIES: Final = (
    (0, "", "suppressed"),
    (0, "", "invalid address"),
    (0, "", "unsubscribed"),
    (550, "5.1.1", "The email account that you tried to reach does not exist."),
    (550, "5.1.1", "mailbox unavailable"),
    (554, "5.4.14", "Hop count exceeded - possible mail loop"),
    (552, "5.2.2", "The email account that you tried to reach is over quota."),
    (550, "5.7.1", "Message rejected due to content restrictions"),
    (550, "5.7.26", "This mail has been blocked because the sender is unauthenticated."),
    (554, "5.7.1", "Service unavailable; Client host blocked using Spamhaus"),
    (421, "4.7.0", "Try again later, closing connection."),
    (451, "4.7.1", "Greylisted, please try again in five minutes"),
    (452, "4.2.2", "The recipient's inbox is out of storage space."),
)
_BOUNCE_REPLIES, _DEFER_REPLIES = 3, 10  # where in REPLIES those of a kind begin
_REPLY_SHIFT: Final = {DROPPED: 0, BOUNCED: _BOUNCE_REPLIES, DEFERRED: _DEFER_REPLIES - 8}
_AGENTS: Final = [agent.user_agent for agent in AGENTS.values()]
_CLIENTS: Final = [client.identify(text) for text in _AGENTS]
_DOMAINS: Final = [box.domain for box in MAILBOXES]
_BOXES: Final = [provider.of_domain(domain) for domain in _DOMAINS]
_SHARES: Final = np.cumsum([box.share for box in MAILBOXES]) / sum(box.share for box in MAILBOXES)
_ZERO: Final = Decimal(0)
_URLS: Final = [f"https://shop.example/collection/{number}?utm_source=mail" for number in range(LINKS)]
_HOUR_MS: Final = 3_600_000
_DAY_MS: Final = 86_400_000


def campaign_name(number: int) -> str:
    """Return the id of a campaign."""
    return f"campaign-{number:04d}"


def address_of(person: int) -> str:
    """Return the address of a person by number; the first people are the largest tenant's."""
    return f"user{person}@{_DOMAINS[int(_domain_numbers(np.array([person]))[0])]}"


def _domain_numbers(people: Numbers) -> Numbers:
    return np.searchsorted(_SHARES, (people * 0.7548776662466927) % 1.0)


def _replies(columns: Columns) -> Numbers:
    shifted = columns["reply"].astype(np.int64)
    for kind, shift in _REPLY_SHIFT.items():
        shifted[columns["type"] == kind] += shift
    return np.where(columns["reply"] < 0, -1, np.minimum(shifted, len(REPLIES) - 1))


def _labels(numbers: Numbers, texts: Sequence[str]) -> pa.Array:
    """Return a column of labels; a number below zero is an empty text."""
    distinct = list(dict.fromkeys(["", *texts]))
    place = {text: number for number, text in enumerate(distinct)}
    table = np.array([place[text] for text in texts], dtype=np.int32)
    codes = np.where(numbers < 0, 0, table[np.maximum(numbers, 0)] if len(table) else 0).astype(np.int32)
    return pa.DictionaryArray.from_arrays(pa.array(codes), pa.array(distinct))


class Rows:
    """Makes rows and records of the events of one plan."""

    def __init__(self, plan: Plan, tenants: Sequence[str]) -> None:
        """`tenants` are the ids of as many tenants as the world has."""
        self._tenants = list(tenants)
        self._tenant_of = campaign_tenants()
        firsts, _ = person_ranges(plan.people)
        people = np.arange(plan.people + 1 + len(tenants))
        owner: list[int] = (np.searchsorted(firsts, people, side="right") - 1).tolist()
        domains: list[int] = _domain_numbers(people).tolist()
        self._domain_of = np.array(domains)
        self._addresses = [f"user{number}@{_DOMAINS[domain]}" for number, domain in enumerate(domains)]
        self._address_column = pa.array(self._addresses)
        self._person_keys = np.array(
            [recipient_key(self._tenants[t], a) for t, a in zip(owner, self._addresses, strict=True)],
            dtype=np.uint64,
        )
        self._campaigns = [campaign_name(number) for number in range(CAMPAIGNS)]

    def table(self, columns: Columns, batch_id: int, rng: np.random.Generator) -> pa.Table:
        """Return rows of the table `events`."""
        at, kind, campaign, person = columns["at"], columns["type"], columns["campaign"], columns["person"]
        tenant, n = self._tenant_of[campaign], len(columns["at"])
        messages, firsts, inverse = np.unique(columns["message"], return_index=True, return_inverse=True)
        names = [f"{number:x}@mail.example" for number in messages.tolist()]
        of_tenant: list[int] = tenant[firsts].tolist()
        of_person: list[int] = person[firsts].tolist()
        keys = np.array(
            [
                digest64("message", self._tenants[t], name, self._addresses[p])
                for t, name, p in zip(of_tenant, names, of_person, strict=True)
            ],
            dtype=np.uint64,
        )
        domain, agent, reply = self._domain_of[person], columns["agent"].astype(np.int64), _replies(columns)
        verdicts = _verdicts(kind, agent)
        classes = _classes(kind, reply)
        cents = columns["cents"].tolist()
        money = [Decimal(value) / 100 if value else _ZERO for value in cents]
        acting = np.isin(kind, (OPENED, CLICKED, UNSUBSCRIBED))
        addresses = rng.integers(0, 1 << 16, n)
        ips = pa.array([f"198.18.{number >> 8}.{number & 255}" for number in range(1 << 16)])
        values: dict[str, Any] = {
            "tenant": _labels(tenant, self._tenants),
            "source": _labels(np.zeros(n, dtype=np.int64), ["api"]),
            "shard": pa.array(np.zeros(n, dtype=np.uint16)),
            "batch_id": pa.array(np.full(n, batch_id, dtype=np.uint64)),
            "event_key": pa.array(rng.integers(1, 2**63, n, dtype=np.uint64)),
            "key_bucket": pa.array((at // _HOUR_MS).astype(np.uint32)),
            "weight": pa.array(np.ones(n, dtype=np.int8)),
            "type": _labels(kind, TYPES),
            "occurred_at": pa.array(at),
            "received_at": pa.array(at + 800),
            "message_key": pa.array(keys[inverse]),
            "message_born": pa.array((columns["sent"] // _DAY_MS).astype(np.int32)),
            "message_new": pa.array(_born_here(columns).astype(np.uint8)),
            "message_id": pa.array(names).take(pa.array(inverse)),
            "message_sent_at": pa.array(columns["sent"] // 1000),
            "campaign_id": _labels(campaign, self._campaigns),
            "recipient": self._address_column.take(pa.array(person)),
            "recipient_key": pa.array(self._person_keys[person]),
            "recipient_domain": _labels(domain, _DOMAINS),
            "provider": _labels(domain, [str(box.provider) for box in _BOXES]),
            "gateway": _labels(domain, [str(box.gateway) for box in _BOXES]),
            "mailbox_kind": _labels(domain, [str(box.kind) for box in _BOXES]),
            "template_id": _labels(campaign % 40, [f"template-{number}" for number in range(40)]),
            "segment": _labels(campaign % 12, [f"segment-{number}" for number in range(12)]),
            "sending_domain": _labels(tenant, _sending_domains(len(self._tenants))),
            "stream": _labels((campaign < ALWAYS).astype(np.int64), ["marketing", "transactional"]),
            "channel": _labels(np.zeros(n, dtype=np.int64), ["email"]),
            "link_url": pa.array(["", *_URLS]).take(pa.array(columns["link"].astype(np.int64) + 1)),
            "link_id": _labels(columns["link"].astype(np.int64), [f"link-{number}" for number in range(LINKS)]),
            "link_position": pa.array(columns["link"].astype(np.int16)),
            "user_agent": _labels(agent, _AGENTS),
            "ip": pa.array(["", *ips.to_pylist()]).take(pa.array(np.where(acting, addresses + 1, 0))),
            "machine_told": pa.array(np.full(n, -1, dtype=np.int8)),
            "actor": _labels(verdicts, [str(one.actor) for one in _VERDICTS]),
            "actor_reason": _labels(verdicts, [one.reason for one in _VERDICTS]),
            "actor_confidence": pa.array(np.array([one.confidence for one in _VERDICTS], dtype=np.uint8)[verdicts]),
            "client": _labels(agent, [one.client for one in _CLIENTS]),
            "device": _labels(agent, [str(one.device) for one in _CLIENTS]),
            "os": _labels(agent, [one.os for one in _CLIENTS]),
            "smtp_code": pa.array(_reply_codes(reply)),
            "enhanced_code": _labels(reply, [enhanced for _, enhanced, _ in REPLIES]),
            "smtp_reply": pa.array(["", *(text for _, _, text in REPLIES)]).take(pa.array(reply + 1)),
            "bounce_class": _labels(classes, [str(one.bounce_class) for one in _CLASSES]),
            "bounce_reason": _labels(classes, [one.reason for one in _CLASSES]),
            "conversion_type": _labels(np.where(columns["cents"] > 0, 0, -1), ["purchase"]),
            "value": money,
            "currency": _labels(np.where(columns["cents"] > 0, 0, -1), ["USD"]),
            "revenue": money,
        }
        return table_of("events", values)

    def records(self, columns: Columns, tag: str) -> list[tuple[str, Event]]:
        """Return (tenant id, event) as a sender would tell them; `tag` begins every event's id."""
        reply: list[int] = _replies(columns).tolist()
        lists: dict[str, list[int]] = {name: values.tolist() for name, values in columns.items()}
        told: list[tuple[str, Event]] = []
        for place, kind in enumerate(lists["type"]):
            campaign, agent, link = lists["campaign"][place], lists["agent"][place], lists["link"][place]
            code, enhanced, text = REPLIES[reply[place]] if reply[place] >= 0 else (0, "", "")
            cents, tenant = lists["cents"][place], int(self._tenant_of[campaign])
            event = Event(
                type=EventType(TYPES[kind]),
                id=f"{tag}{place:x}",
                occurred_at=lists["at"][place],
                message_id=f"{lists['message'][place]:x}@mail.example",
                message_sent_at=lists["sent"][place],
                campaign_id=self._campaigns[campaign],
                recipient=self._addresses[lists["person"][place]],
                template_id=f"template-{campaign % 40}",
                segment=f"segment-{campaign % 12}",
                sending_domain=f"news{tenant}.example",
                stream="transactional" if campaign < ALWAYS else "marketing",
                link_url=_URLS[link] if link >= 0 else "",
                link_id=f"link-{link}" if link >= 0 else "",
                link_position=link,
                user_agent=_AGENTS[agent] if agent >= 0 else "",
                ip=f"198.18.{place >> 8 & 255}.{place & 255}" if agent >= 0 else "",
                smtp_code=code,
                enhanced_code=enhanced,
                smtp_reply=text,
                conversion_type="purchase" if cents else "",
                value=Decimal(cents) / 100 if cents else None,
                currency="USD" if cents else "",
            )
            told.append((self._tenants[tenant], event))
        return told


_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")


def body(events: Sequence[Event]) -> bytes:
    """Return the body of a native post: one event a line."""
    return b"\n".join(_ENCODER.encode(event) for event in events)


def _born_here(columns: Columns) -> Numbers:
    """Return for each event whether its message is new: every message begins with being injected or dropped."""
    first = (columns["type"] == INJECTED) | (columns["type"] == DROPPED)
    return np.isin(columns["message"], columns["message"][first])


def _sending_domains(tenants: int) -> list[str]:
    return [f"news{number}.example" for number in range(tenants)]


def _reply_codes(reply: Numbers) -> Numbers:
    return np.array([0, *(code for code, _, _ in REPLIES)], dtype=np.uint16)[reply + 1]


_ACTING: Final = (OPENED, CLICKED, UNSUBSCRIBED)
_VERDICTS: Final = [actor.NOT_JUDGED] + [
    actor.judge(TYPES[kind], text, "", None, seen)
    for kind in _ACTING
    for text, seen in zip(_AGENTS, _CLIENTS, strict=True)
]
_TROUBLE: Final = (DROPPED, BOUNCED, DEFERRED)
_CLASSES: Final = [
    bounce.classify(EventType(TYPES[kind]), code, enhanced, text, "", "")
    for kind in _TROUBLE
    for code, enhanced, text in REPLIES
]


def _verdicts(kind: Numbers, agent: Numbers) -> Numbers:
    """Return for each event the number of its verdict about the actor."""
    found = np.zeros(len(kind), dtype=np.int64)
    for place, one in enumerate(_ACTING):
        of_kind = (kind == one) & (agent >= 0)
        found[of_kind] = 1 + place * len(_AGENTS) + agent[of_kind]
    return found


def _classes(kind: Numbers, reply: Numbers) -> Numbers:
    """Return for each event the number of its bounce verdict, or -1."""
    found = np.full(len(kind), -1, dtype=np.int64)
    for place, one in enumerate(_TROUBLE):
        of_kind = (kind == one) & (reply >= 0)
        found[of_kind] = place * len(REPLIES) + reply[of_kind]
    return found
