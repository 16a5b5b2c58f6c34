"""The report of a run: as JSON, as a table on the screen, and as docs/performance.md.

Owns the forms. The page is generated whole; what is to be said besides the numbers stands in this file.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from bench.budgets import verdicts
from bench.figures import Figure, Findings
from bench.machine import Machine
from bench.table import BENCHES

ROOT: Final = Path(__file__).resolve().parents[1]
RESULTS: Final = ROOT / "bench" / "results"
PAGE: Final = ROOT / "docs" / "performance.md"
PUBLISHED: Final = ROOT / "docs" / "performance.json"

_HEAD: Final = """# Performance

What Sendlens does on one small machine, measured and written by `make bench`. This page is generated: edit
`bench/report.py`, or run `{command}` to measure again; a part alone is measured by its name, as beneath each table.
The raw figures are in [performance.json](performance.json).

Numbers without their machine mean little, so what a ratio compares was measured in the same run, one after the other
in turns, and the ratios are what to look at. Each figure is the median of its repetitions; the least and the
largest stand beside it.

## The machine

{machine}
"""

_LIMITS: Final = """
## What these numbers do not say

- One machine carries everything: the load generator, the server and PostgreSQL take turns on the same cores and the
  same disk. A server of its own does better; the share of a core that the load generator took is in the tables.
- Neighbours on shared machines make noise. Where the least and the largest value lie far apart, believe the ratio, and
  the processor time per event, before the rate.
- "In all tables" means that messages, roll-ups, the keys of events, journeys and the accounting agree, each event
  counted once. The bare insert is given finished rows and does nothing of that; PostgreSQL stores the event alone, and
  COPY does not even tell repeated events.
- The history is drawn by `bench/world.py` with the shares of the simulator: {tenants} tenants, {campaigns} campaigns in
  {days} days, the largest tenant with seven tenths of the events. It goes straight into the table of events, with the
  statements of the pipeline deriving the rest. A program with many more values in its dimensions has larger roll-ups.
- Beyond {drawn:,} events a history is copies of that many, made inside the store: the same campaigns with other people
  and messages, moved by up to {moved} minutes (`bench/copies.py`). One test shows that all tables of copies agree as if
  the pipeline had carried each event, another that what is drawn shows the same as the same events that were posted.
- A percentile is a value that was measured: p99 of fewer than a hundred runs is the slowest of them.
- Pages are asked for by one visitor at a time. Queries wait for one another beyond `SENDLENS_QUERY_CONCURRENCY`.
- The store is the embedded one. A ClickHouse server of its own takes its load off this process.
"""


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """Everything about one run."""

    at: str
    command: str
    size: str
    seconds: float
    machine: Machine
    benches: dict[str, Findings]


def now() -> str:
    """Return the time as results are stamped."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def write(run: Run, path: Path | None = None) -> Path:
    """Keep the run as JSON under bench/results, or where `path` says."""
    path = path or RESULTS / f"{run.at.replace(':', '')}-{run.size}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(run), indent=1) + b"\n")
    return path


def publish(run: Run, published: Path = PUBLISHED, shown: Path = PAGE) -> None:
    """Put the parts that were run in the place of theirs in docs/performance.json, and write docs/performance.md."""
    parts = {**earlier(published), **run.benches}
    order = [bench.name for bench in BENCHES]
    whole = msgspec.structs.replace(run, benches={name: parts[name] for name in order if name in parts})
    write(whole, published)
    shown.write_text(page(whole), encoding="utf-8")


def earlier(published: Path = PUBLISHED) -> dict[str, Findings]:
    """Return what was published before, part by part; nothing if nothing was."""
    return msgspec.json.decode(published.read_bytes(), type=Run).benches if published.exists() else {}


def stamp(run: Run) -> Run:
    """Return the run with each part saying when and how it was measured."""
    loads = " and ".join(f"{value:.1f}" for value in (run.machine.load_before[0], run.machine.load_after[0]))
    told = (
        f"Measured by `{run.command}` at {run.at} (commit {run.machine.commit}); load average before and after: {loads}"
        f" on {run.machine.cores} cores."
    )
    return msgspec.structs.replace(
        run,
        benches={name: msgspec.structs.replace(findings, measured=told) for name, findings in run.benches.items()},
    )


def page(run: Run) -> str:
    """Return the page as Markdown."""
    from bench.copies import STEP_MINUTES, STEPS
    from bench.fill import DRAWN
    from bench.world import CAMPAIGNS, PERIOD_DAYS, TENANT_SHARES

    parts = [_HEAD.format(command="python -m bench --full --publish", machine=_machine(run))]
    figures = [one for findings in run.benches.values() for one in findings.figures]
    if judged := verdicts(figures):
        rows = (
            (
                v.budget.what,
                f"{v.budget.side} {_number(v.budget.limit)} {v.figure.unit}",
                _number(v.figure.value),
                "yes" if v.kept else "**no**",
            )
            for v in judged
        )
        parts.append("\n## Budgets\n\n" + _table(("budget", "limit", "worst measured", "kept"), rows))
    for name, findings in run.benches.items():
        parts.append(
            f"\n## {_title(name)}\n\n"
            + _table(("what", "median", "least", "largest", "runs", "unit"), map(_row, findings.figures))
        )
        parts.extend(f"\n{note}\n" for note in (*findings.notes, findings.measured) if note)
        for profile in findings.profiles:
            lines = ((f"`{what}`", _number(ms), _number(calls)) for what, ms, calls in profile.lines)
            parts.append(f"\n### {profile.title}\n\n" + _table(("what", "ms per batch", "calls per batch"), lines))
    facts = {"tenants": len(TENANT_SHARES), "campaigns": f"{CAMPAIGNS:,}", "days": PERIOD_DAYS}
    parts.append(_LIMITS.format(**facts, drawn=DRAWN, moved=STEP_MINUTES * (STEPS - 1)))
    return "".join(parts)


def screen(name: str, findings: Findings) -> str:
    """Return the findings of one bench for a terminal."""
    lines = [f"\n{_title(name)}"]
    width = max((len(one.what) for one in findings.figures), default=0)
    for one in findings.figures:
        spread = f"  ({_number(one.low)} to {_number(one.high)}, {one.runs} runs)" if one.runs > 1 else ""
        lines.append(f"  {one.what:<{width}}  {_number(one.value):>10} {one.unit}{spread}")
    lines.extend(f"  {note}" for note in findings.notes)
    for profile in findings.profiles:
        lines.append(f"\n  {profile.title} (ms per batch, calls per batch)")
        lines.extend(f"  {ms:>10.1f} {calls:>10.1f}  {what}" for what, ms, calls in profile.lines)
    return "\n".join(lines)


def _title(name: str) -> str:
    return name.capitalize()


def _machine(run: Run) -> str:
    machine = run.machine
    libraries = ", ".join(f"{name} {number}" for name, number in machine.libraries.items())
    return (
        f"{machine.cores} cores of {machine.processor}, {machine.memory_gb:.0f} GB, {machine.system}, "
        f"Python {machine.python}, {libraries}. The last part was measured on commit {machine.commit}, {run.at}.\n"
    )


def _row(one: Figure) -> tuple[str, ...]:
    return (
        one.what.replace("|", "\\|"),
        _number(one.value),
        _number(one.low),
        _number(one.high),
        f"{one.runs:,}",
        one.unit,
    )


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _number(value: float) -> str:
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
