"""Test events: a request to a real hook from inside the process, with what it is to be checked against.

Owns the way past the network. Everything else is the hook's own way: limits, proof, reading, log and accounting.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sendlens.web.intake.asgi import TRIAL, Message, Receive, Scope, Send

_METHOD: Final = "POST"


@dataclass(frozen=True)
class Trial:
    """What is taken as the provider's for one request, because only the provider has the key that belongs to it."""

    secrets: tuple[str, ...] = ()
    certificate: bytes = b""


async def post(app: Any, path: str, body: bytes, headers: Mapping[str, str], trial: Trial, *, url: str) -> int:
    """Post to a hook of the ASGI application `app` as if it came to `url`, and return the status of the answer."""
    scheme, _, rest = url.partition("://")
    host = rest.partition("/")[0]
    told = {**headers, "host": host, "content-length": str(len(body))}
    scope: Scope = {
        "type": "http",
        "method": _METHOD,
        "path": path,
        "query_string": b"",
        "scheme": scheme,
        "headers": [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in told.items()],
        TRIAL: trial,
    }
    waiting = [{"type": "http.request", "body": body, "more_body": False}]
    answered: list[int] = []

    async def receive() -> Message:
        return waiting.pop() if waiting else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            answered.append(message["status"])

    receiving: Receive = receive
    sending: Send = send
    await app(scope, receiving, sending)
    return answered[0] if answered else 0
