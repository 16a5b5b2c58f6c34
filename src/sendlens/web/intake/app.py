"""The application that brings events in: the native API's posts and the providers' webhooks.

Owns routing, the order of checks, and answers. Leaves proof and reading to `sources`, durability to the door.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass
from typing import Final, TypeVar

import msgspec
import structlog

from sendlens.clock import Clock
from sendlens.errors import (
    BadRequest,
    InvalidField,
    MethodNotAllowed,
    NotFound,
    SendlensError,
    TooBusy,
    Unauthorized,
    Unavailable,
)
from sendlens.model.events import RecordKind
from sendlens.pipeline.door import Accepted, Door
from sendlens.pipeline.limits import EventRates
from sendlens.settings import Settings
from sendlens.sources import native
from sendlens.sources.esp import Evidence, Options, Provider
from sendlens.sources.mail import leaving
from sendlens.sources.mail import provider as mail
from sendlens.sources.posting import POSTING
from sendlens.sources.received import Mapped, Received, nobody
from sendlens.web.intake.access import KeyFinder, Source, SourceFinder, authorized
from sendlens.web.intake.arrivals import Arrival, Arrivals
from sendlens.web.intake.asgi import Message, Receive, Request, Scope, Send, answer, answer_problem
from sendlens.web.intake.body import IN_THREAD, Bodies, Disconnected
from sendlens.web.intake.fetch import Certificates, Fetch, fetch_from_sns
from sendlens.web.intake.tokens import TokenCache
from sendlens.web.intake.trial import Trial
from sendlens.web.pace import Pace
from sendlens.web.places import Places
from sendlens.web.turns import Turns

MOST_LISTED: Final = 1000
"""Most rejections listed in an answer; their number is always told."""
_REJECTIONS_KEPT: Final = 20
REFUSED: Final = frozenset({400, 401, 413, 415})
"""Answers that say no for good: the signature is wrong, or the body is."""
DEFAULT_SOURCE: Final = "api"
PATIENCE: Final = 5.0
"""How long a body may have to wait for its turn, in seconds; providers give up after a few."""
HOOKS: Final = "/hooks/"

_T = TypeVar("_T")
Answered = Callable[[str, int, float], None]

_SOURCE: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_log = structlog.stdlib.get_logger(__name__)


class Posted(msgspec.Struct, frozen=True, kw_only=True):
    """A post to the native API, as its route reads it."""

    body: bytes
    content_type: str
    received_at: int
    idempotency_key: str
    most: int
    """Most records in one request."""
    settings: Mapping[str, object] = msgspec.field(default_factory=dict[str, object])
    """Those of the source that was named, where the route asks for them."""
    secrets_of: leaving.SecretsOf = nobody
    """Secrets of the tenant's own trackers."""


@dataclass(frozen=True)
class Route:
    """One address of the native API."""

    kind: RecordKind
    parse: Callable[[Posted], Mapped]
    source: str = DEFAULT_SOURCE
    """The name that records are filed under where the post gives none."""
    provider: str = ""
    """The kind of source whose settings say how the body is read; empty where none do."""


ROUTES: Final[dict[str, Route]] = {
    "/v1/events": Route(
        RecordKind.EVENT,
        lambda it: native.parse_events(
            it.body, it.content_type, it.received_at, idempotency_key=it.idempotency_key, most=it.most
        ),
    ),
    "/v1/conversions": Route(
        RecordKind.EVENT,
        lambda it: native.parse_conversions(
            it.body, it.content_type, it.received_at, idempotency_key=it.idempotency_key, most=it.most
        ),
    ),
    "/v1/campaigns": Route(
        RecordKind.CAMPAIGN,
        lambda it: native.parse_campaigns(it.body, it.content_type, it.received_at, most=it.most),
    ),
    "/v1/gauges": Route(
        RecordKind.GAUGE, lambda it: native.parse_gauges(it.body, it.content_type, it.received_at, most=it.most)
    ),
    "/v1/placements": Route(
        RecordKind.PLACEMENT,
        lambda it: native.parse_placements(it.body, it.content_type, it.received_at, most=it.most),
    ),
    "/v1/spend": Route(
        RecordKind.SPEND, lambda it: native.parse_spend(it.body, it.content_type, it.received_at, most=it.most)
    ),
    "/v1/mail": Route(
        RecordKind.EVENT,
        lambda it: mail.parse(
            Received(body=it.body, received_at=it.received_at, secrets_of=it.secrets_of),
            mail.PROVIDER.options.of(it.settings),
        ),
        source=mail.PROVIDER.name,
        provider=mail.PROVIDER.name,
    ),
}


