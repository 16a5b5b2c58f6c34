"""Posting to the native API: answers, limits, keys."""

import gzip
import json
import threading
import zlib
from collections.abc import AsyncIterator

import pytest

from sendlens.model.events import Campaign, Event, RecordKind, Spend
from sendlens.web.intake.body import Bodies
from tests.intake.world import KEY, READER, World, problem, run
from tests.sources.contract import NOW

EVENT = {"type": "delivered", "id": "e-1", "recipient": "ada@example.com"}


def many(count: int) -> list[dict[str, object]]:
    return [{**EVENT, "id": f"e-{n}"} for n in range(count)]


def test_accepted_events_are_in_the_log() -> None:
    world = World()
    answer = world.post("/v1/events", [EVENT, {**EVENT, "type": "opened"}], {"x-request-id": "r-1"})
    assert answer.status_code == 202
    assert answer.json() == {"accepted": 2, "rejected": [], "rejected_total": 0}
    (block,) = world.log.blocks
    assert (block.tenant, block.source, block.kind, block.count) == ("t_1", "api", RecordKind.EVENT, 2)
    assert (block.received_at, block.rejected, block.request_id) == (NOW, 0, "r-1")
    assert answer.headers["x-request-id"] == "r-1"
    assert all(isinstance(record, Event) for record in world.records())


def test_each_address_brings_its_kind() -> None:
    world = World()
    bodies = {
        "/v1/conversions": {"id": "c", "value": 5, "currency": "EUR"},
        "/v1/campaigns": {"campaign_id": "c", "name": "Spring"},
        "/v1/spend": {"campaign_id": "c", "channel": "search", "hour": NOW},
    }
    for path, body in bodies.items():
        assert world.post(path, body).status_code == 202
    assert [type(record) for record in world.records()] == [Event, Campaign, Spend]
    kinds = [block.kind for block in world.log.blocks]
    assert kinds == [RecordKind.EVENT, RecordKind.CAMPAIGN, RecordKind.SPEND]


def test_rejections_are_listed_and_counted() -> None:
    world = World()
    answer = world.post("/v1/events", [EVENT, {"type": "opened", "id": "x"}, 5]).json()
    assert answer["accepted"] == 1
    assert [(no["index"], no["field"]) for no in answer["rejected"]] == [(1, "recipient"), (2, "")]
    assert (world.log.blocks[0].count, world.log.blocks[0].rejected) == (1, 2)


def test_a_request_of_rejections_alone_is_accounted_for() -> None:
    world = World()
    answer = world.post("/v1/events", [{}] * 1200)
    assert answer.status_code == 202
    told = answer.json()
    assert (told["accepted"], len(told["rejected"]), told["rejected_total"]) == (0, 1000, 1200)
    (block,) = world.log.blocks
    assert (block.count, block.rejected, block.records()) == (0, 1200, [])


def test_an_empty_array_leaves_nothing() -> None:
    world = World()
    assert world.post("/v1/events", []).json()["accepted"] == 0
    assert world.log.blocks == []


def test_many_events_become_several_blocks() -> None:
    world = World(max_body_mb=10, max_events=30_000)
    assert world.post("/v1/events", many(25_000)).json()["accepted"] == 25_000
    assert [block.count for block in world.log.blocks] == [10_000, 10_000, 5_000]
    assert len(world.records()) == 25_000


def test_lines_are_taken() -> None:
    world = World()
    body = b"\n".join(json.dumps(event).encode() for event in many(3))
    assert world.post("/v1/events", body, {"content-type": "application/x-ndjson"}).json()["accepted"] == 3


class TestKeys:
    @pytest.mark.parametrize(
        "header", ["", "Bearer", "Bearer ", "Basic abc", KEY, "Bearer nope", "Bearer " + "x" * 9999]
    )
    def test_no_valid_key(self, header: str) -> None:
        world = World()
        answer = world.post("/v1/events", [EVENT], {"authorization": header})
        problem(answer, 401)
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert world.log.blocks == []

    def test_a_key_for_reading_may_not_send(self) -> None:
        assert "ingest" in problem(World().post("/v1/events", [EVENT], key=READER), 403)["detail"]

    def test_the_key_is_looked_at_before_the_body(self) -> None:
        read: list[bytes] = []

        async def body() -> AsyncIterator[bytes]:
            read.append(b"x")
            yield b"x"

        problem(World().post("/v1/events", body(), key="nope"), 401)
        assert read == []

    def test_the_key_is_never_in_an_answer(self) -> None:
        for answer in (World().post("/v1/events", b"x" * 5), World().post("/v1/events", [EVENT], key=READER)):
            assert KEY not in answer.text
            assert READER not in answer.text


