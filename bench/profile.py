"""The writer's profile: where the time of a batch goes, per statement of the store and per function.

`python -m bench.profile DIRECTORY BATCHES BATCH-SIZE` opens a whole server without a socket on a data directory, with
batches waiting in its log, and lets the writer carry them. Owns the wrapping of the store's methods and the reading of
cProfile; the pipeline is the product's own, put together by `sendlens.app`.
"""

from __future__ import annotations

import asyncio
import cProfile
import functools
import pstats
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, cast

from bench.context import Context, hand_back
from bench.figures import Findings, Profile, figure
from bench.fill import History, settings_of
from bench.posts import events_after
from sendlens.app import open_parts
from sendlens.log.sqlite import SqliteLog
from sendlens.model.blocks import Block, pack
from sendlens.model.events import RecordKind
from sendlens.pipeline import batch as batches
from sendlens.pipeline.batch import Prepared
from sendlens.pipeline.writer import Writer
from sendlens.store.client import Store

_METHODS: Final = ("insert", "execute", "fetch_internal", "fetch_internal_arrow")
_FUNCTIONS: Final = 25
_BLOCK: Final = 1_000
_SKIPPED: Final = 1
"""The first batch imports, opens and loads; what it costs is told apart."""


def run(context: Context) -> Findings:
    """Return the profile of the writer at every size of history."""
    findings, size = Findings(), context.size
    for events in size.profile_histories:
        context.history(events)
        with context.copy_of_history(events, "profile") as data:
            context.say(f"profile of the writer over {events:,} events")
            found = context.child("bench.profile", data, size.profile_batches, size.profile_batch, events)
        findings.figures.extend(found.figures)
        findings.profiles.extend(found.profiles)
    return findings


