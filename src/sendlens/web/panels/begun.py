"""Panels that a page did not wait for: the place left open in it takes over the work that has begun.

Owns who may take over what, and for how long it is kept. Leaves loading and showing to `registry`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Final

from sendlens.web.pages.reader import reader

if TYPE_CHECKING:  # a question holds the site, which holds what has begun
    from sendlens.web.panels.question import Ask

Values = dict[str, object]
"""What a panel's template is filled with."""

_KEPT_SECONDS: Final = 10.0
_MOST: Final = 1000
"""Tasks kept at a time; a page whose browser never comes for them costs no more than that."""

_Key = tuple[object, ...]


def begin(work: Coroutine[None, None, Values]) -> asyncio.Task[Values]:
    """Begin to load a panel. A failure that nobody waits for is no news."""
    task = asyncio.ensure_future(work)
    task.add_done_callback(_hear)
    return task


class Begun:
    """Tasks that load panels, kept for a moment for the visitor whose page began them. Belongs to one event loop."""

    def __init__(self) -> None:
        """Begin with none."""
        self._tasks: dict[_Key, asyncio.Task[Values]] = {}

    def __len__(self) -> int:
        """Return how many are kept."""
        return len(self._tasks)

    def keep(self, name: str, question: Ask, task: asyncio.Task[Values]) -> None:
        """Keep a task for ten seconds, or until it is taken over."""
        if len(self._tasks) >= _MOST:
            return
        key = _key(name, question)
        self._tasks[key] = task
        asyncio.get_running_loop().call_later(_KEPT_SECONDS, self._drop, key, task)

    def take(self, name: str, question: Ask) -> asyncio.Task[Values] | None:
        """Return the task that loads this panel for this visitor and question, once; None if there is none."""
        task = self._tasks.pop(_key(name, question), None)
        # Another tab of the same visitor may have left, and its page have ended what it began.
        return None if task is None or task.cancelled() or task.cancelling() else task

    def _drop(self, key: _Key, task: asyncio.Task[Values]) -> None:
        if self._tasks.get(key) is task:
            del self._tasks[key]
            task.cancel()  # the page that began it was left before it came for it


def _key(name: str, question: Ask) -> _Key:
    """Return all that decides what a panel shows: whose it is, what is asked, and how the reader's country writes."""
    visitor, country = question.visitor, reader()
    written = (str(country.numbers), str(country.words))
    return (name, question.tenant.id, visitor.actor, visitor.role, written, question.address.pairs)


def _hear(task: asyncio.Task[Values]) -> None:
    """Hear a failure, so that asyncio does not complain if nobody comes for it; who does come hears it again."""
    if not task.cancelled():
        task.exception()
