"""The composition root: opens the parts in order, joins them to one ASGI application, and closes them in order.

Owns which part is given to which. Everything else has a room of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final

import structlog
from litestar import Litestar

from sendlens import tasks
from sendlens.clock import Clock
from sendlens.control.control import Control
from sendlens.control.directory import DataDirectory
from sendlens.control.tenants import Tenant
from sendlens.enrich.geo import Countries
from sendlens.exchangers.known import FILE, Known
from sendlens.exchangers.resolver import Resolver, by_dns
from sendlens.ground import Ground
from sendlens.log.sqlite import SqliteLog
from sendlens.mailboxes.poller import Mailboxes
from sendlens.mailboxes.seeds import Seeds, Sent
from sendlens.metrics.query import Metrics
from sendlens.metrics.recipients import Recipients
from sendlens.model.events import RecordKind
from sendlens.operations.desk import Desk
from sendlens.operations.networks import Watched
from sendlens.operations.serving import answering
from sendlens.pipeline.batch import Batch
from sendlens.pipeline.births import Births
from sendlens.pipeline.dedupe import Deduper
from sendlens.pipeline.disguise import Disguise
from sendlens.pipeline.door import Door
from sendlens.pipeline.engagement import Engagement
from sendlens.pipeline.expiry import finish
from sendlens.pipeline.fuse import Fuse, Limits
from sendlens.pipeline.imports import Imports
from sendlens.pipeline.lag import Lag
from sendlens.pipeline.parking import Parking, stop_again
from sendlens.pipeline.replay import Replay
from sendlens.pipeline.rows import Rower
from sendlens.pipeline.tables import Tables
from sendlens.pipeline.writer import Writer
from sendlens.polling.rounds import Rounds
from sendlens.privacy.desk import PrivacyDesk
from sendlens.scrapes.scraper import Scrapes
from sendlens.settings import Settings
from sendlens.sources.received import Mapped
from sendlens.store.client import Store
from sendlens.web.health import Sources
from sendlens.web.intake.app import IntakeApp
from sendlens.web.intake.asgi import Receive, Scope, Send
from sendlens.web.intake.tracker import TrackerApp
from sendlens.web.live import LiveHub
from sendlens.web.live_socket import LiveSocket
from sendlens.web.pace import Pace
from sendlens.web.presence import while_there
from sendlens.web.proxies import Proxies
from sendlens.web.samples import Samples
from sendlens.web.scrape import Gauges
from sendlens.web.site import build
from sendlens.web.telemetry import Telemetry

_log = structlog.stdlib.get_logger(__name__)

ACCEPT_SECONDS: Final = 60.0
"""How long the records of a look at a source may take to be on disk."""
CURRENCY_SECONDS: Final = 5.0
"""How long a tenant's currency is remembered by the writer; a change takes effect within this time."""


SCRAPING_THREADS: Final = 4
"""Exporters that are scraped at the same time, so that a few slow ones keep nobody waiting."""
SEED_THREADS: Final = 2
"""Seed mailboxes that are looked into at the same time."""
MAIL_THREADS: Final = 2
"""Mailboxes of bounces and reports that are read at the same time."""
WEB_THREADS: Final = 128
"""Requests that may wait in a thread at the same time, all tenants together."""


class Currencies:
    """Each tenant's own currency, asked of the control plane now and then."""

    def __init__(self, control: Control, clock: Clock) -> None:
        """Ask `control`."""
        self._control = control
        self._clock = clock
        self._known: dict[str, str] = {}
        self._asked = -CURRENCY_SECONDS

    def of(self, tenant_id: str) -> str:
        """Return the ISO code, or nothing for a tenant that does not exist any more."""
        if tenant_id not in self._known or self._clock.monotonic() - self._asked > CURRENCY_SECONDS:
            self._known = {tenant.id: tenant.currency for tenant in self._control.tenants.list()}
            self._asked = self._clock.monotonic()
        return self._known.get(tenant_id, "")


@dataclass
class Parts:
    """Everything that is open while a process runs."""

    settings: Settings
    clock: Clock
    directory: DataDirectory
    control: Control
    log: SqliteLog
    store: Store
    hub: LiveHub
    writer: Writer
    rower: Rower
    fuse: Fuse
    lag: Lag
    health: Sources
    telemetry: Telemetry
    tasks: tasks.Runner
    privacy: PrivacyDesk
    rounds: list[Rounds]
    """What polls; filled when the application starts, which is what its finds go through."""
    first_tenant: Tenant
    first_key: str
    pace: Pace
    closing: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)

    def close(self) -> None:
        """Close what is open, the latest first; whatever was acknowledged is on disk."""
        self.closing.close()


