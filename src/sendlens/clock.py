"""The one place that asks what time it is, so that tests can hold time still."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Tells wall-clock time in UTC milliseconds and a monotonic time in seconds."""

    def now_ms(self) -> int:
        """Return UTC milliseconds since 1970-01-01."""
        ...

    def monotonic(self) -> float:
        """Return seconds on a clock that never goes back."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now_ms(self) -> int:
        """Return UTC milliseconds since 1970-01-01."""
        return time.time_ns() // 1_000_000

    def monotonic(self) -> float:
        """Return seconds on a clock that never goes back."""
        return time.monotonic()


class FrozenClock:
    """A clock that moves only when told, for tests and for replaying history."""

    def __init__(self, now_ms: int) -> None:
        """Start at `now_ms`, UTC milliseconds."""
        self._now_ms = now_ms
        self._monotonic = 0.0

    def now_ms(self) -> int:
        """Return the time last set."""
        return self._now_ms

    def monotonic(self) -> float:
        """Return the seconds by which the clock was advanced."""
        return self._monotonic

    def advance(self, seconds: float) -> None:
        """Move both times forward."""
        self._now_ms += int(seconds * 1000)
        self._monotonic += seconds
