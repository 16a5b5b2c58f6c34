"""When events happened, given that clocks differ.

Owns the correction of skew and the flags of a source's clock. Nothing is dropped for a wrong time.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

Millis = NDArray[np.int64]

TRANSIT_MS: Final = 5_000
"""A difference between sending and receipt below this is the way through the network, not a wrong clock."""
CLOCKS: Final = ("", "none", "corrected", "ahead", "beyond")
"""The verdicts on a source's clock; `Times.clock` counts from here."""
_FINE, _NONE, _CORRECTED, _AHEAD, _BEYOND = range(len(CLOCKS))


class Times(NamedTuple):
    """When events happened after correction, by how much they were moved, and the verdicts, as places in `CLOCKS`."""

    occurred_at: Millis
    skew_ms: Millis
    clock: NDArray[np.int8]


def times_of(occurred_at: Millis, sent_at: Millis, received_at: Millis, limit_ms: int) -> Times:
    """Return the corrected times of events; arrays of one length, in UTC milliseconds, 0 for what was not told.

    With a sender that tells when it sent, `occurred + (received - sent)`; differences under five seconds are transit
    and left alone, differences beyond `limit_ms` are flagged `beyond` and not corrected, because then the sender's
    time of sending is as doubtful as the rest. Without one, a time ahead of ours is flagged `ahead`. An event without
    a time of its own has that of its receipt.
    """
    skew = received_at - sent_at
    ahead = occurred_at - received_at
    clock = np.select(
        [
            occurred_at == 0,
            (sent_at != 0) & (np.abs(skew) < TRANSIT_MS),
            (sent_at != 0) & (np.abs(skew) > limit_ms),
            sent_at != 0,
            ahead <= TRANSIT_MS,
            ahead <= limit_ms,
        ],
        [_NONE, _FINE, _BEYOND, _CORRECTED, _FINE, _AHEAD],
        _BEYOND,
    ).astype(np.int8)
    moved = np.where(clock == _CORRECTED, skew, 0)
    return Times(np.where(clock == _NONE, received_at, occurred_at + moved), moved, clock)
