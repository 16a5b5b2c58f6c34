"""The ASGI pieces the intake needs: its types, a request with lower-case headers, and answers.

Owns how an answer is written, problem documents (RFC 9457) included.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any, Final, cast
from urllib.parse import parse_qsl

import msgspec

from sendlens.errors import SendlensError

# ASGI messages are dictionaries of mixed values by specification.
Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

TRIAL: Final = "sendlens.trial"
"""Key of the scope under which a test event brings what it is checked against; see `trial`."""
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")


class Request:
    """What is known of a request before its body is read."""

    def __init__(self, scope: Scope) -> None:
        """Read method, path, headers and query; take over the sender's request id if it is a plain word."""
        self.method = cast("str", scope["method"])
        self.path = cast("str", scope["path"])
        raw = cast("list[tuple[bytes, bytes]]", scope["headers"])
        self.headers: dict[str, str] = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in raw}
        query = cast("bytes", scope.get("query_string", b"")).decode("latin-1")
        self.query: dict[str, str] = dict(parse_qsl(query)) if query.count("&") < 100 else {}
        self.scheme = cast("str", scope.get("scheme", "http"))
        self.trial: object = scope.get(TRIAL)
        """What is believed for this request alone; nothing that comes over the network can put it there."""
        given = self.headers.get("x-request-id", "")
        self.id = given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)


async def answer(
    send: Send, request: Request, status: int, document: object, headers: Mapping[str, str] | None = None
) -> None:
    """Send a JSON answer that carries the request id; the body is left out for HEAD."""
    problem = status >= 400
    body = msgspec.json.encode(document)
    told = {
        "content-type": "application/problem+json" if problem else "application/json",
        "content-length": str(len(body)),
        "x-request-id": request.id,
        "cache-control": "no-store",
        **(headers or {}),
    }
    fields = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in told.items()]
    await send({"type": "http.response.start", "status": status, "headers": fields})
    await send({"type": "http.response.body", "body": b"" if request.method == "HEAD" else body})


async def answer_problem(
    send: Send, request: Request, error: SendlensError, headers: Mapping[str, str] | None = None
) -> None:
    """Send an error as a problem document."""
    told = error.headers | dict(headers or {})
    if error.retry_after is not None:
        told["retry-after"] = str(error.retry_after)
    if error.status == 413:
        told["connection"] = "close"
    await answer(send, request, error.status, {**error.problem(), "request_id": request.id}, told)
