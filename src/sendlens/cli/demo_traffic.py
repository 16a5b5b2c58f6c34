"""What the demonstration sends: some days of history at once, then live traffic in real time, or a file instead.

Owns the pace. What happens comes from `simulator.world`, how it travels is `simulator.trip`'s and `sender`'s.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from random import Random
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

import msgspec

from sendlens.clock import SystemClock
from sendlens.errors import StoreError
from sendlens.model.events import Event
from sendlens.simulator import receivers
from sendlens.simulator.behaviour import Throttle
from sendlens.simulator.mail import templates
from sendlens.simulator.parameters import DAY_MS
from sendlens.simulator.run import VARIANTS
from sendlens.simulator.sender import Sender
from sendlens.simulator.trip import Trip
from sendlens.simulator.webhooks import Keys, Post, posts
from sendlens.simulator.world import World

if TYPE_CHECKING:
    from sendlens.cli.demo import Wishes
    from sendlens.cli.demo_server import DemoServer

LIVE_SHARES: Final = {"native": 3.0, "sendgrid": 3.0, "ses": 1.5, "mailgun": 1.5, "postmark": 1.0}
"""Who sends the live mail; Mailgun, Postmark and SES tell each event in a request of its own."""

_HISTORY_BATCH: Final = 5_000
_STRETCH_MS: Final = 10_000
_TICK_SECONDS: Final = 0.5
_SAMPLE_MS: Final = 15_000


class Traffic:
    """A world and the way to the server; an asynchronous context manager."""

    def __init__(self, server: DemoServer, wishes: Wishes) -> None:
        """Draw the people; nothing is sent yet."""
        self._clock = SystemClock()
        self._server = server
        self._wishes = wishes
        self._keys: Keys = server.keys
        self._start = self._clock.now_ms()
        throttles = (Throttle(wishes.throttle, self._start + 60_000),) if wishes.throttle else ()
        self.world = World(wishes.seed, people=_people(wishes.events), throttles=throttles)
        self._trip = Trip(wishes.seed, self.world.parameters)
        self._sender = Sender(server.url, server.key, server.hooks, seed=wishes.seed)
        self._described: dict[str, int] = {}

    async def __aenter__(self) -> Self:
        await self._sender.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._sender.__aexit__(kind, error, trace)

    async def history(self) -> int:
        """Send everything up to now; returns how many events were accepted."""
        self.world.plan(self._start - self._wishes.days * DAY_MS, self._start, self._wishes.events)
        await self._describe()
        for one in templates(self.world.company, VARIANTS):
            await self._sender.put(
                f"/v1/html/templates/{one.name}", one.html.encode(), "text/html; charset=utf-8", variant=one.variant
            )
        await self._sender.send(self._past())
        accepted = self._sender.tally.accepted
        start = self._start - self._wishes.days * DAY_MS
        await self._sender.send(receivers.history(self.world.company, start, self._start, self._wishes.seed))
        return accepted

    async def live(self) -> None:
        """Send what happens, when it happens, until cancelled."""
        world, rate = self.world, self._wishes.rate
        planned = self._start
        messages = rate * _STRETCH_MS / 1000 / world.events_per_message
        owed = 0.0
        sampled, draw = 0, Random(self._wishes.seed)  # noqa: S311 - a made-up world, guarding nothing
        while True:
            if not self._server.alive:
                raise StoreError("the server has stopped by itself", hint=self._server.last_words())
            now = self._clock.now_ms()
            while rate and planned < now + _STRETCH_MS:
                owed += messages
                world.stream(max(planned, now), _STRETCH_MS, int(owed), LIVE_SHARES)
                owed -= int(owed)
                planned = max(planned, now) + _STRETCH_MS
                await self._describe()
            for batch in world.advance(now, max(1, now)):
                for source, events in self._trip.arriving(batch):
                    await self._sender.send(posts(source, events, self._keys, now))
            if now >= sampled + _SAMPLE_MS:
                sampled = now
                await self._sender.post(receivers.gauges([now], draw))
            # Sooner than planned only if sending took its time.
            await asyncio.sleep(max(0.0, _TICK_SECONDS - (self._clock.now_ms() - now) / 1000))

    async def _past(self) -> AsyncIterator[Post]:
        parts = self._trip.out(self.world.advance(self._start))
        waiting: dict[str, list[Event]] = {}
        while (part := await asyncio.to_thread(next, parts, None)) is not None:
            source, events = part
            held = waiting.setdefault(source, [])
            held += events
            if len(held) >= _HISTORY_BATCH:
                for post in self._posts(source, waiting.pop(source)):
                    yield post
        for source, held in waiting.items():
            for post in self._posts(source, held):
                yield post

    def _posts(self, source: str, events: Sequence[Event]) -> list[Post]:
        return list(posts(source, events, self._keys, self._start, _HISTORY_BATCH))

    async def _describe(self) -> None:
        """Tell the facts of campaigns that are new or have grown."""
        told = self._described
        new = [one for one in self.world.campaigns() if told.get(one.campaign_id) != one.total_sent]
        if new:
            told.update({one.campaign_id: one.total_sent for one in new})
            await self._sender.post(
                Post("/v1/campaigns", msgspec.json.encode(new), {"content-type": "application/json"}, 0)
            )


def write(file: Path, wishes: Wishes) -> None:
    """Write the history as lines of JSON, ready for `sendlens import`."""
    now = SystemClock().now_ms()
    world = World(wishes.seed, people=_people(wishes.events))
    world.plan(now - wishes.days * DAY_MS, now, wishes.events)
    started, count, encoder = time.monotonic(), 0, msgspec.json.Encoder()
    with file.open("wb") as out:
        for batch in world.advance(now):
            lines = encoder.encode_lines(batch.natives())
            count += len(batch)
            out.write(lines)
    seconds = max(time.monotonic() - started, 0.001)
    sys.stdout.write(f"{count:,} events in {file}, {count / seconds:,.0f} per second\n")


def _people(events: int) -> int:
    return max(2_000, min(1_000_000, events // 3))
