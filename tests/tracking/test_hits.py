"""The tracker over HTTP, with a log in memory."""

import asyncio
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from sendlens.clock import FrozenClock
from sendlens.model.events import Event, EventType
from sendlens.pipeline.door import Door
from sendlens.settings import Settings
from sendlens.sources.tracking import Kind, Message, Tracker
from sendlens.web.intake import body
from sendlens.web.intake import tracker as module
from sendlens.web.intake.leaving import WORDS
from sendlens.web.intake.tracker import TrackerApp
from tests.intake.world import MemoryLog, Source, Sources, problem, run
from tests.sources.contract import NOW

SECRET = "a-long-secret-of-the-source"
TRACKER = Tracker("http://door", "src_1", SECRET)
MESSAGE = Message(message_id="m1", recipient="augusta@example.org", campaign_id="spring", sent_at=NOW - 60_000)
BROWSER = {"user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"}


class World:
    def __init__(self, **settings: Any) -> None:
        self.log, self.sources, self.clock = MemoryLog(), Sources(), FrozenClock(NOW)
        self.sources.known["src_1"] = Source("src_1", "tracker", valid=["a-newer-secret-of-the-source", SECRET])
        self.sources.known["src_2"] = Source("src_2", "postmark", valid=[SECRET])
        told = Settings(**settings)
        door = Door(self.log, told)  # pyright: ignore[reportArgumentType] - the door uses two of the methods
        self.app = TrackerApp(door, self.sources, told, self.clock)

    def request(
        self, method: str, url: str, client: tuple[str, int] = ("203.0.113.9", 1), **more: Any
    ) -> httpx.Response:
        async def go() -> httpx.Response:
            transport = httpx.ASGITransport(app=self.app, client=client)  # pyright: ignore[reportArgumentType]
            async with httpx.AsyncClient(transport=transport) as asking:
                return await asking.request(method, url, **more)

        return run(go())

    def events(self) -> list[Event]:
        return [one for block in self.log.blocks for one in block.records() if isinstance(one, Event)]


@pytest.fixture
def world() -> World:
    return World()


def test_a_pixel_is_an_open_that_nobody_may_keep(world: World) -> None:
    answer = world.request("GET", TRACKER.address(Kind.OPEN, MESSAGE) + ".gif", headers=BROWSER)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/gif")
    assert answer.content.startswith(b"GIF89a")
    assert "no-store" in answer.headers["cache-control"]
    (event,) = world.events()
    assert (event.type, event.message_id, event.campaign_id) == (EventType.OPENED, "m1", "spring")
    assert (event.ip, event.user_agent, event.occurred_at) == ("203.0.113.9", BROWSER["user-agent"], NOW)
    assert event.machine is None


def test_a_larger_tenant_stands_back_for_who_follows_a_link(world: World) -> None:
    pace = world.app._pace
    for _ in range(24):
        pace.enter("flood")
    pace.begins("flood")
    world.clock.advance(5)
    world.request("GET", TRACKER.address(Kind.OPEN, MESSAGE), headers=BROWSER)
    world.clock.advance(1)
    assert pace.behind("flood")
    assert not pace.serving()  # the hit is answered


