"""Request ids: every answer carries one, and the log lines of its request the same.

Owns where it comes from: the caller's own `X-Request-Id` if it is harmless, else a new one.
"""

from __future__ import annotations

import re
import secrets
from typing import Final

from litestar.types import ASGIApp, Message, Receive, Scope, Send

from sendlens.web.api.access import AnyRequest

HEADER: Final = "x-request-id"
_STATE: Final = "sendlens_request_id"
_HARMLESS: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")


class RequestIds:
    """ASGI middleware that gives every request an id and writes it into the answer."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap `app`."""
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with its id, and add the id to the answer's headers."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        mine = _of(scope)

        async def with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (HEADER.encode(), mine.encode())]
            await send(message)

        await self.app(scope, receive, with_id)


def request_id(request: AnyRequest) -> str:
    """Return the id of a request."""
    return _of(request.scope)


def _of(scope: Scope) -> str:
    state = scope.setdefault("state", {})
    known = state.get(_STATE)
    if not known:
        given = next((value.decode("latin-1") for name, value in scope["headers"] if name == HEADER.encode()), "")
        known = state[_STATE] = given if _HARMLESS.fullmatch(given) else secrets.token_hex(8)
    return str(known)
