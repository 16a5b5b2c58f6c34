"""Answers: the JSON shapes of the read API, made from what `metrics` returns.

Owns names and types only; nothing is computed here. Money is a JSON number, times are ISO 8601 in UTC.
"""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from sendlens.metrics.accounting import Account, Outcomes
from sendlens.metrics.campaigns import Bounce, CampaignFacts, CampaignList, CampaignReport, Step
from sendlens.metrics.comparable import Comparison
from sendlens.metrics.comparable import Standing as Among
from sendlens.metrics.curves import STEPS, Curve
from sendlens.metrics.figures import Figure
from sendlens.metrics.query import Scope, Series, Table
from sendlens.metrics.recipients import Happening, Person, Who
from sendlens.metrics.registry import Metric
from sendlens.metrics.standing import Standing


class Value(msgspec.Struct, kw_only=True):
    """A metric's value with what it was made of; `value` is null and `text` is "–" where there is no denominator."""

    value: float | None
    text: str
    n: float | None
    d: float | None
    enough: bool


class FigureAnswer(Value, kw_only=True):
    """A metric's value, and the earlier period's beside it where one is compared."""

    unit: str
    better: str
    note: str = ""
    previous: Value | None = None
    change: float | None = None
    change_text: str = ""
    direction: str = "none"


class PeriodAnswer(msgspec.Struct, kw_only=True):
    """The time that was asked about; `until` is where the known part of a running period ends."""

    period: str
    start: str
    end: str
    until: str
    time_zone: str


class MetricAnswer(msgspec.Struct, kw_only=True):
    """One metric of the registry, with its figure if one was asked for."""

    key: str
    label: str
    group: str
    unit: str
    better: str
    clock: str
    min_den: int
    formula: str
    help: str
    figure: FigureAnswer | None = None


class MetricsAnswer(msgspec.Struct, kw_only=True):
    """The registry."""

    metrics: list[MetricAnswer]
    period: PeriodAnswer | None = None


class SeriesAnswer(msgspec.Struct, kw_only=True):
    """Figures along time; each metric has one figure per bucket."""

    period: PeriodAnswer
    interval: str
    buckets: list[str]
    unfinished_from: int | None
    metrics: dict[str, list[FigureAnswer]]


class RowAnswer(msgspec.Struct, kw_only=True):
    """One value of a dimension."""

    value: str
    label: str
    metrics: dict[str, FigureAnswer]


class TableAnswer(msgspec.Struct, kw_only=True):
    """A page of a breakdown."""

    period: PeriodAnswer | None = None
    dimension: str
    total_rows: int
    rows: list[RowAnswer]


class CampaignAnswer(msgspec.Struct, kw_only=True):
    """What is known of a campaign besides figures."""

    id: str
    name: str
    type: str
    subject: str
    sender: str
    template_id: str
    segment: str
    stream: str
    channel: str
    targeted: int
    cost: float
    budget: float
    currency: str
    started_at: str | None
    first_event_at: str | None
    last_event_at: str | None
    metadata: dict[str, str]


class CampaignRowAnswer(msgspec.Struct, kw_only=True):
    """One campaign of the list."""

    campaign: CampaignAnswer
    metrics: dict[str, FigureAnswer]


class CampaignsAnswer(msgspec.Struct, kw_only=True):
    """A page of campaigns."""

    total_rows: int
    rows: list[CampaignRowAnswer]


class StepAnswer(msgspec.Struct, kw_only=True):
    """One step of the funnel."""

    key: str
    label: str
    figure: FigureAnswer
    of_previous: float | None
    of_first: float | None


class SoonAnswer(msgspec.Struct, kw_only=True):
    """How soon after sending people acted."""

    total: int
    within_hour: int
    within_day: int
    within_week: int
    median_seconds: int | None


class BestHourAnswer(msgspec.Struct, kw_only=True):
    """When most people opened: the hour of the day, and the one hour of the calendar."""

    hour_of_day: int
    opened_in_hour_of_day: int
    hour: str
    opened_in_hour: int