def test_a_form_that_never_ends_is_not_in_progress_and_is_given_up(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    pace, told = world.app._pace, list[Any]()
    monkeypatch.setattr(body, "CHUNK_SECONDS", 0.05)

    async def go() -> None:
        sent, never = False, asyncio.Event()

        async def receive() -> dict[str, Any]:
            nonlocal sent
            if sent:
                await never.wait()
            sent = True
            return {"type": "http.request", "body": b"L", "more_body": True}

        async def send(message: Any) -> None:
            assert not pace.serving()
            told.append(message.get("status"))

        path = urlsplit(TRACKER.address(Kind.UNSUBSCRIBE, MESSAGE)).path
        await world.app({"type": "http", "method": "POST", "path": path, "headers": []}, receive, send)

    run(go())
    assert told[0] == 400
    assert not pace._tenants
    assert not world.events()


def test_two_fetches_are_two_opens(world: World) -> None:
    for _ in range(2):
        world.request("GET", TRACKER.address(Kind.OPEN, MESSAGE), headers=BROWSER)
    assert len({event.id for event in world.events()}) == 2


@pytest.mark.parametrize(
    ("url", "location"),
    [
        ("https://shop.example/a?x=1&y=%20#top", "https://shop.example/a?x=1&y=%20#top"),
        ("https://bücher.example/straße?q=ä", "https://xn--bcher-kva.example/stra%C3%9Fe?q=%C3%A4"),
        ("https://shop.example/a\r\nSet-Cookie: x=1", "https://shop.example/aSet-Cookie:%20x=1"),
    ],
)
def test_a_link_leads_where_it_was_sealed_to(world: World, url: str, location: str) -> None:
    there = TRACKER.address(Kind.CLICK, MESSAGE, url=url, link_position=3, link_id="cta")
    answer = world.request("GET", there, headers=BROWSER)
    assert (answer.status_code, answer.headers["location"]) == (302, location)
    assert answer.headers["referrer-policy"] == "no-referrer"
    (event,) = world.events()
    assert (event.type, event.link_url, event.link_position, event.link_id) == (EventType.CLICKED, url, 3, "cta")


@pytest.mark.parametrize("url", ["http://[x", f"https://{'é' * 80}.example/", "javascript:alert(1)"])
def test_a_link_that_leads_to_no_address_is_told(world: World, url: str) -> None:
    answer = world.request("GET", TRACKER.address(Kind.CLICK, MESSAGE, url=url), headers=BROWSER)
    problem(answer, 400)
    assert "location" not in answer.headers


@pytest.mark.parametrize(
    "path", ["/t/c/src_1/invented", "/t/c/src_9/x", "/t/c/src_2/x", "/t/x/src_1/x", "/t/", "/t/c/"]
)
def test_nothing_else_is_followed(world: World, path: str) -> None:
    answer = world.request("GET", f"http://door{path}?url=https://evil.example")
    problem(answer, 404)
    assert "location" not in answer.headers
    assert world.events() == []


def test_a_broken_pixel_is_still_a_picture(world: World) -> None:
    answer = world.request("GET", "http://door/t/o/src_1/invented")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/gif")
    assert world.events() == []


@pytest.mark.parametrize(
    ("method", "headers"),
    [("HEAD", {}), ("GET", {"sec-purpose": "prefetch;prerender"}), ("GET", {"x-moz": "prefetch"})],
)
def test_what_no_person_sends_is_a_machines(world: World, method: str, headers: dict[str, str]) -> None:
    there = TRACKER.address(Kind.CLICK, MESSAGE, url="https://shop.example/")
    answer = world.request(method, there, headers=BROWSER | headers)
    assert answer.status_code == 302
    (event,) = world.events()
    assert event.machine is True


def test_the_honeypot_leads_nowhere(world: World) -> None:
    answer = world.request("GET", TRACKER.address(Kind.CLICK, MESSAGE, link_id="honeypot"))
    assert (answer.status_code, answer.content) == (204, b"")
    assert [event.link_id for event in world.events()] == ["honeypot"]


def test_a_person_reaches_the_target_when_nothing_can_be_written(world: World) -> None:
    world.log.broken = True
    answer = world.request("GET", TRACKER.address(Kind.CLICK, MESSAGE, url="https://shop.example/"))
    assert (answer.status_code, answer.headers["location"]) == (302, "https://shop.example/")


class TestLeaving:
    ADDRESS = TRACKER.address(Kind.UNSUBSCRIBE, MESSAGE)

    def test_looking_changes_nothing(self, world: World) -> None:
        answer = world.request("GET", self.ADDRESS, headers={"accept-language": "xx, de-AT;q=0.9"})
        assert WORDS["de"].ask in answer.text
        assert "a…a@example.org" in answer.text
        assert "augusta" not in answer.text
        assert world.request("HEAD", self.ADDRESS).content == b""
        assert world.events() == []

    @pytest.mark.parametrize(
        "form",
        [
            {"data": {"List-Unsubscribe": "One-Click"}},
            {"files": {"List-Unsubscribe": (None, "One-Click")}},
        ],
        ids=["urlencoded", "multipart"],
    )
    def test_one_click_as_rfc_8058_has_it(self, world: World, form: dict[str, Any]) -> None:
        for _ in range(2):
            assert world.request("POST", self.ADDRESS, **form).status_code == 200
        first, again = world.events()
        assert (first.type, first.unsubscribe_method, first.recipient) == (
            EventType.UNSUBSCRIBED,
            "one_click",
            "augusta@example.org",
        )
        assert first.id == again.id

    def test_by_the_page_and_back(self, world: World) -> None:
        answer = world.request("POST", self.ADDRESS, data={"leave": "1"})
        assert WORDS["en"].left in answer.text
        assert 'name="undo"' in answer.text
        assert WORDS["en"].back in world.request("POST", self.ADDRESS, data={"undo": "1"}).text
        assert [(event.type, event.unsubscribe_method) for event in world.events()] == [
            (EventType.UNSUBSCRIBED, "link"),
            (EventType.RESUBSCRIBED, ""),
        ]

    def test_what_cannot_be_written_is_asked_for_again(self, world: World) -> None:
        world.log.broken = True
        answer = world.request("POST", self.ADDRESS, data={"List-Unsubscribe": "One-Click"})
        problem(answer, 503)
        assert answer.headers["retry-after"]

    def test_other_posts_and_methods_are_explained(self, world: World) -> None:
        problem(world.request("POST", self.ADDRESS, data={"x": "1"}), 400)
        problem(world.request("POST", self.ADDRESS, content=b"x" * 5000), 413)
        assert world.request("DELETE", self.ADDRESS).headers["allow"] == "GET, HEAD, POST"
        assert world.events() == []


class TestReadingTime:
    @staticmethod
    def held(world: World, steps: int) -> tuple[bytes, list[Event]]:
        """Fetch the picture, wait for some of its bytes, and go."""
        sent: list[bytes] = []
        gone = asyncio.Event()

        async def receive() -> dict[str, object]:
            await gone.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            sent.append(message.get("body", b""))
            if len(sent) > steps:
                gone.set()
            await asyncio.sleep(0)

        path = TRACKER.address(Kind.READ, MESSAGE).removeprefix("http://door")
        scope = {"type": "http", "method": "GET", "path": path, "headers": [], "client": ("203.0.113.9", 1)}
        run(world.app(scope, receive, send))
        return b"".join(sent), world.events()

    def test_it_lasts_as_long_as_somebody_looks(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(module, "READ_STEP_SECONDS", 0.001)
        _, events = self.held(world, steps=4)
        assert [(event.type, event.reason, event.metadata) for event in events] == [
            (EventType.READ, "glanced", {"seconds": "0"})
        ]

    def test_it_ends_as_a_whole_picture(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(module, "READ_STEP_SECONDS", 1.0)
        monkeypatch.setattr(module, "READ_MOST_SECONDS", 0)
        picture, events = self.held(world, steps=100)
        assert picture.endswith(b"\x00\x3b")
        assert len(events) == 1

    def test_beyond_the_limit_nothing_is_held(self) -> None:
        world = World(tracker_held=0)
        answer = world.request("GET", TRACKER.address(Kind.READ, MESSAGE))
        assert answer.content == module.PIXEL
        assert world.events() == []
