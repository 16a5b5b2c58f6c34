"""Places: how many requests of one tenant may be in progress at a time, so that the others find room.

Owns the counting. Refuses at once instead of letting a queue grow: the sender knows better what may wait. Used on the
event loop alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager

from sendlens.errors import TooBusy


class Places:
    """At most `most` requests of each tenant at a time; 0 is no limit."""

    def __init__(self, most: int, what: str, setting: str) -> None:
        """`what` is counted, in the plural, and `setting` is the variable an operator would change."""
        self._most = most
        self._what = what
        self._setting = setting
        self._taken: Counter[str] = Counter()

    def enter(self, tenant: str) -> None:
        """Take a place, which is owed back by `leave`. Raises `TooBusy`."""
        if self._most and self._taken[tenant] >= self._most:
            raise TooBusy(
                f"{self._most} {self._what} of this tenant are in progress, as many as may be",
                retry_after=1,
                hint=f"Wait for answers before you ask more. {self._setting} sets the limit.",
            )
        self._taken[tenant] += 1

    def leave(self, tenant: str) -> None:
        """Give a place back."""
        self._taken[tenant] -= 1
        if self._taken[tenant] <= 0:
            del self._taken[tenant]  # the counter is no list of everybody who was ever here

    @contextmanager
    def place(self, tenant: str) -> Generator[None]:
        """Hold a place within a block. Raises `TooBusy`."""
        self.enter(tenant)
        try:
            yield
        finally:
            self.leave(tenant)

    def __len__(self) -> int:
        return len(self._taken)
