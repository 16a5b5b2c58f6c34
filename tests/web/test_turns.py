"""How a tenant that stands back waits: one piece of its work at a time, with rests, and not in front of a smaller one.

Time passes on an event loop whose clock jumps to whatever is due next, so that seconds take none and are exact.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from sendlens.clock import FrozenClock
from sendlens.errors import TooBusy
from sendlens.web.pace import Pace
from sendlens.web.turns import LONGEST_YIELD, PIECE_SECONDS, REFUSAL_SECONDS, REST, Turns


class Jumping(asyncio.SelectorEventLoop):
    """An event loop that never waits for time to pass."""

    def __init__(self, clock: FrozenClock) -> None:
        super().__init__()
        self._frozen = clock

    def time(self) -> float:
        return self._frozen.monotonic()

    def _run_once(self) -> None:
        if not self._ready and self._scheduled:  # pyright: ignore[reportAttributeAccessIssue] - of the base class
            self._frozen.advance(max(0.0, self._scheduled[0].when() - self.time()))  # pyright: ignore[reportAttributeAccessIssue] - of the base class
        super()._run_once()  # pyright: ignore[reportAttributeAccessIssue] - of the base class


class World:
    """Turns, a tenant that floods, and the pieces of its work as (begin, end) in seconds."""

    def __init__(self, clock: FrozenClock, *, charged: bool = False, patience: float = 1000.0) -> None:
        self.clock = clock
        self.pace = Pace(clock)
        self.turns = Turns(self.pace, clock, "bodies", patience=patience, charged=charged)
        self.pieces: list[tuple[float, float]] = []

    async def crowd(self) -> None:
        """Have the flood be known, and a quiet tenant be about that has nothing in progress."""
        for _ in range(24):
            self.pace.enter("flood")
        await asyncio.sleep(5)
        with self.pace.present("quiet"):
            await asyncio.sleep(0.1)

    async def work(self, seconds: float, tenant: str = "flood") -> None:
        turn = await self.turns.begin(tenant)
        began = self.clock.monotonic()
        await asyncio.sleep(seconds)
        self.pieces.append((began, self.clock.monotonic()))
        turn.end()
        turn.end()  # once more does nothing


def run(story: Callable[[FrozenClock], Coroutine[Any, Any, None]]) -> None:
    clock = FrozenClock(0)
    with asyncio.Runner(loop_factory=lambda: Jumping(clock)) as runner:
        runner.run(story(clock))


def test_alone_nobody_waits() -> None:
    async def story(clock: FrozenClock) -> None:
        world = World(clock)
        for _ in range(24):
            world.pace.enter("flood")
        await asyncio.sleep(5)
        await asyncio.gather(*(world.work(0.1) for _ in range(24)))
        assert {begin for begin, _ in world.pieces} == {5.0}
        assert world.pace.waits["bodies"] == 0

    run(story)


def test_behind_others_a_third_of_the_time_is_worked_one_piece_after_another() -> None:
    async def story(clock: FrozenClock) -> None:
        world = World(clock)
        await world.crowd()
        began = clock.monotonic()
        await asyncio.gather(*(world.work(0.1) for _ in range(10)))
        rest = REST * (0.1 + PIECE_SECONDS)
        assert [begin for begin, _ in world.pieces] == pytest.approx([began + n * (0.1 + rest) for n in range(10)])
        assert world.pace.waits["bodies"] == 10
        assert world.pace.waited["bodies"] == pytest.approx(sum(n * (0.1 + rest) for n in range(10)))

    run(story)


def test_the_smaller_tenant_does_not_wait() -> None:
    async def story(clock: FrozenClock) -> None:
        world = World(clock)
        await world.crowd()
        began = clock.monotonic()
        with world.pace.present("quiet"):
            await asyncio.gather(world.work(0.1), *(world.work(0.1, "quiet") for _ in range(3)))
        assert [begin for begin, _ in world.pieces[:3]] == [began] * 3

    run(story)


def test_nothing_is_begun_while_a_smaller_one_is_served() -> None:
    async def story(clock: FrozenClock) -> None:
        world = World(clock)
        await world.crowd()
        await world.work(0.1)
        await asyncio.sleep(1)
        began = clock.monotonic()
        with world.pace.present("quiet"):
            waiting = asyncio.ensure_future(world.work(0.1))
            await asyncio.sleep(0.05)
        await waiting
        assert world.pieces[-1][0] == pytest.approx(began + 0.05)

    run(story)


def test_somebody_smaller_who_is_always_there_does_not_keep_it_from_its_work() -> None:
    async def story(clock: FrozenClock) -> None:
        world = World(clock)
        await world.crowd()
        await world.work(0.1)
        await asyncio.sleep(1)
        with world.pace.present("quiet"):
            began = clock.monotonic()
            await world.work(0.1)
        assert world.pieces[-1][0] == pytest.approx(began + LONGEST_YIELD)

    run(story)


def test_it_rests_for_what_the_writer_does_for_it_later() -> None:
    async def story(clock: FrozenClock) -> None:
        world = World(clock, charged=True)
        await world.crowd()
        world.pace.charge("flood", 0.5)
        await asyncio.sleep(0.1)
        began = clock.monotonic()
        await asyncio.gather(*(world.work(0.1) for _ in range(2)))
        assert world.pieces[0][0] == pytest.approx(began + REST * 0.5)

    run(story)


def test_those_in_line_go_on_at_once_when_the_others_have_left() -> None:
    async def story(clock: FrozenClock) -> None:
        world = World(clock)
        await world.crowd()
        await asyncio.gather(*(world.work(1) for _ in range(24)))
        free = [begin for begin, _ in world.pieces if begin > 15]
        assert len(free) > 15
        assert max(free) - min(free) < 4  # at most the rest that had begun

    run(story)


def test_whoever_leaves_the_line_gives_up_its_turn() -> None:
    async def story(clock: FrozenClock) -> None:
        world = World(clock)
        await world.crowd()
        first = asyncio.ensure_future(world.work(0.1))
        second, third, last = (asyncio.ensure_future(world.work(0.1)) for _ in range(3))
        await asyncio.sleep(0.2)  # the second has its turn and rests, the third waits for it
        second.cancel()
        third.cancel()
        await asyncio.gather(first, last)
        assert len(world.pieces) == 2
        assert not world.turns._lines["flood"].wanted

    run(story)


def test_a_line_that_is_too_long_is_told_to_come_again() -> None:
    async def story(clock: FrozenClock) -> None:
        world = World(clock, patience=2)
        await world.crowd()
        world.turns.check("flood")
        line = [asyncio.ensure_future(world.work(0.1)) for _ in range(24)]
        await asyncio.sleep(1)
        world.turns.check("quiet")
        with pytest.raises(TooBusy, match=r"2\d bodies of this tenant wait already") as refused:
            world.turns.check("flood")
        assert refused.value.retry_after is not None
        assert 2 <= refused.value.retry_after <= 6
        assert world.pace.refused["bodies"] == 1
        before = clock.monotonic()
        await world.turns.refusing("quiet")
        assert clock.monotonic() == before
        await world.turns.refusing("flood")
        assert clock.monotonic() >= before + REFUSAL_SECONDS
        await asyncio.gather(*line)
        world.turns.check("flood")

    run(story)
