"""Rates in events, shares of the backlog, shares of bodies, places: nobody takes it all, and a refusal says when."""

import asyncio
import math
from collections import Counter, deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendlens.clock import FrozenClock
from sendlens.errors import TooBusy
from sendlens.pipeline.limits import EventRates, Shares
from sendlens.web.intake.asgi import Request
from sendlens.web.intake.body import Bodies
from sendlens.web.places import Places
from tests.intake.world import World, problem, run


@given(
    rate=st.integers(1, 50),
    burst=st.integers(1, 100),
    steps=st.lists(st.tuples(st.integers(0, 40), st.integers(1, 150)), max_size=60),
)
def test_the_rate_is_that_of_a_bucket(rate: int, burst: int, steps: list[tuple[int, int]]) -> None:
    """The plain simulation: a bucket that fills with `rate` a second; a large request passes when it is full."""
    clock = FrozenClock(0)
    rates = EventRates(clock, rate, burst)
    level = float(burst)
    for eighths, events in steps:
        clock.advance(eighths / 8)
        level = min(float(burst), level + rate * eighths / 8)
        fits = events <= level + 1e-6 or level >= burst - 1e-6
        if fits:
            rates.take("key", events)
            level -= events
        else:
            with pytest.raises(TooBusy) as refused:
                rates.take("key", events)
            wait = (min(events, burst) - level) / rate
            # On the border of a second both are right: the simulation's floats differ from ours.
            assert refused.value.retry_after in {max(1, math.ceil(wait + off)) for off in (-1e-5, 1e-5)}


@given(rate=st.integers(1, 10_000), burst=st.integers(1, 10_000), events=st.integers(1, 30_000))
def test_who_comes_back_when_told_is_let_in(rate: int, burst: int, events: int) -> None:
    clock = FrozenClock(0)
    rates = EventRates(clock, rate, burst)
    rates.take("key", burst)
    with pytest.raises(TooBusy) as refused:
        rates.take("key", events)
    assert refused.value.retry_after is not None
    clock.advance(refused.value.retry_after)
    rates.take("key", events)


def test_keys_do_not_share_a_rate_and_few_are_remembered() -> None:
    rates = EventRates(FrozenClock(0), 1, 1, most_keys=3)
    for number in range(10):
        rates.take(f"key-{number}", 1)
    assert len(rates) == 3
    with pytest.raises(TooBusy):
        rates.check("key-9")


def test_no_rate_is_no_limit() -> None:
    rates = EventRates(FrozenClock(0), 0, 1)
    for _ in range(3):
        rates.check("key")
        assert rates.take("key", 10**9) == {}
    assert len(rates) == 0


def batch(count: int) -> list[dict[str, str]]:
    return [{"type": "delivered", "id": str(n), "recipient": "a@b.example"} for n in range(count)]


def test_a_post_over_the_rate_is_refused_before_the_log_and_explained() -> None:
    world = World(rate_events=10, rate_burst=20)
    first = world.post("/v1/events", batch(15))
    assert first.status_code == 202
    assert first.headers["ratelimit-policy"] == '"events";q=20;w=2'
    assert first.headers["ratelimit"] == '"events";r=5;t=2'
    refused = world.post("/v1/events", batch(16))
    told = problem(refused, 429)
    assert refused.headers["retry-after"] == "2"  # 11 events are too many, 10 a second go
    assert refused.headers["ratelimit"] == '"events";r=5;t=2'
    assert told["events_per_second"] == 10
    assert told["burst"] == 20
    assert len(world.records()) == 15
    assert world.post("/v1/events", batch(5)).status_code == 202
    world.clock.advance(2)
    assert world.post("/v1/events", batch(16)).status_code == 202
    assert world.app._bodies.held == 0


def test_a_post_larger_than_the_burst_passes_after_a_rest() -> None:
    world = World(rate_events=10, rate_burst=20)
    assert world.post("/v1/events", batch(50)).status_code == 202
    assert world.post("/v1/events", batch(1)).headers["retry-after"] == "4"
    world.clock.advance(4)
    assert world.post("/v1/events", batch(1)).status_code == 202