def open_parts(settings: Settings, clock: Clock | None = None, *, ground: Ground | None = None) -> Parts:
    """Open everything, or nothing: a part that cannot be opened closes those before it.

    A `ground` that was begun earlier is used instead of a new one, and is left for its owner to close behind the parts.
    Raises `DataDirectoryInUse`, `SettingsError` and `StoreError`, each with the next step.
    """
    with contextlib.ExitStack() as stack:
        if ground is None:
            ground = stack.enter_context(Ground(settings, clock))
        clock, control = ground.clock, ground.control
        log = SqliteLog(settings.data / "log.sqlite")
        stack.callback(log.close)
        store = ground.store()
        finish(store)
        hub = LiveHub(
            clock,
            most_per_tenant=settings.live_streams,
            most_shared=settings.shared_streams,
            batch=control.ledger.finished(),
        )
        stack.callback(hub.close)
        telemetry = Telemetry(control)
        store.observe(telemetry.queried)

        lag = Lag()
        pace = Pace(clock)

        def stored(batch: Batch) -> None:
            telemetry.stored(batch)
            lag.stored(batch, clock.now_ms())
            for tenant_id, seconds in batch.seconds_by_tenant.items():
                pace.charge(tenant_id, seconds)
            for tenant_id, count in batch.stored_by_tenant.items():
                hub.publish(tenant_id, {"events": count, "batch": batch.batch_id})
            for tenant_id, source, *_ in batch.accounts:
                control.sources.heard_of(tenant_id, source, clock.now_ms())

        watched = Watched(settings.data)
        tables = Tables(store)
        deduper = Deduper(tables, memory_keys=settings.dedupe_memory_keys, horizon_days=settings.dedupe_days)
        births = Births(tables, memory_messages=settings.message_memory_keys)
        fuse = Fuse(clock, Limits(settings.fuse_ratio, settings.fuse_least, settings.fuse_run))
        stop_again(fuse, control.deadletters)
        known = _exchangers(settings, clock, stack)
        currencies = Currencies(control, clock)
        rower = Rower(
            currency_of=currencies.of,
            countries=Countries(settings.geo_database) if settings.geo_database else None,
            skew_limit_ms=settings.skew_limit_minutes * 60_000,
            exchanger_of=known.of,
        )
        writer = Writer(
            log=log,
            ledger=control.ledger,
            deadletters=control.deadletters,
            tables=tables,
            rower=rower,
            deduper=deduper,
            births=births,
            engagement=Engagement(tables),
            clock=clock,
            batch_events=settings.batch_events,
            batch_ms=settings.batch_ms,
            on_stored=stored,
            fuse=fuse,
            is_tenant=lambda tenant: bool(currencies.of(tenant)),
        )
        writer.start()
        stack.callback(writer.stop)
        samples = Samples()
        privacy = PrivacyDesk(settings=settings, clock=clock, control=control, log=log, store=store, writer=writer)
        runner = tasks.Runner(
            tasks.Context(settings, clock, control, log, store, samples, writer.held, watched.follow, privacy.resume)
        )

        def trouble() -> str:
            return log.trouble

        health = Sources(settings, clock, log, store, writer, fuse, samples, runner.states, trouble)
        rounds: list[Rounds] = []
        gauges = Gauges(
            clock, log, hub, writer, deduper, births, fuse, samples, runner.states, known, pace, rounds, trouble
        )
        telemetry.read_from(gauges.readings())
        runner.start()
        stack.callback(runner.stop)
        desk = Desk(settings.data, answering(settings, clock, store, writer))
        desk.start()
        stack.callback(desk.stop)
        return Parts(
            settings=settings,
            clock=clock,
            directory=ground.directory,
            control=control,
            log=log,
            store=store,
            hub=hub,
            writer=writer,
            rower=rower,
            fuse=fuse,
            lag=lag,
            health=health,
            telemetry=telemetry,
            tasks=runner,
            privacy=privacy,
            rounds=rounds,
            first_tenant=ground.first_tenant,
            first_key=ground.new_key or "",
            pace=pace,
            closing=stack.pop_all(),
        )


def _exchangers(settings: Settings, clock: Clock, stack: contextlib.ExitStack) -> Known:
    """Open what is known of mail exchangers and, unless switched off, begin to ask for what is not."""
    known = Known(settings.data / FILE, clock)
    stack.callback(known.close)
    if settings.dns != "off":
        resolver = Resolver(known, by_dns(settings.dns))
        resolver.start()
        stack.callback(resolver.stop)
    return known


def sent_to(parts: Parts) -> Sent:
    """Return what tells which campaigns went to an address, by the events that are stored."""
    recipients = Recipients(Metrics(parts.store, parts.clock, Disguise(parts.settings, parts.control.pseudonym).name))

    def sent(tenant: str, address: str, since: int) -> Mapping[str, int]:
        return recipients.sent(parts.control.tenants.get(tenant), address, since)

    return sent


