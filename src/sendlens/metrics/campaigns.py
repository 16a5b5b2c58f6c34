"""Campaigns: the list of them, and the report of one over its whole life.

Owns what a campaign's page and its API answer say beyond plain figures: the funnel, the best hour, how soon people
opened and clicked, the bounces with what the receiving servers said. Figures come from `query`.
"""

# ruff: noqa: S608 - only our own fragments are written into the text; every value is bound
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Final, cast
from zoneinfo import ZoneInfo

from sendlens.errors import InvalidField, NotFound
from sendlens.metrics.beside import beside
from sendlens.metrics.curves import Curves, Deed, curves
from sendlens.metrics.figures import Figure, text_of
from sendlens.metrics.filters import Filter
from sendlens.metrics.periods import parse_period
from sendlens.metrics.query import Metrics, Scope, Table, TenantLike
from sendlens.metrics.question import Param
from sendlens.metrics.registry import METRICS
from sendlens.metrics.states import BOUNCED_OF_CAMPAIGN

LIST_METRICS: Final = ("targeted", "sent", "delivery_rate", "open_rate", "click_rate", "unsubscribe_rate", "revenue")
# Readings are counted from the events, which is too dear for a report that everybody opens.
REPORT_METRICS: Final = tuple(key for key, one in METRICS.items() if one.group not in {"Paid channels", "Reading"})
FUNNEL: Final = ("targeted", "sent", "delivered", "opened", "clicked", "converted")
ORDERS: Final = ("started_at", "name")

