"""Remembers tokens of signed requests, for providers whose signature does not cover the body.

A token is bound to the first body it came with: a provider's repeat passes, another body does not.
"""

from __future__ import annotations

import threading
from hashlib import blake2b
from typing import Final

from sendlens.clock import Clock

MOST: Final = 500_000


class TokenCache:
    """Tokens seen by this process, each until it would be too old anyway, at most `most` of them."""

    def __init__(self, clock: Clock, *, most: int = MOST) -> None:
        """Forget the oldest token when there are more than `most`."""
        self._clock = clock
        self._most = most
        self._seen: dict[str, tuple[int, bytes]] = {}
        self._lock = threading.Lock()

    def claim(self, token: str, body: bytes, until: int) -> bool:
        """Return False if the token was seen with another body; else remember it until `until` (UTC milliseconds)."""
        digest = blake2b(body, digest_size=16).digest()
        now = self._clock.now_ms()
        with self._lock:
            known = self._seen.get(token)
            if known and known[0] >= now:
                return known[1] == digest
            self._seen.pop(token, None)
            # The first entries are the oldest; a few are looked at each time, so that no request pays for all.
            for oldest in list(_first(self._seen, 4)):
                if self._seen[oldest][0] < now or len(self._seen) >= self._most:
                    del self._seen[oldest]
            self._seen[token] = (until, digest)
            return True


def _first(entries: dict[str, tuple[int, bytes]], count: int) -> list[str]:
    return [token for token, _ in zip(entries, range(count), strict=False)]
