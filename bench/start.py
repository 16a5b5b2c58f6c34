"""Start: how long until the first page, on an empty directory and over history, and until `--help` is printed.

Owns the repetitions. An interpreter that does nothing is started in turns with the others, as the machine's share.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from bench.context import Context
from bench.figures import Findings, figure
from bench.server import serving


def run(context: Context) -> Findings:
    """Return seconds of every kind of start."""
    times: dict[tuple[str, str], list[float]] = {}
    largest = max(context.size.histories)
    context.history(largest)
    with context.copy_of_history(largest, "start") as grown:
        for turn in range(context.size.repetitions):
            context.say(f"start, repetition {turn + 1} of {context.size.repetitions}")
            empty = context.empty("start-empty") / "data"
            for key, what, seconds in (
                ("bare", "An interpreter that does nothing", _command("-c", "pass")),
                ("help", "sendlens --help", _command("-m", "sendlens", "--help")),
                ("first", "First page of the first start", _page(empty)),
                ("again", "First page of the second start", _page(empty)),
                ("grown", f"First page over {largest:,} events", _page(grown)),
            ):
                times.setdefault((key, what), []).append(seconds)
    return Findings([figure(f"start.{key}", what, "s", values) for (key, what), values in times.items()])


def _command(*arguments: str) -> float:
    began = time.monotonic()
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - began


def _page(data: Path) -> float:
    with serving(data) as server:
        return server.first_page_after