class TestBodies:
    def test_a_large_body_is_refused_by_its_length(self) -> None:
        told = problem(World().post("/v1/events", b"x" * 1_000_001), 413)
        assert told["limit_bytes"] == 1_000_000

    def test_a_body_without_a_length_is_refused_before_all_of_it_arrived(self) -> None:
        sent: list[int] = []

        async def body() -> AsyncIterator[bytes]:
            for number in range(100):
                sent.append(number)
                yield b"x" * 1_000_000

        world = World()
        answer = world.post("/v1/events", body())
        problem(answer, 413)
        assert len(sent) <= 3
        assert answer.headers["connection"] == "close"
        assert world.app._bodies.held == 0

    def test_gzip_is_unpacked(self) -> None:
        world = World()
        body = gzip.compress(json.dumps(many(5000)).encode())
        assert world.post("/v1/events", body, {"content-encoding": "gzip"}).json()["accepted"] == 5000
        two = gzip.compress(b"[") + gzip.compress(json.dumps(EVENT).encode() + b"]")
        assert world.post("/v1/events", two, {"content-encoding": "x-gzip"}).json()["accepted"] == 1
        assert world.app._bodies.held == 0

    def test_a_zip_bomb_is_refused_when_it_reaches_the_limit(self) -> None:
        packer = zlib.compressobj(9, zlib.DEFLATED, 31)
        bomb = b"".join([*(packer.compress(bytes(1_000_000)) for _ in range(300)), packer.flush()])
        assert len(bomb) < 1_000_000
        world = World()
        problem(world.post("/v1/events", bomb, {"content-encoding": "gzip"}), 413)
        assert world.app._bodies.held == 0

    @pytest.mark.parametrize("body", [b"plain", gzip.compress(b"[]" * 100, mtime=0)[:-9], b"\x1f\x8b", b""])
    def test_broken_gzip_is_refused(self, body: bytes) -> None:
        problem(World().post("/v1/events", body, {"content-encoding": "gzip"}), 400)

    @pytest.mark.parametrize("encoding", ["br", "zstd", "deflate", "gzip, gzip", "x"])
    def test_other_encodings_are_refused(self, encoding: str) -> None:
        problem(World().post("/v1/events", [EVENT], {"content-encoding": encoding}), 415)

    @pytest.mark.parametrize("content_type", ["text/xml", "multipart/form-data; boundary=x", "image/png"])
    def test_other_content_types_are_refused(self, content_type: str) -> None:
        problem(World().post("/v1/events", [EVENT], {"content-type": content_type}), 415)

    @pytest.mark.parametrize(
        "body", [b"", b"{", b"[1", b"\xff\xfe", b"nonsense", b"[" * 90_000, b'"' + b"\xff" * 70_000]
    )
    def test_unreadable_bodies_are_refused(self, body: bytes) -> None:
        world = World()
        problem(world.post("/v1/events", body), 400)
        assert world.log.blocks == []
        assert world.app._bodies.held == 0

    def test_invalid_utf8_spoils_its_record_only(self) -> None:
        body = json.dumps([EVENT, {**EVENT, "id": "BAD"}]).encode().replace(b"BAD", b"\xff\xfe")
        told = World().post("/v1/events", body).json()
        assert told["accepted"] == 1
        assert told["rejected"][0]["field"] == "id"

    def test_too_many_events_are_refused(self) -> None:
        problem(World(max_events=10).post("/v1/events", many(11)), 413)

    def test_large_bodies_are_read_in_a_thread(self, monkeypatch: pytest.MonkeyPatch) -> None:
        from sendlens.sources import decode

        threads: list[str] = []
        original = decode.document

        def spy(body: bytes) -> object:
            threads.append(threading.current_thread().name)
            return original(body)

        monkeypatch.setattr(decode, "document", spy)
        world = World()
        world.post("/v1/events", many(1))
        world.post("/v1/events", many(3000))
        assert threads[0] == "MainThread"
        assert threads[1] != "MainThread"

    def test_all_bodies_together_are_limited(self) -> None:
        world = World()
        world.app._bodies = Bodies(1_000_000, all_bodies=2_000_000)
        world.app._bodies.held = 1_999_990
        answer = world.post("/v1/events", many(50))
        problem(answer, 503)
        assert answer.headers["retry-after"]
        assert world.app._bodies.held == 1_999_990

    def test_a_sender_who_goes_away_is_not_answered(self) -> None:
        world, sent = World(), []

        async def receive() -> dict[str, object]:
            return {"type": "http.disconnect"}

        async def send(message: object) -> None:
            sent.append(message)

        scope = {
            "type": "http",
            "method": "POST",
            "path": "/v1/events",
            "query_string": b"",
            "headers": [(b"authorization", f"Bearer {KEY}".encode())],
        }
        run(world.app(scope, receive, send))
        assert sent == []
        assert world.log.blocks == []

    def test_a_sender_who_pauses_is_told(self, monkeypatch: pytest.MonkeyPatch) -> None:
        from sendlens.web.intake import body as module

        monkeypatch.setattr(module, "CHUNK_SECONDS", 0.01)

        async def never() -> AsyncIterator[bytes]:
            yield b"["
            import asyncio

            await asyncio.sleep(60)
            yield b"]"

        problem(World().post("/v1/events", never()), 400)


