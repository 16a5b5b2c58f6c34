"""What every bench is given: its size, a scratch directory, and the histories that several benches share.

Owns the scratch space. Histories are filled once per run, or kept between runs with `--keep`.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from bench.figures import Findings
from bench.fill import DRAWN
from bench.sizes import Size
from sendlens.store import migrate


@dataclass
class Context:
    """The surroundings of one run."""

    size: Size
    scratch: Path
    """An empty directory on the disk that is measured."""
    keep: Path | None = None
    """Where filled histories stay for the next run."""
    mails: Path | None = None
    """A folder of labelled bounce mails to measure."""
    measured: dict[str, float] = field(default_factory=dict[str, float])
    """Figures of earlier benches of this run, by name."""

    def say(self, text: str) -> None:
        """Tell the person who waits."""
        print(f"  {text}", file=sys.stderr, flush=True)

    def history(self, events: int) -> Path:
        """Return a data directory with so many events; whoever changes it works on a copy."""
        # A history of another schema would be refused by the server, and rightly so.
        schema = "".join(one.checksum for one in migrate.read())
        mark = hashlib.sha256(schema.encode()).hexdigest()[:8]
        home = (self.keep or self.scratch) / f"history-{events}-{mark}"
        if not home.exists():
            part = home.with_suffix(".part")
            shutil.rmtree(part, ignore_errors=True)
            if events > DRAWN:  # copies of what was drawn
                shutil.copytree(self.history(DRAWN), part, symlinks=True)
            self.say(f"filling a history of {events:,} events")
            subprocess.run([sys.executable, "-m", "bench.fill", str(part), str(events)], check=True, stdout=sys.stderr)
            part.rename(home)
        return home

    @contextmanager
    def copy_of_history(self, events: int, name: str) -> Generator[Path]:
        """Lend a copy of a history, and throw it away afterwards."""
        copy = self.empty(name)
        try:
            # Links stay links: the engine does not open a copy in which they became directories.
            shutil.copytree(self.history(events), copy, symlinks=True, dirs_exist_ok=True)
            yield copy
        finally:
            shutil.rmtree(copy, ignore_errors=True)

    def empty(self, name: str) -> Path:
        """Return an empty directory in the scratch space."""
        path = self.scratch / name
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir(parents=True)
        return path

    def child(self, module: str, *arguments: object) -> Findings:
        """Run `python -m <module>` in a process of its own and return the findings it prints as its last line."""
        command = [sys.executable, "-m", module, *(str(argument) for argument in arguments)]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
        return msgspec.json.decode(done.stdout.splitlines()[-1], type=Findings)


def hand_back(findings: Findings) -> None:
    """Print findings for `Context.child`."""
    sys.stdout.write("\n" + msgspec.json.encode(findings).decode() + "\n")
    sys.stdout.flush()
