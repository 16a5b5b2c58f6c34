"""The keys of many events at once are those of each event alone."""

from __future__ import annotations

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
