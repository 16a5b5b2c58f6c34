"""Readers who leave before their answer is there: the store works no longer for them, and their places are free."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncGenerator, Callable

import pytest
from litestar import Litestar, get
from litestar.response import Stream

from sendlens.metrics import accounting
from sendlens.web.intake.asgi import Message
from sendlens.web.presence import while_there
from tests.store.test_cancel import ENDLESS, RUNNING
from tests.web.conftest import Running


@pytest.fixture
def endless(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the account of a period a question without an end."""
    monkeypatch.setattr(accounting, "_BY_SOURCE", ENDLESS)


def leave(running: Running, path: str, scope: str, begun: Callable[[], object]) -> None:
    """Ask for something and close the connection as soon as something holds."""
    key = f"Authorization: Bearer {running.keys[scope]}\r\n" if scope else ""
    with socket.create_connection(("127.0.0.1", running.parts.settings.port), timeout=30) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{key}\r\n".encode())
        running.until(begun)


@pytest.mark.usefixtures("endless")
@pytest.mark.parametrize(
    ("path", "scope"),
    [("/v1/intake?period=7d", "read"), ("/panels/intake?period=7d", ""), ("/intake?period=7d&wait=long", "")],
)
def test_queries_end_with_their_readers(running: Running, path: str, scope: str) -> None:
    store = running.parts.store

    def under_way() -> int:
        return int(str(store.fetch_internal(RUNNING).scalar()))

    ends: list[str] = []
    store.observe(lambda outcome, _seconds: ends.append(outcome))
    leave(running, path, scope, under_way)
    running.until(lambda: under_way() == 0)
    running.until(lambda: "left" in ends)  # and not failed, by the time that a query may take
    running.until(lambda: store._readers._admission._free == running.parts.settings.query_concurrency)  # pyright: ignore[reportPrivateUsage]
    assert running.ask("GET", "/v1/breakdown?dimension=provider", "read").status_code == 200


def test_a_file_reaches_a_slow_reader_whole() -> None:
    """Its end may wait in the server until what is before it has been read."""

    @get("/file")
    async def file() -> Stream:
        async def body() -> AsyncGenerator[bytes]:
            yield b"x" * 200_000

        return Stream(body(), media_type="text/csv")

    sent: list[Message] = []
    first: list[Message] = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> Message:
        if not first:
            await asyncio.Event().wait()
        return first.pop()

    async def send(message: Message) -> None:
        for _ in range(20):
            await asyncio.sleep(0)
        sent.append(message)

    scope = {
        "type": "http",
        "method": "GET",
        "path": "/file",
        "raw_path": b"/file",
        "query_string": b"",
        "headers": [],
        "client": ("127.0.0.1", 1),
        "server": ("localhost", 80),
        "scheme": "http",
        "http_version": "1.1",
        "root_path": "",
        "state": {},
    }
    answer = while_there(Litestar([file]), scope, receive, send)  # pyright: ignore[reportArgumentType] - as an ASGI server calls it
    asyncio.run(answer)
    assert [len(one["body"]) for one in sent if one["type"] == "http.response.body"] == [200_000, 0]
