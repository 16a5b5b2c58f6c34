"""Multiplies a history inside the store: every event again, moved by quarters of an hour and told of other people.

Owns how each column of a copy follows from its original. A copy is to the statements of the pipeline what the original
was: states and sums move with the events, so that nothing has to be derived again, and the product's own comparison of
all tables (`sendlens.pipeline.agreement`) finds nothing. That is what `tests/bench` asks it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from sendlens.store.client import Store

STEP_MINUTES: Final = 15
"""Copies lie whole buckets of every roll-up apart, so that sums move and do not change."""
STEPS: Final = 4
"""Into how many places copies move; further ones share a place, as mails of one campaign would."""
COPIED: Final = ("events", "messages", "engagements", "touchpoints", "conversions")
"""Tables whose rows are copied one by one."""
SUMMED: Final = ("metrics_quarter", "metrics_minute")
"""Tables of sums: those of all copies in one place are a multiple. Other tables are asked of the copied events."""

_KEY: Final = "if({c} = 0, 0, cityHash64({c}, {copy}))"
_TEXT: Final = "if({c} = '', '', concat('{copy}.', {c}))"
_TIME: Final = "if(toUnixTimestamp({c}) = 0, {c}, {c} + toIntervalMinute({minutes}))"
_COLUMNS: Final[dict[str, str]] = {
    "event_key": _KEY,
    "message_key": _KEY,
    "recipient_key": _KEY,
    "message_id": _TEXT,
    "recipient": _TEXT,
    "key_bucket": "intDiv(toUnixTimestamp(occurred_at) + {minutes} * 60, 3600)",
    "message_born": "toDate(message_sent_at + toIntervalMinute({minutes}))",
    "born": "toDate(sent_at + toIntervalMinute({minutes}))",
    "tally_keys": "arrayMap(key -> key + {minutes} * 16, tally_keys)",
    "n": "n * {times}",
    "amount": "amount * {times}",
}
"""What a column of a copy is made of; times are moved, and every other column stays as it is."""

_ASKED: Final = {
    "event_keys": """
        INSERT INTO event_keys (bucket, event_key, batch_id, received_day)
        SELECT key_bucket, event_key, batch_id, toDate(received_at) AS day FROM events WHERE day >= toDate({keys_from})
    """,
    "intake": """
        INSERT INTO intake (tenant, source, kind, minute, batch_id, received, stored)
        SELECT tenant, source, 'event', toStartOfMinute(toDateTime(received_at, 'UTC')) AS minute, batch_id,
            count() AS received, received
        FROM events GROUP BY tenant, source, minute, batch_id
    """,
}
_LIMITS: Final = "SETTINGS max_block_size = 65409, min_insert_block_size_rows = 1000000, max_insert_threads = 1"


def multiply(
    store: Store,
    run: Callable[[str], object],
    copies: int,
    *,
    keys_from: int,
    told: Callable[[int], None] | None = None,
) -> None:
    """Add so many copies of everything, and fill what is asked of the events for all of them.

    `run` carries out any statement, `keys_from` is the first day (since 1970) whose keys are kept, and `told` hears how
    many events each copy has brought.
    """
    events = int(str(store.fetch_internal("SELECT count() FROM events").scalar()))
    for table in (*COPIED, *SUMMED) if copies else ():
        run(f"CREATE TABLE base_{table} CLONE AS {table}")
    for copy in range(1, copies + 1):
        for table in COPIED:
            run(_statement(store, table, copy % STEPS, copy=copy))
        if told:
            told(events)
    for place in range(STEPS):
        if times := len(range(place or STEPS, copies + 1, STEPS)):
            for table in SUMMED:
                run(_statement(store, table, place, times=times))
    for table in (*COPIED, *SUMMED) if copies else ():
        run(f"DROP TABLE base_{table} SYNC")
    for table, statement in _ASKED.items():
        run(f"TRUNCATE TABLE {table} SYNC")
        run(f"{statement.format(keys_from=keys_from)} {_LIMITS}")


def _statement(store: Store, table: str, place: int, *, copy: int = 0, times: int = 1) -> str:
    columns: list[str] = []
    values: list[str] = []
    asked = "SELECT name, type FROM system.columns WHERE database = currentDatabase() AND table = {table:String}"
    for name, kind in ((str(name), str(kind)) for name, kind in store.fetch_internal(asked, {"table": table})):
        form = _COLUMNS.get(name) or (_TIME if kind.startswith("DateTime") else "{c}")
        columns.append(name)
        values.append(form.format(c=name, copy=copy, minutes=place * STEP_MINUTES, times=times))
    source = f"SELECT {', '.join(values)} FROM base_{table}"  # noqa: S608 - names of our own columns
    return f"INSERT INTO {table} ({', '.join(columns)}) {source} {_LIMITS}"
