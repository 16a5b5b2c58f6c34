"""The route of rejections: what was refused at the door, counted by reason, with samples of what was seen.

Owns the address, the parameters and the answer. Leaves the counting to `control`. What was seen may be about a person:
only a key with the scope `admin` gets it.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Router, get
from litestar.connection import ASGIConnection
from litestar.datastructures import CacheControlHeader
from litestar.handlers import HTTPRouteHandler
from litestar.handlers.base import BaseRouteHandler
from litestar.params import QueryParameter

from sendlens.clock import Clock
from sendlens.control.control import Control
from sendlens.control.rejections import REQUEST, Wanted
from sendlens.metrics.address import PARAMETERS, read_scope
from sendlens.web.api import answers
from sendlens.web.api.access import Access, AnyRequest, may_of, tenant_of
from sendlens.web.api.answers import time
from sendlens.web.api.requests import RequestIds
from sendlens.web.api.router import known_parameters, problem_handlers

_Source = Annotated[str, QueryParameter(description="Only rejections of this source.", max_length=64)]
_Field = Annotated[str, QueryParameter(description="Only rejections because of this field.", max_length=100)]
_Reason = Annotated[str, QueryParameter(description="Only rejections for exactly this reason.", max_length=300)]
_Most = Annotated[int, QueryParameter(ge=1, le=1000, description="Most samples in the answer.")]
_Before = Annotated[
    int, QueryParameter(ge=0, le=2**63 - 1, description="Only samples below this id: `more_before` of an answer.")
]


class ReasonAnswer(msgspec.Struct, kw_only=True):
    """Why records of a source were refused, how many, and what their sender can do.

    With the `kind` `request` whole requests were refused, which brought no record.
    """

    source: str
    kind: str
    field: str
    reason: str
    next_step: str
    records: int
    last_at: str


class SampleAnswer(msgspec.Struct, kw_only=True):
    """One rejection. `value` is what was seen, shortened; null for keys without `admin`, empty where it is not kept."""

    id: int
    source: str
    kind: str
    field: str
    reason: str
    value: str | None
    at: str
    request_id: str
    index: int


class RejectionsAnswer(msgspec.Struct, kw_only=True):
    """Rejections by reason in the hours that the period touches, and a page of the latest samples of each reason."""

    period: answers.PeriodAnswer
    records: int
    requests: int
    reasons: list[ReasonAnswer]
    samples: list[SampleAnswer]
    more_before: int | None


def rejection_router(control: Control, clock: Clock) -> Router:
    """Return the router of `/v1/intake/rejections`; asking needs the scope `read`."""
    access = Access(control.keys, control.tenants)

    # TRICKY: a function, as in `router`: Litestar deep-copies nested routers, and with a bound method its object.
    async def guard(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
        await access.guard(connection, handler)

    return Router(
        path="/v1/intake",
        route_handlers=[_route(control, clock)],
        guards=[guard],
        before_request=known_parameters,
        exception_handlers=problem_handlers(),  # pyright: ignore[reportArgumentType] - invariant, and partly unknown in Litestar
        middleware=[RequestIds],
        cache_control=CacheControlHeader(no_store=True),
        security=[{"key": list[str]()}],
        tags=["Read"],
    )


def _route(control: Control, clock: Clock) -> HTTPRouteHandler:
    @get(
        "/rejections",
        sync_to_thread=True,
        accepts=("period", "from", "to", "source", "field", "reason", "before", "limit"),
    )
    def rejections(
        request: AnyRequest,
        period: Annotated[str, QueryParameter(description=PARAMETERS["period"])] = "",
        since: Annotated[str, QueryParameter(name="from", description=PARAMETERS["from"])] = "",
        to: Annotated[str, QueryParameter(description=PARAMETERS["to"])] = "",
        source: _Source = "",
        field: _Field = "",
        reason: _Reason = "",
        before: _Before = 0,
        limit: _Most = 100,
    ) -> RejectionsAnswer:
        """Why records and requests were refused, with the latest samples, the newest first."""
        tenant, wanted = tenant_of(request), Wanted(source=source, field=field, reason=reason)
        scope = read_scope(tenant, clock.now_ms(), period=period, since=since, to=to)
        reasons = control.rejections.reasons(
            tenant.id, since=scope.period.start, until=scope.period.until, wanted=wanted
        )
        samples = control.rejections.samples(tenant.id, wanted, before=before, most=limit + 1)
        shown = may_of(request, "replay_dead_letters")
        return RejectionsAnswer(
            period=answers.period(scope),
            records=sum(one.records for one in reasons if one.kind != REQUEST),
            requests=sum(one.records for one in reasons if one.kind == REQUEST),
            reasons=[
                ReasonAnswer(
                    source=one.source,
                    kind=one.kind,
                    field=one.field,
                    reason=one.reason,
                    next_step=one.hint,
                    records=one.records,
                    last_at=time(one.last_at),
                )
                for one in reasons
            ],
            samples=[
                SampleAnswer(
                    id=one.id,
                    source=one.source,
                    kind=one.kind,
                    field=one.field,
                    reason=one.reason,
                    value=one.value if shown else None,
                    at=time(one.at),
                    request_id=one.request_id,
                    index=one.place,
                )
                for one in samples[:limit]
            ],
            more_before=samples[limit - 1].id if len(samples) > limit else None,
        )

    return rejections
