"""`GET /v1/deliverability`: where mail arrives and where it does not, in one answer or part by part.

Owns the JSON shapes and the CSV of the matrix. Leaves every number to `sendlens.metrics.deliverability`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Final, TypeVar, cast

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import QueryParameter, SkipValidation

from sendlens.errors import InvalidField
from sendlens.metrics.address import PARAMETERS
from sendlens.metrics.deliverability.authentication import Authentication
from sendlens.metrics.deliverability.depth import Gauge
from sendlens.metrics.deliverability.list_health import Health
from sendlens.metrics.deliverability.matrix import MATRIX_METRICS, Matrix, matrix
from sendlens.metrics.deliverability.parts import PARTS, read_parts
from sendlens.metrics.deliverability.placement import Placed, Placements
from sendlens.metrics.deliverability.replies import Reply
from sendlens.metrics.deliverability.spam_folder import Opened, Signal
from sendlens.metrics.deliverability.transport import Transport
from sendlens.metrics.query import MOST_ROWS, Metrics, Row, Scope, Table
from sendlens.web.api import answers, tables
from sendlens.web.api.access import AnyRequest
from sendlens.web.api.answers import FigureAnswer, PeriodAnswer

_Shape = TypeVar("_Shape", bound=msgspec.Struct)


class MatrixRowAnswer(msgspec.Struct, kw_only=True):
    """One mailbox provider; `levels` are "", notice, warning or bad by metric, `course` the values of every bucket."""

    provider: str
    label: str
    metrics: dict[str, FigureAnswer]
    levels: dict[str, str]
    course: dict[str, list[float | None]]


class MatrixAnswer(msgspec.Struct, kw_only=True):
    """The largest mailbox providers with their figures."""

    interval: str
    buckets: list[str]
    unfinished_from: int | None
    total_rows: int
    rows: list[MatrixRowAnswer]


class OpenedAnswer(msgspec.Struct, kw_only=True):
    """Messages opened by people, and messages delivered with a tracker."""

    opened: int
    delivered: int


class SignalAnswer(msgspec.Struct, kw_only=True):
    """The verdict on one provider: spam_folder, holds or too_little, with the four rates that it was made from."""

    provider: str
    verdict: str
    ratio: float | None
    z: float | None
    recent: OpenedAnswer
    baseline: OpenedAnswer
    recent_others: OpenedAnswer
    baseline_others: OpenedAnswer


class DomainAnswer(msgspec.Struct, kw_only=True):
    """One From domain in DMARC reports, with the policy that the latest report saw published."""

    domain: str
    policy: str
    subdomain_policy: str
    testing: bool
    reporters: list[str]
    metrics: dict[str, FigureAnswer]


class SourceAnswer(msgspec.Struct, kw_only=True):
    """One sending address in DMARC reports; `kind` is passes, forwarder or fails."""

    domain: str
    source_ip: str
    kind: str
    reporters: list[str]
    metrics: dict[str, FigureAnswer]


class AuthenticationAnswer(msgspec.Struct, kw_only=True):
    """What DMARC reports say; whatever has the most mail that does not pass comes first."""

    domains: list[DomainAnswer]
    sources: list[SourceAnswer]


class ReplyAnswer(msgspec.Struct, kw_only=True):
    """Messages that bounced or were deferred for one reason, with the latest reply and the rule that decided."""

    type: str
    provider: str
    bounce_class: str
    bounce_reason: str
    messages: int
    reply: str
    code: str
    rule: str
    at: str


class LatencyAnswer(msgspec.Struct, kw_only=True):
    """Seconds from sending to delivery; `provider` is null for all of them together."""

    provider: str | None
    n: int
    p50: int
    p90: int
    p99: int


class GaugeAnswer(msgspec.Struct, kw_only=True):
    """One sampled quantity: the latest value, the largest of the period, and the largest of every bucket."""

    name: str
    source: str
    labels: dict[str, str]
    latest: float
    at: str
    most: float
    samples: int
    course: list[float | None]


class PlacedAnswer(msgspec.Struct, kw_only=True):
    """Seeds of a provider or a test; `low` and `high` bound the inbox's share of those that arrived (Wilson, 95 %)."""

    key: str
    inbox: int
    spam: int
    missing: int
    low: float | None
    high: float | None
    text: str
    tabs: dict[str, int]
    at: str


class PlacementAnswer(msgspec.Struct, kw_only=True):
    """Where seed mailboxes found the tests of the period."""

    providers: list[PlacedAnswer]
    tests: list[PlacedAnswer]


class TransportAnswer(msgspec.Struct, kw_only=True):
    """What TLS reports say about one domain."""

    domain: str
    sessions: int
    failure_rate: FigureAnswer
    causes: dict[str, int]
    reporters: list[str]


class HealthAnswer(msgspec.Struct, kw_only=True):
    """The figures of one part of the list: an age or a segment."""

    key: str
    label: str
    metrics: dict[str, FigureAnswer]


