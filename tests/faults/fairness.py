"""What one tenant's flood costs another: `python -m tests.faults.fairness` measures it, in rounds, and prints a table.

Each round asks and posts as a quiet tenant three times: alone; while the flood's own processes send the same traffic to
a server that does nothing (the control: what generating a flood costs on this machine); and in the flood. The figures
are of one run on one machine. Beside the times stands how much processor time the server spent while the quiet tenant
waited, for whomever: that says who was served first, even where other programs want the processor, too.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.flood import Flood, Seen, quiet, second_tenant
from tests.faults.idle import idle_server
from tests.harness.server import KEY, Server, running

SHAPE = {"posters": 8, "askers": 16, "batch": 200}
STATES = ("alone", "control", "flood")
WHAT = ("post", "query")


@dataclass
class Measured:
    """Seconds of the quiet tenant's requests by state, and the server's processor seconds meanwhile."""

    seen: dict[str, Seen] = field(default_factory=lambda: {state: Seen() for state in STATES})
    spent: dict[str, Seen] = field(default_factory=lambda: {state: Seen() for state in STATES})
    traffic: dict[str, float] = field(default_factory=dict[str, float])
    """Requests per second of the last flood, and of its control."""

    def add(self, state: str, found: Seen) -> None:
        """Take the requests of one stretch over."""
        for mine, its in ((self.seen[state].seconds, found.seconds), (self.spent[state].seconds, found.spent)):
            for what in WHAT:
                mine.setdefault(what, []).extend(its[what])

    def ratio(self, what: str, state: str = "flood", to: str = "control") -> float:
        """Return how many times longer the 95th percentile is; a few milliseconds more or less count for nothing."""
        return self.seen[state].p95(what) / max(self.seen[to].p95(what), 0.005)

    def work(self, what: str) -> float:
        """Return how many times as much processor time the server spends meanwhile in the flood as it does alone."""
        return self.spent["flood"].quantile(what, 0.5) / self.spent["alone"].quantile(what, 0.5)

    def __str__(self) -> str:
        """Return the table in Markdown."""
        lines = ["| | state | median | 95th percentile | times alone | times control | processor meanwhile, median |"]
        lines.append("|---|---|---|---|---|---|---|")
        for what in WHAT:
            for state in STATES:
                seen, spent = self.seen[state], self.spent[state]
                lines.append(
                    f"| {what} | {state} | {1000 * seen.quantile(what, 0.5):.1f} ms | {1000 * seen.p95(what):.1f} ms "
                    f"| {self.ratio(what, state, 'alone'):.1f} | {self.ratio(what, state):.1f} "
                    f"| {1000 * spent.quantile(what, 0.5):.1f} ms |"
                )
        told = ", ".join(f"{name}: {per_second:.0f} per second" for name, per_second in self.traffic.items())
        return "\n".join([*lines, "", f"Requests of the flood: {told}."])


def measure(server: Server, key: str, *, rounds: int, each: int) -> Measured:
    """Measure on a running server, as the quiet tenant of a key; the flood is its first tenant's."""
    found = Measured()
    assert server.process is not None
    clock = _clock_of(server.process.pid)
    quiet(server, key, 20, "warm")
    for number in range(rounds):
        found.add("alone", quiet(server, key, each, f"alone-{number}", clock=clock))
        began = time.monotonic()
        with Flood(server.url, KEY, **SHAPE) as flood:
            time.sleep(1)
            found.add("flood", quiet(server, key, each, f"flood-{number}", clock=clock))
        took = time.monotonic() - began
        server.wait_settled()
        posts, asked = (_requests(flood, what) / took for what in WHAT)
        began = time.monotonic()
        # What the generator does between two requests is part of each connection's turn; some of it is waited for.
        with (
            idle_server(0.93 * SHAPE["posters"] / posts, 0.95 * SHAPE["askers"] / asked) as url,
            Flood(url, KEY, **SHAPE) as control,
        ):
            time.sleep(1)
            found.add("control", quiet(server, key, each, f"control-{number}", clock=clock))
        took = time.monotonic() - began
        found.traffic = {"posts": posts, "questions": asked}
        found.traffic |= {f"{what} of the control": _requests(control, what) / took for what in WHAT}
    return found


def _clock_of(pid: int) -> Callable[[], float]:
    """Return a clock of the processor time of another process, as `clock_getcpuclockid` would make it on Linux."""
    return lambda: time.clock_gettime((~pid << 3) | 2)


def _requests(flood: Flood, what: str) -> int:
    return max(1, sum(count for name, count in flood.statuses.items() if name.startswith(what)))


def main() -> None:
    """Measure in as many rounds as are asked for."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    with tempfile.TemporaryDirectory() as directory, running(Path(directory) / "data") as server:
        found = measure(server, second_tenant(server, "quiet"), rounds=rounds, each=60)
    sys.stdout.write(f"{found}\n")


if __name__ == "__main__":
    main()
