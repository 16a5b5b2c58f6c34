"""Turns: how a tenant that stands back waits for the next piece of its work, and when its line is too long.

Owns the waiting. Leaves to `pace` who has to, and for whom. Used on the event loop alone.
"""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass, field
from typing import Final

from sendlens.clock import Clock
from sendlens.errors import TooBusy
from sendlens.web.pace import Pace

REST: Final = 2.0
"""After a piece of work comes a rest of so many times its length."""
READERS_PATIENCE: Final = 15.0
"""How long a question to the API, or a figure of a page, may have to wait for its turn, in seconds."""
LONGEST_REST: Final = 4.0
"""Longest rest, in seconds, whatever is owed: less than anybody's patience, so that the first in line has its turn."""
YIELD: Final = 10.0
"""So many times the length of the piece before, the next one waits for a moment in which nobody smaller is served."""
LONGEST_YIELD: Final = 0.25
"""Longest wait for such a moment, in seconds."""
PIECE_SECONDS: Final = 0.001
"""What a request costs beside the piece of work that is measured: its connection, its head, its answer."""
REFUSAL_SECONDS: Final = 0.5
"""How long an answer is kept back that tells a tenant that stands back to come again later."""
MOST_KEPT_BACK: Final = 128
"""Most answers to one tenant that are kept back at a time."""
_TIDY: Final = 256


@dataclass
class _Line:
    """One tenant's pieces of work, of which one is done at a time."""

    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    wanted: int = 0
    """How many wait, or are at work."""
    kept_back: int = 0
    """How many refusals are kept back."""
    rests_until: float = 0.0
    piece: float = PIECE_SECONDS
    """How long the last piece took."""
    called: float = 0.0
    """When it was the turn of the one that is at work, or rests before it is."""
    each: float = 0.0
    """How long each one in the line takes, the rest before it included, on the average of the last ones."""

    @property
    def idle(self) -> bool:
        """Whether nobody waits, is at work, or is kept back."""
        return not self.wanted and not self.kept_back


class Turn:
    """A piece of work that has begun."""

    def __init__(self, turns: Turns, tenant: str, line: _Line | None, began: float) -> None:
        """Take over from `Turns.begin`; without a line nobody waits for its end."""
        self._turns = turns
        self._tenant = tenant
        self._ended = False
        self._line = line
        self._began = began
        self.behind = line is not None
        """Whether the tenant stands back."""

    def end(self) -> None:
        """Let the tenant rest, and its next piece have its turn after that. May be called again."""
        if not self._ended:
            self._ended = True
            self._turns.ended(self._tenant, self._line, self._began)


