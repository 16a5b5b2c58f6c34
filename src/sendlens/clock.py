"""The one place that asks what time it is, so that tests can hold time still."""

from __future__ import annotations

import time
from typing import Final, Protocol


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

    def jump(self, seconds: float) -> None:
        """Set the wall clock forward or back, as somebody or NTP does with a machine's."""
        self._now_ms += int(seconds * 1000)


JUMP_MS: Final = 3_600_000
"""A wall clock that moves against the monotonic one by more than this has jumped."""
DOUBT_SECONDS: Final = 86_400.0
"""How long a clock that jumped is not believed."""


class Steady:
    """Whether a wall clock may be believed when something is to be deleted because of its age.

    A clock that jumps while the process runs could make everything old at once. It is doubted for a day, in which
    somebody may set it right; ticking at another rate, or being set by minutes, is no jump.
    """

    def __init__(self, clock: Clock) -> None:
        """Watch `clock` from now on."""
        self._clock = clock
        self._offset = self._now()
        self._since: float | None = None

    def believed(self) -> bool:
        """Return whether the clock has not jumped lately; to be asked more often than it could jump twice."""
        offset = self._now()
        if abs(offset - self._offset) > JUMP_MS:
            self._since = self._clock.monotonic()
        self._offset = offset
        return self._since is None or self._clock.monotonic() - self._since >= DOUBT_SECONDS

    def _now(self) -> float:
        return self._clock.now_ms() - self._clock.monotonic() * 1000
