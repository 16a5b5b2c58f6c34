"""Calling `sendlens` as an operator does, in a process of its own."""

import json
import os
from pathlib import Path
from typing import Any

from tests.harness import forks


def sendlens(data: Path, *words: str, code: int = 0, **environment: str) -> str:
    """Run a command on a data directory and return what it printed, on standard error too. Asserts its exit code."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("SENDLENS_")}
    done = forks.run(["sendlens", *words], plain | {"SENDLENS_DATA": str(data)} | environment, timeout=120)
    assert done.returncode == code, f"{words} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
    return done.stdout + done.stderr


def sendlens_json(data: Path, *words: str, code: int = 0, **environment: str) -> Any:
    """Run a command with `--json` and return what it says."""
    return json.loads(sendlens(data, *words, "--json", code=code, **environment))