class Backlog:
    def __init__(self, most: int, share: float) -> None:
        self.waiting: deque[tuple[str, int]] = deque()
        self.stored = self.offset = 0
        self.shares = Shares(
            most, share, waiting=lambda: sum(n for _, n in self.waiting), stored=lambda _partition: self.stored
        )

    def flood(self, tenants: list[str], records: int = 50) -> Counter[str]:
        """Let tenants append in turn until all are refused; return what each has waiting."""
        left = set(tenants)
        while left:
            for tenant in sorted(left):
                try:
                    self.shares.check(tenant)
                except TooBusy:
                    left.discard(tenant)
                else:
                    self.offset += 1
                    self.waiting.append((tenant, records))
                    self.shares.appended(tenant, records, 0, self.offset)
        held: Counter[str] = Counter()
        for tenant, count in self.waiting:
            held[tenant] += count
        return held

    def store(self, blocks: int) -> None:
        for _ in range(blocks):
            self.waiting.popleft()
        self.stored += blocks


def test_one_tenant_fills_its_share_and_leaves_room() -> None:
    backlog = Backlog(100_000, 0.8)
    assert backlog.flood(["a"])["a"] == pytest.approx(80_000, abs=300)
    backlog.shares.check("b")


def test_tenants_that_flood_divide_the_room_and_a_quiet_one_finds_some() -> None:
    backlog = Backlog(100_000, 0.8)
    held = backlog.flood(["a", "b", "c"])
    assert max(held.values()) - min(held.values()) <= 50
    assert 90_000 < held.total() < 95_000
    backlog.shares.check("d")


def test_room_is_free_again_when_records_are_stored() -> None:
    backlog = Backlog(10_000, 0.5)
    backlog.flood(["a"])
    with pytest.raises(TooBusy):
        backlog.shares.check("a")
    backlog.store(60)
    backlog.shares.check("a")
    backlog.store(len(backlog.waiting))
    assert backlog.shares.held("a") == 0


def test_the_whole_room_may_be_had() -> None:
    shares = Shares(1000, 1.0, waiting=lambda: 1000, stored=lambda _partition: 0)
    shares.appended("a", 1000, 0, 1)
    shares.check("a")


def test_large_bodies_of_one_tenant_leave_room_for_anothers() -> None:
    bodies = Bodies(1000, all_bodies=10_000)
    request = Request({"method": "POST", "path": "/", "headers": []})

    async def body() -> dict[str, object]:
        await asyncio.sleep(0)
        return {"type": "http.request", "body": b"x" * 900}

    async def fill() -> None:
        for _ in range(5):
            await bodies.read(request, body, "a")
        with pytest.raises(TooBusy):
            await bodies.read(request, body, "a")
        await bodies.read(request, body, "b")

    run(fill())
    assert bodies.held == 6 * 900
    for tenant in "aaaaab":
        bodies.release(900, tenant)
    assert bodies.held == 0
    assert not bodies._of


def test_places_are_counted_by_tenant_and_given_back() -> None:
    places = Places(2, "requests", "SENDLENS_SOMETHING")
    with places.place("a"), places.place("a"), places.place("b"), pytest.raises(TooBusy, match="2 requests"):
        places.enter("a")
    assert len(places) == 0


def test_turns_go_on_when_a_caller_leaves_the_queue() -> None:
    places = Places(10, "requests", "SENDLENS_SOMETHING", at_once=1)
    done: list[int] = []

    async def one(number: int) -> None:
        await places.arrive("a")
        try:
            await asyncio.sleep(0)
            done.append(number)
        finally:
            places.leave("a")

    async def all_of_them() -> None:
        tasks = [asyncio.create_task(one(number)) for number in range(6)]
        await asyncio.sleep(0)
        tasks[1].cancel()
        tasks[4].cancel()
        await asyncio.wait(tasks)

    run(all_of_them())
    assert done == [0, 2, 3, 5]
    assert len(places) == 0
    assert not places._waiting
