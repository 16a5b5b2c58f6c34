"""Storage: bytes on disk per event over all tables, as the background tasks leave them and once everything is merged.

`python -m bench.storage DIRECTORY` merges and measures in a process of its own. Owns the count; what is compared is the
same history that pages are measured over, and the log and the control plane are counted apart.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Final

from bench.context import Context, hand_back
from bench.figures import Findings, figure
from bench.fill import settings_of
from sendlens.settings import Settings
from sendlens.store.client import Store
from sendlens.store.connection import Engine, connect, parse
from sendlens.tasks import MINUTES_KEPT_DAYS

PARTS: Final = """
SELECT table, sum(bytes_on_disk) AS bytes, sum(rows) AS rows FROM system.parts
WHERE active AND database = currentDatabase() GROUP BY table ORDER BY bytes DESC
"""


def run(context: Context) -> Findings:
    """Return bytes per event for every size of history."""
    findings = Findings()
    for events in context.size.weighed:
        context.history(events)
        with context.copy_of_history(events, "storage") as data:
            context.say(f"merging and weighing {events:,} events")
            findings.figures.extend(context.child("bench.storage", data, events).figures)
    return findings


def main(data: Path, history: int) -> Findings:
    """Merge every table and weigh it."""
    settings = settings_of(data)
    with Store.open(settings) as store:
        address = parse(settings.store_url)
        assert address.directory is not None
        engine = Engine.acquire(address.directory, settings.store_memory_mb, settings.store_threads)
        client = connect(address, engine, {})
        tables = [str(name) for name, _, _ in store.fetch_internal(PARTS)]
        _keep_house(store, settings)
        began = time.monotonic()
        for name in tables:
            client.command(f"OPTIMIZE TABLE {name} FINAL")
        seconds = time.monotonic() - began
        client.close()
        engine.release()
        weights = [(str(name), int(str(size)), int(str(rows))) for name, size, rows in store.fetch_internal(PARTS)]
        events = next(rows for name, _, rows in weights if name == "events")
    key = f"storage.{history}"
    told = f"{history:,} events"
    figures = [
        figure(f"{key}.all", f"All tables, {told}", "bytes/event", [sum(size for _, size, _ in weights) / events])
    ]
    for name, size, rows in weights:
        if size / events >= 0.05:
            what = f"{name}, {rows / events:.2f} rows an event, {told}"
            figures.append(figure(f"{key}.{name}", what, "bytes/event", [size / events]))
    figures.append(figure(f"{key}.merge", f"Merging everything, {told}", "s", [seconds]))
    return Findings(figures)


def _keep_house(store: Store, settings: Settings) -> None:
    """Drop what the server drops every hour: keys beyond the horizon, and minutes beyond those that are kept."""
    today = time.time_ns() // 86_400_000_000_000
    store.drop_partitions("event_keys", before_day=today - settings.dedupe_days - 1)
    store.drop_partitions("metrics_minute", before_day=today - MINUTES_KEPT_DAYS)


if __name__ == "__main__":
    hand_back(main(Path(sys.argv[1]), int(sys.argv[2])))
