"""When an event happened, given that clocks differ.

Owns the correction of skew and the flags of a source's clock. Nothing is dropped for a wrong time.
"""

from __future__ import annotations

from typing import Final, NamedTuple

TRANSIT_MS: Final = 5_000
"""A difference between sending and receipt below this is the way through the network, not a wrong clock."""


class Times(NamedTuple):
    """When an event happened after correction, by how much it was moved, and the verdict on the source's clock."""

    occurred_at: int
    skew_ms: int
    clock: str


def times_of(occurred_at: int, sent_at: int, received_at: int, limit_ms: int) -> Times:
    """Return the corrected time of an event, all in UTC milliseconds.

    With a sender that tells when it sent, `occurred + (received - sent)`; differences under five seconds are transit
    and left alone, differences beyond `limit_ms` are flagged `beyond` and not corrected, because then the sender's
    time of sending is as doubtful as the rest. Without one, a time ahead of ours is flagged `ahead`.
    """
    if occurred_at == 0:
        return Times(received_at, 0, "none")
    if sent_at:
        skew = received_at - sent_at
        if abs(skew) < TRANSIT_MS:
            return Times(occurred_at, 0, "")
        if abs(skew) > limit_ms:
            return Times(occurred_at, 0, "beyond")
        return Times(occurred_at + skew, skew, "corrected")
    if occurred_at > received_at + TRANSIT_MS:
        return Times(occurred_at, 0, "beyond" if occurred_at > received_at + limit_ms else "ahead")
    return Times(occurred_at, 0, "")
