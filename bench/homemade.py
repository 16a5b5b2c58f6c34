"""The pipeline people build themselves: an endpoint that puts every event into a PostgreSQL table.

Owns its two forms: one INSERT per event, counted once by a primary key, and COPY in batches of a thousand, which cannot
tell repeated events. Nothing is derived: no message states, no roll-ups. The server syncs every commit to disk.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final, cast

import asyncpg

from sendlens.model.events import Event
from tests.harness import postgres

COLUMNS: Final = ("id", "type", "occurred_at", "message_id", "campaign_id", "recipient", "link_url", "user_agent", "ip")
SCHEMA: Final = """
CREATE TABLE events (
    id text PRIMARY KEY, type text NOT NULL, occurred_at timestamptz NOT NULL, message_id text, campaign_id text,
    recipient text, link_url text, user_agent text, ip text, smtp_code int, smtp_reply text, value numeric(18, 4)
);
CREATE INDEX ON events (campaign_id, type, occurred_at);
CREATE INDEX ON events (message_id)
"""
NAMES: Final = (*COLUMNS, "smtp_code", "smtp_reply", "value")
INSERT: Final = (
    f"INSERT INTO events ({', '.join(NAMES)}) VALUES ({', '.join(f'${n + 1}' for n in range(len(NAMES)))})"  # noqa: S608
    " ON CONFLICT DO NOTHING"
)
BATCH: Final = 1000
CONNECTIONS: Final = 16


Row = tuple[object, ...]


async def rates(events: Sequence[Event], single: int) -> dict[str, tuple[str, float]]:
    """Return the events per second of each form, by name of the figure; `single` of the events are inserted alone."""
    rows = [_row(event) for event in events]
    with postgres.running(durable=True) as server:
        pool = await asyncpg.create_pool(server.url(), min_size=CONNECTIONS, max_size=CONNECTIONS)
        async with pool:
            one = await _singly(pool, rows[: max(1, single // 10)], 1)
            many = await _singly(pool, rows[:single], CONNECTIONS)
            copied = await _copied(pool, rows)
    return {
        "ingest.single.1": ("PostgreSQL, one INSERT per event, 1 connection", one),
        "ingest.single": (f"PostgreSQL, one INSERT per event, {CONNECTIONS} connections", many),
        "ingest.copy": (f"PostgreSQL, COPY by {BATCH:,}, 1 connection, not counted once", copied),
    }


async def _empty(pool: asyncpg.Pool) -> None:
    await pool.execute("DROP TABLE IF EXISTS events")
    await pool.execute(SCHEMA)


async def _singly(pool: asyncpg.Pool, rows: list[Row], connections: int) -> float:
    await _empty(pool)
    waiting = iter(rows)

    async def work() -> None:
        connection = cast("asyncpg.Connection", await pool.acquire())
        insert = await connection.prepare(INSERT)
        for row in waiting:
            await insert.fetch(*row)
        await pool.release(connection)

    began = time.monotonic()
    await asyncio.gather(*(work() for _ in range(connections)))
    return len(rows) / (time.monotonic() - began)


async def _copied(pool: asyncpg.Pool, rows: list[Row]) -> float:
    await _empty(pool)
    began = time.monotonic()
    for start in range(0, len(rows), BATCH):
        await pool.copy_records_to_table("events", records=rows[start : start + BATCH], columns=list(NAMES))
    return len(rows) / (time.monotonic() - began)


def _row(event: Event) -> Row:
    return (
        event.id,
        str(event.type),
        datetime.fromtimestamp(event.occurred_at / 1000, UTC),
        event.message_id,
        event.campaign_id,
        event.recipient,
        event.link_url,
        event.user_agent,
        event.ip,
        event.smtp_code,
        event.smtp_reply,
        event.value,
    )
