"""The keys of many events at once are those of each event alone."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendlens.model.blocks import Block, StoredBlock
from sendlens.model.events import Event, EventType, RecordKind
from sendlens.model.identity import TIMELESS, event_key, message_key, normal_recipient, recipient_key
from sendlens.pipeline.keys import key_buckets
from sendlens.pipeline.portion import Portion
from sendlens.pipeline.rows import Rower
from tests.pipeline.house import NOW

WORDS = st.sampled_from(["", "a", "a:1", "b\x1f1:a", "é"])
EVENTS = st.builds(
    Event,
    type=st.sampled_from([EventType.OPENED, EventType.BOUNCED, EventType.CONVERTED]),
    id=WORDS,
    occurred_at=st.sampled_from([0, 1, NOW]),
    message_id=WORDS,
    campaign_id=WORDS,
    recipient=st.sampled_from(["", "Ann@example.org ", "ann@example.org", "Customer 7"]),
)
OWNERS = st.tuples(st.sampled_from(["t1", "t2"]), st.sampled_from(["api", "shop"]))


@given(st.lists(st.tuples(OWNERS, st.lists(EVENTS, max_size=6)), min_size=1, max_size=4))
def test_keys_of_a_portion(told: list[tuple[tuple[str, str], list[Event]]]) -> None:
    blocks = [
        StoredBlock(
            partition=0,
            offset=place,
            block=Block(
                tenant=tenant, source=source, kind=RecordKind.EVENT, received_at=NOW, count=len(events), body=b""
            ),
        )
        for place, ((tenant, source), events) in enumerate(told)
    ]
    portion = Portion.of(blocks, [events for _, events in told])
    if not len(portion):
        return
    made = Rower(currency_of=lambda _: "USD", skew_limit_ms=1000).columns(portion)
    owned = [(tenant, source, event) for (tenant, source), events in told for event in events]
    own = [event_key(tenant, source, event) for tenant, source, event in owned]
    assert made.event_keys.tolist() == own
    assert made.message_keys.tolist() == [message_key(t, e, key) for (t, _, e), key in zip(owned, own, strict=True)]
    assert made.table.column("recipient_key").to_pylist() == [recipient_key(t, e.recipient) for t, _, e in owned]
    assert made.table.column("tenant").to_pylist() == [tenant for tenant, _, _ in owned]
    if "recipient" in made.table.column_names:
        assert made.table.column("recipient").to_pylist() == [normal_recipient(e.recipient) for _, _, e in owned]


def test_buckets_are_hours_of_the_source_or_days_of_receipt() -> None:
    occurred, received = np.array([0, 7_200_001]), np.array([86_400_000 * 3 + 5] * 2)
    assert key_buckets(occurred, received).tolist() == [TIMELESS + 3, 2]


def test_a_time_beyond_all_buckets_is_no_time() -> None:
    with pytest.raises(OverflowError, match="beyond the hours"):
        key_buckets(np.array([2**62]), np.array([1]))


SALE = Event(
    type=EventType.CONVERTED,
    native_type="purchase",
    occurred_at=1_790_000_000_000,
    message_id="m-1",
    campaign_id="spring",
    recipient="Ann@Example.org",
    link_url="https://shop.example/",
    link_id="top",
    link_position=3,
    conversion_type="purchase",
    order_id="o-1",
    product_id="p-1",
    value=Decimal("19.90"),
    smtp_reply="250 ok",
)
TELLS_APART = {
    "type": EventType.CLICKED,
    "native_type": "sale",
    "occurred_at": SALE.occurred_at + 1,
    "message_id": "m-2",
    "campaign_id": "autumn",
    "recipient": "bert@example.org",
    "link_url": "https://shop.example/2",
    "link_id": "foot",
    "link_position": 4,
    "conversion_type": "upgrade",
    "order_id": "o-2",
    "product_id": "p-2",
    "value": Decimal("29.90"),
    "smtp_reply": "451 later",
}
REPEATED_OTHERWISE = {
    "sent_at": 5,
    "ip": "203.0.113.9",
    "user_agent": "x",
    "machine": True,
    "segment": "vip",
    "metadata": {"a": "b"},
    "raw": "{}",
    "recipient": " ann@example.ORG ",
}


@pytest.mark.parametrize("name", TELLS_APART)
def test_what_tells_two_events_without_ids_apart(name: str) -> None:
    other = msgspec.structs.replace(SALE, **{name: TELLS_APART[name]})
    assert event_key("t_1", "api", other) != event_key("t_1", "api", SALE)
    with_ids = [event_key("t_1", "api", msgspec.structs.replace(one, id="7")) for one in (SALE, other)]
    assert with_ids[0] == with_ids[1], "where the source gives an id, the id alone decides"


@pytest.mark.parametrize("name", REPEATED_OTHERWISE)
def test_what_a_repetition_may_tell_otherwise(name: str) -> None:
    other = msgspec.structs.replace(SALE, **{name: REPEATED_OTHERWISE[name]})
    assert event_key("t_1", "api", other) == event_key("t_1", "api", SALE)


def test_keys_are_those_of_earlier_versions() -> None:
    """They are kept: another digest would count every repetition, and tear messages and people in two."""
    assert event_key("t_1", "api", SALE) == 18066847844150689729
    assert event_key("t_1", "api", msgspec.structs.replace(SALE, id="e-1")) == 7069243676741875865
    assert message_key("t_1", SALE, 0) == 13623395373199955620
    assert message_key("t_1", msgspec.structs.replace(SALE, message_id=""), 0) == 12461979014318376915
    assert recipient_key("t_1", SALE.recipient) == 14404560088554193242
