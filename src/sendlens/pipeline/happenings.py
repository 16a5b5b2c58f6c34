"""Happenings: deliveries and acts of messages as an array of numbers, as the verdict from neighbours needs them.

Owns that array and how rows of `events` become it, those of a batch and those the store returns alike. Pure.
"""

from __future__ import annotations

from typing import Final
from zlib import crc32

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from sendlens.enrich.context import REASONS, Act
from sendlens.enrich.links import HONEYPOT
from sendlens.enrich.networks import SCANNERS, owner
from sendlens.model.events import Actor, EventType
from sendlens.store.columns import schema

KINDS: Final = (EventType.DELIVERED, EventType.OPENED, EventType.CLICKED, EventType.UNSUBSCRIBED)
DELIVERED, CLICKED = KINDS.index(EventType.DELIVERED), KINDS.index(EventType.CLICKED)
EXPLAINED, SCANNER, TRAP = 1, 2, 4
_REASONS: Final = ("", *sorted(REASONS))

HAPPENING: Final = np.dtype(
    [
        ("message", np.uint64),
        ("at", np.int64),
        ("key", np.uint64),
        ("kind", np.uint8),
        ("link", np.uint32),
        ("hand", np.uint32),
        ("flags", np.uint8),
        ("reason", np.uint8),
        ("confidence", np.uint8),
    ]
)
"""One happening in 36 bytes: place in `KINDS`, digests of link and of agent with address, flags, and the finding."""

Happenings = NDArray[np.void]
NOTHING: Final[Happenings] = np.empty(0, dtype=HAPPENING)


def happenings(rows: pa.Table) -> tuple[Happenings, NDArray[np.intp]]:
    """Return the happenings among rows of `events`, and the place of each among the rows."""
    # Not at the top: its functions are made one by one when it is imported, and the first page needs none of them.
    import pyarrow.compute as pc

    kinds = pc.index_in(_plain(rows, "type"), value_set=pa.array([str(kind) for kind in KINDS]))
    kind = np.asarray(kinds.fill_null(len(KINDS)).to_numpy(zero_copy_only=False))
    places = np.flatnonzero(kind < len(KINDS))
    found = np.zeros(len(places), dtype=HAPPENING)
    if len(places) == 0:
        return found, places
    found["message"] = rows.column("message_key").to_numpy()[places]
    found["at"] = rows.column("occurred_at").cast(pa.int64()).to_numpy()[places]
    found["key"] = rows.column("event_key").to_numpy()[places]
    found["kind"] = kind[places]
    acts = np.flatnonzero(found["kind"] != DELIVERED)
    if len(acts):
        _describe(found, acts, rows.take(pa.array(places[acts])))
    return found, places


def _describe(found: Happenings, acts: NDArray[np.intp], rows: pa.Table) -> None:
    """Fill in what tells one act from another; `rows` are those of the acts."""
    ips = _texts(rows, "ip")
    found["hand"][acts] = [
        crc32(f"{agent}\x1f{ip}".encode()) if agent or ip else 0
        for agent, ip in zip(_texts(rows, "user_agent"), ips, strict=True)
    ]
    told = zip(_texts(rows, "actor"), _texts(rows, "actor_reason"), strict=True)
    reasons = [(actor == Actor.MACHINE, reason) for actor, reason in told]
    flags = [EXPLAINED * (machine and reason not in REASONS) for machine, reason in reasons]
    scanner = [SCANNER * (ip != "" and owner(ip) in SCANNERS) for ip in ips]
    trap = [TRAP * (kind == HONEYPOT) for kind in _texts(rows, "link_kind")]
    found["flags"][acts] = np.array(flags) | np.array(scanner) | np.array(trap)
    mine = [_REASONS.index(reason) if machine and reason in REASONS else 0 for machine, reason in reasons]
    found["reason"][acts] = mine
    confidence = np.asarray(column(rows, "actor_confidence").fill_null(0).to_numpy())
    found["confidence"][acts] = np.where(np.array(mine) > 0, confidence, 0)
    clicks = np.flatnonzero(found["kind"][acts] == CLICKED)
    if len(clicks):
        links = rows.take(pa.array(clicks))
        positions = column(links, "link_position").to_pylist()
        found["link"][acts[clicks]] = [
            crc32((name or (f"#{place}" if place >= 0 else url)).encode())
            for name, url, place in zip(_texts(links, "link_id"), _texts(links, "link_url"), positions, strict=True)
        ]


def acts_of(rows: Happenings) -> list[Act]:
    """Return happenings as the rules read them."""
    return [_act(*row) for row in rows.tolist()]


def _act(_: int, at: int, key: int, kind: int, link: int, hand: int, flags: int, *__: int) -> Act:
    return Act(key, at, KINDS[kind], link, hand, bool(flags & EXPLAINED), bool(flags & SCANNER), bool(flags & TRAP))


def reason_of(number: int) -> str:
    """Return the reason that stands for a number in the column `reason`; empty for none."""
    return _REASONS[number]


def number_of(reason: str) -> int:
    """Return the number that stands for a reason."""
    return _REASONS.index(reason)


def column(rows: pa.Table, name: str) -> pa.ChunkedArray:
    """Return a column of `events`, filled with what the store would take where the rows leave it out."""
    if name in rows.column_names:
        return rows.column(name)
    kind = schema("events").field(name).type
    return pa.chunked_array([pa.array([_left_out(name, kind)] * rows.num_rows, type=kind)], type=kind)


def _left_out(name: str, kind: pa.DataType) -> object:
    if name == "weight":
        return 1
    if pa.types.is_list(kind) or pa.types.is_map(kind):
        return []
    return "" if pa.types.is_string(kind) or pa.types.is_dictionary(kind) else 0


def _plain(rows: pa.Table, name: str) -> pa.ChunkedArray:
    told = column(rows, name)
    return told.cast(pa.string()) if pa.types.is_dictionary(told.type) else told


def _texts(rows: pa.Table, name: str) -> list[str]:
    return ["" if text is None else text for text in _plain(rows, name).to_pylist()]