class TestOverload:
    def test_a_log_that_cannot_write_is_no_202(self) -> None:
        world = World()
        world.log.broken = True
        answer = world.post("/v1/events", [EVENT])
        assert "disk" in problem(answer, 503)["detail"]
        assert answer.headers["retry-after"] == "7"

    def test_a_pipeline_that_is_behind_refuses_before_reading(self) -> None:
        world, read = World(max_lag_events=1000), []
        world.log.waiting = 1001

        async def body() -> AsyncIterator[bytes]:
            read.append(1)
            yield b"[]"

        answer = world.post("/v1/events", body())
        problem(answer, 503)
        assert answer.headers["retry-after"] == "5"
        assert read == []
        world.log.waiting = 1000
        assert world.post("/v1/events", [EVENT]).status_code == 202


class TestHeaders:
    def test_an_idempotency_key_gives_ids(self) -> None:
        world = World()
        events = [{"type": "opened", "recipient": "a@example.com"}, EVENT]
        assert world.post("/v1/events", events, {"idempotency-key": "batch-7"}).json()["accepted"] == 2
        assert [getattr(record, "id", None) for record in world.records()] == ["batch-7:0", "e-1"]

    @pytest.mark.parametrize("value", ["x" * 201, "a\x01b"])
    def test_a_strange_idempotency_key_is_refused(self, value: str) -> None:
        problem(World().post("/v1/events", [EVENT], {"idempotency-key": value}), 400)

    def test_the_source_may_be_named(self) -> None:
        world = World()
        world.post("/v1/events", [EVENT], {"x-sendlens-source": "shop"})
        world.post("/v1/events?source=crm.eu", [EVENT])
        assert [block.source for block in world.log.blocks] == ["shop", "crm.eu"]

    @pytest.mark.parametrize("name", ["a b", "x" * 65, "../etc", "a/b"])
    def test_a_strange_source_is_refused(self, name: str) -> None:
        problem(World().post("/v1/events", [EVENT], {"x-sendlens-source": name}), 400)

    @pytest.mark.parametrize("value", ["a b", "x" * 65, "<script>", ""])
    def test_a_strange_request_id_is_replaced(self, value: str) -> None:
        answer = World().post("/v1/events", [EVENT], {"x-request-id": value})
        assert answer.headers["x-request-id"] != value
        assert len(answer.headers["x-request-id"]) == 16

    @pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "GET"])
    def test_other_methods_are_refused(self, method: str) -> None:
        answer = World().request(method, "/v1/events")
        problem(answer, 405)
        assert answer.headers["allow"] == "POST"

    def test_other_addresses_are_unknown(self) -> None:
        for path in ("/", "/v1/events/", "/v1/nothing", "/hooks", "/hooks/", "/hooks/ses", "/hooks/ses/"):
            problem(World().post(path, [EVENT]), 404)


def test_what_nobody_foresaw_is_a_500_without_details(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()

    def broken(secret: str) -> None:
        raise RuntimeError(f"secret {secret}")

    monkeypatch.setattr(world.keys, "find", broken)
    answer = world.post("/v1/events", [EVENT])
    problem(answer, 500)
    assert KEY not in answer.text


def test_what_belongs_to_the_intake() -> None:
    handles = World().app.handles
    for method, path, expected in [
        ("POST", "/v1/events", True),
        ("DELETE", "/v1/spend", True),
        ("GET", "/v1/events", False),
        ("GET", "/hooks/ses/x", True),
        ("POST", "/v1/query", False),
        ("GET", "/", False),
    ]:
        assert handles({"type": "http", "method": method, "path": path}) is expected
    assert not handles({"type": "websocket", "path": "/hooks/ses/x"})
