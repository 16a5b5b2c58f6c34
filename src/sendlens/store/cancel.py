"""Cancelling queries of which nobody waits for the answer.

Owns the connection that does it, because those that ask are busy, and how a query is found that may not have begun
when it is to end. Leaves to `asker` who has left.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Final

import structlog
from clickhouse_connect.driver.client import Client

from sendlens.store.asker import Asker

KILL: Final = "KILL QUERY WHERE Settings['log_comment'] = {comment:String} ASYNC FORMAT Null"
"""A reader's comment is its own, and it has one query at a time."""
TRIES: Final = 100
"""How often a query is told to end that goes on; it ends by itself at `SENDLENS_QUERY_SECONDS`."""
PAUSE_SECONDS: Final = 0.05

_log = structlog.stdlib.get_logger(__name__)


class _Query:
    """One query under way. It is told to end under its lock only, so that it is never the next one that ends."""

    def __init__(self, comment: str) -> None:
        self.comment = comment
        self.lock = threading.Lock()
        self.ended = threading.Event()


class Canceller:
    """Ends queries whose asker leaves."""

    def __init__(self, connect: Callable[[], Client]) -> None:
        """Open the connection with `connect` when the first query is to end."""
        self._connect = connect
        self._client: Client | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="store-cancel")

    @contextmanager
    def watching(self, asker: Asker, comment: str) -> Generator[None]:
        """End the query that carries this comment if the asker leaves within the block. Raises `Left`."""
        query = _Query(comment)
        try:
            with asker.hearing(lambda: self._begin(query)):
                yield
        finally:
            with query.lock:
                query.ended.set()

    def close(self) -> None:
        """End no more queries."""
        self._thread.shutdown(wait=True, cancel_futures=True)
        self._drop()

    def _begin(self, query: _Query) -> None:
        try:
            self._thread.submit(self._end, query)
        except RuntimeError:  # closed: so are all connections in a moment
            return

    def _end(self, query: _Query) -> None:
        # Again and again: it may be on its way to the store, where nobody knows of it yet.
        for _ in range(TRIES):
            with query.lock:
                if query.ended.is_set():
                    return
                self._kill(query.comment)
            if query.ended.wait(PAUSE_SECONDS):
                return

    def _kill(self, comment: str) -> None:
        try:
            if self._client is None:
                self._client = self._connect()
            self._client.command(KILL, parameters={"comment": comment})
        except Exception as error:  # the query ends by itself later; whoever asked is not there to be told
            _log.warning("a query could not be cancelled", error=str(error)[:300])
            self._drop()

    def _drop(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            client.close()
