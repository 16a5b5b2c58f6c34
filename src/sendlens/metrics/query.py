"""Query: the three questions of every page, answer, alert and export, and their answers as figures.

Owns how a scope (tenant, period, filters, clock) is asked: figures, a time series, a breakdown, each with the earlier
period beside it where one is compared. Leaves SQL to `compile` and the division to `figures`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final, Protocol, cast

from sendlens.clock import Clock, SystemClock
from sendlens.errors import InvalidField
from sendlens.metrics.compare import Compare, earlier
from sendlens.metrics.compile import compile_question, wants_of
from sendlens.metrics.dimensions import CYCLES, Dimension, dimension
from sendlens.metrics.figures import Figure, Number, figure
from sendlens.metrics.filters import Filter
from sendlens.metrics.measures import MEASURES
from sendlens.metrics.periods import Period, auto_interval, edges, label, unfinished_from
from sendlens.metrics.question import Param, Question, Want
from sendlens.metrics.registry import ClockName, Metric, metric

MOST_ROWS: Final = 10_000
WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_FIRST_EVENT: Final = "SELECT toUnixTimestamp(min(bucket)) AS first FROM metrics_quarter WHERE tenant = {tenant:String}"
_NAMES: Final = (
    "SELECT campaign_id, name FROM campaigns FINAL"
    " WHERE tenant = {tenant:String} AND campaign_id IN {ids:Array(String)} AND name != ''"
)


class TenantLike(Protocol):
    """What a question must know of the tenant."""

    @property
    def id(self) -> str:
        """Return the id that stands in every row."""
        ...

    @property
    def time_zone(self) -> str:
        """Return the IANA time zone of days and hours."""
        ...

    @property
    def currency(self) -> str:
        """Return the ISO 4217 code in which money is added up."""
        ...


class RowsLike(Protocol):
    """What a query returns."""

    @property
    def names(self) -> Sequence[str]:
        """Return the names of the columns."""
        ...

    @property
    def rows(self) -> Sequence[Sequence[object]]:
        """Return the rows, values in the order of the names."""
        ...


class StoreLike(Protocol):
    """The part of the store that questions need."""

    def query(self, tenant: str, sql: str, params: dict[str, Param], /) -> RowsLike:
        """Run a read-only statement for a tenant; `{tenant:String}` in it is bound by the store."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What every question of a page shares; `clock` None leaves each metric on its own."""

    tenant: TenantLike
    period: Period
    compare: Compare | None = None
    filters: tuple[Filter, ...] = ()
    clock: ClockName | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """Figures along time. `buckets` are the beginnings in UTC milliseconds, `labels` the same in the tenant's zone.

    `previous` are the buckets of the earlier period, by place: its n-th figure is the n-th figure's `previous`.
    `unfinished_from` is the index of the first bucket that is not over yet.
    """

    interval: str
    buckets: tuple[int, ...]
    labels: tuple[str, ...]
    figures: dict[str, list[Figure]]
    previous: tuple[int, ...]
    unfinished_from: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One value of a dimension, how it is called, and its figures by metric."""

    value: str
    label: str
    figures: dict[str, Figure]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows of a breakdown; `total_rows` counts those beyond the limit too."""

    dimension: str
    rows: list[Row]
    total_rows: int


@dataclass(frozen=True, slots=True)
class _Line:
    what: str
    slot: int
    sums: dict[Want, Number]
    rows: int


