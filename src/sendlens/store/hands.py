"""Hands: threads of the process that work for tenants who stand back for others.

The engine does most of its work in the thread that calls it, so how far that thread stands back decides whose query
gets the processor. Leaves to `web.pace` who stands back, and to `asker` the word of it.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from sendlens.priority import BEHIND, stand_back

_T = TypeVar("_T")


class Hands:
    """Does work for callers who wait, at once or behind that of others."""

    def __init__(self, most: int) -> None:
        """Have `most` pieces of work done behind others; with 0 none, as for a store whose threads are not ours."""
        self._behind = (
            ThreadPoolExecutor(most, thread_name_prefix="store-behind", initializer=stand_back, initargs=(BEHIND,))
            if most
            else None
        )

    def do(self, work: Callable[[], _T], *, behind: bool) -> _T:
        """Return what `work` returns, and raise what it raises; done in the caller's own thread unless `behind`."""
        return self._behind.submit(work).result() if behind and self._behind else work()

    def close(self) -> None:
        """Let the threads end."""
        if self._behind:
            self._behind.shutdown(wait=True)
