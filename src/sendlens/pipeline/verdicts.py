"""Verdicts from neighbours, and what they change: columns of new rows, and pairs of rows for what was stored before.

Owns which messages of a batch are looked at closely, and the rows of corrections. The rules are those of
`enrich.context`; the past comes from `engagement`. The same batch read again over the same past gives the same rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from sendlens.enrich.context import (
    BURST_LINKS,
    BURST_MS,
    CLOCKS_MS,
    PACE_MS,
    REACH_MS,
    SCANNED_MS,
    SOON_MS,
    Finding,
    Message,
    judge,
)
from sendlens.model.events import Actor
from sendlens.pipeline.engagement import AROUND_MS, Engagement, Keys
from sendlens.pipeline.happenings import (
    CLICKED,
    DELIVERED,
    EXPLAINED,
    NOTHING,
    SCANNER,
    TRAP,
    Happenings,
    acts_of,
    column,
    happenings,
    number_of,
    reason_of,
)
from sendlens.store.columns import schema

CORRECTED: Final = 2
"""What `message_new` says of a message on one of whose events the batch corrects a verdict."""
_DAY_MS: Final = 86_400_000


class CorrectedStore(Protocol):
    """Where the rows are that corrections concern."""

    def rows_to_correct(
        self, tenants: Sequence[str], days: Sequence[int], messages: Keys, keys: Keys, not_batch: int
    ) -> pa.Table:
        """Return the rows of events, each with the verdict that holds, with every column but the batch."""
        ...


class Verdicts(NamedTuple):
    """The rows of a batch with their verdicts and corrections, and what memory learns once the batch is closed."""

    events: pa.Table
    corrected: bool
    fresh: Happenings
    changed: Happenings


def apply(events: pa.Table, engagement: Engagement, store: CorrectedStore, batch_id: int, now_ms: int) -> Verdicts:
    """Return the rows of a batch as its neighbours judge them; `events` has births and no corrections yet."""
    fresh, places = happenings(events)
    if len(fresh) == 0:
        return Verdicts(events, False, NOTHING, NOTHING)
    known = np.asarray(events.column("message_new").to_numpy())[places] == 0
    tenants = [str(tenant) for tenant in events.column("tenant").cast(pa.string()).unique().to_pylist()]
    past = engagement.before(fresh[known], tenants, batch_id, now_ms) if known.any() else NOTHING
    closely = _suspects(np.concatenate([fresh, past]))
    if len(closely) == 0:
        return Verdicts(events, False, fresh, NOTHING)
    found, changed = _judge(fresh, past, closely)
    if found:
        events = _with_findings(events, {int(places[place]): finding for place, finding in found.items()})
        for place, finding in found.items():
            fresh["reason"][place], fresh["confidence"][place] = number_of(finding.reason), finding.confidence
    if len(changed) == 0:
        return Verdicts(events, False, fresh, changed)
    return Verdicts(_with_corrections(events, changed, tenants, store, batch_id), True, fresh, changed)


def _suspects(all_: Happenings) -> Keys:
    """Return the messages a rule could apply to: a few numbers are compared for all, and the rules read only these."""
    order = np.lexsort((all_["at"], all_["message"]))
    rows = all_[order]
    clicks = rows[(rows["kind"] == CLICKED) & (rows["flags"] & EXPLAINED == 0)]
    wide = BURST_LINKS - 1
    message, at = clicks["message"], clicks["at"]
    burst = clicks["message"][wide:][(message[wide:] == message[:-wide]) & (at[wide:] - at[:-wide] <= BURST_MS)]
    pace = clicks["message"][1:][
        (message[1:] == message[:-1]) & (at[1:] - at[:-1] <= PACE_MS) & (clicks["link"][1:] != clicks["link"][:-1])
    ]
    trap = rows["message"][rows["flags"] & TRAP != 0]
    return np.unique(np.concatenate([burst, pace, trap, _at_delivery(rows)]))


def _at_delivery(rows: Happenings) -> Keys:
    """Return the messages with an act that follows their delivery too soon; clocks may put it a little earlier."""
    delivered = rows["kind"] == DELIVERED
    moved = rows["at"] - np.where(delivered, CLOCKS_MS, 0)
    order = np.lexsort((~delivered, moved, rows["message"]))
    rows, delivered = rows[order], delivered[order]
    last = np.maximum.accumulate(np.where(delivered, np.arange(len(rows)), -1))
    since = rows["at"] - rows["at"][last]
    near = (last >= 0) & ~delivered & (rows["message"] == rows["message"][last]) & (rows["flags"] & EXPLAINED == 0)
    return rows["message"][near & (since <= np.where(rows["flags"] & SCANNER != 0, SCANNED_MS, SOON_MS))]


def _judge(fresh: Happenings, past: Happenings, closely: Keys) -> tuple[dict[int, Finding], Happenings]:
    """Return the findings on new rows by their place, and the earlier happenings whose finding changes, changed."""
    found: dict[int, Finding] = {}
    changed: dict[tuple[int, int, int], np.void] = {}
    new_of = _places_of(fresh, closely)
    old_of = _places_of(past, closely)
    for number in closely.tolist():
        new, old = new_of.get(number), old_of.get(number)
        if new is None:
            continue
        times = np.sort(fresh["at"][new])
        before = past[old] if old is not None else NOTHING
        before = before[_distance(before["at"], times) <= AROUND_MS]
        acts, earlier = acts_of(fresh[new]), acts_of(before)
        message = Message([*acts, *earlier])
        for place, act in zip(new.tolist(), acts, strict=True):
            if finding := judge(act, message):
                found[place] = finding
        # Further away the past may not be known whole, and nothing can have changed.
        for place in np.flatnonzero(_distance(before["at"], times) <= REACH_MS).tolist():
            act, one = earlier[place], before[place]
            finding = judge(act, message)
            if finding and finding != (reason_of(int(one["reason"])), int(one["confidence"])):
                other = one.copy()
                other["reason"], other["confidence"] = number_of(finding.reason), finding.confidence
                changed[number, act.key, act.at] = other
    return found, np.array(list(changed.values()), dtype=fresh.dtype) if changed else NOTHING


def _distance(at: NDArray[np.int64], times: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return how far each moment lies from the nearest of the times, which are in order."""
    after = np.searchsorted(times, at)
    nearest = (times[np.minimum(after, len(times) - 1)], times[np.maximum(after - 1, 0)])
    return np.minimum(np.abs(nearest[0] - at), np.abs(nearest[1] - at))


