"""Metrics of the process itself for Prometheus: what is counted as it happens, and what is read when somebody asks.

Owns the names, types, labels and help of every metric (`FAMILIES`, which `docs/observability.md` is compared with) and
one registry per application. Labels come from small fixed sets: no tenant, no source, no address is ever one.
"""

from __future__ import annotations

import platform
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, Literal, NamedTuple

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, disable_created_metrics
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from sendlens import __version__
from sendlens.control.control import Control
from sendlens.control.sources import API
from sendlens.errors import NotFound
from sendlens.pipeline.batch import Batch
from sendlens.sources.kinds import KINDS
from sendlens.sources.posting import POSTING
from sendlens.web.intake.app import HOOKS, ROUTES

_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_RECORDS: Final = (1.0, 10.0, 100.0, 1_000.0, 5_000.0, 10_000.0, 25_000.0, 50_000.0, 100_000.0, 500_000.0)
_OTHER: Final = "other"
_MOST_SOURCES: Final = 10_000


# A second series beside every counter, which says when it began, is of no use to anybody who reads process_start_time.
disable_created_metrics()


class Family(NamedTuple):
    """One metric: how it is exposed and what it means. A histogram has its buckets."""

    name: str
    kind: Literal["counter", "gauge", "histogram", "counter read", "info"]
    labels: tuple[str, ...]
    help: str
    buckets: tuple[float, ...] = ()


# "counter read" is a counter that another room keeps and that is read when somebody asks, as all gauges are.
FAMILIES: Final = (
    Family("sendlens_build_info", "info", ("version", "python"), "Always 1; the labels say what runs."),
    Family("sendlens_intake_requests_total", "counter", ("route", "status"), "Answered requests of the intake."),
    Family("sendlens_intake_seconds", "histogram", ("route",), "Time to answer a request of the intake.", _SECONDS),
    Family("sendlens_received_total", "counter", ("source", "kind"), "Records received, as far as batches are stored."),
    Family("sendlens_stored_total", "counter", ("source", "kind"), "Records stored, each once."),
    Family("sendlens_duplicates_total", "counter", ("source", "kind"), "Records seen before and not counted again."),
    Family("sendlens_rejected_total", "counter", ("source", "kind"), "Records refused at the door with a reason."),
    Family("sendlens_dead_total", "counter", ("source", "kind"), "Records set aside as dead letters."),
    Family("sendlens_batch_records", "histogram", (), "Records in a batch.", _RECORDS),
    Family("sendlens_batch_seconds", "histogram", (), "Time of a batch, from the log into all tables.", _SECONDS),
    Family("sendlens_batch_failures_total", "counter read", (), "Tries to store a batch that failed."),
    Family("sendlens_damaged_blocks_total", "counter read", (), "Blocks of the log that the disk had changed."),
    Family("sendlens_writer_up", "gauge", (), "1 while the writer runs and its last try succeeded."),
    Family("sendlens_lag_records", "gauge", (), "Records on disk and not yet in the store."),
    Family("sendlens_lag_seconds", "gauge", (), "Age of the oldest block that is not yet in the store; 0 if none is."),
    Family("sendlens_fuses_blown", "gauge", (), "Sources that are stopped because of too many dead letters."),
    Family("sendlens_dead_letters_waiting", "gauge", (), "Dead letters that were not replayed, sampled."),
    Family("sendlens_dedupe_keys", "gauge", (), "Event keys in memory."),
    Family("sendlens_dedupe_store_keys_total", "counter read", (), "Event keys the store had to be asked for."),
    Family("sendlens_births_held", "gauge", (), "Messages whose day of birth is in memory."),
    Family("sendlens_query_seconds", "histogram", ("outcome",), "Time of a question to the store.", _SECONDS),
    Family("sendlens_tenants_behind", "gauge", (), "Tenants that stand back for others now."),
    Family("sendlens_turns_waited_total", "counter read", ("kind",), "Pieces of work that waited for their turn."),
    Family("sendlens_turns_waited_seconds_total", "counter read", ("kind",), "How long they waited, together."),
    Family("sendlens_turns_refused_total", "counter read", ("kind",), "Those refused because too many waited before."),
    Family("sendlens_store_bytes", "gauge", ("table",), "Bytes of a table on disk, sampled."),
    Family(
        "sendlens_store_rows", "gauge", ("table",), "Rows of a table, sampled; repeated ones may still be among them."
    ),
    Family("sendlens_store_parts", "gauge", ("table",), "Parts of a table on disk, sampled."),
    Family("sendlens_log_bytes", "gauge", (), "Bytes of the log on disk, sampled."),
    Family("sendlens_log_trouble", "gauge", (), "1 while writes to the log fail."),
    Family("sendlens_disk_free_bytes", "gauge", (), "Free bytes on the disk of the data directory, sampled."),
    Family("sendlens_exchangers_known", "gauge", (), "Mail exchangers that were asked for and are remembered."),
    Family("sendlens_exchangers_waiting", "gauge", (), "Mail exchangers that wait to be asked for."),
    Family("sendlens_exchangers_lookups_total", "counter read", ("outcome",), "Questions to the DNS, by outcome."),
    Family("sendlens_polls_total", "counter read", ("kind", "outcome"), "Looks at polled sources, by kind."),
    Family("sendlens_polls_failing", "gauge", ("kind",), "Polled sources that failed at their last look."),
    Family("sendlens_live_streams", "gauge", (), "Open live streams of pages."),
    Family("sendlens_task_failures_total", "counter read", ("task",), "Runs of a background task that failed."),
    Family("sendlens_task_last_success_seconds", "gauge", ("task",), "When a task last succeeded, seconds since 1970."),
)
PROCESS: Final = (
    Family("process_virtual_memory_bytes", "gauge", (), "Virtual memory of the process."),
    Family("process_resident_memory_bytes", "gauge", (), "Resident memory of the process."),
    Family("process_start_time_seconds", "gauge", (), "When the process started, seconds since 1970."),
    Family("process_cpu_seconds_total", "counter read", (), "CPU time of the process."),
    Family("process_open_fds", "gauge", (), "Open file descriptors."),
    Family("process_max_fds", "gauge", (), "Most file descriptors the process may open."),
)
"""What the client library reads from /proc; on Linux only."""

