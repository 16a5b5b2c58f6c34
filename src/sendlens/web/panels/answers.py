"""Asking the metrics without holding up the event loop.

Owns the worker threads and how many questions of pages run at a time. Leaves every formula to `metrics`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from sendlens.control.tenants import Tenant
from sendlens.metrics.figures import Figure
from sendlens.metrics.periods import parse_period
from sendlens.metrics.query import Metrics, Scope, Series, Table

_T = TypeVar("_T")


class Answers:
    """The metrics as coroutines; each question runs in a thread of our own pool."""

    def __init__(self, metrics: Metrics, *, threads: int = 4) -> None:
        """Ask `metrics` with at most `threads` questions at a time."""
        self.metrics = metrics
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="page")

    async def run(self, work: Callable[[], _T]) -> _T:
        """Return what a blocking function returns, run in the pool."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)

    async def figures(self, scope: Scope, metrics: Sequence[str]) -> dict[str, Figure]:
        """Return one figure per metric."""
        return await self.run(lambda: self.metrics.figures(scope, metrics))

    async def timeseries(self, scope: Scope, metrics: Sequence[str], interval: str) -> Series:
        """Return figures along time."""
        return await self.run(lambda: self.metrics.timeseries(scope, metrics, interval))

    async def breakdown(
        self,
        scope: Scope,
        metrics: Sequence[str],
        dimension: str,
        *,
        order_by: str = "",
        limit: int = 10,
        offset: int = 0,
        search: str = "",
    ) -> Table:
        """Return one row per value of a dimension."""
        return await self.run(
            lambda: self.metrics.breakdown(scope, metrics, dimension, order_by, limit, offset, search)
        )

    async def has_events(self, tenant: Tenant) -> bool:
        """Return whether the tenant has ever had an event that counts."""
        scope = Scope(tenant=tenant, period=parse_period("all", tenant.time_zone, self.metrics.clock.now_ms()))
        known = await self.run(lambda: self.metrics.known(scope))
        return known.start < known.until - 1

    def close(self) -> None:
        """Let go of the threads; questions that have not begun are dropped."""
        self._pool.shutdown(wait=False, cancel_futures=True)
