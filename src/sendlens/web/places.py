"""Places: how many requests of one tenant may be in progress at a time, so that the others find room.

Owns the counting. Refuses at once instead of letting a queue grow: the sender knows better what may wait. Used on the
event loop alone.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Generator
from contextlib import contextmanager

from sendlens.errors import TooBusy


class Places:
    """At most `most` requests of each tenant at a time; 0 is no limit. Of them `at_once` are worked on, others wait."""

    def __init__(self, most: int, what: str, setting: str, *, at_once: int = 0) -> None:
        """`what` is counted, in the plural, and `setting` is the variable an operator would change."""
        self._most = most
        self._at_once = at_once
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}
        self._what = what
        self._setting = setting
        self._taken: Counter[str] = Counter()

    def enter(self, tenant: str) -> None:
        """Take a place at once, which is owed back by `leave`. Raises `TooBusy`."""
        if self._most and self._taken[tenant] >= self._most:
            raise TooBusy(
                f"{self._most} {self._what} of this tenant are in progress, as many as may be",
                retry_after=1,
                hint=f"Wait for answers before you ask more. {self._setting} sets the limit.",
            )
        self._taken[tenant] += 1

    async def arrive(self, tenant: str) -> None:
        """Take a place as `enter` does, and return when it is the request's turn to be worked on."""
        self.enter(tenant)
        if not self._at_once or self._taken[tenant] <= self._at_once:
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        queue = self._waiting.setdefault(tenant, deque())
        queue.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():  # its turn came as the caller went, so the next is called
                self._call_next(tenant)
            self._give_up(tenant)
            raise

    def leave(self, tenant: str) -> None:
        """Give a place back; the request that has waited longest is next."""
        self._call_next(tenant)
        self._give_up(tenant)

    def waiting(self, tenant: str) -> int:
        """Return how many of the tenant wait for their turn to be worked on."""
        return len(self._waiting.get(tenant, ()))

    def _call_next(self, tenant: str) -> None:
        queue = self._waiting.get(tenant)
        while queue:
            turn = queue.popleft()
            if not turn.done():  # not one whose caller went
                turn.set_result(None)
                break
        if not queue:
            self._waiting.pop(tenant, None)

    def _give_up(self, tenant: str) -> None:
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
