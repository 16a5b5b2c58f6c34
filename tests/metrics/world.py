"""Random events to count, and how they get into a store: permuted, in several batches, for two tenants."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from sendlens.store import Store
from sendlens.store.columns import table_of

Event = dict[str, Any]
NOON = 1_793_534_400
"""2026-11-01 12:00 UTC: hours before, New York's clocks went back."""

NOW = (NOON + 86_400) * 1000
CAMPAIGNS = ("", "autumn", "spring")


@dataclass(frozen=True)
class Tenant:
    id: str = "t_1"
    time_zone: str = "UTC"
    currency: str = "EUR"


BASE: Event = {
    "source": "s_1",
    "shard": 0,
    "key_bucket": 1,
    "weight": 1,
    "received_at": NOON * 1000,
    "message_id": "",
    "recipient": "",
    "recipient_key": 0,
    "link_kind": "",
    "link_url": "",
    "untracked": 0,
    "actor": "",
    "device": "",
    "client": "",
    "country": "",
    "bounce_class": "",
    "bounce_reason": "",
    "smtp_reply": "",
    "unsubscribe_method": "",
    "revenue": Decimal(0),
    "value": Decimal(0),
    "currency": "",
    "campaign_id": "",
    "provider": "",
    "sending_domain": "",
    "segment": "",
    "template_id": "",
    "variant": "",
    "stream": "",
    "recipient_domain": "",
    "channel": "email",
    "pool": "",
    "message_sent_at": 0,
}
DERIVE = (
    "derive_event_keys",
    "derive_conversions",
    "derive_touchpoints",
    "derive_messages",
    "derive_engagements",
)
TYPES = (
    *("injected", "deferred", "delivered", "delivered", "bounced", "dropped", "opened", "opened", "clicked", "clicked"),
    *(
        "complained",
        "unsubscribed",
        "resubscribed",
        "replied",
        "forwarded",
        "shared",
        "converted",
        "touched",
        "unknown",
    ),
)

_moments = st.one_of(
    st.integers(NOON - 2 * 86_400, NOON + 86_400),
    # The edges of quarters, hours and days in several zones, where a bucket is easily wrong by one.
    st.builds(lambda quarter, off: NOON + quarter * 900 + off, st.integers(-192, 96), st.sampled_from((-1, 0, 1))),
)


def _event(kind: str, **more: Any) -> Event:
    return {"type": kind} | more


events = st.builds(
    _event,
    st.sampled_from(TYPES),
    tenant=st.sampled_from(("t_1", "t_1", "t_1", "t_2")),
    message_key=st.integers(1, 8),
    occurred_at=st.builds(lambda second, ms: second * 1000 + ms, _moments, st.sampled_from((0, 0, 999))),
    message_sent_at=st.one_of(st.just(0), st.just(0), _moments),
    campaign_id=st.sampled_from(CAMPAIGNS),
    provider=st.sampled_from(("", "gmail", "yahoo_aol")),
    variant=st.sampled_from(("", "A", "B")),
    recipient_domain=st.sampled_from(("", "a.example", "b.example")),
    channel=st.sampled_from(("email", "email", "sms")),
    untracked=st.sampled_from((0, 0, 0, 1)),
    link_kind=st.sampled_from(("", "", "unsubscribe")),
    link_url=st.sampled_from(("", "https://shop.example/1", "https://shop.example/2,|x")),
    actor=st.sampled_from(("", "human", "proxy", "machine", "unknown")),
    device=st.sampled_from(("", "mobile", "desktop")),
    country=st.sampled_from(("", "NP")),
    bounce_class=st.sampled_from(("hard", "soft", "block", "undetermined")),
    bounce_reason=st.sampled_from(("", "full")),
    unsubscribe_method=st.sampled_from(("", "link", "one_click", "mailto", "other")),
    revenue=st.sampled_from((Decimal(0), Decimal("19.9"), Decimal("0.0001"), Decimal(-5))),
)


@st.composite
def histories(draw: st.DrawFn) -> list[list[Event]]:
    """Return batches of events: random ones, each told once, in any order and any pieces."""
    told = draw(st.lists(events, min_size=1, max_size=60))
    numbered = [one | {"event_key": i + 1} for i, one in enumerate(told)]
    mixed = draw(st.permutations(numbered))
    pieces = draw(st.integers(1, 4))
    return [part for i in range(pieces) if (part := list(mixed[i::pieces]))]


def full(event: Event) -> Event:
    # Only bounces tell why, only conversions are worth something, only clicks have links.
    kind = event["type"]
    row = BASE | event
    if kind != "bounced":
        row |= {"bounce_class": "", "bounce_reason": ""}
    if kind != "converted":
        row |= {"revenue": Decimal(0)}
    if kind not in {"clicked", "unsubscribed"}:
        row |= {"link_url": ""}
    return row


def put(store: Store, batches: Sequence[Sequence[Event]]) -> list[Event]:
    """Do with these batches what the pipeline does, and return all events with all their columns."""
    told: list[Event] = []
    for number, batch in enumerate(batches, start=1):
        rows = [full(event) | {"batch_id": number} for event in batch]
        names = sorted({name for row in rows for name in row})
        store.insert("events", table_of("events", {name: [row[name] for row in rows] for name in names}))
        for statement in DERIVE:
            store.execute(statement, {"batch": number})
        told += rows
    return told