class Application:
    """The ASGI application: intake without a framework in its way, everything else through Litestar.

    Parts are opened at the lifespan's start and closed at its end. `opening` may hand over parts that are open already.
    """

    def __init__(self, settings: Settings, *, parts: Parts | None = None) -> None:
        """Prepare; nothing is opened before the server starts the lifespan."""
        self._settings = settings
        self._proxies = Proxies(settings.trusted_proxies)
        self._parts = parts
        self._intake: IntakeApp | None = None
        self._tracker: TrackerApp | None = None
        self._live: LiveSocket | None = None
        self._site: Litestar | None = None
        self._imports: Imports | None = None
        self._watch: asyncio.Task[None] | None = None

    @property
    def parts(self) -> Parts:
        """The open parts. Raises `RuntimeError` before the start."""
        if self._parts is None:
            raise RuntimeError("the application has not been started")
        return self._parts

    def end_streams(self) -> None:
        """End the live streams, so that the server need not wait for them when it stops; may be called anywhere."""
        if self._parts is not None:
            self._parts.hub.close()
        if self._tracker is not None:
            self._tracker.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one connection."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
            return
        self._proxies.look_behind(scope)
        if self._intake is not None and IntakeApp.handles(scope):
            await self._intake(scope, receive, send)
        elif self._tracker is not None and TrackerApp.handles(scope):
            await self._tracker(scope, receive, send)
        elif self._live is not None and LiveSocket.handles(scope):
            await self._live(scope, receive, send)
        elif self._site is not None:
            await while_there(self._site, scope, receive, send)  # pyright: ignore[reportArgumentType] - Litestar's own ASGI types

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            await self._start()
        except Exception as error:  # the server has to be told of any, or it would wait for the start forever
            await asyncio.to_thread(self._close)
            _log.error("start failed", error=str(error))
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        if self._watch is not None:
            self._watch.cancel()
        if self._imports is not None:
            await self._imports.stop()
        self.end_streams()
        await asyncio.to_thread(self._close)
        await send({"type": "lifespan.shutdown.complete"})

    async def _start(self) -> None:
        # Handlers that wait in a thread, such as for a place in the store, mostly do just that. With the few threads of
        # the default, those of one tenant would keep everybody waiting.
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(WEB_THREADS, thread_name_prefix="web"))
        if self._parts is None:
            self._parts = await asyncio.to_thread(open_parts, self._settings)
        parts = self._parts
        disguise = Disguise(parts.settings, parts.control.pseudonym)
        door = Door(parts.log, parts.settings, parts.fuse, disguise, parts.control.rejections, parts.hub.touch)
        self._intake = IntakeApp(
            door,
            parts.control.keys,
            parts.control.sources,
            parts.settings,
            parts.clock,
            answered=parts.telemetry.answered,
            pace=parts.pace,
        )
        loop = asyncio.get_running_loop()

        def accept(tenant: str, source: str, kind: RecordKind, mapped: Mapped, received_at: int) -> None:
            kept = door.accept(tenant, source, kind, mapped, received_at)
            asyncio.run_coroutine_threadsafe(kept, loop).result(ACCEPT_SECONDS)

        given, told = (parts.control, parts.settings, parts.clock, accept), parts.hub.touch
        parts.rounds += [
            Rounds(Mailboxes(*given), parts.control, parts.clock, threads=MAIL_THREADS, changed=told),
            Rounds(Seeds(*given, sent_to(parts)), parts.control, parts.clock, threads=SEED_THREADS, changed=told),
            Rounds(Scrapes(*given), parts.control, parts.clock, threads=SCRAPING_THREADS, changed=told),
        ]
        for rounds in parts.rounds:
            rounds.start()
        self._tracker = TrackerApp(door, parts.control.sources, parts.settings, parts.clock, parts.pace)
        self._live = LiveSocket(
            parts.hub, parts.store, parts.control.keys, parts.control.tenants, parts.clock, parts.fuse
        )
        uploads = parts.settings.data / "uploads"
        self._imports = Imports(door, parts.clock, uploads, parts.control.imports, disguise)
        parking = Parking(door, parts.log, parts.control.deadletters, parts.fuse, parts.rower)
        self._watch = loop.create_task(parking.watch())
        self._site = build(
            settings=parts.settings,
            clock=parts.clock,
            control=parts.control,
            store=parts.store,
            hub=parts.hub,
            replay=Replay(door, parts.control.deadletters),
            parking=parking,
            log=parts.log,
            lag=parts.lag,
            privacy=parts.privacy,
            health=parts.health,
            telemetry=parts.telemetry,
            first_key=parts.first_key or parts.settings.bootstrap_key,
            intake=self._intake,
            imports=self._imports,
            pace=parts.pace,
        )
        await self._imports.resume()

    def _close(self) -> None:
        if self._parts is not None:
            # First of all: what they read needs everything else.
            for rounds in self._parts.rounds:
                rounds.stop(0.0)
            while self._parts.rounds:
                self._parts.rounds.pop().stop()
            self._parts.close()
            self._parts = None


def create_app(settings: Settings) -> Application:
    """Return the application for these settings."""
    return Application(settings)
