"""The keys of many events at once, as `model.identity` defines them.

Owns doing it quickly: what repeats (a message, a recipient) is digested once, and digests become an array without being
numbers in between. That the keys are those of `identity` is a test's business.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from sendlens.model.events import Event
from sendlens.model.identity import SEPARATOR, TIMELESS, digest_of, event_key, framed, message_key, recipient_key
from sendlens.pipeline.codes import Coded, combined
from sendlens.pipeline.portion import Portion

Keys = NDArray[np.uint64]

_HOUR_MS = 3_600_000
_DAY_MS = 86_400_000


def event_keys(portion: Portion) -> Keys:
    """Return the key of each event."""
    heads = [framed("id", s.block.tenant, s.block.source) + SEPARATOR for s in portion.blocks]
    owners = portion.owners.tolist()
    ids = [event.id for event in portion.events]
    keys = _digests(f"{heads[owner]}{len(own)}:{own}" for owner, own in zip(owners, ids, strict=True))
    for place in [place for place, own in enumerate(ids) if not own]:
        block = portion.block(place)
        keys[place] = event_key(block.tenant, block.source, portion.events[place])
    return keys


def key_buckets(occurred_at: NDArray[np.int64], received_at: NDArray[np.int64]) -> NDArray[np.uint32]:
    """Return the buckets in which events' keys are compared: the hour by the source's clock, which a retry repeats.

    An event without a time of its own (`occurred_at` 0) is put under the day of receipt. Both in UTC milliseconds.
    Raises `OverflowError` for a time that no bucket is numbered for.
    """
    buckets = np.where(occurred_at != 0, occurred_at // _HOUR_MS, TIMELESS + received_at // _DAY_MS)
    if len(buckets) and int(buckets.max()) >= 1 << 32:
        raise OverflowError(f"the time {int(occurred_at.max())} ms is beyond the hours that are numbered")
    return buckets.astype(np.uint32)


def message_keys(portion: Portion, tenants: Coded, messages: Coded, recipients: Coded, own: Keys) -> Keys:
    """Return the key of each event's message; `own` are the keys of the events themselves."""
    keys = own.copy()
    firsts, which = combined(tenants, messages, recipients)
    named = messages.filled()
    found = [_message_key(portion, tenants, place) if named[place] else 0 for place in firsts.tolist()]
    keys[named] = np.array(found, dtype=np.uint64)[which[named]]
    for place in np.flatnonzero(~named).tolist():
        keys[place] = _message_key(portion, tenants, place, int(own[place]))
    return keys


def _message_key(portion: Portion, tenants: Coded, place: int, own: int = 0) -> int:
    event: Event = portion.events[place]
    return message_key(tenants.at(place), event, own)


def recipient_keys(tenants: Coded, recipients: Coded) -> Keys:
    """Return the key of each event's person, 0 where an event names nobody."""
    firsts, which = combined(tenants, recipients)
    found = [recipient_key(tenants.at(place), recipients.at(place)) for place in firsts.tolist()]
    return np.array(found, dtype=np.uint64)[which]


def _digests(texts: Iterable[str]) -> Keys:
    """Return the digests of framed texts; the array may be written to."""
    return np.frombuffer(b"".join([digest_of(text) for text in texts]), dtype="<u8").astype(np.uint64)