class Metrics:
    """Answers questions about one store. Methods are synchronous and may be called from any thread."""

    def __init__(
        self, store: StoreLike, clock: Clock | None = None, stored_as: Callable[[str, str], str] | None = None
    ) -> None:
        """Ask `store`; `clock` decides what the present is, `stored_as` how a tenant's recipient is called there."""
        self.store = store
        self.clock = clock or SystemClock()
        self.stored_as: Callable[[str, str], str] = stored_as or _as_it_is

    def figures(self, scope: Scope, metric_keys: Sequence[str]) -> dict[str, Figure]:
        """Return one figure per metric over the whole period. Raises `InvalidField` for a key that is no metric."""
        metrics = _metrics(metric_keys)
        now = self._sums(scope, metrics, scope.period)
        before = _earlier(scope)
        then = self._sums(scope, metrics, before) if before else None
        return {one.key: figure(one, now, scope.tenant.currency, scope.clock, then) for one in metrics}

    def timeseries(self, scope: Scope, metric_keys: Sequence[str], interval: str = "auto") -> Series:
        """Return the figures of every bucket of the period, empty ones included."""
        metrics = _metrics(metric_keys)
        period = self.known(scope)
        if interval == "auto":
            by_event = all((scope.clock or one.clock) == "event" for one in metrics)
            interval = auto_interval(period, minutes=by_event and not scope.filters)
        places = edges(period, interval)
        now = self._buckets(scope, metrics, period, places)
        before = _earlier(scope)
        then_places = edges(before, interval) if before else ()
        then = self._buckets(scope, metrics, before, then_places) if before else []
        found: dict[str, list[Figure]] = {one.key: [] for one in metrics}
        for i, sums in enumerate(now):
            previous = then[i] if i < len(then) else None
            for one in metrics:
                found[one.key].append(figure(one, sums, scope.tenant.currency, scope.clock, previous))
        return Series(
            interval=interval,
            buckets=places,
            labels=tuple(label(place, interval, period.zone) for place in places),
            figures=found,
            previous=then_places,
            unfinished_from=unfinished_from(places, period),
        )

    def courses(
        self, scope: Scope, metric_keys: Sequence[str], dimension_key: str, values: Sequence[str]
    ) -> dict[str, Series]:
        """Return the series of every one of these values of a dimension, all from one question.

        Nothing is compared. Raises `InvalidField` for names that are not known.
        """
        metrics, by, period = _metrics(metric_keys), dimension(dimension_key), self.known(scope)
        if not values:
            return {}
        interval = auto_interval(period, minutes=False)
        places = edges(period, interval)
        labels = tuple(label(place, interval, period.zone) for place in places)
        question = replace(
            self._question(scope, metrics, period),
            by=by,
            edges=places,
            filters=(*scope.filters, Filter("is", by.key, tuple(values))),
        )
        found = {(line.what, line.slot): line.sums for line in self._ask(scope.tenant.id, question)}
        empty: dict[Want, Number] = dict.fromkeys(compile_question(question).columns, 0)
        return {
            value: Series(
                interval=interval,
                buckets=places,
                labels=labels,
                figures={
                    one.key: [
                        figure(one, found.get((value, place // 1000), empty), scope.tenant.currency, scope.clock)
                        for place in places
                    ]
                    for one in metrics
                },
                previous=(),
                unfinished_from=unfinished_from(places, period),
            )
            for value in values
        }

    def breakdown(
        self,
        scope: Scope,
        metric_keys: Sequence[str],
        dimension_key: str,
        order_by: str = "",
        limit: int = 100,
        offset: int = 0,
        search: str = "",
    ) -> Table:
        """Return one row per value of a dimension.

        `order_by` is a metric, with `-` before it for the largest first, or `value`; nothing means the first metric,
        largest first. Raises `InvalidField` for names that are not known.
        """
        metrics = _metrics(metric_keys)
        by = dimension(dimension_key)
        if by.level == "time" and by.key not in CYCLES:
            return self._by_bucket(scope, metrics, by, order_by, limit, offset)
        order, descending = _order(order_by, metrics, by)
        wanted = (*metrics, order) if order and order not in metrics else metrics
        filters = scope.filters
        if search and by.level != "time":
            filters = (*filters, Filter("contains", by.key, (search,)))
        question = replace(
            self._question(scope, wanted, scope.period),
            by=by,
            filters=filters,
            order=order,
            descending=descending,
            limit=min(max(limit, 1), MOST_ROWS),
            offset=max(offset, 0),
        )
        lines = self._ask(scope.tenant.id, question)
        before = _earlier(scope)
        then: dict[str, dict[Want, Number]] = {}
        empty: dict[Want, Number] = {}
        if before and lines:
            of_page = Filter("is", by.key, tuple(line.what for line in lines))
            earlier_question = replace(self._question(scope, metrics, before), by=by, filters=(*scope.filters, of_page))
            then = {line.what: line.sums for line in self._ask(scope.tenant.id, earlier_question)}
            empty = dict.fromkeys(lines[0].sums, 0)
        labels = self.labels(scope.tenant, by, [line.what for line in lines])
        rows = [
            Row(
                value=line.what,
                label=labels[line.what],
                figures={
                    one.key: figure(
                        one,
                        line.sums,
                        scope.tenant.currency,
                        scope.clock,
                        then.get(line.what, empty) if before else None,
                    )
                    for one in metrics
                },
            )
            for line in lines
        ]
        return Table(dimension=by.key, rows=rows, total_rows=lines[0].rows if lines else 0)

    def labels(self, tenant: TenantLike, by: Dimension, values: Sequence[str]) -> dict[str, str]:
        """Return how values of a dimension are called: campaigns by their names, days of the week in words."""
        found = {value: value or "(none)" for value in values}
        if by.key == "campaign" and values:
            named = self.store.query(tenant.id, _NAMES, {"ids": list(values)})
            found |= {str(row[0]): str(row[1]) for row in named.rows}
        elif by.key == "weekday":
            found |= {value: WEEKDAYS[int(value) - 1] for value in values}
        elif by.key == "hour_of_day":
            found |= {value: f"{int(value):02d}:00" for value in values}
        return found

    def known(self, scope: Scope) -> Period:
        """Return the scope's period, `all` cut to begin with the tenant's first event."""
        if scope.period.key != "all":
            return scope.period
        rows = self.store.query(scope.tenant.id, _FIRST_EVENT, {}).rows
        first = int(cast("int", rows[0][0])) * 1000 if rows else 0
        # Nothing yet, or the roll-up's answer for no rows.
        if not first:
            first = scope.period.until - 1
        return replace(scope.period, start=min(max(first, scope.period.start), scope.period.until - 1))

    def _by_bucket(
        self, scope: Scope, metrics: tuple[Metric, ...], by: Dimension, order_by: str, limit: int, offset: int
    ) -> Table:
        series = self.timeseries(scope, [one.key for one in metrics], by.key)
        rows = [
            Row(value=name, label=name, figures={key: found[i] for key, found in series.figures.items()})
            for i, name in enumerate(series.labels)
        ]
        order, descending = _order(order_by or "value", metrics, by)
        if order and order not in metrics:
            raise InvalidField("order_by", order_by, "must be one of the metrics asked for, or value")
        if order:
            told = [row for row in rows if row.figures[order.key].value is not None]
            told.sort(key=lambda row: row.figures[order.key].value or 0.0, reverse=descending)
            rows = told + [row for row in rows if row.figures[order.key].value is None]
        elif descending:
            rows.reverse()
        return Table(dimension=by.key, rows=rows[offset : offset + limit], total_rows=len(rows))

    def _question(self, scope: Scope, metrics: tuple[Metric, ...], period: Period) -> Question:
        return Question(
            wants=wants_of(metrics, scope.clock),
            start=period.start,
            end=period.until,
            zone=scope.tenant.time_zone,
            currency=scope.tenant.currency,
            now=self.clock.now_ms(),
            filters=scope.filters,
            clock=scope.clock,
        )

    def _sums(self, scope: Scope, metrics: tuple[Metric, ...], period: Period) -> dict[Want, Number]:
        lines = self._ask(scope.tenant.id, self._question(scope, metrics, period))
        return lines[0].sums

    def _buckets(
        self, scope: Scope, metrics: tuple[Metric, ...], period: Period, places: tuple[int, ...]
    ) -> list[dict[Want, Number]]:
        question = replace(self._question(scope, metrics, period), edges=places)
        lines = self._ask(scope.tenant.id, question)
        found = {line.slot: line.sums for line in lines}
        empty: dict[Want, Number] = dict.fromkeys(compile_question(question).columns, 0)
        return [found.get(place // 1000, empty) for place in places]

    def _ask(self, tenant: str, question: Question) -> list[_Line]:
        """Return the answer's lines; a question without dimension and buckets has exactly one."""
        compiled = compile_question(question)
        single = question.by is None and not question.edges
        if not compiled.sql:
            return [_Line("", 0, {}, 1)] if single else []
        answer = self.store.query(tenant, compiled.sql, compiled.params)
        if compiled.long:
            found: dict[int, dict[Want, Number]] = {0: dict.fromkeys(compiled.columns, 0)} if single else {}
            for at, clock, measure, units, money in answer.rows:
                want = Want(str(measure), cast("ClockName", clock))
                if want in compiled.columns:
                    sums = found.setdefault(int(cast("int", at)), dict.fromkeys(compiled.columns, 0))
                    sums[want] = _number(money if MEASURES[want.measure].money else units)
            return [_Line("", at, sums, len(found)) for at, sums in found.items()]
        place = {name: i for i, name in enumerate(answer.names)}
        return [
            _Line(
                what=str(row[place["what"]]),
                slot=int(cast("int", row[place["slot"]])),
                sums={want: _number(row[place[name]]) for want, name in compiled.columns.items()},
                rows=int(cast("int", row[place["rows"]])),
            )
            for row in answer.rows
        ]


def _metrics(keys: Sequence[str]) -> tuple[Metric, ...]:
    return tuple(metric(key) for key in dict.fromkeys(keys))


def _earlier(scope: Scope) -> Period | None:
    return earlier(scope.period, scope.compare) if scope.compare else None


def _order(order_by: str, metrics: tuple[Metric, ...], by: Dimension) -> tuple[Metric | None, bool]:
    if not order_by:
        return (None, False) if by.level == "time" or not metrics else (metrics[0], True)
    key = order_by.removeprefix("-")
    descending = order_by.startswith("-")
    return (None, descending) if key == "value" else (metric(key, "order_by"), descending)


def _number(value: object) -> Number:
    return value if isinstance(value, Decimal) else int(cast("int", value))


def _as_it_is(_tenant: str, recipient: str) -> str:
    return recipient
