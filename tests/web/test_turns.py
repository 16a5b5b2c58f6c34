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
from sendlens.web.turns import (
    LONGEST_REST,
    LONGEST_YIELD,
    MOST_KEPT_BACK,
    PIECE_SECONDS,
    REFUSAL_SECONDS,
    REST,
    Turns,
)


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
        self.pace.begins("flood")
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
        assert 3 <= refused.value.retry_after <= 6
        assert world.pace.refused["bodies"] == 1
        before = clock.monotonic()
        await world.turns.refusing("quiet")
        assert clock.monotonic() == before
        await world.turns.refusing("flood")
        assert clock.monotonic() >= before + REFUSAL_SECONDS
        ended = await asyncio.gather(*line, return_exceptions=True)
        assert sum(isinstance(one, TooBusy) for one in ended) == 24 - len(world.pieces) > 10
        assert world.pieces[-1][0] - world.pieces[0][0] <= 2
        world.turns.check("flood")

    run(story)


def test_nobody_waits_for_longer_than_its_patience_while_the_writer_works_off_what_its_tenant_brought() -> None:
    """A second of work is charged each second, for which it would rest two."""

    async def story(clock: FrozenClock) -> None:
        world = World(clock, charged=True, patience=5)
        await world.crowd()
        took: list[float] = []
        refused: list[float] = []
        later: list[int] = []

        async def writer() -> None:
            while True:
                await asyncio.sleep(1)
                world.pace.charge("flood", 1)

        async def quiet() -> None:
            while True:
                with world.pace.present("quiet"):
                    await asyncio.sleep(0.01)
                await asyncio.sleep(2)

        async def post() -> None:
            came = clock.monotonic()
            try:
                world.turns.check("flood")
                await world.work(0.002)
                took.append(clock.monotonic() - came)
            except TooBusy as error:
                later.append(error.retry_after or 0)
                refused.append(clock.monotonic() - came)

        others = [asyncio.ensure_future(writer()), asyncio.ensure_future(quiet())]
        posts: list[asyncio.Future[None]] = []
        for _ in range(600):
            posts.append(asyncio.ensure_future(post()))
            await asyncio.sleep(0.1)
        await asyncio.gather(*posts)
        for other in others:
            other.cancel()
        assert len(took) >= 60 / (LONGEST_REST + LONGEST_YIELD + 1)  # nor is it starved
        assert max(*took, *refused) <= 5.01
        assert len(took) + len(refused) == 600
        assert 1 <= min(later) <= max(later) <= 5 + LONGEST_REST

    run(story)


def test_whoever_waited_elsewhere_before_has_less_patience_left() -> None:
    async def story(clock: FrozenClock) -> None:
        world = World(clock, patience=5)
        await world.crowd()
        await world.work(1)
        with pytest.raises(TooBusy):
            await world.turns.begin("flood", came=clock.monotonic() - 4)
        await asyncio.sleep(1.5)
        (await world.turns.begin("flood", came=clock.monotonic() - 4)).end()
        with pytest.raises(TooBusy):
            world.turns.check("flood", waiting=1000)
        assert not world.turns._lines["flood"].wanted

    run(story)


@pytest.mark.parametrize("per_second", [100, 150])
def test_a_steady_sender_of_small_posts_is_not_trapped_by_one_slow_flush(per_second: int) -> None:
    """A fifth of a millisecond of work each, 2 or 3 % of a processor, and ten for the disk; for once half a second."""

    async def story(clock: FrozenClock) -> None:
        world = World(clock, charged=True, patience=5)
        stalled = asyncio.Event()
        took: list[float] = []

        async def post() -> None:
            came = clock.monotonic()
            with world.pace.present("steady"):
                world.turns.check("steady")
                await world.work(0.0002, "steady")
                await asyncio.sleep(0.01)
                await stalled.wait()
            took.append(clock.monotonic() - came)

        async def small(number: int) -> None:
            await asyncio.sleep(number * 0.0137)
            while True:
                with world.pace.present(f"small-{number}"):
                    await asyncio.sleep(0.015)
                await asyncio.sleep(0.65)

        others = [asyncio.ensure_future(small(number)) for number in range(60)]
        loop = asyncio.get_running_loop()
        stalled.set()
        loop.call_later(4, stalled.clear)
        loop.call_later(4.5, stalled.set)
        posts: list[asyncio.Future[None]] = []
        for _ in range(8 * per_second):
            posts.append(asyncio.ensure_future(post()))
            await asyncio.sleep(1 / per_second)
        await asyncio.gather(*posts)
        for other in others:
            other.cancel()
        assert len(took) == 8 * per_second
        assert max(took) < 0.52
        assert max(took[-2 * per_second :]) == pytest.approx(0.0102)
        assert world.pace.refused["bodies"] == world.pace.waits["bodies"] == 0

    run(story)


def test_refusals_are_kept_back_for_each_tenant_by_itself() -> None:
    async def story(clock: FrozenClock) -> None:
        world = World(clock)
        for _ in range(24):
            world.pace.enter("other")
        world.pace.begins("other")
        await world.crowd()
        kept = [asyncio.ensure_future(world.turns.refusing("flood")) for _ in range(MOST_KEPT_BACK)]
        await asyncio.sleep(0)
        before = clock.monotonic()
        await world.turns.refusing("flood")
        assert clock.monotonic() == before
        await world.turns.refusing("other")
        assert clock.monotonic() == pytest.approx(before + REFUSAL_SECONDS)
        await asyncio.gather(*kept)
        assert world.turns._lines["flood"].idle

    run(story)
