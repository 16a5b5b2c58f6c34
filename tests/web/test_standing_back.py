"""Every way in knows who stands back: posts, questions to the API, and figures of pages."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncGenerator
from functools import partial
from typing import Any

import httpx
import pytest
from litestar import Litestar
from litestar.testing import TestClient

from sendlens.clock import FrozenClock
from sendlens.errors import TooBusy
from sendlens.metrics.periods import Period
from sendlens.metrics.query import Metrics, Scope
from sendlens.store import Store
from sendlens.store.asker import asker
from sendlens.web.api import api_router, problem_handlers
from sendlens.web.api.held import Held, Room
from sendlens.web.pace import Pace
from sendlens.web.panels.answers import Answers
from sendlens.web.presence import while_there
from sendlens.web.turns import READERS_PATIENCE, REFUSAL_SECONDS, Turn
from tests.intake.world import KEY, World, run
from tests.metrics.world import NOW, Tenant
from tests.web.api.test_api import Keys, Tenants
from tests.web.test_turns import run as passing

CROWD = 24
EVENT = {"type": "delivered", "id": "e_1", "message_id": "m_1", "recipient": "ann@a.example"}


def crowd(pace: Pace, clock: FrozenClock) -> None:
    """Have so many requests of t_1 be in progress, and a quiet tenant about with one."""
    for _ in range(CROWD):
        pace.enter("t_1")
    pace.begins("t_1")
    clock.advance(5)
    pace.enter("quiet")
    clock.advance(0.1)
    assert pace.behind("t_1")
    assert not pace.behind("quiet")


def present(pace: Pace, tenant: str) -> int:
    return sum(pace._tenants[tenant].present.values())


def test_a_body_is_read_when_nobody_smaller_is_served() -> None:
    world = World()
    pace = world.app._pace
    crowd(pace, world.clock)

    async def go() -> None:
        transport = httpx.ASGITransport(app=world.app)  # pyright: ignore[reportArgumentType] (typed more loosely)
        async with httpx.AsyncClient(transport=transport, base_url="http://door") as client:
            headers = {"authorization": f"Bearer {KEY}", "content-type": "application/json"}
            posting = asyncio.ensure_future(client.post("/v1/events", content=json.dumps([EVENT]), headers=headers))
            async with asyncio.timeout(20):
                while not world.app._turns._waiting:  # noqa: ASYNC110 - it tells nobody that it waits
                    await asyncio.sleep(0.001)
            assert present(pace, "t_1") == CROWD + 1
            await asyncio.sleep(0.03)  # the clock stands still, so that no patience comes to its end
            assert not posting.done()
            pace.leave("quiet")
            assert (await posting).status_code == 202

    run(go())
    assert len(world.records()) == 1
    assert pace.waits["bodies"] == 1
    assert present(pace, "t_1") == CROWD


def test_whoever_sends_its_body_slowly_keeps_nobody_from_working() -> None:
    world = World()
    pace, busy = world.app._pace, list[bool]()

    async def body() -> AsyncGenerator[bytes]:
        busy.append(pace.serving())
        yield json.dumps([EVENT]).encode()
        busy.append(pace.serving())

    read = world.app._turns.begin

    async def begin(tenant: str) -> Turn:
        busy.append(pace.serving())
        return await read(tenant)

    world.app._turns.begin = begin  # pyright: ignore[reportAttributeAccessIssue] - so that it is seen when it is read
    headers = {"authorization": f"Bearer {KEY}", "content-type": "application/json"}

    async def go() -> int:
        transport = httpx.ASGITransport(app=world.app)  # pyright: ignore[reportArgumentType] (typed more loosely)
        async with httpx.AsyncClient(transport=transport, base_url="http://door") as client:
            return (await client.post("/v1/events", content=body(), headers=headers)).status_code

    assert run(go()) == 202
    assert busy == [False, False, True]


def test_whoever_posts_to_an_address_without_its_secret_is_no_crowd_of_its_owner() -> None:
    world = World()
    pace = world.app._pace
    path = world.source("resend", "whsec_c2VjcmV0IG9mIHRoZSBzb3VyY2U=")

    async def go() -> list[int]:
        transport = httpx.ASGITransport(app=world.app)  # pyright: ignore[reportArgumentType] (typed more loosely)
        async with httpx.AsyncClient(transport=transport, base_url="http://door") as client:
            forged = (client.post(path, content=b"x" * length) for length in (10, 10, 20_000, 20_000))
            return [answer.status_code for answer in await asyncio.gather(*forged)]

    assert set(run(go())) <= {400, 401}
    assert not pace._tenants
    crowd(pace, world.clock)
    assert set(run(go())) <= {400, 401}  # nor do they wait for its turn
    assert pace.waits["bodies"] == 0
    assert present(pace, "t_1") == CROWD


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(NOW)


@pytest.fixture
def metrics(embedded_store: Store, clock: FrozenClock) -> Metrics:
    return Metrics(embedded_store, clock)


def test_a_question_to_the_api_waits_for_its_turn_and_is_worked_on_behind_others(
    metrics: Metrics, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    pace = Pace(clock)
    behind: list[bool] = []
    known = metrics.known

    def noting(scope: Scope) -> Period:
        behind.append(asker().behind)
        return known(scope)

    monkeypatch.setattr(metrics, "known", noting)
    routes = [api_router(metrics, Keys(), Tenants(), pace=pace)]
    app = partial(while_there, Litestar(routes, exception_handlers=problem_handlers()))  # pyright: ignore[reportArgumentType] - invariant
    sending: list[bool] = []

    async def watched(scope: Any, receive: Any, send: Any) -> None:
        async def sends(message: Any) -> None:
            sending.append(pace.serving())
            await send(message)

        await app(scope, receive, sends if scope["type"] == "http" else send)

    with TestClient(watched) as client:  # pyright: ignore[reportArgumentType] - Litestar's own ASGI types
        for tenant, key in (("t_2", "sl_other"), ("t_1", "sl_read")):
            assert client.get("/v1/intake", headers={"authorization": f"Bearer {key}"}).status_code == 200
            assert present(pace, tenant) == 0
        assert pace.waits["questions"] == 0
        assert not any(sending)  # by then the work is done, and nobody has to wait for who reads slowly
        assert sending
        crowd(pace, clock)
        pace.leave("quiet")
        for key in ("sl_other", "sl_read"):
            assert client.get("/v1/intake", headers={"authorization": f"Bearer {key}"}).status_code == 200
    assert pace.waits["questions"] == 1
    assert behind == [False, False, False, True]
    assert present(pace, "t_1") == CROWD


def test_figures_of_pages_wait_for_their_turn_and_are_worked_out_behind_others(
    metrics: Metrics, clock: FrozenClock
) -> None:
    pace = Pace(clock)
    answers = Answers(metrics, pace=pace)

    async def go() -> list[bool]:
        before = await answers.run(Tenant("t_1"), lambda: asker().behind)
        crowd(pace, clock)
        pace.leave("quiet")
        return [before, await answers.run(Tenant("t_1"), lambda: asker().behind)]

    assert run(go()) == [False, True]
    assert pace.waits["figures"] == 1
    assert present(pace, "t_1") == CROWD
    answers.close()


def test_figures_that_wait_for_others_of_their_page_are_no_crowd(metrics: Metrics, clock: FrozenClock) -> None:
    pace = Pace(clock)
    answers = Answers(metrics, pace=pace, each=2)
    together = threading.Barrier(2)

    def figure() -> int:
        together.wait(timeout=30)
        return present(pace, "t_1")

    async def go() -> list[int]:
        return await asyncio.gather(*(answers.run(Tenant("t_1"), figure) for _ in range(12)))

    assert max(run(go())) == 2
    assert present(pace, "t_1") == 0
    answers.close()


def test_a_question_waits_for_a_place_and_its_turn_within_one_patience() -> None:
    """Of thirty at once, of which each takes half a second and a second's rest, some are told to come again."""

    async def story(clock: FrozenClock) -> None:
        pace = Pace(clock)
        room = Room(pace, clock, 0)
        pace.begins("t_1")
        for _ in range(CROWD):
            pace.enter("t_1")
        await asyncio.sleep(5)
        pace.enter("quiet")
        await asyncio.sleep(0.1)
        began = clock.monotonic()
        took: dict[bool, list[float]] = {True: [], False: []}

        async def ask() -> None:
            held = Held(room, "t_1")
            try:
                await held.take()
                took[True].append(clock.monotonic() - began)
                await asyncio.sleep(0.5)
            except TooBusy:
                took[False].append(clock.monotonic() - began)
            finally:
                held.left()

        await asyncio.gather(*(ask() for _ in range(30)))
        assert len(took[True]) >= 8
        assert max(took[True]) <= READERS_PATIENCE
        assert max(took[False]) <= READERS_PATIENCE + 2 + REFUSAL_SECONDS  # those in line are told when its turn comes
        assert present(pace, "t_1") == CROWD
        assert not len(room.places)

    passing(story)
