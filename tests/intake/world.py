"""An intake with everything around it in memory: a log, keys, sources, a clock that stands still."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from collections.abc import Coroutine, Mapping
from typing import Any, TypeVar

import httpx

from sendlens.clock import FrozenClock
from sendlens.errors import NotFound, Unavailable
from sendlens.model.blocks import Block
from sendlens.model.events import Record
from sendlens.pipeline.door import Door
from sendlens.settings import Settings
from sendlens.sources.esp.signing import SignedRequest
from sendlens.web.intake import IntakeApp
from tests.sources.contract import NOW

T = TypeVar("T")
KEY = "sl_test_0123456789"
READER = "sl_read_0123456789"


class MemoryLog:
    """The part of the log's protocol that the door uses."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self.waiting = 0
        self.stored = 0
        self.broken = False

    async def append(self, block: Block) -> tuple[int, int]:
        await asyncio.sleep(0)
        if self.broken:
            raise Unavailable("the disk is full", retry_after=7)
        self.blocks.append(block)
        return 0, len(self.blocks)

    def backlog(self) -> int:
        return self.waiting

    def committed(self, partition: int) -> int:
        return self.stored


@dataclasses.dataclass(frozen=True)
class Key:
    tenant: str
    scopes: tuple[str, ...]
    id: str = "key_1"


@dataclasses.dataclass
class Source:
    id: str
    provider: str
    tenant: str = "t_1"
    settings: dict[str, object] = dataclasses.field(default_factory=dict[str, object])
    valid: list[str] = dataclasses.field(default_factory=list[str])

    def revealed(self) -> list[str]:
        return self.valid


class Keys:
    def __init__(self) -> None:
        self.known = {KEY: Key("t_1", ("ingest",)), READER: Key("t_1", ("read", "admin"))}

    def find(self, secret: str) -> Key | None:
        return self.known.get(secret)

    def remembered(self, secret: str) -> None:
        """Nothing is: every request is looked up."""

    def renew(self, secret: str) -> None:
        raise AssertionError("nothing was remembered")


class Sources:
    def __init__(self) -> None:
        self.known: dict[str, Source] = {}

    def get(self, source_id: str) -> Source:
        if source_id not in self.known:
            raise NotFound("unknown")
        return self.known[source_id]

    def named(self, tenant: str, name: str) -> Source:
        return self.get(name) if name in self.known and self.known[name].tenant == tenant else self.get("")


class World:
    """The application and what it talks to."""

    def __init__(self, **settings: Any) -> None:
        self.log, self.keys, self.sources = MemoryLog(), Keys(), Sources()
        self.clock = FrozenClock(NOW)
        self.fetched: list[str] = []
        self.pages: dict[str, bytes] = {}
        told = dataclasses.replace(Settings(max_body_mb=1), **settings)
        self.door = Door(self.log, told)  # pyright: ignore[reportArgumentType] (the door uses two of the methods)
        self.app = IntakeApp(self.door, self.keys, self.sources, told, self.clock, self.fetch)

    async def fetch(self, url: str) -> bytes:
        await asyncio.sleep(0)
        self.fetched.append(url)
        if url not in self.pages:
            raise Unavailable("cannot be reached")
        return self.pages[url]

    def source(self, provider: str, *secrets: str, **settings: object) -> str:
        """Add a source and return the path of its hook."""
        name = f"src-{provider}-{len(self.sources.known)}"
        self.sources.known[name] = Source(name, provider, settings=dict(settings), valid=list(secrets))
        return f"/hooks/{provider}/{name}"

    def request(self, method: str, path: str, **more: Any) -> httpx.Response:
        async def go() -> httpx.Response:
            transport = httpx.ASGITransport(app=self.app)  # pyright: ignore[reportArgumentType] (typed more loosely)
            async with httpx.AsyncClient(transport=transport, base_url="http://door") as client:
                return await client.request(method, path, **more)

        return run(go())

    def post(self, path: str, content: Any, headers: Mapping[str, str] | None = None, key: str = KEY) -> httpx.Response:
        bearer = {"authorization": f"Bearer {key}"} if key else {}
        body = content if isinstance(content, bytes) or hasattr(content, "__aiter__") else json.dumps(content)
        form = {"content-type": "application/json", **bearer, **(headers or {})}
        return self.request("POST", path, content=body, headers=form)

    def hook(self, path: str, request: SignedRequest) -> httpx.Response:
        return self.request("POST", path, content=request.body, headers=request.headers)

    def records(self) -> list[Record]:
        return [record for block in self.log.blocks for record in block.records()]


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(coroutine)


def problem(answer: httpx.Response, status: int) -> dict[str, Any]:
    """Assert that an answer is a problem document of this status, and return it."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert told["status"] == status
    assert told["type"].startswith("https://sendlens.dev/problems/")
    assert told["title"]
    assert told["request_id"] == answer.headers["x-request-id"]
    return told