class Meter:
    """Counts what the store's methods and the writer's steps take, in the writer's thread."""

    def __init__(self, batches: int) -> None:
        """Measure until so many batches were carried, the first left out; the later half under cProfile.

        cProfile slows Python down and leaves the store alone, so that rates are taken from the batches before.
        """
        self.statements: dict[str, list[tuple[float, float]]] = defaultdict(list)
        self.steps: list[tuple[float, float, int]] = []
        self.python, self.ahead = cProfile.Profile(), cProfile.Profile()
        self.done = threading.Event()
        self._batches = batches
        self.plain = _SKIPPED + (batches - _SKIPPED + 1) // 2

    def wrap(self) -> None:
        """Put the meter into the classes; this process ends afterwards."""
        for name in _METHODS:
            setattr(Store, name, self._timed(name, getattr(Store, name)))
        Writer.step = self._step(Writer.step)
        batches.prepare = self._prepare(batches.prepare)

    def _timed(self, method: str, call: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(call)
        def timed(store: Store, what: str, *more: Any, **named: Any) -> Any:
            began, used = time.perf_counter(), time.process_time()
            try:
                return call(store, what, *more, **named)
            finally:
                if threading.current_thread().name.startswith("writer") and len(self.steps) >= _SKIPPED:
                    words = " ".join(what.split())
                    taken = (time.perf_counter() - began, time.process_time() - used)
                    self.statements[f"{method}: {words[:70]}"].append(taken)

        return timed

    def _step(self, step: Callable[..., int]) -> Callable[..., int]:
        @functools.wraps(step)
        def measured(writer: Writer, *, wait: float) -> int:
            if self.done.is_set():
                return step(writer, wait=wait)
            began, used = time.perf_counter(), time.process_time()
            profiled = len(self.steps) >= self.plain
            records = self.python.runcall(step, writer, wait=wait) if profiled else step(writer, wait=wait)
            if records:
                self.steps.append((time.perf_counter() - began, time.process_time() - used, records))
            if len(self.steps) >= self._batches:
                self.done.set()
            return records

        return measured

    def _prepare(self, prepare: Callable[..., Prepared]) -> Callable[..., Prepared]:
        @functools.wraps(prepare)
        def measured(*given: Any, **named: Any) -> Prepared:
            # A profile sees one thread; what is prepared by the writer's own is in that of its step.
            if threading.current_thread().name.endswith("ahead_0") and len(self.steps) >= self.plain:
                return self.ahead.runcall(prepare, *given, **named)
            return prepare(*given, **named)

        return measured


def main(data: Path, batches: int, batch: int, history: int) -> Findings:
    """Carry the batches and return where the time went."""
    settings = settings_of(data, batch_events=batch, batch_ms=1)
    batches += _SKIPPED
    events = events_after(data, batches * batch, "p")
    assert len(events) == batches * batch, "the world told too few events"
    asyncio.run(_append(data, History.load(data).tenants[0], events, min(_BLOCK, batch)))
    meter = Meter(batches)
    meter.wrap()
    parts = open_parts(settings)
    try:
        if not meter.done.wait(60 * batches):
            raise TimeoutError(
                f"{len(meter.steps)} of {batches} batches were carried: {parts.writer.progress.last_error}"
            )
    finally:
        parts.close()
    return _findings(meter, history)


async def _append(data: Path, tenant: str, events: list[Any], size: int) -> None:
    log = SqliteLog(data / "log.sqlite")
    try:
        for start in range(0, len(events), size):
            part = events[start : start + size]
            await log.append(
                Block(
                    tenant=tenant,
                    source="api",
                    kind=RecordKind.EVENT,
                    received_at=time.time_ns() // 1_000_000,
                    count=len(part),
                    body=pack(part),
                )
            )
    finally:
        log.close()


def _findings(meter: Meter, history: int) -> Findings:
    first, rest = meter.steps[0], meter.steps[_SKIPPED : meter.plain]
    told = f"over {history:,} events"
    key = f"profile.{history}"
    figures = [
        figure(f"{key}.rate", f"Writer alone, {told}", "events/s", [records / seconds for seconds, _, records in rest]),
        figure(
            f"{key}.cpu", f"Writer alone, processor time, {told}", "µs/event", [cpu / n * 1e6 for _, cpu, n in rest]
        ),
        figure(f"{key}.first", f"First batch after the start, {told}", "s", [first[0]]),
    ]
    count, profiled = len(meter.steps) - _SKIPPED, len(meter.steps) - meter.plain
    by_clock, by_processor = (
        sorted(
            (
                (what, sum(taken[which] for taken in calls) * 1000 / count, len(calls) / count)
                for what, calls in meter.statements.items()
            ),
            key=_by_time,
        )
        for which in (0, 1)
    )
    stats = _functions(meter)
    functions = sorted(((_place(*at), own * 1000 / profiled, n / profiled) for at, n, own, _ in stats), key=_by_time)
    cumulative = sorted(
        ((_place(*at), total * 1000 / profiled, n / profiled) for at, n, _, total in stats if "sendlens" in at[0]),
        key=_by_time,
    )
    return Findings(
        figures,
        [
            Profile(title=f"Statements by the clock, {told}", lines=by_clock),
            Profile(title=f"Statements by processor time, merges beside them included, {told}", lines=by_processor),
            Profile(title=f"Functions of ours with what they call, {told}", lines=cumulative[:_FUNCTIONS]),
            Profile(title=f"Functions alone, {told}", lines=functions[:_FUNCTIONS]),
        ],
    )


def _functions(meter: Meter) -> list[tuple[tuple[str, int, str], int, float, float]]:
    """Return (place, calls, seconds alone, seconds with what it calls) of every function."""
    # The attribute is documented nowhere and used by everybody; the stubs leave it out.
    both = pstats.Stats(meter.python)
    if meter.ahead.getstats():  # nothing was prepared ahead where one batch was all there was
        both.add(meter.ahead)
    stats = cast("dict[tuple[str, int, str], tuple[int, int, float, float, object]]", vars(both)["stats"])
    return [(place, calls, own, total) for place, (_, calls, own, total, _) in stats.items()]


def _by_time(line: tuple[str, float, float]) -> float:
    return -line[1]


def _place(file: str, line: int, name: str) -> str:
    if file == "~":
        return name
    short = "/".join(Path(file).parts[-2:])
    return f"{short}:{line} {name}"


if __name__ == "__main__":
    hand_back(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])))