_IDS: Final = """
SELECT id, count() OVER () AS total
FROM (
    SELECT campaign_id AS id, name, started_at AS start FROM campaigns FINAL WHERE tenant = {tenant:String}
    UNION ALL
    SELECT campaign_id AS id, '' AS name, min(bucket) AS start FROM metrics_quarter
    WHERE tenant = {tenant:String} AND clock = 'event' AND campaign_id != ''
        AND measure IN ('injected', 'sent', 'opened', 'clicked', 'conversions')
    GROUP BY campaign_id
)
GROUP BY id
HAVING positionCaseInsensitiveUTF8(concat(id, '\\n', max(name)), {search:String}) > 0
ORDER BY %s
LIMIT {limit:UInt64} OFFSET {offset:UInt64}
"""
# A start that is not told is the first thing that happened.
_SORTED: Final = {
    "started_at": "minIf(start, start > 0) ASC, id ASC",
    "-started_at": "minIf(start, start > 0) DESC, id ASC",
    "name": "lowerUTF8(if(max(name) = '', id, max(name))) ASC, id ASC",
    "-name": "lowerUTF8(if(max(name) = '', id, max(name))) DESC, id ASC",
}
_FACTS: Final = """
SELECT campaign_id, name, type, subject, sender, template_id, segment, stream, channel, total_sent, cost, budget,
    currency, toUnixTimestamp(started_at) AS started, metadata
FROM campaigns FINAL
WHERE tenant = {tenant:String} AND campaign_id IN {ids:Array(String)}
"""
_LIFE: Final = """
SELECT campaign_id, toUnixTimestamp(min(bucket)) AS first, toUnixTimestamp(max(bucket)) AS last
FROM metrics_quarter
WHERE tenant = {tenant:String} AND clock = 'event' AND campaign_id IN {ids:Array(String)}
GROUP BY campaign_id
"""
# An hour is that of the local clock. The one that it shows twice in autumn is two: they began at different times.
_OPEN_HOURS: Final = """
SELECT toHour(bucket, {zone:String}) AS hour_of_day,
    toUnixTimestamp(bucket) - toMinute(bucket, {zone:String}) * 60 AS began, sum(n) AS opened
FROM metrics_quarter
WHERE tenant = {tenant:String} AND clock = 'event' AND measure = 'opened_human' AND campaign_id = {id:String}
GROUP BY hour_of_day, began HAVING opened > 0
"""
_BOUNCES: Final = f"""
SELECT bounce_class, bounce_reason, count() AS messages
FROM {BOUNCED_OF_CAMPAIGN} AND bounced_at >= delivered_at
GROUP BY bounce_class, bounce_reason ORDER BY messages DESC, bounce_class, bounce_reason
"""
_REPLIES: Final = f"""
SELECT bounce_class, bounce_reason,
    argMax((smtp_reply, enhanced_code, provider), (smtp_reply != '', occurred_at)) AS said
FROM events
WHERE tenant = {{tenant:String}} AND type = 'bounced' AND (toDate(occurred_at), message_key) IN (
    SELECT toDate(bounced_at), message_key FROM {BOUNCED_OF_CAMPAIGN}
)
GROUP BY bounce_class, bounce_reason
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignFacts:
    """What is known of a campaign besides its figures; times in UTC milliseconds, 0 where nothing is known."""

    id: str
    name: str
    type: str = ""
    subject: str = ""
    sender: str = ""
    template_id: str = ""
    segment: str = ""
    stream: str = ""
    channel: str = ""
    targeted: int = 0
    cost: Decimal = Decimal(0)
    budget: Decimal = Decimal(0)
    currency: str = ""
    started_at: int = 0
    first_event_at: int = 0
    last_event_at: int = 0
    metadata: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignRow:
    """One line of the list."""

    facts: CampaignFacts
    figures: dict[str, Figure]


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignList:
    """A page of campaigns and how many there are in all."""

    rows: list[CampaignRow]
    total_rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of the funnel: how many came this far, and which share of the step before and of the first."""

    key: str
    label: str
    figure: Figure
    of_previous: float | None
    of_first: float | None
    of_previous_text: str
    of_first_text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BestHour:
    """When most people opened: an hour of the day (0 to 23, local), and the one hour of the calendar (ISO 8601)."""

    hour_of_day: int
    opened_in_hour_of_day: int
    hour: str
    opened_in_hour: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounce:
    """Messages that bounced for one reason, and what a receiving server last said about it."""

    bounce_class: str
    bounce_reason: str
    messages: int
    sample_reply: str
    sample_code: str
    sample_provider: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignReport:
    """Everything about one campaign over its life."""

    facts: CampaignFacts
    figures: dict[str, Figure]
    funnel: list[Step]
    best_hour: BestHour | None
    curves: dict[Deed, Curves]
    devices: Table
    clients: Table
    links: Table
    bounces: list[Bounce]


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What a campaign's page says first."""

    facts: CampaignFacts
    figures: dict[str, Figure]
    funnel: list[Step]
    best_hour: BestHour | None


