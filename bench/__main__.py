"""`python -m bench`: choose benches and a size, run them, keep and show what they found."""

from __future__ import annotations

import argparse
import importlib
import shutil
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Final, Protocol, cast

import msgspec

from bench import machine, report
from bench.context import Context
from bench.figures import Findings
from bench.sizes import SIZES
from bench.table import BENCHES

_NO_LIMIT: Final = 1 << 62


class _Module(Protocol):
    def run(self, context: Context) -> Findings: ...


def main(words: list[str] | None = None) -> int:
    """Run what the words of the command line ask for and return the exit code."""
    given = _parser().parse_args(words)
    chosen = [one for one in BENCHES if (one.name in given.names if given.names else one.usual)]
    found: dict[str, Findings] = {}
    here, began = machine.describe(), time.monotonic()
    if given.keep:
        given.keep.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix="sendlens-bench-", dir=given.scratch))
    try:
        size = SIZES[given.size]
        size = replace(size, histories=_up_to(size.histories, given.most), weighed=_up_to(size.weighed, given.most))
        context = Context(size, scratch, given.keep, given.mails)
        if given.publish:  # a part that is run alone goes by what the others found before it
            context.measured |= {one.name: one.value for part in report.earlier().values() for one in part.figures}
        for one in chosen:
            print(f"{one.name}: {one.help}", file=sys.stderr, flush=True)
            findings = cast("_Module", importlib.import_module(one.module)).run(context)
            context.measured |= {figure.name: figure.value for figure in findings.figures}
            found[one.name] = findings
            print(report.screen(one.name, findings), flush=True)
            if given.publish:  # at once: what a later part runs into takes nothing away
                report.publish(_run(words, here, began, {one.name: findings}))
                print(f"published in {report.PAGE}", flush=True)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    print(f"\nkept in {report.write(_run(words, here, began, found), given.out)}")
    return 0


def _run(words: list[str] | None, here: machine.Machine, began: float, found: dict[str, Findings]) -> report.Run:
    load_after = machine.describe().load_before
    return report.stamp(
        report.Run(
            at=report.now(),
            command=again(words),
            size=_parser().parse_args(words).size,
            seconds=time.monotonic() - began,
            machine=msgspec.structs.replace(here, load_after=load_after),
            benches=found,
        )
    )


def _up_to(histories: tuple[int, ...], most: int) -> tuple[int, ...]:
    """Return the histories of at most so many events, or the shortest."""
    return tuple(one for one in histories if one <= most) or (min(histories),)


def again(words: list[str] | None = None) -> str:
    """Return how to measure the same again; where files are kept is nobody's business."""
    given = _parser().parse_args(words)
    told = ["python -m bench", f"--{given.size}", *given.names]
    if given.most < _NO_LIMIT:
        told.append(f"--most {given.most}")
    return " ".join([*told, "--publish"] if given.publish else told)


def _parser() -> argparse.ArgumentParser:
    listed = "\n".join(f"  {one.name:<10} {one.help}" for one in BENCHES)
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description="Measures Sendlens. Without names, everything but the profile runs.",
        epilog=f"benches:\n{listed}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", metavar="bench", choices=[[], *(one.name for one in BENCHES)])
    sizes = parser.add_mutually_exclusive_group()
    for name, help_text in (
        ("tiny", "only shows that every bench works"),
        ("quick", "a few minutes, one million events"),
        ("full", "the default: half an hour, one to a hundred million events, which are filled first"),
    ):
        sizes.add_argument(f"--{name}", dest="size", action="store_const", const=name, help=help_text)
    parser.set_defaults(size="full")
    parser.add_argument("--most", type=int, default=_NO_LIMIT, help="leave out histories of more events than this")
    parser.add_argument("--keep", type=Path, help="directory where filled histories stay for the next run")
    parser.add_argument("--mails", type=Path, help="folder of labelled bounce mails for the bench of bounces")
    parser.add_argument("--scratch", type=Path, help="directory on the disk to measure; else the temporary directory")
    parser.add_argument("--out", type=Path, help="file for the results as JSON; else one in bench/results")
    parser.add_argument("--publish", action="store_true", help="write docs/performance.md and docs/performance.json")
    return parser


if __name__ == "__main__":
    sys.exit(main())
