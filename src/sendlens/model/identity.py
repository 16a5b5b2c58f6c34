"""Identity: which event is the same event, which message the same message, which recipient the same person.

Owns the three keys that everything else joins on. They are 64-bit BLAKE2b digests over length-prefixed fields: short
enough for a column and a memory index, keyed by tenant so that two tenants never share one, and not to be steered by
a sender. Among n keys of the same tenant *and event hour* the chance of a false match is about n^2 / 2^65.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Final

from sendlens.model.events import Event

_SEPARATOR: Final = "\x1f"
_HOUR_MS: Final = 3_600_000
_DAY_MS: Final = 86_400_000

TIMELESS: Final = 1 << 31
"""Added to the day of receipt to make the key bucket of an event that has no time of its own."""


def digest64(*fields: str) -> int:
    """Return a 64-bit unsigned digest of the fields, distinguishing ("ab", "c") from ("a", "bc")."""
    text = _SEPARATOR.join([f"{len(field)}:{field}" for field in fields])
    return int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")


def normal_recipient(recipient: str) -> str:
    """Return the form under which a recipient is compared: trimmed, and lower case where it is an address.

    Strictly, RFC 5321 lets the local part be case-sensitive; no mailbox provider of note makes use of it, and
    providers' webhooks disagree on the case they report.
    """
    text = recipient.strip()
    return text.lower() if "@" in text else text


def event_key(tenant: str, source: str, event: Event) -> int:
    """Return the key under which a repeated delivery of the same event is recognised.

    With an id from the source the id alone decides; without one, the fields that identify the happening do.
    """
    if event.id:
        return digest64("id", tenant, source, event.id)
    return digest64(
        "fields",
        tenant,
        source,
        event.type,
        event.native_type,
        str(event.occurred_at),
        event.message_id,
        event.campaign_id,
        normal_recipient(event.recipient),
        event.link_url,
        event.link_id,
        str(event.link_position),
        event.conversion_type,
        event.order_id,
        event.product_id,
        "" if event.value is None else str(event.value),
        event.smtp_reply,
    )


def key_bucket(event: Event, received_at: int) -> int:
    """Return the bucket in which an event's key is compared: its hour by the source's clock, which a retry repeats.

    An event without a time of its own is put under the day of receipt (`received_at`, UTC milliseconds).
    """
    return event.occurred_at // _HOUR_MS if event.occurred_at else TIMELESS + received_at // _DAY_MS


def message_key(tenant: str, event: Event, own_key: int) -> int:
    """Return the key of the message an event speaks of.

    A message is one mail to one recipient: the source's message id with the recipient, or, where there is no message
    id, the campaign with the recipient. An event that names neither is a message of its own (`own_key`).
    """
    recipient = normal_recipient(event.recipient)
    if event.message_id:
        return digest64("message", tenant, event.message_id, recipient)
    if event.campaign_id and recipient:
        return digest64("campaign", tenant, event.campaign_id, recipient)
    return own_key


def recipient_key(tenant: str, recipient: str) -> int:
    """Return the key of a person within a tenant; 0 for an event that names nobody."""
    normal = normal_recipient(recipient)
    return digest64("recipient", tenant, normal) if normal else 0
