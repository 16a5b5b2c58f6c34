"""Recovery: finish a batch that was recorded but not closed, so that every table agrees with the base.

Three cases, told apart by what the base table has of the batch:

- nothing: no other table can have anything either, because they are derived after the base; insert it afresh;
- some months, or all: insert the missing months (each is whole or absent), then fill the keyed sets again, which
  changes nothing where they were filled, and reconcile states and sums with the base.
"""

from __future__ import annotations

from sendlens.pipeline.batch import Batch
from sendlens.pipeline.tables import Tables


def recover(batch: Batch, tables: Tables) -> None:
    """Bring all tables to the state in which the batch was carried exactly once."""
    present = tables.months_present(batch.batch_id)
    tables.insert_events(batch, skip=present)
    if present:
        tables.rederive(batch)
    else:
        tables.derive(batch)
    tables.insert_others(batch)
