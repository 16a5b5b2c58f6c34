"""The live hub: every change arrives, fast ones are merged, and nothing is kept for a reader that sleeps."""

import asyncio
import threading

import pytest

from sendlens.clock import FrozenClock
from sendlens.errors import TooBusy, Unavailable
from sendlens.web.live import Change, LiveHub
from sendlens.web.pages.live_feed import feed_messages


def hub(**options: float) -> LiveHub:
    return LiveHub(FrozenClock(1000), **({"least_seconds": 0.01, "heartbeat_seconds": 30} | options))  # pyright: ignore[reportArgumentType] - numbers all


async def next_change(changes) -> Change | None:
    return await asyncio.wait_for(anext(changes), 10)


def test_change_published_by_another_thread_arrives() -> None:
    async def run() -> None:
        live = hub()
        changes = live.subscribe("t1", live.latest("t1").version)
        waiting = asyncio.create_task(next_change(changes))
        await asyncio.sleep(0.01)
        writer = threading.Thread(target=live.publish, args=("t1", {"events": 7}))
        writer.start()
        change = await waiting
        writer.join()
        assert change is not None
        assert (change.events, change.at) == (7, 1000)
        await changes.aclose()

    asyncio.run(run())


def test_page_that_was_made_before_a_change_hears_of_it_at_once() -> None:
    async def run() -> None:
        live = hub()
        seen = live.latest("t1").version
        live.publish("t1", {})
        changes = live.subscribe("t1", seen)
        change = await next_change(changes)
        assert change is not None
        assert change.version == live.latest("t1").version != seen
        await changes.aclose()

    asyncio.run(run())


def test_change_of_another_tenant_is_not_told() -> None:
    async def run() -> None:
        live = hub(heartbeat_seconds=0.05)
        changes = live.subscribe("t1")
        live.publish("t2", {})
        assert await next_change(changes) is None  # a heartbeat, no change
        await changes.aclose()

    asyncio.run(run())


def test_burst_is_merged_into_its_last_version() -> None:
    async def run() -> None:
        live = hub()
        changes = live.subscribe("t1", "an older version")
        await next_change(changes)
        for _ in range(1000):
            live.publish("t1", {})
        change = await next_change(changes)
        assert change is not None
        assert change.version == live.latest("t1").version
        # A thousand changes left one flag, and no queue.
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(anext(changes), 0.1)
        await changes.aclose()

    asyncio.run(run())


def test_what_is_no_event_is_told_and_keeps_the_time_of_the_last() -> None:
    async def run() -> None:
        clock = FrozenClock(1000)
        live = LiveHub(clock, least_seconds=0.01)
        live.publish("t1", {"events": 7, "batch": 3})
        seen = live.latest("t1").version
        clock.advance(5)
        live.touch("t1")
        changes = live.subscribe("t1", seen)
        change = await next_change(changes)
        assert change is not None
        assert change.version != seen
        assert (change.at, change.batch, change.events) == (1000, 3, 0)
        live.touch("t2")
        assert live.latest("t2").at == 0
        await changes.aclose()

    asyncio.run(run())


def test_a_page_hears_that_records_wait() -> None:
    async def run() -> None:
        live = hub(heartbeat_seconds=0.01)
        waits = [True, False]

        async def allowed() -> bool:
            return True

        messages = feed_messages(live.subscribe("t1"), allowed, lambda: waits.pop(0), told=True)
        told = [await asyncio.wait_for(anext(messages), 10) for _ in range(3)]
        assert [(one.event, one.comment) for one in told] == [
            (None, "connected"),
            ("waiting", None),
            (None, "still here"),
        ]
        await messages.aclose()

    asyncio.run(run())


def test_close_ends_listeners_that_wait_and_those_that_rest() -> None:
    async def run() -> None:
        live = hub(least_seconds=60)
        waiting, resting = live.subscribe("t1"), live.subscribe("t1", "an older version")
        await next_change(resting)
        tasks = [asyncio.create_task(next_change(waiting)), asyncio.create_task(next_change(resting))]
        await asyncio.sleep(0.01)
        threading.Thread(target=live.close).start()
        for task in tasks:
            with pytest.raises(StopAsyncIteration):
                await task
        with pytest.raises(Unavailable):
            await next_change(live.subscribe("t1"))

    asyncio.run(run())


def test_listener_that_leaves_makes_room() -> None:
    async def run() -> None:
        live = hub(most_listeners=1)
        first = live.subscribe("t1", "an older version")
        await next_change(first)
        with pytest.raises(Unavailable):
            await next_change(live.subscribe("t2"))
        await first.aclose()
        second = live.subscribe("t2", "an older version")
        assert await next_change(second) is not None
        await second.aclose()

    asyncio.run(run())


def test_a_link_that_was_passed_around_keeps_nobody_of_the_tenant_from_listening() -> None:
    async def run() -> None:
        live = hub(most_per_tenant=1, most_shared=2)
        shared = [live.subscribe("t1", "an older version", shared=True) for _ in range(3)]
        for one in shared[:2]:
            await next_change(one)
        with pytest.raises(TooBusy, match="2 shared pages") as refused:
            await next_change(shared[2])
        assert "SENDLENS_SHARED_STREAMS" in refused.value.hint
        own = live.subscribe("t1", "an older version")
        assert await next_change(own) is not None
        with pytest.raises(TooBusy, match="1 pages"):
            live.check("t1")
        live.check("t2", shared=True)
        for one in (own, *shared[:2]):
            await one.aclose()
        live.check("t1", shared=True)

    asyncio.run(run())


def test_versions_of_two_runs_never_agree() -> None:
    first, second = hub(), hub()
    assert first.latest("t1").version != second.latest("t1").version
