"""What a request to the API holds while it is answered: a place of its tenant, and its turn at the store.

Owns taking them in order and giving each back once. Leaves to `places`, `turns` and `pace` whose turn it is.
"""

from __future__ import annotations

from typing import Final

from sendlens.clock import Clock
from sendlens.errors import TooBusy
from sendlens.store.asker import asker
from sendlens.web.pace import Pace
from sendlens.web.places import Places
from sendlens.web.turns import READERS_PATIENCE, Turn, Turns

AT_ONCE: Final = 2
"""Requests of one tenant that are worked on at the same time; more wait for their turn without a thread."""


class Held:
    """What one request holds."""

    def __init__(self, room: Room, tenant: str) -> None:
        """Hold nothing yet."""
        self._room = room
        self._tenant = tenant
        self._here = False
        self._placed = False
        self._turn: Turn | None = None

    async def take(self) -> None:
        """Return when it is the request's turn. Raises `TooBusy`; `left` is owed in any case."""
        room = self._room
        room.pace.enter(self._tenant)
        self._here = True
        try:
            came = room.clock.monotonic()
            room.turns.check(self._tenant, room.places.waiting(self._tenant))
            await room.places.arrive(self._tenant)
            self._placed = True
            self._turn = await room.turns.begin(self._tenant, came=came)
        except TooBusy:
            self._leave_place()  # those behind it need not wait until it has heard of it
            await room.turns.refusing(self._tenant)
            raise
        asker().behind = self._turn.behind

    def worked(self) -> None:
        """Give the turn back: the answer is there, and however long it takes to send, nobody has to wait for that."""
        if self._turn is not None:
            self._turn.end()
        if self._here:
            self._here = False
            self._room.pace.leave(self._tenant)

    def left(self) -> None:
        """Give everything back that is held still."""
        self.worked()
        self._leave_place()

    def _leave_place(self) -> None:
        if self._placed:
            self._placed = False
            self._room.places.leave(self._tenant)


class Room:
    """Places and turns of the API's requests."""

    def __init__(self, pace: Pace, clock: Clock, most: int) -> None:
        """Allow each tenant so many requests in progress; 0 is no limit."""
        self.pace = pace
        self.clock = clock
        self.places = Places(most, "requests to the API", "SENDLENS_API_REQUESTS", at_once=AT_ONCE)
        self.turns = Turns(pace, clock, "questions", patience=READERS_PATIENCE)
