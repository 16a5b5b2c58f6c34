"""Ingest: events over HTTP until they are in every table, beside what a person would otherwise do with them.

Owns the comparison. In each repetition, one after the other: a fresh server takes every way of posting; the rows it
made are read back and inserted bare into empty tables; the same events go into PostgreSQL one at a time and by COPY.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from importlib.util import find_spec
from pathlib import Path

from bench.context import Context
from bench.figures import Findings, figure, percentile
from bench.load import Load
from bench.posts import bodies, empty_history, told
from bench.server import serving
from bench.world import World
from sendlens.model.events import Event


def run(context: Context) -> Findings:
    """Return rates, ratios and the memory they took."""
    size = context.size
    total = sum(events for _, _, events in size.ingest)
    now = time.time_ns() // 1_000_000
    history = empty_history(now - 3 * 3_600_000, ("t1", "t2", "t3", "t4"), max(total, 20_000))
    events = told(World(history.plan), history, total, "i")
    found: dict[tuple[str, str, str], list[float]] = defaultdict(list)
    for repetition in range(size.repetitions):
        context.say(f"ingest, repetition {repetition + 1} of {size.repetitions}")
        data = context.empty("ingest") / "data"
        _over_http(context, data, events, found)
        bare = context.child("bench.bare", data).figures
        for one in bare:
            found[one.name, one.what, one.unit].append(one.value)
        if find_spec("asyncpg"):
            from bench import homemade

            some = events[-min(len(events), size.postgres_rows * 10) :]
            for name, (what, rate) in asyncio.run(homemade.rates(some, size.postgres_rows)).items():
                found[name, what, "events/s"].append(rate)
        _ratios(found)
    findings = Findings(
        [
            # A median of memory would hide the moment that matters.
            figure(name, what, unit, [max(values)] if name == "ingest.memory" else values)
            for (name, what, unit), values in found.items()
        ]
    )
    if not find_spec("asyncpg"):
        findings.notes.append("asyncpg is not installed (make bench installs it): the home-made pipeline was left out.")
    return findings


def _over_http(
    context: Context, data: Path, events: list[Event], found: dict[tuple[str, str, str], list[float]]
) -> None:
    with serving(data) as server:
        _warm_up(server.port, context)
        server.settle()
        server.watch.peak()
        start, visible, per_event = 0, 0.0, 0.0
        for size, connections, count in context.size.ingest:
            posted, counts = bodies(events[start : start + count], size)
            start += count
            load = Load(server.port, posted, counts, connections=connections, rate=0, scratch=context.scratch)
            used, began = server.cpu(), time.monotonic()
            load.go()
            report = load.report()
            server.settle()
            seconds, cpu = time.monotonic() - began, server.cpu() - used
            way = f"{size} a request, {connections} connection{'s' if connections > 1 else ''}"
            key = f"ingest.http.{size}x{connections}"
            found[f"{key}.accepted", f"HTTP, {way}: accepted", "events/s"].append(report.events / report.seconds)
            found[f"{key}.visible", f"HTTP, {way}: in all tables", "events/s"].append(report.events / seconds)
            found[f"{key}.cpu", f"HTTP, {way}: processor time of the server", "µs/event"].append(
                cpu / report.events * 1e6
            )
            found[f"{key}.client", f"HTTP, {way}: share of a core the load generator took", "%"].append(
                report.cpu_seconds / report.seconds * 100
            )
            found[f"{key}.p99", f"HTTP, {way}: answer, p99", "ms"].append(percentile(report.latencies, 0.99) * 1000)
            found["ingest.memory", "Memory of the server while posted to, most", "MB"].append(server.watch.peak())
            visible, per_event = report.events / seconds, cpu / report.events * 1e6
        # The last way of posting is the one that is compared.
        found["ingest.last", "", ""] = [visible, per_event]


def _warm_up(port: int, context: Context) -> None:
    """Post one event alone: the first insert imports and prepares, which a long-lived server does once."""
    one = b'{"type":"touched","id":"warm-up","recipient":"warm@up.example"}'
    load = Load(port, [one], [1], connections=1, rate=0, scratch=context.scratch)
    load.go()
    load.report()


def _ratios(found: dict[tuple[str, str, str], list[float]]) -> None:
    """Add the ratios of this repetition: what was measured within the same minute is compared, nothing else."""
    visible, cpu = found.pop(("ingest.last", "", ""))
    by_name = {name: values[-1] for (name, _, _), values in found.items()}
    for name, other in (("bare", "a bare insert_arrow of all tables"), ("copy", "COPY"), ("single", "INSERT by one")):
        if rate := by_name.get(f"ingest.{name}", 0.0):
            found[f"ingest.ratio.{name}", f"In all tables over HTTP, beside {other}", "x"].append(visible / rate)
    if bare := by_name.get("ingest.bare.cpu", 0.0):
        found["ingest.ratio.cpu", "The same by processor time: bare over HTTP", "x"].append(bare / cpu)
