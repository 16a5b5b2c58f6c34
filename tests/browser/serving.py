"""A server with nothing but the pages, in a thread, with a control plane of its own."""

import contextlib
import threading
import time
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from litestar import Litestar
from sqlalchemy import update

from sendlens.clock import FrozenClock
from sendlens.control.control import Control
from sendlens.control.tables import sources
from sendlens.control.tenants import Tenant
from sendlens.settings import Settings
from sendlens.web.live import LiveHub
from sendlens.web.pages.access import Access
from sendlens.web.pages.mount import page_router
from sendlens.web.pages.render import Renderer
from sendlens.web.pages.site import Site
from sendlens.web.panels.answers import Answers
from tests.browser.figures import MadeUp, MadeUpCampaigns
from tests.harness.ports import free_port

NOW = 1_795_184_520_000  # Friday, 20 November 2026, 14:22 UTC


@dataclass
class Served:
    """A running server and the parts a test may turn."""

    url: str
    site: Site
    figures: MadeUp
    clock: FrozenClock
    control: Control
    tenant: Tenant
    key: str

    def forget_events(self) -> None:
        """Make the tenant one that has never had an event."""
        with self.control.database.write() as connection:
            connection.execute(update(sources).values(last_event_at=0))


@contextlib.contextmanager
def serve(data: Path, **settings: object) -> Generator[Served]:
    """Serve the pages of one tenant with made-up figures until the block ends."""
    clock = FrozenClock(NOW)
    chosen = Settings(data=data, **settings)  # pyright: ignore[reportArgumentType] - a test gives what it means
    control = Control.open(chosen.control_url, b"k" * 32, clock)
    tenant = control.tenants.create("main", "Example Shop", time_zone="Europe/Berlin", currency="EUR")
    _, key = control.keys.create(tenant.id, "test", ["ingest", "read"])
    figures = MadeUp(clock)
    answers = Answers(figures, campaigns=MadeUpCampaigns(figures))
    hub = LiveHub(clock, least_seconds=0.2)
    access = Access(chosen, control, clock)
    site = Site(chosen, clock, control, answers, hub, access, Renderer(), first_key=key)
    port = free_port()
    app = Litestar(route_handlers=[page_router(site)], openapi_config=None)
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        if not thread.is_alive():
            raise RuntimeError("the server did not start")
        time.sleep(0.01)
    try:
        yield Served(f"http://127.0.0.1:{port}", site, figures, clock, control, tenant, key)
    finally:
        hub.close()
        server.should_exit = True
        thread.join()
        answers.close()
        control.close()