class BounceAnswer(msgspec.Struct, kw_only=True):
    """Messages that bounced for one reason."""

    bounce_class: str
    bounce_reason: str
    messages: int
    sample_reply: str
    sample_code: str
    sample_provider: str


class CurveAnswer(msgspec.Struct, kw_only=True):
    """Of `total` messages, how many were acted upon within each of the `steps`."""

    total: int
    within: list[int]
    median_seconds: int | None


class CurvesAnswer(msgspec.Struct, kw_only=True):
    """How soon people acted, and apart from them messages on which only machines did; `steps` in seconds."""

    steps: list[int]
    people: CurveAnswer
    machines: CurveAnswer


class ComparedAnswer(msgspec.Struct, kw_only=True):
    """A metric of the campaign beside the comparable ones: their median, their middle half, how many it is above."""

    metric: FigureAnswer
    median: float
    low: float
    high: float
    above: int
    of: int


class ComparableAnswer(msgspec.Struct, kw_only=True):
    """The latest campaigns of the same kind; `kind` says in words what they share. Empty where too few are known."""

    kind: str
    campaigns: list[str]
    metrics: dict[str, ComparedAnswer]


class CampaignReportAnswer(msgspec.Struct, kw_only=True):
    """Everything about one campaign over its life."""

    campaign: CampaignAnswer
    metrics: dict[str, FigureAnswer]
    funnel: list[StepAnswer]
    best_hour: BestHourAnswer | None
    time_to_open: SoonAnswer
    time_to_click: SoonAnswer
    curves: dict[str, CurvesAnswer]
    comparable: ComparableAnswer
    variants: TableAnswer
    devices: TableAnswer
    clients: TableAnswer
    links: TableAnswer
    bounces: list[BounceAnswer]


