"""Exporters are scraped over real HTTP: credentials, what is refused, what a failure leaves behind, and the bounds."""

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from sendlens.clock import FrozenClock
from sendlens.control.control import Control
from sendlens.errors import Unavailable
from sendlens.model.events import Gauge, RecordKind
from sendlens.polling.hosts import PollError
from sendlens.polling.rounds import Rounds
from sendlens.scrapes import fetch
from sendlens.scrapes.scraper import Scrapes
from sendlens.settings import Settings
from sendlens.sources.exporters import PROMETHEUS
from sendlens.sources.received import Mapped
from tests.sources.exporters import answers

NOW = 1_790_000_000_000
SEEN: list[str] = []


class Exporter(BaseHTTPRequestHandler):
    """Answers by path; the credentials it was asked with are kept in `SEEN`."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        SEEN.append(self.headers.get("authorization", ""))
        where = self.path.partition("?")[0]
        if where in ("/slow", "/drip"):
            if where == "/drip":
                self.send_response(200)
                self.send_header("connection", "close")
                self.end_headers()
            for _ in range(100):
                try:
                    self.wfile.write(b"H")
                    time.sleep(0.05)
                except OSError:
                    return
            return
        texts = {"/exim": answers.EXIM, "/postfix": answers.POSTFIX, "/big": "x 1\n" * 50, "/html": "<html>"}
        status = {"/moved": 302, "/closed": 401}.get(where, 200 if where in texts else 404)
        body = texts.get(where, "").encode()
        self.send_response(status)
        self.send_header("content-type", "text/plain; version=0.0.4")
        self.send_header("content-length", str(len(body)))
        self.send_header("location", "http://169.254.169.254/")
        if where == "/big":
            self.send_header("content-encoding", "gzip" if "packed" in self.path else "identity")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        del format, args


@pytest.fixture(scope="module")
def exporter() -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Exporter)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


class World:
    def __init__(self, home: Path, port: int) -> None:
        self.port = port
        self.clock = FrozenClock(NOW)
        self.control = Control.open(f"sqlite:///{home / 'control.sqlite'}", b"k" * 32, self.clock)
        self.tenant = self.control.tenants.create("main", "Main").id
        self.settings = replace(Settings(), scrape_networks="127.0.0.0/8")
        self.taken: list[tuple[RecordKind, Mapped, int]] = []
        self.broken = False

    def accept(self, tenant: str, source: str, kind: RecordKind, mapped: Mapped, received_at: int) -> None:
        assert tenant == self.tenant
        if self.broken:
            raise Unavailable("the disk is full")
        self.taken.append((kind, mapped, received_at))

    def rounds(self) -> Rounds:
        return Rounds(Scrapes(self.control, self.settings, self.clock, self.accept), self.control, self.clock)

    def source(self, path: str, *secrets: str, **options: object) -> str:
        settings = {"address": f"http://127.0.0.1:{self.port}/{path}", **options}
        return self.control.sources.create(self.tenant, path, PROMETHEUS, settings, secrets).id

    def values(self) -> dict[str, float]:
        return {one.name: one.value for _, mapped, _ in self.taken for one in mapped.records if isinstance(one, Gauge)}


@pytest.fixture
def world(tmp_path: Path, exporter: ThreadingHTTPServer) -> Iterator[World]:
    it = World(tmp_path, exporter.server_address[1])
    yield it
    it.control.close()


def test_an_exporter_is_scraped_at_its_pace_and_the_state_is_kept(world: World) -> None:
    source = world.source("exim", every_seconds=30)
    rounds = world.rounds()
    rounds.turn()
    rounds.turn()
    assert len(world.taken) == 1, "not due yet"
    kind, _, at = world.taken[0]
    assert (kind, at, world.values()["queue_depth"]) == (RecordKind.GAUGE, NOW, 126)
    state = world.control.polls.get(source)
    assert (state.looked_at, state.read, state.error, state.note) == (NOW, 5, "", "")
    world.clock.advance(30)
    rounds.turn()
    assert len(world.taken) == 2
    assert world.control.polls.get(source).read == 10
    assert (rounds.looks, rounds.failed, rounds.failing) == (2, 0, 0)


@pytest.mark.parametrize(
    ("secret", "sent"), [("", ""), ("a-token", "Bearer a-token"), ("ada:lovelace", "Basic YWRhOmxvdmVsYWNl")]
)
def test_the_secret_is_sent_as_what_it_looks_like(world: World, secret: str, sent: str) -> None:
    world.source("exim", *[secret] * bool(secret))
    world.rounds().turn()
    assert SEEN[-1] == sent


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("moved", "answered 302: redirects are not followed"),
        ("closed", "answered 401 Check the secret"),
        ("gone", "answered 404 Is the path right?"),
        ("html", "no text of metrics"),
        ("big?packed", "'gzip', which was not asked for"),
    ],
)
def test_a_failure_is_told_with_its_reason_and_the_last_success_stays(world: World, path: str, told: str) -> None:
    source = world.source("exim")
    world.rounds().turn()
    world.control.sources.configure(source, {"address": f"http://127.0.0.1:{world.port}/{path}"})
    world.clock.advance(60)
    rounds = world.rounds()
    rounds.turn()
    state = world.control.polls.get(source)
    assert told in state.error
    assert (state.looked_at, state.read) == (NOW, 5)
    assert (rounds.failed, rounds.failing) == (1, 1)
    assert len(world.taken) == 1


def test_an_answer_that_is_too_large_or_too_slow_is_given_up(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    address = f"http://127.0.0.1:{world.port}"
    monkeypatch.setattr(fetch, "MOST_BYTES", 100)
    with pytest.raises(PollError, match="more than 0 MB"):
        fetch.fetched(f"{address}/big", "", world.settings)
    monkeypatch.setattr(fetch, "SECONDS", 0.3)
    for where in ("slow", "drip"):
        began = time.monotonic()
        with pytest.raises(PollError, match="needed more than"):
            fetch.fetched(f"{address}/{where}", "", world.settings)
        assert time.monotonic() - began < 4, "a byte now and then does not keep the scrape alive"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "169.254.169.254", "[::ffff:169.254.169.254]"])
def test_hosts_that_lead_inside_are_not_reached(world: World, host: str) -> None:
    wide = replace(world.settings, scrape_networks="169.254.0.0/16" if "169" in host else "")
    with pytest.raises(PollError, match="is not a public address"):
        fetch.fetched(f"http://{host}:{world.port}/exim", "", wide)


def test_gauges_that_are_not_safe_are_a_failure(world: World) -> None:
    source = world.source("postfix")
    world.broken = True
    world.rounds().turn()
    state = world.control.polls.get(source)
    assert ("the disk is full" in state.error, state.read, state.looked_at) == (True, 0, 0)


def test_a_source_without_an_address_and_a_deleted_one_are_left_alone(world: World) -> None:
    world.control.sources.create(world.tenant, "idle", PROMETHEUS, {})
    failing = world.source("gone")
    rounds = world.rounds()
    rounds.turn()
    assert (world.taken, rounds.failing) == ([], 1)
    world.control.sources.delete(failing)
    rounds.turn()
    assert rounds.failing == 0
