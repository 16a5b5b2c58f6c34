"""Beside: questions that do not wait for each other's answers, asked at the same time.

Owns the threads in which they wait. How many are worked on at once, and for whom, is the store's to say.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from typing import Final, TypeVar

_T = TypeVar("_T")

AT_ONCE: Final = 3
"""How many questions of one answer wait beside the one that is asked in the caller's own thread."""


class Beside:
    """Begins questions within a block; `beside` makes one."""

    def __init__(self, pool: ThreadPoolExecutor) -> None:
        """Have the questions asked by a pool."""
        self._pool = pool

    def __call__(self, question: Callable[[], _T]) -> Future[_T]:
        """Begin a question for whoever asks here; `result()` waits for it, and raises what it raised."""
        return self._pool.submit(copy_context().run, question)


@contextmanager
def beside() -> Generator[Beside]:
    """Lend a way to ask beside the block, which ends when all that was begun has; after an error nothing begins."""
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="beside") as pool:
        try:
            yield Beside(pool)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