class IntakeApp:
    """An ASGI application for the posts of `ROUTES` and for `/hooks/{provider}/{source}`."""

    def __init__(
        self,
        door: Door,
        keys: KeyFinder,
        sources: SourceFinder,
        settings: Settings,
        clock: Clock,
        fetch: Fetch = fetch_from_sns,
        answered: Answered | None = None,
        pace: Pace | None = None,
    ) -> None:
        """Bring what is accepted to `door`; `fetch` gets certificates and confirms subscriptions.

        `answered` is told of every answer: path, status, seconds. A tenant that is behind by `pace` waits for turns.
        """
        self._door = door
        self._keys = keys
        self._sources = sources
        self._settings = settings
        self._clock = clock
        self._fetch = fetch
        self._answered = answered
        # TRICKY: threads of our own. In those that everybody shares, a lookup would wait behind slow questions of
        # another tenant. One reads large bodies: more would only take turns with the event loop, which answers later.
        self._lookups = ThreadPoolExecutor(4, thread_name_prefix="intake-lookup")
        self._readers = ThreadPoolExecutor(1, thread_name_prefix="intake-read")
        self._bodies = Bodies(settings.max_body_mb * 1_000_000, threads=self._readers)
        self._rates = EventRates(clock, settings.rate_events, settings.rate_burst)
        self._places = Places(settings.intake_requests, "requests", "SENDLENS_INTAKE_REQUESTS")
        # Of one tenant two stand in line for that thread, so that another's body comes after them and not after all.
        self._reading = Places(0, "bodies", "", at_once=2)
        self._pace = pace or Pace(clock)
        self._turns = Turns(self._pace, clock, "bodies", patience=PATIENCE, charged=True)
        self._certificates = Certificates(fetch, clock)
        self._tokens = TokenCache(clock)
        self.arrivals = Arrivals(clock, bodies=not settings.pseudonymous)

    @staticmethod
    def handles(scope: Scope) -> bool:
        """Tell whether a request belongs here; GET on the native addresses does not, others may answer it."""
        path: str = scope.get("path", "")
        return scope["type"] == "http" and (
            path.startswith(HOOKS) or (path in ROUTES and scope.get("method") not in ("GET", "HEAD"))
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        request = Request(scope)
        if self._answered is not None:
            send = _watched(send, self._answered, request.path)
        challenge = 'Bearer realm="sendlens"'
        try:
            if (route := ROUTES.get(request.path)) is not None:
                await self._native(request, route, receive, send)
            else:
                source, provider = await self._source(request)
                challenge = provider.challenge
                await self._watched_hook(request, source, provider, receive, send)
        except Disconnected:
            return
        except SendlensError as error:
            headers = {"www-authenticate": challenge} if isinstance(error, Unauthorized) else {}
            if isinstance(error, MethodNotAllowed):
                headers["allow"] = "POST"
            await answer_problem(send, request, error, headers)
        except Exception as error:
            # Never with the request's headers or body: they hold secrets and addresses.
            _log.exception("intake failed", path=request.path, request_id=request.id, error=type(error).__name__)
            await answer_problem(send, request, SendlensError("the request could not be handled"))

    async def _native(self, request: Request, route: Route, receive: Receive, send: Send) -> None:
        if request.method != "POST":
            raise MethodNotAllowed(f"{request.path} is for POST")
        key = await authorized(request, self._keys, self._lookups)
        source = request.headers.get("x-sendlens-source") or request.query.get("source") or route.source
        if source.startswith("src_"):
            raise BadRequest(
                "a name that begins with src_ is the id of a webhook's source", hint="Choose another name."
            )
        if not _SOURCE.fullmatch(source):
            raise BadRequest("the source's name has letters, digits, dots, dashes and underscores, at most 64")
        idempotency_key = request.headers.get("idempotency-key", "").strip()
        if len(idempotency_key) > 200 or not idempotency_key.isprintable():
            raise BadRequest("the Idempotency-Key is a plain text of at most 200 characters")
        received_at = self._clock.now_ms()
        content_type, most = request.headers.get("content-type", ""), self._settings.max_events
        async with self._room(key.tenant, source, key.id):
            body = await self._bodies.read(request, receive, key.tenant)
            try:
                with self._pace.present(key.tenant):
                    posted = Posted(
                        body=body,
                        content_type=content_type,
                        received_at=received_at,
                        idempotency_key=idempotency_key,
                        most=most,
                        settings=await self._settings_of(route, key.tenant, source),
                        secrets_of=leaving.of_tenant(self._sources, key.tenant),
                    )
                    mapped = await self._read(key.tenant, len(body), lambda: route.parse(posted))
                    left = self._rates.take(key.id, mapped.count)
                    accepted = await self._door.accept(key.tenant, source, route.kind, mapped, received_at, request.id)
            except SendlensError as error:
                self._refused(request, key.tenant, source, error)
                raise
            finally:
                # Held until the end: what was read from a body takes more room than the body.
                self._bodies.release(len(body), key.tenant)
        await answer(send, request, 202, _receipt(accepted, mapped), left)

    async def _settings_of(self, route: Route, tenant: str, name: str) -> Mapping[str, object]:
        """Return the settings of the tenant's source of this name, if the route has use for them and it is there."""
        if not route.provider:
            return {}
        try:
            found = await asyncio.get_running_loop().run_in_executor(self._lookups, self._sources.named, tenant, name)
        except NotFound:
            return {}
        return found.settings if found.provider == route.provider else {}

    async def _read(self, tenant: str, length: int, work: Callable[[], Mapped]) -> Mapped:
        """Return what `work` returns, done at once for a short body and in a thread for a long one."""
        turn = await self._turns.begin(tenant)
        try:
            return await self._done(tenant, length, work)
        finally:
            turn.end()

    async def _done(self, tenant: str, length: int, work: Callable[[], _T]) -> _T:
        if length <= IN_THREAD:
            return work()
        await self._reading.arrive(tenant)
        try:
            return await asyncio.get_running_loop().run_in_executor(self._readers, work)
        finally:
            self._reading.leave(tenant)

    @asynccontextmanager
    async def _room(self, tenant: str, source: str, rated: str, *, proven: bool = True) -> AsyncGenerator[None]:
        """Hold a place of the tenant. Raises `TooBusy` or `Unavailable` where there is none.

        The request is not in progress yet: while its body arrives, nobody has to wait for it.
        """
        try:
            self._door.check(tenant, source)
            self._rates.check(rated)
            self._turns.check(tenant)
            with self._places.place(tenant):
                yield
        except (TooBusy, Unavailable):
            # Whoever is refused looks no smaller for it; but a stranger's request makes nobody look larger.
            with self._pace.present(tenant) if proven else nullcontext():
                await self._turns.refusing(tenant)
            raise

    async def _source(self, request: Request) -> tuple[Source, Provider]:
        """Return the source that a hook's address names; whatever is wrong with it, the answer is the same."""
        name, _, rest = request.path.removeprefix(HOOKS).partition("/")
        source_id = rest.removesuffix("/")
        provider = POSTING.get(name)
        try:
            if not request.path.startswith(HOOKS) or provider is None or not _SOURCE.fullmatch(source_id):
                raise NotFound("no such address")
            found = await asyncio.get_running_loop().run_in_executor(self._lookups, self._sources.get, source_id)
            if found.provider != name:
                raise NotFound("another provider")
        except NotFound:
            raise NotFound(
                "no source has this address", hint="The page of the source shows it: /hooks/{provider}/{source}."
            ) from None
        return found, provider

    async def _watched_hook(
        self, request: Request, source: Source, provider: Provider, receive: Receive, send: Send
    ) -> None:
        """Answer a hook, and keep for a while what came and what became of it."""
        if request.method != "POST":
            await self._hook(request, source, provider, receive, send, Arrival(0))
            return
        arrival = self.arrivals.begin(source.id, test=request.trial is not None)
        try:
            await self._hook(request, source, provider, receive, send, arrival)
        except SendlensError as error:
            arrival.status, arrival.problem = error.status, f"{error.detail}. {error.hint}".strip()
            self._refused(request, source.tenant, source.id, error)
            raise

    def _refused(self, request: Request, tenant: str, source: str, error: SendlensError) -> None:
        """Note a request that its sender sent in vain; one that is to come again later is none."""
        if error.status in REFUSED:
            self._door.refused(tenant, source, error, self._clock.now_ms(), request.id)

    async def _hook(
        self,
        request: Request,
        source: Source,
        provider: Provider,
        receive: Receive,
        send: Send,
        arrival: Arrival,
    ) -> None:
        if request.method in ("GET", "HEAD"):
            await answer(send, request, 200, {"status": "ready", "provider": provider.name})
            return
        if request.method != "POST":
            raise MethodNotAllowed("a webhook is for POST")
        try:
            options = provider.options.of(source.settings)
        except InvalidField as error:
            _log.error("source cannot be used", source=source.id, error=error.detail)
            # Our side is wrong, not the provider's: it shall keep the events until somebody mends the settings.
            raise Unavailable("this source is not set up correctly", retry_after=300) from None
        received_at = self._clock.now_ms()
        tenant = source.tenant
        async with self._room(tenant, source.id, source.id, proven=False):
            body = await self._bodies.read(request, receive, tenant)
            try:
                received = Received(
                    body=body,
                    content_type=request.headers.get("content-type", ""),
                    headers=request.headers,
                    url=self._url(request),
                    query=request.query,
                    received_at=received_at,
                    secrets_of=leaving.of_tenant(self._sources, tenant),
                )
                self.arrivals.came(arrival, body, request.headers, request.query)
                trial = request.trial if isinstance(request.trial, Trial) else Trial()
                # Before that it has no turn and is not in progress: whoever knows an address could post to it.
                await self._verify(received, source, provider, options, trial)
                with self._pace.present(tenant):
                    mapped = await self._read(tenant, len(body), lambda: _parsed(received, provider, options))
                if mapped.confirm_url:
                    await self._fetch(mapped.confirm_url)
                    _log.info("subscription confirmed", source=source.id, provider=provider.name)
                with self._pace.present(tenant):
                    left = self._rates.take(source.id, mapped.count)
                    accepted = await self._door.accept(
                        tenant, source.id, RecordKind.EVENT, mapped, received_at, request.id
                    )
            finally:
                self._bodies.release(len(body), tenant)
        arrival.status, arrival.accepted = provider.accepted_status, accepted.accepted
        arrival.rejected = mapped.rejected[:_REJECTIONS_KEPT]
        await answer(send, request, provider.accepted_status, _receipt(accepted, mapped), left)

    async def _verify(
        self, received: Received, source: Source, provider: Provider, options: Options, trial: Trial
    ) -> None:
        """Return once it is proven who sent a request."""
        url = provider.certificate_url(received, options) if provider.certificate_url else ""
        certificate = trial.certificate or (await self._certificates.get(url) if url else b"")
        evidence = Evidence(certificate=certificate, tokens=self._tokens)
        believed = [*trial.secrets, *source.revealed()]
        await self._done(
            source.tenant, len(received.body), lambda: provider.verify(received, believed, options, evidence)
        )

    def _url(self, request: Request) -> str:
        host = self._settings.public_url.rstrip("/") or f"{request.scheme}://{request.headers.get('host', '')}"
        return host + request.path


def _parsed(received: Received, provider: Provider, options: Options) -> Mapped:
    try:
        return provider.parse(received, options)
    except (ArithmeticError, RecursionError) as error:
        # A number beyond all measure where nobody expected one: no reason to make the provider repeat it.
        raise BadRequest(f"the body holds a value that cannot be read: {error}"[:300]) from error


def _watched(send: Send, answered: Answered, path: str) -> Send:
    """Return a `send` that tells of the answer once its head is sent."""
    started = time.perf_counter()

    async def watched(message: Message) -> None:
        await send(message)
        if message["type"] == "http.response.start":
            answered(path, message["status"], time.perf_counter() - started)

    return watched


class Refused(msgspec.Struct):
    """One record of a post that was refused: its place, the field, and what is wrong with it."""

    index: int
    field: str
    error: str


class Receipt(msgspec.Struct):
    """The answer to a post: how many records are on disk, and why others were refused."""

    accepted: int
    rejected: list[Refused]
    rejected_total: int
    understood: dict[str, object] | msgspec.UnsetType = msgspec.UNSET
    """For a mail: what it was taken for."""


def _receipt(accepted: Accepted, mapped: Mapped) -> Receipt:
    refused = [Refused(one.index, one.field, one.error) for one in mapped.rejected[:MOST_LISTED]]
    return Receipt(accepted.accepted, refused, len(mapped.rejected), mapped.understood or msgspec.UNSET)