class Campaigns:
    """Answers questions about campaigns as such."""

    def __init__(self, metrics: Metrics) -> None:
        """Ask through `metrics`."""
        self._metrics = metrics
        self._store = metrics.store

    def scope(self, tenant: TenantLike, *filters: Filter) -> Scope:
        """Return the scope of a whole life: everything there is, under these filters."""
        return Scope(
            tenant=tenant,
            period=parse_period("all", tenant.time_zone, self._metrics.clock.now_ms()),
            filters=filters,
        )

    def list(
        self,
        tenant: TenantLike,
        *,
        metric_keys: Sequence[str] = LIST_METRICS,
        order_by: str = "-started_at",
        limit: int = 50,
        offset: int = 0,
        search: str = "",
    ) -> CampaignList:
        """Return campaigns with their figures over their life.

        `order_by` is `started_at`, `name` or a metric, with `-` before it for the latest or largest first. Ordered by a
        metric, campaigns without any figure are left out. Raises `InvalidField`.
        """
        key = order_by.removeprefix("-")
        if key not in ORDERS and key not in METRICS:
            raise InvalidField("order_by", order_by, f"must be a metric or one of {', '.join(ORDERS)}")
        if key in METRICS:
            table = self._metrics.breakdown(
                self.scope(tenant, Filter("is_not", "campaign", ("",))),
                metric_keys,
                "campaign",
                order_by,
                limit,
                offset,
                search,
            )
            ids, total = [row.value for row in table.rows], table.total_rows
            figures = {row.value: row.figures for row in table.rows}
        else:
            page: dict[str, Param] = {"search": search, "limit": max(limit, 1), "offset": max(offset, 0)}
            found = self._store.query(tenant.id, _IDS % _SORTED[order_by], page).rows
            ids, total = [str(row[0]) for row in found], int(cast("int", found[0][1])) if found else 0
            figures = self.figures(tenant, ids, metric_keys)
        facts = self.facts(tenant, ids)
        return CampaignList(rows=[CampaignRow(facts=facts[id_], figures=figures[id_]) for id_ in ids], total_rows=total)

    def figures(
        self, tenant: TenantLike, ids: Sequence[str], metric_keys: Sequence[str]
    ) -> dict[str, dict[str, Figure]]:
        """Return figures of these campaigns over their life, by id; one that nothing happened to has empty ones."""
        if not ids or not metric_keys:
            return {id_: {} for id_ in ids}
        scope = self.scope(tenant, Filter("is", "campaign", tuple(ids)))
        table = self._metrics.breakdown(scope, metric_keys, "campaign", limit=len(ids))
        figures = {row.value: row.figures for row in table.rows}
        nothing = self._nothing(tenant, metric_keys) if len(figures) < len(ids) else {}
        return {id_: figures.get(id_, nothing) for id_ in ids}

    def facts(self, tenant: TenantLike, ids: Sequence[str]) -> dict[str, CampaignFacts]:
        """Return what is known of these campaigns; one that was never described has its id for a name."""
        return {id_: CampaignFacts(id=id_, name=id_, metadata={}) for id_ in ids} | self._told(tenant, ids)

    def _told(self, tenant: TenantLike, ids: Sequence[str]) -> dict[str, CampaignFacts]:
        """Return the same of those that were described or that something happened to."""
        found: dict[str, CampaignFacts] = {}
        for row in self._store.query(tenant.id, _FACTS, {"ids": list(ids)}).rows:
            (id_, name, type_, subject, sender, template, segment, stream, channel, targeted, cost, budget, *rest) = row
            currency, started, metadata = rest
            found[str(id_)] = CampaignFacts(
                id=str(id_),
                name=str(name) or str(id_),
                type=str(type_),
                subject=str(subject),
                sender=str(sender),
                template_id=str(template),
                segment=str(segment),
                stream=str(stream),
                channel=str(channel),
                targeted=int(cast("int", targeted)),
                cost=cast("Decimal", cost),
                budget=cast("Decimal", budget),
                currency=str(currency),
                started_at=int(cast("int", started)) * 1000,
                metadata=cast("Mapping[str, str]", metadata),
            )
        for id_, first, last in self._store.query(tenant.id, _LIFE, {"ids": list(ids)}).rows:
            found[str(id_)] = replace(
                found.get(str(id_)) or CampaignFacts(id=str(id_), name=str(id_), metadata={}),
                first_event_at=int(cast("int", first)) * 1000,
                last_event_at=int(cast("int", last)) * 1000,
            )
        return found

    def summary(self, tenant: TenantLike, id_: str) -> Summary:
        """Return what a campaign's page says first. Raises `NotFound` for one nothing is known of."""
        facts = self._told(tenant, [id_]).get(id_)
        if facts is None:
            raise NotFound(f"There is no campaign {id_!r}.", hint="GET /v1/campaigns lists those there are.")
        figures = self._metrics.figures(self.scope(tenant, Filter("is", "campaign", (id_,))), REPORT_METRICS)
        return Summary(facts=facts, figures=figures, funnel=_funnel(figures), best_hour=self._best_hour(tenant, id_))

    def get(self, tenant: TenantLike, id_: str) -> CampaignReport:
        """Return the report of one campaign. Raises `NotFound` for one nothing is known of."""
        by_event = replace(self.scope(tenant, Filter("is", "campaign", (id_,))), clock="event")
        engaged = ("opened", "clicked", "opens", "clicks")
        followed = ("clicked", "clicks", "clicked_raw", "clicks_raw")
        with beside() as ask:
            devices = ask(lambda: self._metrics.breakdown(by_event, engaged, "device", limit=20))
            clients = ask(lambda: self._metrics.breakdown(by_event, engaged, "client", limit=20))
            links = ask(lambda: self._metrics.breakdown(by_event, followed, "link", limit=50))
            bounces = ask(lambda: self.bounces(tenant, id_))
            soon = ask(lambda: curves(self._metrics, tenant, id_))
            first = self.summary(tenant, id_)
            return CampaignReport(
                facts=first.facts,
                figures=first.figures,
                funnel=first.funnel,
                best_hour=first.best_hour,
                curves=soon.result(),
                devices=devices.result(),
                clients=clients.result(),
                links=links.result(),
                bounces=bounces.result(),
            )

    def _nothing(self, tenant: TenantLike, metric_keys: Sequence[str]) -> dict[str, Figure]:
        # A campaign that nothing has happened to: the figures of an empty selection.
        return self._metrics.figures(self.scope(tenant, Filter("is", "campaign", ("\x00",))), metric_keys)

    def _best_hour(self, tenant: TenantLike, id_: str) -> BestHour | None:
        of_day: dict[int, int] = {}
        hours: dict[int, int] = {}
        asked: dict[str, Param] = {"id": id_, "zone": tenant.time_zone}
        for hour, began, opened in self._store.query(tenant.id, _OPEN_HOURS, asked).rows:
            hour_of_day, count = int(cast("int", hour)), int(cast("int", opened))
            of_day[hour_of_day] = of_day.get(hour_of_day, 0) + count
            hours[int(cast("int", began))] = count
        if not hours:
            return None
        best_of_day = max(of_day, key=lambda hour: (of_day[hour], -hour))
        best = max(hours, key=lambda began: (hours[began], -began))
        return BestHour(
            hour_of_day=best_of_day,
            opened_in_hour_of_day=of_day[best_of_day],
            hour=datetime.fromtimestamp(best, ZoneInfo(tenant.time_zone)).isoformat(timespec="minutes"),
            opened_in_hour=hours[best],
        )

    def bounces(self, tenant: TenantLike, id_: str) -> list[Bounce]:
        """Return the messages of a campaign that bounced, by class and reason, with what a server said."""
        counted = self._store.query(tenant.id, _BOUNCES, {"id": id_}).rows
        replies: dict[tuple[str, str], tuple[str, str, str]] = {}
        if counted:
            for class_, reason, said in self._store.query(tenant.id, _REPLIES, {"id": id_}).rows:
                replies[str(class_), str(reason)] = cast("tuple[str, str, str]", said)
        return [
            Bounce(
                bounce_class=str(class_),
                bounce_reason=str(reason),
                messages=int(cast("int", messages)),
                sample_reply=replies.get((str(class_), str(reason)), ("", "", ""))[0],
                sample_code=replies.get((str(class_), str(reason)), ("", "", ""))[1],
                sample_provider=replies.get((str(class_), str(reason)), ("", "", ""))[2],
            )
            for class_, reason, messages in counted
        ]


def _funnel(figures: Mapping[str, Figure]) -> list[Step]:
    steps: list[Step] = []
    for key in FUNNEL:
        figure = figures[key]
        # A campaign that does not tell how many it was meant for begins with what was sent.
        if key == "targeted" and not figure.value:
            continue
        previous = _share(figure.value, steps[-1].figure.value) if steps else None
        first = _share(figure.value, steps[0].figure.value) if steps else None
        steps.append(
            Step(
                key=key,
                label=METRICS[key].label,
                figure=figure,
                of_previous=previous,
                of_first=first,
                of_previous_text=text_of(previous, "ratio") if steps else "",
                of_first_text=text_of(first, "ratio") if steps else "",
            )
        )
    return steps


def _share(part: float | None, whole: float | None) -> float | None:
    return part / whole if part is not None and whole else None
