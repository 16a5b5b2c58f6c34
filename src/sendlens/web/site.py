"""The web side as one Litestar application: pages, the read API, the live feed and health.

Owns the joining of the routers. Leaves to each what it answers, and to `app` where the parts come from.
"""

from __future__ import annotations

from litestar import Litestar, Response
from litestar.exceptions import NotFoundException

from sendlens import __version__
from sendlens.clock import Clock
from sendlens.control.control import Control
from sendlens.log.protocol import Log
from sendlens.metrics.query import Metrics
from sendlens.pipeline.disguise import Disguise
from sendlens.pipeline.imports import Imports
from sendlens.pipeline.lag import Lag
from sendlens.pipeline.parking import Parking
from sendlens.pipeline.replay import Replay
from sendlens.privacy.desk import PrivacyDesk
from sendlens.privacy.errands import Errands
from sendlens.settings import Settings
from sendlens.store.client import Store
from sendlens.web.api import problems
from sendlens.web.api.dead_letters import dead_letter_router
from sendlens.web.api.mails import mail_router
from sendlens.web.api.management import management_router
from sendlens.web.api.person import person_router
from sendlens.web.api.rejections import rejection_router
from sendlens.web.api.router import api_router, open_api, problem_handlers
from sendlens.web.health import Sources, health_router
from sendlens.web.intake.app import IntakeApp
from sendlens.web.live import LiveHub
from sendlens.web.pace import Pace
from sendlens.web.pages.access import Access, PageRequest
from sendlens.web.pages.frame import problem
from sendlens.web.pages.mount import page_router
from sendlens.web.pages.render import Renderer
from sendlens.web.pages.site import Site
from sendlens.web.panels.answers import Answers
from sendlens.web.scrape import scrape_router
from sendlens.web.telemetry import Telemetry


def build(
    *,
    settings: Settings,
    clock: Clock,
    control: Control,
    store: Store,
    hub: LiveHub,
    replay: Replay,
    parking: Parking,
    log: Log,
    lag: Lag,
    privacy: PrivacyDesk,
    health: Sources,
    telemetry: Telemetry,
    first_key: str,
    intake: IntakeApp,
    imports: Imports,
    pace: Pace,
) -> Litestar:
    """Return the application that answers everything but the intake."""
    metrics = Metrics(store, clock, Disguise(settings, control.pseudonym).name)
    access = Access(settings, control, clock)
    site = Site(
        settings=settings,
        clock=clock,
        control=control,
        answers=Answers(metrics, pace=pace),
        hub=hub,
        access=access,
        render=Renderer(),
        first_key=first_key,
        replay=replay,
        fuse=health.fuse,
        parking=parking,
        log=log,
        lag=lag,
        intake=intake,
        privacy=privacy,
        errands=Errands(privacy),
        imports=imports,
    )

    def lost(request: PageRequest, error: NotFoundException) -> Response[str] | Response[dict[str, object]]:
        # An address that no route knows belongs to no router: who asks says whether a page or a document is wanted.
        if "text/html" in request.headers.get("accept", "") and not request.url.path.startswith("/v1/"):
            return problem(site, request, error)
        return problems.of_framework(request, error)

    return Litestar(
        route_handlers=[
            page_router(site),
            api_router(metrics, control.keys, control.tenants, requests=settings.api_requests, pace=pace),
            dead_letter_router(control, replay, health.fuse, parking),
            rejection_router(control, clock),
            mail_router(control, metrics),
            person_router(control, privacy),
            management_router(control, settings),
            health_router(health),
            scrape_router(settings, telemetry, access.is_local),
        ],
        exception_handlers={**problem_handlers(), NotFoundException: lost},  # pyright: ignore[reportArgumentType] - invariant, and partly unknown in Litestar
        openapi_config=open_api(__version__),
        logging_config=None,  # logs.py has configured it; Litestar would put its own handlers in place
    )
