"""Rejections: what was refused at the door and why, counted by reason, with a few samples of each.

Owns their storage and its bounds. Every rejection is counted; samples are the latest few. Both are collected in memory
and written by `flush`, so that a sender of nonsense costs no transaction per request. Leaves to `pipeline.disguise`
what of a value may be kept, and to the pages and the API who may see it.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import msgspec
from sqlalchemy import Column, ColumnElement, Connection, delete, func, insert, select, update
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from sendlens.clock import Clock
from sendlens.control.database import Database
from sendlens.control.tables import rejected_samples, rejections
from sendlens.errors import Rejection

REQUEST: Final = "request"
"""The kind of a whole request that was refused, such as one with a wrong signature: it brought no record."""
SAMPLES: Final = 5
"""Samples kept of each reason, the latest."""
MOST_REASONS: Final = 500
"""Reasons told apart of one tenant; what comes beyond is counted as `OTHER`."""
MOST_SAMPLES: Final = SAMPLES * MOST_REASONS
"""About as many samples are kept of one tenant at most."""
OTHER: Final = "other reasons"
HOUR_MS: Final = 3_600_000
_MOST_PENDING: Final = 2000
_LONGEST: Final = {"source": 64, "field": 100, "reason": 300, "value": 200, "hint": 300, "request_id": 64}


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """Rejections of one source for one reason: how many `records` (or requests, by `kind`), and the next step."""

    source: str
    kind: str
    field: str
    reason: str
    hint: str
    records: int
    last_at: int


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """One rejection: what was seen, when, and the record's place in its request, counted from 0."""

    id: int
    source: str
    kind: str
    field: str
    reason: str
    value: str
    at: int
    request_id: str
    place: int


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which rejections of a tenant are meant: all, or those of a source, a field, a reason or a kind."""

    source: str = ""
    field: str = ""
    reason: str = ""
    kind: str = ""


EVERY: Final = Wanted()


Columns = ReadOnlyColumnCollection[str, Column[Any]]


class _Group(NamedTuple):
    tenant: str
    source: str
    kind: str
    field: str
    reason: str


class _Seen(NamedTuple):
    value: str
    at: int
    request_id: str
    place: int


@dataclass
class _Pending:
    hint: str = ""
    hours: dict[int, int] = field(default_factory=dict[int, int])
    last_at: int = 0
    samples: deque[_Seen] = field(default_factory=lambda: deque(maxlen=SAMPLES))


class Rejections:
    """Counting rejections, and finding out about them. Thread-safe."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Work on `database`."""
        self._database = database
        self._clock = clock
        self._lock = threading.Lock()
        self._flushing = threading.Lock()
        self._pending: dict[_Group, _Pending] = {}

    def note(
        self, tenant: str, source: str, kind: str, rejected: Sequence[Rejection], *, at: int, request_id: str = ""
    ) -> None:
        """Count rejections of one request, and keep the last ones of each reason; written by `flush`."""
        hour = at - at % HOUR_MS
        with self._lock:
            for one in rejected:
                reason = one.reason or one.error
                group = _Group(tenant, _cut("source", source), kind, _cut("field", one.field), _cut("reason", reason))
                pending = self._pending_of(group)
                pending.hint = pending.hint or _cut("hint", one.hint)
                pending.hours[hour] = pending.hours.get(hour, 0) + 1
                pending.last_at = max(pending.last_at, at)
                seen = _Seen(_cut("value", one.value), at, _cut("request_id", request_id), one.index)
                pending.samples.append(seen)

    def flush(self) -> None:
        """Write what was noted; what cannot be written now is kept."""
        with self._flushing:
            with self._lock:
                pending, self._pending = self._pending, {}
            if not pending:
                return
            try:
                with self._database.write() as connection:
                    for group, one in self._bounded(connection, pending).items():
                        self._write(connection, group, one)
            except BaseException:
                with self._lock:
                    for group, one in pending.items():
                        _add(self._pending_of(group), one)
                raise

    def reasons(
        self, tenant: str, *, since: int = 0, until: int = 0, wanted: Wanted = EVERY, most: int = MOST_REASONS
    ) -> list[Reason]:
        """Return why records were refused in the full hours that a period touches, the most frequent reason first."""
        self.flush()
        cells = rejections.c
        records = func.sum(cells.records).label("records")
        query = select(
            cells.source,
            cells.kind,
            cells.field,
            cells.reason,
            func.max(cells.hint).label("hint"),
            records,
            func.max(cells.last_at).label("last_at"),
        ).where(_of(rejections.c, tenant, wanted), cells.hour >= since - since % HOUR_MS)
        if until:
            query = query.where(cells.hour < until)
        query = query.group_by(cells.source, cells.kind, cells.field, cells.reason)
        query = query.order_by(records.desc(), cells.source, cells.field, cells.reason).limit(most)
        with self._database.read() as connection:
            return [Reason(**row) for row in connection.execute(query).mappings()]

    def samples(self, tenant: str, wanted: Wanted = EVERY, *, before: int = 0, most: int = 100) -> list[Sample]:
        """Return the samples of a tenant with an id below `before`, the latest first."""
        self.flush()
        cells = [rejected_samples.c[name] for name in Sample.__struct_fields__]
        query = select(*cells).where(_of(rejected_samples.c, tenant, wanted))
        if before:
            query = query.where(rejected_samples.c.id < before)
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(rejected_samples.c.id.desc()).limit(most)).mappings()
            return [Sample(**row) for row in rows]

    def rewrite(self, tenant: str, change: Callable[[str], str]) -> int:
        """Put what `change` makes of the values of a tenant's samples in their place; return how many changed."""
        self.flush()
        changed = 0
        cells = rejected_samples.c
        with self._database.write() as connection:
            query = select(cells.id, cells.value).where(cells.tenant == tenant)
            for number, value in connection.execute(query).all():
                if (text := change(value)) != value:
                    connection.execute(update(rejected_samples).where(cells.id == number).values(value=text))
                    changed += 1
        return changed

    def purge(self, *, before_ms: int) -> int:
        """Delete counts and samples from before a time; return how many rows."""
        with self._database.write() as connection:
            gone = connection.execute(delete(rejections).where(rejections.c.hour < before_ms - HOUR_MS)).rowcount
            return gone + connection.execute(delete(rejected_samples).where(rejected_samples.c.at < before_ms)).rowcount

    def _pending_of(self, group: _Group) -> _Pending:
        if group not in self._pending and len(self._pending) >= _MOST_PENDING:
            group = group._replace(field="", reason=OTHER)
        return self._pending.setdefault(group, _Pending())

    def _bounded(self, connection: Connection, pending: dict[_Group, _Pending]) -> dict[_Group, _Pending]:
        """Return what is to be written, with reasons beyond `MOST_REASONS` of a tenant counted as one."""
        cells = rejections.c
        kept: dict[_Group, _Pending] = {}
        for tenant in {group.tenant for group in pending}:
            query = select(cells.source, cells.kind, cells.field, cells.reason).where(cells.tenant == tenant).distinct()
            known = {_Group(tenant, *row) for row in connection.execute(query)}
            for group in [one for one in pending if one.tenant == tenant]:
                target = group
                if group not in known and len(known) >= MOST_REASONS:
                    # The name of a source is a sender's word as well.
                    target = _Group(tenant, "", group.kind, "", OTHER)
                known.add(target)
                _add(kept.setdefault(target, _Pending()), pending[group])
        return kept

    def _write(self, connection: Connection, group: _Group, pending: _Pending) -> None:
        rows = [
            group._asdict() | {"hour": hour, "records": records, "last_at": pending.last_at, "hint": pending.hint}
            for hour, records in pending.hours.items()
        ]
        statement = self._database.insert(rejections)
        sums = {
            "records": rejections.c.records + statement.excluded.records,
            "last_at": statement.excluded.last_at,
            "hint": statement.excluded.hint,
        }
        connection.execute(statement.on_conflict_do_update(index_elements=_KEY, set_=sums), rows)
        if group.kind == REQUEST or not pending.samples:
            return
        connection.execute(insert(rejected_samples), [group._asdict() | one._asdict() for one in pending.samples])
        cells = rejected_samples.c
        mine = _of(
            cells, group.tenant, Wanted(source=group.source, field=group.field, reason=group.reason, kind=group.kind)
        )
        latest = select(cells.id).where(mine).order_by(cells.id.desc()).limit(SAMPLES)
        connection.execute(delete(rejected_samples).where(mine, cells.id.not_in(latest)))


_KEY: Final = ["tenant", "source", "kind", "field", "reason", "hour"]


def _of(cells: Columns, tenant: str, wanted: Wanted) -> ColumnElement[bool]:
    meant = cells["tenant"] == tenant
    for name in Wanted.__struct_fields__:
        if value := getattr(wanted, name):
            meant &= cells[name] == value
    return meant


def _add(to: _Pending, more: _Pending) -> None:
    to.hint = more.hint or to.hint
    to.last_at = max(to.last_at, more.last_at)
    to.samples.extend(more.samples)
    for hour, records in more.hours.items():
        to.hours[hour] = to.hours.get(hour, 0) + records


def _cut(name: str, text: str) -> str:
    # PostgreSQL keeps no NUL in a text.
    return text.replace("\0", "")[: _LONGEST[name]]