Reading = Iterable[tuple[tuple[str, ...], float]]
"""Values with their labels."""
Readings = Mapping[str, Callable[[], Reading]]
"""How each gauge and read counter is read, by name."""

_OUTCOMES: Final = {
    "sendlens_received_total": "received",
    "sendlens_stored_total": "stored",
    "sendlens_duplicates_total": "duplicate",
    "sendlens_rejected_total": "rejected",
    "sendlens_dead_total": "dead",
}


class Telemetry:
    """Counts what happens and exposes it; every method may be called from any thread."""

    def __init__(self, control: Control) -> None:
        """Look up in `control` which provider a source belongs to."""
        self._control = control
        self._kinds: OrderedDict[str, str] = OrderedDict()
        self._registry = CollectorRegistry()
        self._counters = {
            one.name: Counter(one.name, one.help, one.labels, registry=self._registry)
            for one in FAMILIES
            if one.kind == "counter"
        }
        self._histograms = {
            one.name: Histogram(one.name, one.help, one.labels, registry=self._registry, buckets=one.buckets)
            for one in FAMILIES
            if one.kind == "histogram"
        }
        ProcessCollector(registry=self._registry)

    def read_from(self, readings: Readings) -> None:
        """Read gauges and other rooms' counters from these; call it once."""
        self._registry.register(_Read(readings))

    def stored(self, batch: Batch) -> None:
        """Count a batch that is in all tables."""
        self._histograms["sendlens_batch_records"].observe(batch.records)
        self._histograms["sendlens_batch_seconds"].observe(batch.seconds)
        for (_, source, kind, _), outcome in batch.accounts.items():
            labels = (self.source_kind(source), kind)
            for name, field in _OUTCOMES.items():
                if count := getattr(outcome, field):
                    self._counters[name].labels(*labels).inc(count)

    def answered(self, path: str, status: int, seconds: float) -> None:
        """Count an answer of the intake."""
        route = route_of(path)
        self._counters["sendlens_intake_requests_total"].labels(route, str(status)).inc()
        self._histograms["sendlens_intake_seconds"].labels(route).observe(seconds)

    def queried(self, outcome: str, seconds: float) -> None:
        """Count a question to the store."""
        self._histograms["sendlens_query_seconds"].labels(outcome).observe(seconds)

    def exposition(self, accept: str) -> tuple[bytes, str]:
        """Return the metrics in a form the scraper accepts, and the name of that form."""
        encode, content_type = choose_encoder(accept)
        return encode(self._registry), content_type

    def source_kind(self, source: str) -> str:
        """Return the provider of a source, or `api`: there are few, whatever senders call their sources."""
        if not source.startswith("src_"):
            return API
        known = self._kinds.get(source)
        if known is None:
            try:
                provider = self._control.sources.get(source).provider
            except NotFound:
                provider = API
            known = self._kinds[source] = provider if provider in KINDS else API
            if len(self._kinds) > _MOST_SOURCES:
                self._kinds.popitem(last=False)
        return known


def route_of(path: str) -> str:
    """Return the route of an intake request: an address of ours, or a provider's hooks without the source."""
    if path in ROUTES:
        return path
    provider = path.removeprefix(HOOKS).partition("/")[0]
    return f"{HOOKS}{provider if provider in POSTING else _OTHER}"


class _Read(Collector):
    """Makes families of what other rooms keep, at the moment somebody asks."""

    def __init__(self, readings: Readings) -> None:
        self._readings = readings

    def collect(self) -> Iterator[Metric]:
        for one in FAMILIES:
            if one.kind == "info":
                yield _family(one, [((__version__, platform.python_version()), 1)])
            elif one.kind in ("gauge", "counter read"):
                yield _family(one, self._readings[one.name]())


def _family(one: Family, values: Reading) -> Metric:
    make = CounterMetricFamily if one.kind == "counter read" else GaugeMetricFamily
    family = make(one.name, one.help, labels=one.labels)
    for labels, value in values:
        family.add_metric(labels, value)
    return family