class HappeningAnswer(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One event of a person's timeline; what is not known is left out."""

    at: str
    type: str
    actor: str = ""
    actor_reason: str = ""
    campaign_id: str = ""
    campaign: str = ""
    message_id: str = ""
    message_key: str = ""
    channel: str = ""
    subject: str = ""
    client: str = ""
    device: str = ""
    os: str = ""
    country: str = ""
    link_url: str = ""
    link_kind: str = ""
    bounce_class: str = ""
    bounce_reason: str = ""
    smtp_reply: str = ""
    unsubscribe_method: str = ""
    conversion_type: str = ""
    value: float = 0.0
    currency: str = ""
    order_id: str = ""


class StandingAnswer(msgspec.Struct, kw_only=True):
    """What is known of a person besides their timeline; `against` says what speaks against writing to them.

    Times are null for what never happened.
    """

    against: list[str]
    first_seen: str | None
    last_seen: str | None
    messages: int
    campaigns: int
    provider: str
    gateway: str
    delivered: str | None
    hard_bounced: str | None
    complained: str | None
    unsubscribed: str | None
    unsubscribe_method: str
    resubscribed: str | None


class PersonAnswer(msgspec.Struct, kw_only=True):
    """One person: their engagement points and standing, and what happened to them, the latest first.

    `standing` is null beyond the end of the timeline.
    """

    recipient: str
    key: str
    counts: dict[str, int]
    revenue: float
    points: int
    standing: StandingAnswer | None
    timeline: list[HappeningAnswer]
    more_before: str | None


class WhoAnswer(msgspec.Struct, kw_only=True):
    """Somebody who did the thing asked for."""

    recipient: str
    key: str
    campaign_id: str
    campaign: str
    at: str


class PeopleAnswer(msgspec.Struct, kw_only=True):
    """A page of people, the latest first; `next` is what to ask for `after` it, null where nobody was found."""

    period: PeriodAnswer
    did: str
    people: list[WhoAnswer]
    next: str | None


class OutcomesAnswer(msgspec.Struct, kw_only=True):
    """What became of records: received = stored + duplicate + rejected + dead + missing, and missing is 0."""

    received: int
    stored: int
    duplicate: int
    rejected: int
    dead: int
    missing: int


class IntakeRowAnswer(msgspec.Struct, kw_only=True):
    """The outcomes of one source and kind of record."""

    source: str
    kind: str
    outcomes: OutcomesAnswer


class IntakeAnswer(msgspec.Struct, kw_only=True):
    """The account of a period."""

    period: PeriodAnswer
    total: OutcomesAnswer
    sources: list[IntakeRowAnswer]
    interval: str
    buckets: list[str]
    series: list[OutcomesAnswer]


def time(at: int) -> str:
    """Return UTC milliseconds as ISO 8601."""
    return datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def period(scope: Scope) -> PeriodAnswer:
    """Return the period of a scope; `all` begins where time does."""
    one = scope.period
    return PeriodAnswer(
        period=one.key, start=time(one.start), end=time(one.end), until=time(one.until), time_zone=one.zone
    )


def figure(one: Figure) -> FigureAnswer:
    """Return a figure."""
    before = one.previous
    return FigureAnswer(
        value=one.value,
        text=one.text,
        n=_number(one.n),
        d=_number(one.d),
        enough=one.enough,
        unit=one.unit,
        better=one.better,
        note=one.note,
        previous=before
        and Value(value=before.value, text=before.text, n=_number(before.n), d=_number(before.d), enough=before.enough),
        change=one.change,
        change_text=one.change_text,
        direction=one.direction,
    )


def metric(one: Metric, of: Figure | None) -> MetricAnswer:
    """Return a metric of the registry."""
    return MetricAnswer(
        key=one.key,
        label=one.label,
        group=one.group,
        unit=one.unit,
        better=one.better,
        clock=one.clock,
        min_den=one.min_den,
        formula=one.formula,
        help=one.help,
        figure=figure(of) if of else None,
    )


def series(scope: Scope, one: Series) -> SeriesAnswer:
    """Return a time series."""
    return SeriesAnswer(
        period=period(scope),
        interval=one.interval,
        buckets=list(one.labels),
        unfinished_from=one.unfinished_from,
        metrics={key: [figure(point) for point in points] for key, points in one.figures.items()},
    )


def table(one: Table, scope: Scope | None = None) -> TableAnswer:
    """Return a breakdown."""
    return TableAnswer(
        period=period(scope) if scope else None,
        dimension=one.dimension,
        total_rows=one.total_rows,
        rows=[RowAnswer(value=row.value, label=row.label, metrics=_figures(row.figures)) for row in one.rows],
    )


def campaigns(one: CampaignList) -> CampaignsAnswer:
    """Return a page of campaigns."""
    rows = [CampaignRowAnswer(campaign=_campaign(row.facts), metrics=_figures(row.figures)) for row in one.rows]
    return CampaignsAnswer(total_rows=one.total_rows, rows=rows)


def campaign(one: CampaignReport, compared: Comparison, variants: Table) -> CampaignReportAnswer:
    """Return a campaign's report."""
    best = one.best_hour
    return CampaignReportAnswer(
        campaign=_campaign(one.facts),
        metrics=_figures(one.figures),
        funnel=[_step(step) for step in one.funnel],
        best_hour=best
        and BestHourAnswer(
            hour_of_day=best.hour_of_day,
            opened_in_hour_of_day=best.opened_in_hour_of_day,
            hour=best.hour,
            opened_in_hour=best.opened_in_hour,
        ),
        time_to_open=_soon(one.curves["opened"].people),
        time_to_click=_soon(one.curves["clicked"].people),
        curves={
            deed: CurvesAnswer(steps=list(STEPS), people=_curve(found.people), machines=_curve(found.machines))
            for deed, found in one.curves.items()
        },
        comparable=ComparableAnswer(
            kind=compared.kind,
            campaigns=[row.facts.id for row in compared.others],
            metrics={standing.figure.key: _compared(standing) for standing in compared.standings},
        ),
        variants=table(variants),
        devices=table(one.devices),
        clients=table(one.clients),
        links=table(one.links),
        bounces=[_bounce(bounce) for bounce in one.bounces],
    )


def person(one: Person, known: Standing | None) -> PersonAnswer:
    """Return a person's page."""
    return PersonAnswer(
        recipient=one.recipient,
        key=one.key,
        counts=one.counts,
        revenue=one.revenue,
        points=one.points,
        standing=known and _standing(known),
        timeline=[_happening(happening) for happening in one.timeline],
        more_before=time(one.more_before) if one.more_before is not None else None,
    )


def people(scope: Scope, did: str, found: list[Who]) -> PeopleAnswer:
    """Return a page of people."""
    following = found[-1].place if found else None
    return PeopleAnswer(period=period(scope), did=did, people=[who(one) for one in found], next=following)


def who(one: Who) -> WhoAnswer:
    """Return one of the people."""
    return WhoAnswer(
        recipient=one.recipient, key=one.key, campaign_id=one.campaign_id, campaign=one.campaign, at=time(one.at)
    )


def intake(scope: Scope, one: Account) -> IntakeAnswer:
    """Return the account."""
    return IntakeAnswer(
        period=period(scope),
        total=_outcomes(one.total),
        sources=[
            IntakeRowAnswer(source=row.source, kind=row.kind, outcomes=_outcomes(row.outcomes)) for row in one.sources
        ],
        interval=one.interval,
        buckets=list(one.labels),
        series=[_outcomes(point) for point in one.series],
    )


def _figures(figures: dict[str, Figure]) -> dict[str, FigureAnswer]:
    return {key: figure(one) for key, one in figures.items()}


def _campaign(one: CampaignFacts) -> CampaignAnswer:
    return CampaignAnswer(
        id=one.id,
        name=one.name,
        type=one.type,
        subject=one.subject,
        sender=one.sender,
        template_id=one.template_id,
        segment=one.segment,
        stream=one.stream,
        channel=one.channel,
        targeted=one.targeted,
        cost=float(one.cost),
        budget=float(one.budget),
        currency=one.currency,
        started_at=_known_time(one.started_at),
        first_event_at=_known_time(one.first_event_at),
        last_event_at=_known_time(one.last_event_at),
        metadata=dict(one.metadata),
    )


def _step(one: Step) -> StepAnswer:
    return StepAnswer(
        key=one.key, label=one.label, figure=figure(one.figure), of_previous=one.of_previous, of_first=one.of_first
    )


def _soon(one: Curve) -> SoonAnswer:
    return SoonAnswer(
        total=one.total,
        within_hour=one.within_seconds(3_600),
        within_day=one.within_seconds(86_400),
        within_week=one.within_seconds(7 * 86_400),
        median_seconds=one.median if one.total else None,
    )


def _curve(one: Curve) -> CurveAnswer:
    return CurveAnswer(total=one.total, within=list(one.within), median_seconds=one.median if one.total else None)


def _compared(one: Among) -> ComparedAnswer:
    return ComparedAnswer(
        metric=figure(one.figure), median=one.median, low=one.low, high=one.high, above=one.above, of=one.of
    )


def _standing(one: Standing) -> StandingAnswer:
    return StandingAnswer(
        against=one.against,
        first_seen=_known_time(one.first_seen),
        last_seen=_known_time(one.last_seen),
        messages=one.messages,
        campaigns=one.campaigns,
        provider=one.provider,
        gateway=one.gateway,
        delivered=_known_time(one.delivered),
        hard_bounced=_known_time(one.hard_bounced),
        complained=_known_time(one.complained),
        unsubscribed=_known_time(one.unsubscribed),
        unsubscribe_method=one.unsubscribe_method,
        resubscribed=_known_time(one.resubscribed),
    )


def _bounce(one: Bounce) -> BounceAnswer:
    return msgspec.convert(one, BounceAnswer, from_attributes=True)


def _happening(one: Happening) -> HappeningAnswer:
    told = {name: getattr(one, name) for name in HappeningAnswer.__struct_fields__ if name != "at"}
    return HappeningAnswer(at=time(one.at), **told)


def _outcomes(one: Outcomes) -> OutcomesAnswer:
    return msgspec.convert(one, OutcomesAnswer, from_attributes=True)


def _known_time(at: int) -> str | None:
    return time(at) if at else None


def _number(value: object) -> float | None:
    return None if value is None else float(str(value))
