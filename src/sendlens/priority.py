"""Priority: threads that yield the processor to all others.

On a machine with two cores the event loop would else wait for its turn behind every query of a flood. Owns how far a
thread stands back. One that hardly does anything but hold the interpreter's lock must not: whoever waits for that lock
would wait for a thread that does not get its turn.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from typing import Final

BEHIND: Final = 12
"""Nice value of the work for a tenant that stands back for others."""


def stand_back(by: int) -> None:
    """Have the calling thread yield the processor to others; on Linux, and for good.

    A process without privileges cannot take it back. Elsewhere nice values belong to whole processes: nothing is done.
    """
    if sys.platform == "linux":
        thread = threading.get_native_id()
        with contextlib.suppress(OSError):  # a sandbox may forbid it: then all threads are equal, as before
            os.setpriority(os.PRIO_PROCESS, thread, max(by, os.getpriority(os.PRIO_PROCESS, thread)))