class DeliverabilityAnswer(msgspec.Struct, kw_only=True, omit_defaults=True):
    """The parts that were asked for. A part is null where its table does not know one of the filters."""

    period: PeriodAnswer
    matrix: MatrixAnswer | msgspec.UnsetType | None = msgspec.UNSET
    spam_folder: list[SignalAnswer] | msgspec.UnsetType | None = msgspec.UNSET
    authentication: AuthenticationAnswer | msgspec.UnsetType | None = msgspec.UNSET
    replies: list[ReplyAnswer] | msgspec.UnsetType | None = msgspec.UNSET
    latency: list[LatencyAnswer] | msgspec.UnsetType | None = msgspec.UNSET
    queues: list[GaugeAnswer] | msgspec.UnsetType | None = msgspec.UNSET
    placement: PlacementAnswer | msgspec.UnsetType | None = msgspec.UNSET
    transport: list[TransportAnswer] | msgspec.UnsetType | None = msgspec.UNSET
    list_age: list[HealthAnswer] | msgspec.UnsetType | None = msgspec.UNSET
    segments: list[HealthAnswer] | msgspec.UnsetType | None = msgspec.UNSET


def deliverability_route(metrics: Metrics) -> HTTPRouteHandler:
    """Return the route."""

    @get("/deliverability", sync_to_thread=True, accepts=(*PARAMETERS, "parts", "limit", "format"))
    def deliverability(
        request: AnyRequest,
        asked: SkipValidation[NamedDependency[Scope]],
        parts: Annotated[str, QueryParameter(description=f"Some of {', '.join(PARTS)}; all without it.")] = "",
        limit: Annotated[int, QueryParameter(ge=1, le=MOST_ROWS, description="Most providers in the matrix.")] = 12,
        form: Annotated[
            str, QueryParameter(name="format", description="json or csv (the matrix alone); else the Accept header.")
        ] = "",
    ) -> Response[DeliverabilityAnswer] | Response[str]:
        """Providers by metrics, authentication, replies, latency, queues, seeds and the inferred spam folder."""
        names = read_parts(parts)
        if tables.wanted(request, form):
            if parts and names != ["matrix"]:
                raise InvalidField("parts", parts, "only the matrix is a table; ask for the others as JSON")
            return _csv(matrix(metrics, asked, limit))
        answer = DeliverabilityAnswer(period=answers.period(asked))
        for name in names:
            found = matrix(metrics, asked, limit) if name == "matrix" else PARTS[name](metrics, asked)
            setattr(answer, name, None if found is None else _SHAPES[name](found))
        return Response(answer)

    return deliverability


def _csv(one: Matrix) -> Response[str]:
    rows = [Row(value=row.provider, label=row.label, figures=row.figures) for row in one.rows]
    return tables.breakdown(Table(dimension="provider", rows=rows, total_rows=one.total_rows), MATRIX_METRICS)


def _told(shape: type[_Shape], one: object, **changed: object) -> _Shape:
    """Return what a shape names of `one`, with those parts that look different outside."""
    same = (name for name in shape.__struct_fields__ if name not in changed)
    return shape(**{name: getattr(one, name) for name in same}, **changed)


def _figures(one: Any) -> dict[str, FigureAnswer]:
    return {key: answers.figure(figure) for key, figure in one.figures.items()}


def _matrix(one: Matrix) -> MatrixAnswer:
    return MatrixAnswer(
        interval=one.interval,
        buckets=list(one.buckets),
        unfinished_from=one.unfinished_from,
        total_rows=one.total_rows,
        rows=[
            _told(
                MatrixRowAnswer,
                row,
                metrics=_figures(row),
                levels={key: str(level) for key, level in row.levels.items()},
            )
            for row in one.rows
        ],
    )


def _opened(one: Opened) -> OpenedAnswer:
    return OpenedAnswer(opened=one[0], delivered=one[1])


def _signals(found: list[Signal]) -> list[SignalAnswer]:
    rates = ("recent", "baseline", "recent_others", "baseline_others")
    return [_told(SignalAnswer, one, **{name: _opened(getattr(one, name)) for name in rates}) for one in found]


def _authentication(found: Authentication) -> AuthenticationAnswer:
    return AuthenticationAnswer(
        domains=[_told(DomainAnswer, one, metrics=_figures(one)) for one in found.domains],
        sources=[_told(SourceAnswer, one, metrics=_figures(one)) for one in found.sources],
    )


def _replies(found: list[Reply]) -> list[ReplyAnswer]:
    return [_told(ReplyAnswer, one, at=answers.time(one.at)) for one in found]


def _latency(found: object) -> list[LatencyAnswer]:
    return msgspec.convert(found, list[LatencyAnswer], from_attributes=True)


def _queues(found: list[Gauge]) -> list[GaugeAnswer]:
    return [_told(GaugeAnswer, one, at=answers.time(one.at)) for one in found]


def _placed(one: Placed) -> PlacedAnswer:
    low, high = one.interval or (None, None)
    return _told(PlacedAnswer, one, low=low, high=high, at=answers.time(one.at))


def _placement(found: Placements) -> PlacementAnswer:
    return PlacementAnswer(
        providers=[_placed(one) for one in found.providers], tests=[_placed(one) for one in found.tests]
    )


def _transport(found: list[Transport]) -> list[TransportAnswer]:
    return [_told(TransportAnswer, one, failure_rate=answers.figure(one.failure_rate)) for one in found]


def _health(found: list[Health]) -> list[HealthAnswer]:
    return [_told(HealthAnswer, one, metrics=_figures(one)) for one in found]


_SHAPES: Final = cast(
    "dict[str, Callable[[object], object]]",
    {
        "matrix": _matrix,
        "spam_folder": _signals,
        "authentication": _authentication,
        "replies": _replies,
        "latency": _latency,
        "queues": _queues,
        "placement": _placement,
        "transport": _transport,
        "list_age": _health,
        "segments": _health,
    },
)
"""How each part is written, by the names of `PARTS`."""
