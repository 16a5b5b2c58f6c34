"""How much of a mail is read: the bounds in bytes, parts, depth and count that no sender can pass.

Owns the numbers and the budget that one mail is read with. A bound that is met is told as a problem; it never fails a
mail as a whole.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

LONGEST_MAIL: Final = 50_000_000
"""Bytes of a mail that are looked at."""
MOST_PARTS: Final = 500
MOST_DEPTH: Final = 20
LONGEST_HEAD: Final = 262_144
"""Bytes of one header block."""
MOST_HEADERS: Final = 2_000
LONGEST_VALUE: Final = 8_192
LONGEST_TEXT: Final = 262_144
"""Bytes of one text part that are searched for recipients and diagnostics."""
MOST_RECIPIENTS: Final = 1_000
LONGEST_REPORT: Final = 64_000_000
"""Bytes of all unpacked reports of a mail together: what a zip or gzip bomb comes to."""
MOST_MEMBERS: Final = 100
"""Files in one zip archive."""
MOST_ROWS: Final = 100_000
"""Rows of one DMARC or TLS report."""
MOST_PROBLEMS: Final = 100


@dataclass
class Budget:
    """What is left to one mail; `problems` tells what was not read and why."""

    parts: int = MOST_PARTS
    unpacked: int = LONGEST_REPORT
    problems: list[str] = field(default_factory=list[str])

    def tell(self, problem: str) -> None:
        """Note a problem, once, and not without end."""
        if problem not in self.problems and len(self.problems) < MOST_PROBLEMS:
            self.problems.append(problem[:300])
