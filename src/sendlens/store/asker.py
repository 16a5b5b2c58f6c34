"""Who asked: somebody who may leave before the answer is there, and then nobody needs it any more.

Owns the note of who has left, and how those hear of it who work for them. Leaves noticing it to `web`, and giving up
what was asked to `admission` and `cancel`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

from sendlens.errors import StoreError


class Left(StoreError):
    """Whoever asked has left, so that the question was given up."""

    def __init__(self) -> None:
        """Say so; hardly anybody is there to read it."""
        super().__init__("whoever asked has left; the question was given up")


class Asker:
    """One reader of answers. Every method may be called from any thread."""

    def __init__(self) -> None:
        """Begin with somebody who is there."""
        self._lock = threading.Lock()
        self._left = False
        self.behind = False
        """Whether its tenant stands back for others: then what it asks is worked on behind everything else."""
        self._hears: dict[object, Callable[[], None]] = {}

    @property
    def left(self) -> bool:
        """Whether it has left."""
        return self._left

    def leave(self) -> None:
        """Note that nobody waits any more, and tell everybody who is at work for it."""
        with self._lock:
            self._left = True
            hears = list(self._hears.values())
        for hear in hears:
            hear()

    @contextmanager
    def hearing(self, hear: Callable[[], None]) -> Generator[None]:
        """Have `hear` called if it leaves within the block; it must not block. Raises `Left` if it has left before."""
        name = object()
        with self._lock:
            if self._left:
                raise Left
            self._hears[name] = hear
        try:
            yield
        finally:
            with self._lock:
                del self._hears[name]


_asker: Final = ContextVar[Asker | None]("asker", default=None)


def asker() -> Asker:
    """Return who asks in this context; somebody who never leaves where nobody is named."""
    return _asker.get() or Asker()


@contextmanager
def asking(who: Asker) -> Generator[None]:
    """Have everything in the block, and in the threads it hands its context to, asked by `who`."""
    before = _asker.set(who)
    try:
        yield
    finally:
        _asker.reset(before)
