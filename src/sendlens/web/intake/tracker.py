"""The tracker's addresses: `/t/o/…` (pixel), `/t/c/…` (link), `/t/r/…` (reading time) and `/t/u/…` (unsubscription).

Owns HTTP: what a mail client or a person gets to see, whatever happens to the event behind it. Leaves to
`sources.tracking` what an address says and what a hit means, to the door that it is safe.

A person who follows a link is never kept from its target by our troubles: a hit that cannot be written is given up and
counted in the log line, because a mail client does not repeat it. An unsubscription is refused instead (503), because
mailbox providers do repeat it.
"""

from __future__ import annotations

import asyncio
import base64
import secrets as randomness
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Final, cast
from urllib.parse import parse_qs, quote, urlsplit

import structlog

from sendlens.clock import Clock
from sendlens.errors import BadRequest, MethodNotAllowed, NotFound, SendlensError, TooLarge
from sendlens.model.events import Event, RecordKind
from sendlens.pipeline.door import Door
from sendlens.pipeline.limits import EventRates
from sendlens.settings import Settings
from sendlens.sources.received import Mapped
from sendlens.sources.tracking import TRACKER, Kind, hits
from sendlens.sources.tracking.token import Told, opened
from sendlens.web.intake import leaving
from sendlens.web.intake.access import Source, SourceFinder
from sendlens.web.intake.asgi import Receive, Request, Scope, Send, answer_problem
from sendlens.web.intake.body import BODY_SECONDS, part
from sendlens.web.pace import Pace

PREFIX: Final = "/t/"
WAIT_SECONDS: Final = 2.0
"""How long a person waits for a hit to be on disk before the link leads on; the hit is still being written."""
READ_STEP_SECONDS: Final = 1.0
READ_MOST_SECONDS: Final = 30
_LARGEST_FORM: Final = 4096

PIXEL: Final = base64.b64decode("R0lGODlhAQABAIAAAP///wAAACH5BAEAAAAALAAAAAABAAEAAAICRAEAOw==")
"""One transparent GIF pixel."""
_UNFINISHED: Final = PIXEL[:-1] + b"\x21\xfe"  # a comment block instead of the end, to be filled byte by byte
_NEVER_KEPT: Final = {
    "cache-control": "no-store, no-cache, must-revalidate, private, max-age=0",
    "pragma": "no-cache",
    "expires": "0",
    "referrer-policy": "no-referrer",
    "x-robots-tag": "noindex",
}
_METHODS: Final = {
    Kind.OPEN: ("GET", "HEAD"),
    Kind.CLICK: ("GET", "HEAD"),
    Kind.READ: ("GET", "HEAD"),
    Kind.UNSUBSCRIBE: ("GET", "HEAD", "POST"),
}
_log = structlog.stdlib.get_logger(__name__)