class Turns:
    """Turns at one kind of work.

    While a tenant is behind, one piece of its work is done at a time. After it the tenant rests, twice as long as it
    took, so that it has a third of a processor at most; and what comes next waits a little longer for a moment in which
    nobody smaller is being served. A tenant that is not behind never waits, nor is there any order among its pieces.
    """

    def __init__(self, pace: Pace, clock: Clock, what: str, *, patience: float, charged: bool = False) -> None:
        """Have tenants wait as `pace` says, `patience` seconds at most. `what` waits is one of `pace.KINDS`.

        Those who are `charged` rest for what was charged to them, too.
        """
        self._pace = pace
        self._clock = clock
        self._what = what
        self._patience = patience
        self._charged = charged
        self._lines: dict[str, _Line] = {}
        self._waiting: set[asyncio.Future[None]] = set()
        pace.left.append(self._look_again)

    def check(self, tenant: str, waiting: int = 0) -> None:
        """Raise `TooBusy` if so much is before the next one that it would have to wait for longer than it should.

        So many are `waiting` elsewhere before they wait for their turns here.
        """
        if not self._pace.behind(tenant):
            return
        line = self._line_of(tenant)
        self._owe(tenant, line)
        wait = max(0.0, line.rests_until - self._clock.monotonic()) + (line.wanted + waiting) * line.each
        if wait > self._patience:
            raise self._too_busy(line, wait, waiting)

    async def begin(self, tenant: str, *, came: float | None = None) -> Turn:
        """Return when a piece of the tenant's work may begin; `Turn.end` is owed.

        Raises `TooBusy` if that takes longer than the patience, from the moment on in which it `came`.
        """
        line = None
        if self._pace.behind(tenant):
            line = self._line_of(tenant)
            now = self._clock.monotonic()
            came = now if came is None else came
            until = came + self._patience
            line.wanted += 1
            try:
                try:
                    async with asyncio.timeout(until - now):
                        await line.turn.acquire()
                except TimeoutError:
                    raise self._too_busy(line, line.rests_until - self._clock.monotonic()) from None
                try:
                    await self._wait(tenant, line, until)
                except BaseException:
                    line.turn.release()
                    raise
            except BaseException:
                line.wanted -= 1
                raise
            self._pace.waits[self._what] += 1
            self._pace.waited[self._what] += self._clock.monotonic() - came
            if not self._pace.behind(tenant):  # by now; those after it in the line need not wait for its end
                line.turn.release()
                line.wanted -= 1
                line = None
        self._pace.begins(tenant)
        return Turn(self, tenant, line, self._clock.monotonic())

    def ended(self, tenant: str, line: _Line | None, began: float) -> None:
        """Take a turn back."""
        self._pace.ends(tenant)
        if line is None:
            return
        now = self._clock.monotonic()
        line.piece = now - began + PIECE_SECONDS
        self._rest(line, line.piece)
        line.each += (now - line.called - line.each) * (0.2 if line.each else 1.0)
        line.wanted -= 1
        line.turn.release()

    async def refusing(self, tenant: str) -> None:
        """Keep a refusal back for a moment, if the tenant stands back: it shall not be asked for without a pause."""
        if self._pace.behind(tenant) and (line := self._line_of(tenant)).kept_back < MOST_KEPT_BACK:
            line.kept_back += 1
            try:
                await asyncio.sleep(REFUSAL_SECONDS)
            finally:
                line.kept_back -= 1

    def _too_busy(self, line: _Line, wait: float, waiting: int = 0) -> TooBusy:
        self._pace.refused[self._what] += 1
        # Whoever is in line has its turn, or is refused, before its patience is over.
        wait = min(wait, self._patience + LONGEST_REST)
        return TooBusy(
            f"{line.wanted + waiting} {self._what} of this tenant wait already, and it rests while others are served",
            retry_after=max(1, math.ceil(wait)),
            hint="Send the same request again after Retry-After, and fewer at a time.",
        )

    def _owe(self, tenant: str, line: _Line) -> None:
        """Have the line rest for what was charged to the tenant, too."""
        if self._charged and (owed := self._pace.owed(tenant)):
            self._rest(line, owed)

    def _rest(self, line: _Line, seconds: float) -> None:
        now = self._clock.monotonic()
        line.rests_until = min(max(line.rests_until, now) + REST * seconds, now + LONGEST_REST)

    async def _wait(self, tenant: str, line: _Line, until: float) -> None:
        came = line.called = self._clock.monotonic()
        self._owe(tenant, line)
        rests_until = max(line.rests_until, came)  # for what is charged from now on the next one rests
        if rests_until > until:
            raise self._too_busy(line, rests_until - came)
        yields_until = min(rests_until + min(YIELD * line.piece, LONGEST_YIELD), until)
        while self._pace.behind(tenant):
            now = self._clock.monotonic()
            if now < rests_until:
                await self._pause(rests_until - now)
            elif now < yields_until and self._pace.serving():
                await self._pause(yields_until - now)
            else:
                return

    async def _pause(self, seconds: float) -> None:
        """Return after so long, or when nobody is left for whom to wait."""
        loop = asyncio.get_running_loop()
        woken: asyncio.Future[None] = loop.create_future()
        timer = loop.call_later(seconds, _wake, woken)
        self._waiting.add(woken)
        try:
            await woken
        finally:
            timer.cancel()
            self._waiting.discard(woken)

    def _look_again(self) -> None:
        if self._waiting and not self._pace.serving():
            for woken in self._waiting:
                _wake(woken)

    def _line_of(self, tenant: str) -> _Line:
        line = self._lines.get(tenant)
        if line is None:
            if len(self._lines) >= _TIDY:
                now = self._clock.monotonic()
                for name in [name for name, one in self._lines.items() if one.idle and one.rests_until < now]:
                    del self._lines[name]
            line = self._lines[tenant] = _Line()
        return line


def _wake(woken: asyncio.Future[None]) -> None:
    if not woken.done():
        woken.set_result(None)
