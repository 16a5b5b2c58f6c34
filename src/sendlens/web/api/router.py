"""The routes of the read API.

Owns addresses, parameters and their defaults. Answers are made in `answers` and `tables`, questions in
`sendlens.metrics`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final

from litestar import Response, Router, get
from litestar.connection import ASGIConnection
from litestar.datastructures import CacheControlHeader
from litestar.di import NamedDependency, Provide
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler
from litestar.handlers.base import BaseRouteHandler
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.spec import Components, SecurityScheme
from litestar.params import FromPath, QueryParameter, SkipValidation

from sendlens.errors import InvalidField, SendlensError
from sendlens.metrics.accounting import account
from sendlens.metrics.address import PARAMETERS, read_metrics, read_scope
from sendlens.metrics.beside import beside
from sendlens.metrics.campaigns import LIST_METRICS, Campaigns
from sendlens.metrics.comparable import comparison
from sendlens.metrics.dimensions import DIMENSIONS
from sendlens.metrics.filters import Filter
from sendlens.metrics.periods import auto_interval, parse_period
from sendlens.metrics.query import MOST_ROWS, Metrics, Scope
from sendlens.metrics.recipients import DEEDS, Recipients
from sendlens.metrics.registry import METRICS
from sendlens.metrics.standing import standing
from sendlens.metrics.variants import variants
from sendlens.sources.schema import event_schema
from sendlens.web.api import answers, problems, tables
from sendlens.web.api.access import Access, AnyRequest, KeyFinder, LeaveRoom, TenantFinder, must_of, tenant_of
from sendlens.web.api.deliverability import deliverability_route
from sendlens.web.api.held import Room
from sendlens.web.api.messages import message_route
from sendlens.web.api.plain import PlainPage
from sendlens.web.api.requests import RequestIds
from sendlens.web.pace import Pace

OVERVIEW: Final = ("sent", "delivery_rate", "open_rate", "click_rate", "unsubscribe_rate", "complaint_rate", "revenue")
_SECURITY: Final = [{"key": list[str]()}]
# What is true now is not in a minute; a shared cache must never keep it.
_FRESH: Final = CacheControlHeader(private=True, no_cache=True)
_FIXED: Final = CacheControlHeader(public=True, max_age=3600)

_Scope = SkipValidation[NamedDependency[Scope]]
_Limit = Annotated[int, QueryParameter(ge=1, le=MOST_ROWS, description="Most rows in the answer.")]
_Offset = Annotated[int, QueryParameter(ge=0, le=2**63 - 1, description="Rows to leave out at the beginning.")]
_Wanted = Annotated[
    str, QueryParameter(name="metrics", description="Keys of metrics, joined by commas.", max_length=4000)
]
_Search = Annotated[str, QueryParameter(description="Only rows whose value or name contains this.", max_length=200)]
_Order = Annotated[
    str, QueryParameter(description="A metric, or another order the route knows; with - before it, the largest first.")
]
_Format = Annotated[str, QueryParameter(name="format", description="json or csv; else the Accept header decides.")]
_Interval = Annotated[str, QueryParameter(description="auto, minute, quarter, hour, day, week or month.")]


def api_router(
    metrics: Metrics, keys: KeyFinder, tenants: TenantFinder, *, requests: int = 0, pace: Pace | None = None
) -> Router:
    """Return the router of `/v1`; the answers are about the tenant whose key the request shows.

    Each tenant may have so many `requests` in progress; 0 is no limit. One that is behind by `pace` waits for turns.
    """
    access = Access(keys, tenants, room=Room(pace or Pace(metrics.clock), metrics.clock, requests))

    # TRICKY: a function, not the bound method: Litestar deep-copies nested routers, and with a method its object.
    async def guard(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
        await access.guard(connection, handler)

    guarded = Router(
        path="/",
        route_handlers=[
            *_figure_routes(metrics),
            *_campaign_routes(metrics),
            *_people_routes(metrics),
            message_route(metrics),
            _intake(metrics),
            deliverability_route(metrics),
        ],
        guards=[guard],
        before_request=known_parameters,
        dependencies={"asked": Provide(_scope_reader(metrics), sync_to_thread=False)},
        cache_control=_FRESH,
        response_headers={"vary": "Authorization, Accept"},
        security=_SECURITY,
    )
    return Router(
        path="/v1",
        route_handlers=[_schema, guarded],
        exception_handlers=problem_handlers(),  # pyright: ignore[reportArgumentType] - invariant, and partly unknown in Litestar
        middleware=[RequestIds, LeaveRoom],
        tags=["Read"],
    )


def problem_handlers() -> dict[type[Exception], Callable[..., Response[dict[str, object]]]]:
    """Return the handlers that turn every exception into a problem document; the application may use them for all."""
    return {SendlensError: problems.known, HTTPException: problems.of_framework, Exception: problems.of_ours}


def open_api(version: str) -> OpenAPIConfig:
    """Return the description of the API, to be served at `/docs` as a page and at `/docs/openapi.json` for tools."""
    return OpenAPIConfig(
        title="Sendlens",
        version=version,
        description="Figures, campaigns and people. Mistakes are answered as problem documents (RFC 9457).",
        path="/docs",
        render_plugins=[PlainPage()],
        use_handler_docstrings=True,
        components=Components(
            security_schemes={
                "key": SecurityScheme(type="http", scheme="bearer", description="An API key with the scope `read`.")
            }
        ),
    )


def _scope_reader(metrics: Metrics) -> Callable[..., Scope]:
    def scope(
        request: AnyRequest,
        period: Annotated[str, QueryParameter(description=PARAMETERS["period"])] = "",
        since: Annotated[str, QueryParameter(name="from", description=PARAMETERS["from"])] = "",
        to: Annotated[str, QueryParameter(description=PARAMETERS["to"])] = "",
        compare: Annotated[str, QueryParameter(description=PARAMETERS["compare"])] = "",
        filters: Annotated[list[str] | None, QueryParameter(name="f", description=PARAMETERS["f"])] = None,
        clock: Annotated[str, QueryParameter(description=PARAMETERS["clock"])] = "",
    ) -> Scope:
        return read_scope(
            tenant_of(request),
            metrics.clock.now_ms(),
            period=period,
            since=since,
            to=to,
            compare=compare,
            filters=filters or (),
            clock=clock,
        )

    return scope


def _figure_routes(metrics: Metrics) -> list[HTTPRouteHandler]:
    @get("/metrics", sync_to_thread=True, accepts=(*PARAMETERS, "metrics"))
    def list_metrics(request: AnyRequest, asked: _Scope, wanted: _Wanted = "") -> answers.MetricsAnswer:
        """Every metric with its formula and help; with `metrics=...`, these alone and their figures."""
        if not wanted:
            return answers.MetricsAnswer(metrics=[answers.metric(one, None) for one in METRICS.values()])
        found = metrics.figures(asked, read_metrics(wanted, ()))
        return answers.MetricsAnswer(
            metrics=[answers.metric(METRICS[key], one) for key, one in found.items()], period=answers.period(asked)
        )

    @get("/timeseries", sync_to_thread=True, accepts=(*PARAMETERS, "metrics", "interval", "format"))
    def timeseries(
        request: AnyRequest, asked: _Scope, wanted: _Wanted = "", interval: _Interval = "auto", form: _Format = ""
    ) -> Response[answers.SeriesAnswer] | Response[str]:
        """Figures along time, as JSON or CSV."""
        keys = read_metrics(wanted, ("sent",))
        as_table = tables.wanted(request, form)
        found = metrics.timeseries(asked, keys, interval)
        return tables.series(found, keys) if as_table else Response(answers.series(asked, found))

    @get(
        "/breakdown",
        sync_to_thread=True,
        accepts=(*PARAMETERS, "metrics", "dimension", "order_by", "limit", "offset", "search", "format"),
    )
    def breakdown(
        request: AnyRequest,
        asked: _Scope,
        dimension: Annotated[str, QueryParameter(description=f"One of {', '.join(DIMENSIONS)}.")],
        wanted: _Wanted = "",
        order_by: _Order = "",
        limit: _Limit = 100,
        offset: _Offset = 0,
        search: _Search = "",
        form: _Format = "",
    ) -> Response[answers.TableAnswer] | Response[str]:
        """One row per value of a dimension, as JSON or CSV."""
        keys = read_metrics(wanted, OVERVIEW)
        as_table = tables.wanted(request, form)
        found = metrics.breakdown(asked, keys, dimension, order_by, limit, offset, search)
        return tables.breakdown(found, keys) if as_table else Response(answers.table(found, asked))

    return [list_metrics, timeseries, breakdown]


def _campaign_routes(metrics: Metrics) -> list[HTTPRouteHandler]:
    campaigns = Campaigns(metrics)

    @get("/campaigns", sync_to_thread=True, accepts=("metrics", "order_by", "limit", "offset", "search"))
    def list_campaigns(
        request: AnyRequest,
        wanted: _Wanted = "",
        order_by: _Order = "-started_at",
        limit: _Limit = 50,
        offset: _Offset = 0,
        search: _Search = "",
    ) -> answers.CampaignsAnswer:
        """Campaigns with their figures over their life, ordered by `started_at`, `name` or a metric."""
        keys = read_metrics(wanted, LIST_METRICS)
        found = campaigns.list(
            tenant_of(request), metric_keys=keys, order_by=order_by, limit=limit, offset=offset, search=search
        )
        return answers.campaigns(found)

    @get("/campaigns/{campaign_id:path}", sync_to_thread=True, accepts=())
    def one_campaign(request: AnyRequest, campaign_id: FromPath[Path]) -> answers.CampaignReportAnswer:
        """Everything about one campaign over its life."""
        tenant, wanted = tenant_of(request), _without_slash(campaign_id)
        only = (Filter("is", "campaign", (wanted,)),)
        life = Scope(tenant=tenant, period=parse_period("all", tenant.time_zone, metrics.clock.now_ms()), filters=only)
        with beside() as ask:
            arms = ask(lambda: variants(metrics, life))
            report = campaigns.get(tenant, wanted)
            return answers.campaign(report, comparison(campaigns, tenant, report.facts), arms.result())

    return [list_campaigns, one_campaign]


def _people_routes(metrics: Metrics) -> list[HTTPRouteHandler]:
    recipients = Recipients(metrics)

    @get(
        "/recipients", sync_to_thread=True, accepts=(*PARAMETERS, "did", "limit", "offset", "search", "after", "format")
    )
    def list_people(
        request: AnyRequest,
        asked: _Scope,
        did: Annotated[str, QueryParameter(description=f"One of {', '.join(DEEDS)}.")] = "clicked_human",
        limit: _Limit = 100,
        offset: _Offset = 0,
        search: Annotated[
            str, QueryParameter(description="Begin of an address or of its domain.", max_length=200)
        ] = "",
        after: Annotated[
            str, QueryParameter(description="`next` of an answer: goes on there, through lists of any length.")
        ] = "",
        form: _Format = "",
    ) -> Response[answers.PeopleAnswer] | Response[str]:
        """Who did a thing in the period, the latest first, as JSON or CSV."""
        must_of(request, "export_people")
        as_table = tables.wanted(request, form)
        found = recipients.who(asked, did, limit=limit, offset=offset, search=search, after=after)
        return tables.people(found, did) if as_table else Response(answers.people(asked, did, found))

    @get("/recipients/{recipient:path}", sync_to_thread=True, accepts=("limit", "before"))
    def one_person(
        request: AnyRequest,
        recipient: FromPath[Path],
        limit: Annotated[int, QueryParameter(ge=1, le=1000, description="Most events in the answer.")] = 200,
        before: Annotated[
            str, QueryParameter(description="Only events before this time: `more_before` of an answer.")
        ] = "",
    ) -> answers.PersonAnswer:
        """What happened to one person, found by address, identifier or key, the latest first."""
        found = recipients.get(
            tenant_of(request), _without_slash(recipient), limit=limit, before=_instant(before) if before else 0
        )
        return answers.person(found, standing(metrics, tenant_of(request), found.key) if found.key else None)

    return [list_people, one_person]


def _intake(metrics: Metrics) -> HTTPRouteHandler:
    @get("/intake", sync_to_thread=True, accepts=("period", "from", "to", "interval"))
    def intake(request: AnyRequest, asked: _Scope, interval: _Interval = "auto") -> answers.IntakeAnswer:
        """What became of every record received in the period."""
        period = metrics.known(asked)
        interval = auto_interval(period, minutes=True) if interval == "auto" else interval
        return answers.intake(asked, account(metrics.store, asked.tenant, period, interval))

    return intake


@get("/schema/event.json", cache_control=_FIXED, media_type="application/schema+json", sync_to_thread=False)
def _schema() -> dict[str, Any]:
    """Return the JSON Schema of an event, as POST /v1/events takes it."""
    return event_schema()


def known_parameters(request: AnyRequest) -> None:
    """Refuse parameters that the route does not read: a misspelt filter must not become a figure about everything."""
    known = request.route_handler.opt["accepts"]
    for name in request.query_params:
        if name not in known:
            accepted = ", ".join(known) or "none"
            raise InvalidField(
                name, request.query_params[name], f"is not a parameter of this route; it reads {accepted}"
            )


def _without_slash(path: Path) -> str:
    return str(path).removeprefix("/")


def _instant(text: str) -> int:
    try:
        return round(datetime.fromisoformat(text).timestamp() * 1000)
    except (ValueError, OverflowError) as error:
        raise InvalidField("before", text, "must be a time such as 2026-11-01T14:30:00Z") from error