class TrackerApp:
    """An ASGI application for everything under `/t/`."""

    def __init__(
        self, door: Door, sources: SourceFinder, settings: Settings, clock: Clock, pace: Pace | None = None
    ) -> None:
        """Bring hits to `door`; `sources` knows the secrets that addresses were sealed with.

        By `pace` larger tenants stand back for whoever follows a link; a hit itself waits for nobody.
        """
        self._pace = pace or Pace(clock)
        self._door = door
        self._sources = sources
        self._clock = clock
        self._rates = EventRates(clock, settings.rate_events, settings.rate_burst)
        self._most_held = settings.tracker_held
        self._held = 0
        self._closing = False
        self._lookups = ThreadPoolExecutor(2, thread_name_prefix="tracker-lookup")
        self._writing: set[asyncio.Task[None]] = set()

    @staticmethod
    def handles(scope: Scope) -> bool:
        """Tell whether a request belongs here."""
        return scope["type"] == "http" and str(scope.get("path", "")).startswith(PREFIX)

    def close(self) -> None:
        """End the pictures that are being held, within a second; may be called anywhere."""
        self._closing = True

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope)
        try:
            kind, source, told, token = await self._understood(request)
        except NotFound as error:
            # A broken picture in a mail helps nobody; a link that leads nowhere has to say so.
            if request.path.startswith((f"{PREFIX}{Kind.OPEN}/", f"{PREFIX}{Kind.READ}/")):
                await _send(send, request, 200, PIXEL, {"content-type": "image/gif"})
            else:
                await answer_problem(send, request, error)
            return
        try:
            if request.method not in _METHODS[kind]:
                raise MethodNotAllowed(f"{request.path[:4]} is for {', '.join(_METHODS[kind])}")
            seen = hits.Seen(request.headers, _client(scope), self._clock.now_ms())
            if kind is Kind.READ:  # held for half a minute, in which nobody waits for anything
                await self._measure(request, receive, send, source, told, seen)
                return
            if kind is Kind.UNSUBSCRIBE:
                await self._leave(request, receive, send, source, told, token, seen)
                return
            hit = hits.opened_or_clicked(kind, told, seen, hit=randomness.token_hex(12), method=request.method)
            with self._pace.present(source.tenant, "hits"):
                await self._note(source, hit, request)
            await _show(send, request, kind, told)
        except SendlensError as error:
            headers = {"allow": ", ".join(_METHODS[kind])} if isinstance(error, MethodNotAllowed) else {}
            await answer_problem(send, request, error, headers)

    async def _understood(self, request: Request) -> tuple[Kind, Source, Told, str]:
        """Return what an address says. Raises `NotFound`, the same for whatever is wrong with it."""
        letter, _, rest = request.path.removeprefix(PREFIX).partition("/")
        source_id, _, token = rest.partition("/")
        token = token.removesuffix(".gif")
        if letter not in set(Kind) or not 0 < len(source_id) <= 64:
            raise NotFound("there is no such address")
        find = asyncio.get_running_loop().run_in_executor
        source = await find(self._lookups, self._sources.get, source_id)
        if source.provider != TRACKER:
            raise NotFound("there is no such address")
        return Kind(letter), source, opened(Kind(letter), source_id, token, source.revealed()), token

    async def _note(self, source: Source, event: Event, request: Request) -> None:
        """Bring a hit to the log; wait for it a moment, and go on without it if it cannot be written."""
        task = asyncio.create_task(self._tried(source, event, request))
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)
        await asyncio.wait({task}, timeout=WAIT_SECONDS)

    async def _tried(self, source: Source, event: Event, request: Request) -> None:
        try:
            await self._accept(source, event, request)
        except SendlensError as error:
            _log.warning("a hit of the tracker was lost", source=source.id, type=str(event.type), error=error.detail)

    async def _accept(self, source: Source, event: Event, request: Request) -> None:
        self._rates.check(source.id)
        self._rates.take(source.id, 1)
        mapped = Mapped(records=[event])
        await self._door.accept(source.tenant, source.id, RecordKind.EVENT, mapped, self._clock.now_ms(), request.id)

    async def _leave(
        self,
        request: Request,
        receive: Receive,
        send: Send,
        source: Source,
        told: Told,
        token: str,
        seen: hits.Seen,
    ) -> None:
        """Show the form, or do what it or a mailbox provider (RFC 8058) asks for.

        A GET changes nothing, because scanners send it.
        """
        language = request.headers.get("accept-language", "")
        state: leaving.State = "ask"
        if request.method == "POST":
            method = _asked(await _form(receive))
            state = "back" if method == "undo" else "left"
            event = hits.left_or_back(told, seen, token, method=method)
            with self._pace.present(source.tenant, "hits"):
                await self._accept(source, event, request)
        body = leaving.page(state, told.recipient, language)
        await _send(send, request, 200, body, leaving.HEADERS)

    async def _measure(
        self, request: Request, receive: Receive, send: Send, source: Source, told: Told, seen: hits.Seen
    ) -> None:
        """Send a picture that is never quite finished, and see how long somebody keeps waiting for it."""
        if self._closing or self._held >= self._most_held or hits.by_machine(request.method, request.headers):
            await _send(send, request, 200, PIXEL, {"content-type": "image/gif"})
            return
        self._held += 1
        started = time.monotonic()
        try:
            await _drip(receive, send, lambda: self._closing)
        finally:
            self._held -= 1
        seconds = min(time.monotonic() - started, READ_MOST_SECONDS)
        event = hits.read(told, seen, seconds, hit=randomness.token_hex(12))
        await self._note(source, event, request)


