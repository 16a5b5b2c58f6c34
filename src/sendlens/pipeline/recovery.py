"""Recovery: finish a batch that was recorded but not closed, so that every table agrees with the base.

Two cases, told apart by what the base table has of the batch:

- nothing: no other table can have anything either, because they are derived after the base; insert it afresh;
- some rows, or all: insert the missing ones, then fill the keyed sets again, which changes nothing where they were
  filled, and reconcile states and sums with the base.

An insert puts a month in whole or not at all, but what is missing is told by key and not by month: the version that
finishes a batch may be another than the one that began it, and may read a time or a record differently.
"""

from __future__ import annotations

from sendlens.pipeline.batch import Batch
from sendlens.pipeline.tables import Tables


def recover(batch: Batch, tables: Tables) -> None:
    """Bring all tables to the state in which the batch was carried exactly once."""
    present = tables.rows_present(batch.batch_id)
    tables.insert_events(batch, present=present)
    if present:
        tables.rederive(batch)
    else:
        tables.derive(batch)
    tables.insert_others(batch)
