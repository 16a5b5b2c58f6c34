"""From an exporter's text to gauges: the classic exposition format of Prometheus, and OpenMetrics.

Owns the choice of samples by the tables, adding up what looks alike, and the bounds. A line that cannot be read costs
itself alone.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from prometheus_client import Metric
from prometheus_client import parser as classic
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.samples import Sample

from sendlens.errors import BadRequest, InvalidField, Rejection
from sendlens.model.events import Gauge
from sendlens.sources.exporters.options import ScrapeOptions
from sendlens.sources.exporters.tables import Rule
from sendlens.sources.judge import judge_gauge
from sendlens.sources.received import Mapped

MOST_SERIES: Final = 500
"""Series of one gauge that are kept, the largest of them: a server may have a queue for every domain there is."""
MOST_SAMPLES: Final = 50_000
"""Samples with a wanted name that are read."""
LONGEST_LINE: Final = 8_192
OLDEST_MS: Final = 3_600_000
"""A time that an exporter gives its sample is believed up to this age."""
_MOST_TOLD: Final = 20
_NAME: Final = re.compile(r"[A-Za-z_:][A-Za-z0-9_:]*")
_EXEMPLAR: Final = re.compile(r" # \{[^#]*$")

Series = tuple[str, tuple[tuple[str, str], ...]]
"""A gauge's name and its labels."""


@dataclass
class Scraped:
    """Gauges of one scrape, and what was left out of it."""

    mapped: Mapped
    problems: list[str] = field(default_factory=list[str])


def read(text: str, content_type: str, options: ScrapeOptions, at: int) -> Scraped:
    """Return the gauges in an exporter's text as of `at` (UTC ms). Raises `BadRequest` for what is no such text."""
    tables = options.tables
    wanted = {rule.metric for rules in tables for rule in rules}
    is_open = content_type.partition(";")[0].strip().lower() == "application/openmetrics-text"
    told = Scraped(Mapped(records=[]))
    samples: dict[str, list[Sample]] = {}
    lines = (each for each in _lines(text, options.prefix) if each[0] in wanted)
    for number, (name, line) in enumerate(lines):
        if number >= MOST_SAMPLES:
            told.problems.append(f"only the first {MOST_SAMPLES} samples were read")
            break
        try:
            samples.setdefault(name, []).append(_sample(line, is_open=is_open))
        except ValueError as error:
            _reject(told, "", f"the line {line[:200]!r} cannot be read: {error}")
    if not samples and not _NAME.match(text.lstrip().partition("\n")[0].lstrip("# ")):
        raise BadRequest("the answer is no text of metrics", hint="Is the address that of the metrics?")
    taken: set[str] = set()
    for rules in tables:
        # A gauge that a source's own rule or an earlier table made is not made again by another.
        made = {rule.gauge for rule in rules if rule.gauge not in taken and _take(rule, rules, samples, told, at)}
        taken |= made
    if not told.mapped.records and not told.mapped.rejected:
        told.problems.append("the exporter has no sample that a rule names")
    return told


def _lines(text: str, prefix: str) -> Iterator[tuple[str, str]]:
    """Yield the name and the text of each sample, the name without the prefix."""
    for raw in text.splitlines():
        line = raw.strip().removeprefix(prefix)
        if line[:1] not in ("", "#") and (name := _NAME.match(line)):
            yield name[0], line


def _sample(line: str, *, is_open: bool) -> Sample:
    """Return the one sample of a line; its time, if it has one, is in seconds. Raises `ValueError`."""
    if len(line) > LONGEST_LINE:
        raise ValueError(f"it is longer than {LONGEST_LINE} characters")
    if is_open:
        families: Iterable[Metric] = openmetrics.text_string_to_metric_families(  # pyright: ignore[reportUnknownVariableType] - a generator that the library leaves half typed
            _EXEMPLAR.sub("", line) + "\n# EOF\n"
        )
    else:
        families = classic.text_string_to_metric_families(line)
    try:
        return next(sample for family in families for sample in family.samples)
    except StopIteration:
        raise ValueError("it holds no sample") from None
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        # What a foreign text makes the parser stumble over.
        raise ValueError(str(error)) from None


def _take(rule: Rule, rules: tuple[Rule, ...], samples: Mapping[str, list[Sample]], told: Scraped, at: int) -> bool:
    """Add the series of one rule; False if there are none, or if an earlier rule of the table made that gauge."""
    for before in rules[: rules.index(rule)]:
        if before.gauge == rule.gauge and before.only == rule.only and samples.get(before.metric):
            return False
    sums: dict[Series, tuple[float, int]] = {}
    for sample in samples.get(rule.metric, ()):
        if any(sample.labels.get(label) != value for label, value in rule.only.items()):
            continue
        if not math.isfinite(sample.value):
            continue  # an exporter's way to say that it does not know
        labels = {ours: sample.labels[theirs] for theirs, ours in rule.labels.items() if sample.labels.get(theirs)}
        key = (rule.gauge, tuple(sorted(labels.items())))
        so_far, when = sums.get(key, (0.0, 0))
        sums[key] = (so_far + float(sample.value), max(when, _time(sample, at)))
    largest = sorted(sums.items(), key=lambda item: (-abs(item[1][0]), item[0]))[:MOST_SERIES]
    if len(sums) > MOST_SERIES:
        told.problems.append(f"{rule.gauge} has {len(sums)} series, of which the {MOST_SERIES} largest are kept")
    for (name, labels), (value, when) in largest:
        try:
            gauge = judge_gauge({"name": name, "value": value, "at": when, "labels": dict(labels)}, at)
        except InvalidField as error:
            _reject(told, error.field, error.detail)
            continue
        _records(told).append(gauge)
    return bool(sums)


def _time(sample: Sample, at: int) -> int:
    """Return the sample's own time in UTC milliseconds where it can be believed, else that of the scrape."""
    told = float(sample.timestamp) if sample.timestamp is not None else math.nan
    if not math.isfinite(told * 1000):
        return at
    own = int(told * 1000)
    return own if at - OLDEST_MS <= own <= at else at


def _records(told: Scraped) -> list[Gauge]:
    return told.mapped.records  # pyright: ignore[reportReturnType] - a scrape holds gauges alone


def _reject(told: Scraped, where: str, error: str) -> None:
    if len(told.mapped.rejected) < _MOST_TOLD:
        told.mapped.rejected.append(Rejection(index=len(told.mapped.rejected), field=where, error=error[:300]))
