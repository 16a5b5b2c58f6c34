"""A small server for senders: judges native events as the real one does, counts them, and can be told to misbehave."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from sendlens.model.events import Event
from sendlens.sources import native

NOW = 1_795_132_800_000


class SmallServer:
    """An ASGI application. `stored` has each event once by its id; `trouble` is answered first, one status a time."""

    def __init__(self, *trouble: int | str) -> None:
        self.trouble = list(trouble)
        self.stored: dict[str, Event] = {}
        self.requests: list[dict[str, str]] = []
        self.paths: list[str] = []
        self.at_once = self.most_at_once = 0
        self.bodies: list[bytes] = []

    async def __call__(self, scope: Any, receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]):
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        body = b""
        while (message := await receive())["type"] == "http.request":
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        self.requests.append(headers)
        self.paths.append(scope["path"])
        self.bodies.append(body)
        await asyncio.sleep(0)
        try:
            await self._answer(headers, body, send)
        finally:
            self.at_once -= 1

    async def _answer(self, headers, body, send):
        said: list[tuple[bytes, bytes]] = [(b"content-type", b"application/json")]
        trouble = self.trouble.pop(0) if self.trouble else 202
        if trouble in (202, "late"):
            mapped = native.parse_events(body, headers["content-type"], NOW)
            for event in mapped.records:
                assert isinstance(event, Event)
                self.stored.setdefault(event.id or f"{event.type}{event.recipient}{event.occurred_at}", event)
            answer = {
                "accepted": len(mapped.records),
                "rejected": mapped.rejected,
                "rejected_total": len(mapped.rejected),
            }
        else:
            answer = {"title": "Trouble", "detail": "this server is in trouble", "hint": "wait"}
        if trouble == "late":  # the events are in, but the sender never learns of it
            trouble = 504
        if trouble in (429, 503):
            said.append((b"retry-after", b"3"))
        await send({"type": "http.response.start", "status": trouble, "headers": said})
        await send({"type": "http.response.body", "body": msgspec.json.encode(answer)})
