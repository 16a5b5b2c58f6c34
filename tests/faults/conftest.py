"""The table of faults that a run prints at its end: what was done how often, and what was lost or doubled.

A line is written only behind a comparison that found nothing lost and nothing doubled (`checks`): a scenario that lost
something has no line but a failure.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.faults.checks import Found
from tests.faults.load import Account

Note = Callable[[str, int, Account, Found], None]
"""Takes the fault, how often it was done, what the senders know, and what was found."""

KEY = "fault"


@pytest.fixture
def note(record_property: Callable[[str, object], None]) -> Note:
    """Write one line into the table of faults; the last one of a scenario stands."""

    def write(fault: str, rounds: int, account: Account, found: Found) -> None:
        line = (fault, rounds, len(account.acknowledged), found.duplicates, found.corrections, 0, 0)
        record_property(KEY, line)

    return write


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print the table."""
    lines: dict[str, tuple[object, ...]] = {}
    for report in terminalreporter.stats.get("passed", []):
        for key, line in report.user_properties:
            if key == KEY:
                lines[line[0]] = tuple(line[1:])
    if lines:
        terminalreporter.section("faults")
        heads = ("rounds", "acknowledged", "repeated", "corrections", "lost", "doubled")
        terminalreporter.line(f"{'fault':50}" + "".join(f"{head:>14}" for head in heads))
        for fault, cells in lines.items():
            terminalreporter.line(f"{fault:50}" + "".join(f"{cell!s:>14}" for cell in cells))