def _places_of(rows: Happenings, messages: Keys) -> dict[int, NDArray[np.intp]]:
    places = np.flatnonzero(np.isin(rows["message"], messages))
    order = places[np.argsort(rows["message"][places], kind="stable")]
    if len(order) == 0:
        return {}
    values, starts = np.unique(rows["message"][order], return_index=True)
    return {int(value): part for value, part in zip(values, np.split(order, starts[1:]), strict=True)}


def _with_findings(events: pa.Table, found: Mapping[int, Finding]) -> pa.Table:
    """Return the rows with the verdict of those found; the rest stay as they are."""
    columns = {name: events.column(name).to_pylist() for name in ("actor", "actor_reason", "actor_confidence")}
    for place, finding in found.items():
        for values, value in zip(columns.values(), (str(Actor.MACHINE), *finding), strict=True):
            values[place] = value
    for name, values in columns.items():
        field = events.schema.field(name)
        events = events.set_column(events.schema.get_field_index(name), field, pa.array(values, type=field.type))
    return events


def _with_corrections(
    events: pa.Table, changed: Happenings, tenants: Sequence[str], store: CorrectedStore, batch_id: int
) -> pa.Table:
    """Return the rows with a pair for each change: one takes the old verdict back, one brings the new one."""
    days = np.unique(changed["at"] // _DAY_MS).tolist()
    old = store.rows_to_correct(tenants, days, np.unique(changed["message"]), np.unique(changed["key"]), batch_id)
    findings = {(int(one["message"]), int(one["key"]), int(one["at"])): one for one in changed}
    stands = zip(
        old.column("message_key").to_pylist(),
        old.column("event_key").to_pylist(),
        old.column("occurred_at").cast(pa.int64()).to_pylist(),
        strict=True,
    )
    ones = [findings.get(one) for one in stands]
    old = old.filter(pa.array([one is not None for one in ones]))
    ones = [one for one in ones if one is not None]
    n = len(ones)
    same = {
        "batch_id": pa.array([batch_id] * n, pa.uint64()),
        "correction": pa.array([1] * n, pa.uint8()),
        "message_new": pa.array([CORRECTED] * n, pa.uint8()),
    }
    back = _replaced(old, same | {"weight": pa.array([-1] * n, pa.int8())})
    verdict = {
        "weight": pa.array([1] * n, pa.int8()),
        "actor": pa.array([str(Actor.MACHINE)] * n, pa.string()),
        "actor_reason": pa.array([reason_of(int(one["reason"])) for one in ones], pa.string()),
        "actor_confidence": pa.array([int(one["confidence"]) for one in ones], pa.uint8()),
    }
    messages = np.asarray(events.column("message_key").to_numpy())
    corrected = np.isin(messages, np.array([int(one["message"]) for one in ones], dtype=np.uint64))
    state = np.where(corrected, CORRECTED, np.asarray(events.column("message_new").to_numpy())).astype(np.uint8)
    mine = _replaced(
        events, {"message_new": pa.array(state), "correction": pa.array(np.zeros(len(messages), dtype=np.uint8))}
    )
    return pa.concat_tables([mine, back, _replaced(old, same | verdict)])


def _replaced(rows: pa.Table, columns: Mapping[str, pa.Array]) -> pa.Table:
    """Return rows with some columns replaced or added, in the form and order of the table `events`."""
    arrays = [
        _as(columns[field.name] if field.name in columns else column(rows, field.name), field.type)
        for field in schema("events")
    ]
    return pa.table(arrays, schema=schema("events"))


def _as(column: pa.Array | pa.ChunkedArray, kind: pa.DataType) -> pa.Array | pa.ChunkedArray:
    # The store answers with seconds and days as plain numbers.
    if pa.types.is_unsigned_integer(column.type):
        if pa.types.is_timestamp(kind):
            column = column.cast(pa.int64())
        elif pa.types.is_date32(kind):
            column = column.cast(pa.int32())
    return column.cast(kind)
