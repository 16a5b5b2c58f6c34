"""Identity: which event is the same event, which message the same message, which recipient the same person.

Owns the three keys that everything else joins on. They are 64-bit BLAKE2b digests over length-prefixed fields: short
enough for a column and a memory index, keyed by tenant so that two tenants never share one, and not to be steered by
a sender. Among n keys of the same tenant *and event hour* the chance of a false match is about n^2 / 2^65.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Final

from sendlens.model.events import Event

SEPARATOR: Final = "\x1f"
TIMELESS: Final = 1 << 31
"""Added to the day of receipt to make the key bucket of an event that has no time of its own."""


def digest64(*fields: str) -> int:
    """Return a 64-bit unsigned digest of the fields, distinguishing ("ab", "c") from ("a", "bc")."""
    return int.from_bytes(digest_of(framed(*fields)), "little")


def framed(*fields: str) -> str:
    """Return the fields as one text from which they can be told apart again."""
    return SEPARATOR.join([f"{len(field)}:{field}" for field in fields])


def digest_of(text: str) -> bytes:
    """Return the eight bytes of a framed text's digest, the least significant first."""
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()


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