async def _drip(receive: Receive, send: Send, closing: Callable[[], bool]) -> None:
    """Send a byte a second until the client goes, has seen enough, or the server is closing."""
    headers = [(name.encode(), value.encode()) for name, value in ({"content-type": "image/gif"} | _NEVER_KEPT).items()]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": _UNFINISHED, "more_body": True})
    gone = asyncio.create_task(_gone(receive))
    try:
        for _ in range(int(READ_MOST_SECONDS / READ_STEP_SECONDS)):
            await asyncio.wait({gone}, timeout=READ_STEP_SECONDS)
            if gone.done():
                return
            if closing():
                break
            await send({"type": "http.response.body", "body": b"\x01 ", "more_body": True})
        await send({"type": "http.response.body", "body": b"\x00\x3b"})
    finally:
        gone.cancel()


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _show(send: Send, request: Request, kind: Kind, told: Told) -> None:
    if kind is Kind.OPEN:
        await _send(send, request, 200, PIXEL, {"content-type": "image/gif"})
    elif told.url:
        await _send(send, request, 302, b"", {"location": reachable(told.url)})
    else:  # the link that only machines see leads nowhere
        await _send(send, request, 204, b"", {})


def _client(scope: Scope) -> str:
    client = cast("tuple[str, int] | None", scope.get("client"))
    return client[0] if client else ""


def reachable(url: str) -> str:
    """Return an address in the form a Location header may carry: ASCII, without anything that could end the line."""
    try:
        parts = urlsplit(url)
        host = parts.netloc if parts.netloc.isascii() else parts.netloc.encode("idna").decode()
    except ValueError as error:
        raise BadRequest(f"the link leads to no address that can be read: {error}") from error
    if parts.scheme not in {"http", "https"}:
        raise BadRequest("the link does not lead to an http or https address")
    safe = "%/:?#[]@!$&'()*+,;=~-._"
    return parts._replace(
        netloc=host,
        path=quote(parts.path, safe=safe),
        query=quote(parts.query, safe=safe),
        fragment=quote(parts.fragment, safe=safe),
    ).geturl()


def _asked(form: bytes) -> str:
    """Return what a posted form asks for. Raises `BadRequest` naming what was expected."""
    try:
        fields = parse_qs(form.decode("ascii", "replace"), max_num_fields=20)
    except ValueError:
        fields = {}
    if fields.get("List-Unsubscribe") == ["One-Click"] or b'name="List-Unsubscribe"\r\n\r\nOne-Click' in form:
        return "one_click"
    if "undo" in fields:
        return "undo"
    if "leave" in fields:
        return "link"
    raise BadRequest(
        "the form does not say what is wanted", hint="One-click unsubscription posts List-Unsubscribe=One-Click."
    )


async def _form(receive: Receive) -> bytes:
    body = b""
    clock = asyncio.get_running_loop().time
    until = clock() + BODY_SECONDS
    while True:
        message = await part(receive, until - clock())
        if message["type"] == "http.disconnect":
            return body
        body += message.get("body", b"")
        if len(body) > _LARGEST_FORM:
            raise TooLarge(f"the form has more than {_LARGEST_FORM} bytes")
        if not message.get("more_body", False):
            return body


async def _send(send: Send, request: Request, status: int, body: bytes, headers: Mapping[str, str]) -> None:
    told = {"content-length": str(len(body)), "x-request-id": request.id} | _NEVER_KEPT | dict(headers)
    if status == 204:
        del told["content-length"]
    fields = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in told.items()]
    await send({"type": "http.response.start", "status": status, "headers": fields})
    await send({"type": "http.response.body", "body": b"" if request.method == "HEAD" else body})
