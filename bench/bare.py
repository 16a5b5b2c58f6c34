"""The yardstick of ingest: the finished rows of every table, inserted into empty tables and nothing else done.

`python -m bench.bare DIRECTORY` reads them back from a data directory whose server has stopped. They are made ready as
Arrow, labels as dictionaries, in portions of the writer's batch, before the clock starts.
"""

from __future__ import annotations

import resource
import sys
import time
from pathlib import Path
from typing import Final

import pyarrow as pa

from bench.context import hand_back
from bench.figures import Findings, figure
from bench.fill import settings_of
from sendlens.settings import Settings
from sendlens.store.client import Store

TABLES: Final = """
SELECT name, total_rows FROM system.tables
WHERE database = currentDatabase() AND total_rows > 0 AND name != 'schema_migrations' AND engine LIKE '%MergeTree'
"""
LABELS: Final = """
SELECT name FROM system.columns
WHERE database = currentDatabase() AND table = {table:String} AND type = 'LowCardinality(String)'
"""


def portions(store: Store, settings: Settings) -> tuple[list[tuple[str, pa.Table]], int]:
    """Return what to insert, in order, and how many events there are among it."""
    made: list[tuple[str, pa.Table]] = []
    counts = {str(name): int(str(rows)) for name, rows in store.fetch_internal(TABLES)}
    events = counts["events"]
    steps = -(-events // settings.batch_events)
    for name in counts:
        rows = store.fetch_internal_arrow(f"SELECT * FROM {name}").combine_chunks()  # noqa: S608 - a name of our own table
        for (label,) in store.fetch_internal(LABELS, {"table": name}):
            place = rows.column_names.index(str(label))
            rows = rows.set_column(place, str(label), rows.column(str(label)).dictionary_encode())
        size = -(-rows.num_rows // steps)
        made += [(name, rows.slice(start, size)) for start in range(0, rows.num_rows, size)]
    return made, events


def main(data: Path) -> Findings:
    """Return the rate at which all tables, and the table of events alone, take finished rows."""
    settings = settings_of(data)
    found: dict[str, float] = {}
    with Store.open(settings) as store:
        made, events = portions(store, settings)
        elsewhere = settings_of(data, store=f"{settings.store_url}?database=bare")
        with Store.open(elsewhere) as empty:
            empty.migrate()
            empty.insert(made[0][0], made[0][1].slice(0, 1))  # the first insert imports
            began, used = time.monotonic(), _cpu()
            for name, rows in made:
                if name == "events":
                    empty.insert(name, rows)
            found["events"] = time.monotonic() - began
            for name, rows in made:
                if name != "events":
                    empty.insert(name, rows)
            found["all"], found["cpu"] = time.monotonic() - began, _cpu() - used
    return Findings(
        [
            figure("ingest.bare", "Bare insert_arrow into all tables", "events/s", [events / found["all"]]),
            figure("ingest.bare.events", "Bare insert_arrow into events alone", "events/s", [events / found["events"]]),
            figure("ingest.bare.cpu", "Bare insert: processor time", "µs/event", [found["cpu"] / events * 1e6]),
        ]
    )


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    hand_back(main(Path(sys.argv[1])))
