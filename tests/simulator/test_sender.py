import asyncio

import httpx
import msgspec
import pytest

from sendlens.errors import Unavailable
from sendlens.simulator import sender as module
from sendlens.simulator.sender import Refused, Sender
from sendlens.simulator.webhooks import Keys, posts
from tests.simulator.server import NOW, SmallServer
from tests.simulator.test_world import history


def send(server, batches, **more):
    async def run():
        transport = httpx.ASGITransport(app=server)
        async with Sender(
            "http://test", "key", {"ses": "/hooks/ses/1"}, transport=transport, pause=0, **more
        ) as sender:
            await sender.send(batches)
        return sender.tally

    return asyncio.run(run())


def some(n=300, batch=20):
    events = [event for _, event, _ in history(3, 1_000)[1]][:n]
    return events, list(posts("native", events, Keys(), NOW, batch))


def test_everything_is_sent_and_counted():
    events, batches = some()
    server = SmallServer()
    tally = send(server, batches)
    assert set(server.stored) == {event.id for event in events}
    assert (tally.posted, tally.accepted, tally.rejected, tally.retries) == (300, 300, 0, 0)
    assert {headers["authorization"] for headers in server.requests} == {"Bearer key"}


def test_no_more_requests_at_a_time_than_allowed():
    server = SmallServer()
    send(server, some(batch=5)[1], concurrency=3)
    assert server.most_at_once == 3


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_busy_server_gets_the_same_bytes_again(status):
    server = SmallServer(status, status)
    tally = send(server, some(20)[1], concurrency=1)
    assert tally.retries == 2
    assert tally.again == 40
    assert tally.accepted == 20
    assert server.bodies[0] == server.bodies[1] == server.bodies[2]


def test_retry_after_is_honoured(monkeypatch):
    waited = []

    async def sleep(seconds):
        waited.append(seconds)

    monkeypatch.setattr(module.asyncio, "sleep", sleep)

    async def run():
        transport = httpx.ASGITransport(app=SmallServer(503, 500))
        async with Sender("http://test", "key", transport=transport, pause=1.0) as sender:
            await sender.post(some(20)[1][0])

    asyncio.run(run())
    told, own = [seconds for seconds in waited if seconds]
    assert 2.25 <= told <= 3.75  # 3 seconds, give or take a quarter
    assert 0.3 <= own <= 0.5


def test_an_answer_that_is_lost_makes_duplicates_and_no_losses():
    server = SmallServer("late")
    tally = send(server, some(20)[1])
    assert len(server.stored) == 20
    assert len(server.requests) == 2
    assert tally.accepted == 20
    assert tally.again == 20


def test_a_refusal_is_an_error_with_the_servers_words():
    with pytest.raises(Refused, match="answered 401: this server is in trouble") as refused:
        send(SmallServer(401), some(20)[1])
    assert refused.value.hint == "wait"


def test_a_server_that_stays_away_is_given_up():
    with pytest.raises(Unavailable, match="not accepted in"):
        send(SmallServer(*[503] * 50), some(20)[1])


def test_hooks_are_posted_without_our_key():
    server = SmallServer()

    async def run():
        transport = httpx.ASGITransport(app=server)
        async with Sender("http://test", "key", {"ses": "/hooks/ses/1"}, transport=transport) as sender:
            body = msgspec.json.encode({"type": "opened", "recipient": "a@example.com", "occurred_at": NOW})
            await sender.post(module.Post("ses", body, {"content-type": "application/json"}, 1))

    asyncio.run(run())
    assert server.paths == ["/hooks/ses/1"]
    assert "authorization" not in server.requests[0]
