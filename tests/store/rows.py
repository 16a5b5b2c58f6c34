"""Hand-made rows of `events`, told by the few fields a test cares about."""

import datetime as dt
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import pyarrow as pa

from sendlens.store.columns import table_of

START = 1_793_000_000_000
"""2026-10-26 06:13:20 UTC."""

BASE: dict[str, Any] = {
    "tenant": "t_1",
    "source": "s_1",
    "shard": 0,
    "batch_id": 1,
    "event_key": 1,
    "key_bucket": 1,
    "weight": 1,
    "correction": 0,
    "type": "delivered",
    "occurred_at": START,
    "received_at": START,
    "message_key": 1,
    "message_born": dt.date(2026, 10, 26),
    "message_new": 0,
    "message_sent_at": 0,
    "campaign_id": "",
    "recipient_key": 0,
    "provider": "",
    "untracked": 0,
    "link_kind": "",
    "actor": "",
    "bounce_class": "",
    "bounce_reason": "",
    "unsubscribe_method": "",
    "value": Decimal(0),
    "currency": "",
    "revenue": Decimal(0),
    "channel": "email",
}


def events(rows: Iterable[dict[str, Any]]) -> pa.Table:
    """Return the Arrow table of events that differ from `BASE` as told."""
    full = [BASE | row for row in rows]
    return table_of("events", {name: [row[name] for row in full] for name in BASE})
