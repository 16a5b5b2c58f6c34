"""One step ahead: the next batch is read and made columns of while the store is at work on the present one.

Owns the second thread of a writer and the rule when its work is of use: only for the very offset that the log stands at
when the batch's turn comes. What is prepared touches nothing and is on no record, so it may be thrown away at any time.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from sendlens.pipeline.batch import Prepared


class Ahead:
    """At most one prepared batch. For one thread to use."""

    def __init__(self, prepare: Callable[[int], Prepared | None], *, name: str) -> None:
        """Prepare with `prepare(offset)`, which returns what follows that offset in the log."""
        self._prepare = prepare
        self._pool = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._after = -1
        self._work: Future[Prepared | None] | None = None

    def begin(self, after: int) -> None:
        """Begin to prepare what follows an offset."""
        self.forget()
        self._after, self._work = after, self._pool.submit(self._prepare, after)

    def take(self, after: int) -> Prepared | None:
        """Return what was prepared for this offset, waiting until it is; None if that was not begun or is nothing.

        Raises what preparing raised.
        """
        work, self._work = self._work, None
        return work.result() if work is not None and self._after == after else None

    def forget(self) -> None:
        """Throw away what was prepared."""
        if self._work is not None:
            self._work.cancel()
            self._work = None

    def close(self) -> None:
        """End the thread."""
        self.forget()
        self._pool.shutdown(wait=True)
