"""A clock that somebody sets: with this directory on PYTHONPATH, a server's clock is off by the seconds in a file."""

import os
import time
from pathlib import Path

from sendlens.clock import SystemClock

OFFSET = Path(os.environ["CLOCK_OFFSET_FILE"])


def now_ms(self: SystemClock) -> int:
    """Return the machine's time, as far off as the file says."""
    return time.time_ns() // 1_000_000 + int(OFFSET.read_text()) * 1000


SystemClock.now_ms = now_ms
