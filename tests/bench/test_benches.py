"""Every bench runs, at a size that says nothing about speed; nothing here looks at a time."""

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from bench import report
from bench.__main__ import again
from bench.budgets import BUDGETS, verdicts
from bench.figures import Findings, figure, percentile
from bench.pages import ADDRESSES
from bench.table import BENCHES

ROOT = Path(report.__file__).parents[1]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> report.Run:
    scratch = tmp_path_factory.mktemp("bench")
    out = scratch / "run.json"
    names = [bench.name for bench in BENCHES]
    command = [sys.executable, "-m", "bench", "--tiny", "--scratch", scratch, "--out", out, *names]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stderr[-4000:]
    return msgspec.json.decode(out.read_bytes(), type=report.Run)


def test_every_bench_finds_something(run: report.Run) -> None:
    assert list(run.benches) == [bench.name for bench in BENCHES]
    assert all(findings.figures for findings in run.benches.values())


def test_every_address_of_the_pages_answers(run: report.Run) -> None:
    assert run.benches["pages"].notes == []
    measured = {one.name.split(".")[2] for one in run.benches["pages"].figures}
    assert measured >= {name for name, _ in ADDRESSES}


def test_every_budget_is_measured(run: report.Run) -> None:
    figures = [one for findings in run.benches.values() for one in findings.figures]
    assert [verdict.budget for verdict in verdicts(figures)] == list(BUDGETS)


def test_the_profile_knows_the_statements_of_the_pipeline(run: report.Run) -> None:
    statements = next(profile for profile in run.benches["profile"].profiles if profile.title.startswith("Statements"))
    assert {"insert: events", "execute: derive_messages"} <= {what for what, _, _ in statements.lines}


def test_the_page_shows_every_figure(run: report.Run) -> None:
    page = report.page(run)
    assert all(one.what in page for findings in run.benches.values() for one in findings.figures)
    assert run.command in page


def test_a_part_takes_the_place_of_its_own_and_leaves_the_others(run: report.Run, tmp_path: Path) -> None:
    published, shown = tmp_path / "performance.json", tmp_path / "performance.md"
    report.publish(run, published, shown)
    again = Findings([figure("start.help", "sendlens --help", "s", [0.25])])
    part = msgspec.structs.replace(run, command="python -m bench --full start", benches={"start": again})
    report.publish(report.stamp(part), published, shown)
    kept = report.earlier(published)
    assert list(kept) == list(run.benches)
    assert kept["start"].figures == again.figures
    assert kept["storage"] == run.benches["storage"]
    page = shown.read_text(encoding="utf-8")
    assert "`python -m bench --full start`" in page
    assert run.command in page


def test_a_budget_is_judged_by_its_worst_figure() -> None:
    figures = [
        figure("pages.1.live.p95", "live", "ms", [3.0]),
        figure("pages.1.slow.p95", "slow", "ms", [300.0, 500.0]),
    ]
    (verdict,) = verdicts(figures)
    assert (verdict.figure.value, verdict.kept) == (400.0, False)


def test_how_to_measure_again_tells_the_part_and_no_places(tmp_path: Path) -> None:
    words = ["--full", "--publish", "--keep", str(tmp_path), "--most", "10000000", "pages", "storage"]
    assert again(words) == "python -m bench --full pages storage --most 10000000 --publish"


def test_percentiles_are_values_that_were_measured() -> None:
    assert percentile([5.0, 1.0, 3.0], 0.5) == 3.0
    assert percentile([5.0, 1.0, 3.0], 0.99) == 5.0
