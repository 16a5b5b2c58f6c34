"""Inserts: one Arrow table becomes one part per partition, or nothing.

Owns the settings of the write connection. Leaves to `columns` what a table looks like and to the pipeline that a
batch stays inside one partition.
"""

from __future__ import annotations

from typing import Final

import pyarrow as pa
from clickhouse_connect.driver.client import Client

from sendlens.store.connection import Setting

MOST_ROWS: Final = 1_000_000
"""Most rows of one insert; a larger one would be split, and a split insert can be half done."""

WRITE_SETTINGS: Final[dict[str, Setting]] = {
    # One insert is one block: no parallel parsing, no second insert thread, nothing cut below MOST_ROWS.
    "input_format_parallel_parsing": 0,
    "max_insert_threads": 1,
    "max_insert_block_size": MOST_ROWS,
    "max_insert_block_size_bytes": 0,
    "min_insert_block_size_rows": MOST_ROWS,
    "min_insert_block_size_bytes": 0,
    "async_insert": 0,
    # The pipeline knows what it has inserted; a store that drops a repeated block would lose a repaired batch.
    "insert_deduplicate": 0,
    # A batch of events from many months is odd, not wrong: it must not stop the pipeline.
    "max_partitions_per_insert_block": 0,
    "input_format_arrow_allow_missing_columns": 1,
    # The views group what they write; collapsing it once more before it is written costs half of a batch's time.
    "optimize_on_insert": 0,
    "parallel_view_processing": 1,
}


def insert(client: Client, table: str, rows: pa.Table) -> int:
    """Insert an Arrow table in one block; columns it does not have take their defaults. Return the number of rows."""
    if rows.num_rows == 0:
        return 0
    if rows.num_rows > MOST_ROWS:
        raise ValueError(f"{rows.num_rows} rows in one insert into {table}; at most {MOST_ROWS} stay in one block")
    # A chunk of an Arrow table would be a block of its own.
    client.insert_arrow(table, rows.combine_chunks())
    return rows.num_rows
