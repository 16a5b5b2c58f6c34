"""Every promise names tests, and every test it names exists."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def test_every_promise_has_a_test_that_exists() -> None:
    """A renamed or deleted test makes a promise hollow."""
    page = (ROOT / "docs" / "promises.md").read_text()
    promises = [line for line in page.splitlines() if line.startswith("| **")]
    assert len(promises) > 10
    for promise in promises:
        named = NAMED.findall(promise)
        assert named, promise
        for file, test in named:
            tree = ast.parse((ROOT / file).read_text())
            functions = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
            assert test in functions, f"{file} has no {test}"
