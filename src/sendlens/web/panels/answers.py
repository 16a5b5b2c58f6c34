"""Asking the metrics without holding up the event loop.

Owns the worker threads and how many questions of pages run at a time. Leaves every formula to `metrics`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from sendlens.control.tenants import Tenant
from sendlens.metrics.accounting import Account, account
from sendlens.metrics.campaigns import CampaignFacts, CampaignList, CampaignReport, Campaigns
from sendlens.metrics.figures import Figure
from sendlens.metrics.periods import Period, parse_period
from sendlens.metrics.query import Metrics, Scope, Series, Table
from sendlens.metrics.recipients import Person, Recipients, Who

_T = TypeVar("_T")


class Answers:
    """The metrics as coroutines; each question runs in a thread of our own pool."""

    def __init__(
        self,
        metrics: Metrics,
        *,
        campaigns: Campaigns | None = None,
        recipients: Recipients | None = None,
        threads: int = 4,
    ) -> None:
        """Ask `metrics` with at most `threads` questions at a time."""
        self.metrics = metrics
        self._campaigns = campaigns or Campaigns(metrics)
        self._recipients = recipients or Recipients(metrics)
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

    async def campaigns(self, tenant: Tenant, *, order_by: str, limit: int, offset: int, search: str) -> CampaignList:
        """Return a page of campaigns."""
        return await self.run(
            lambda: self._campaigns.list(tenant, order_by=order_by, limit=limit, offset=offset, search=search)
        )

    async def campaign(self, tenant: Tenant, campaign: str) -> CampaignReport:
        """Return the report of one campaign. Raises `NotFound`."""
        return await self.run(lambda: self._campaigns.get(tenant, campaign))

    async def campaign_facts(self, tenant: Tenant, campaign: str) -> CampaignFacts:
        """Return what is known of a campaign besides figures; nearly nothing for one nobody described."""
        return await self.run(lambda: self._campaigns.facts(tenant, [campaign])[campaign])

    async def person(self, tenant: Tenant, recipient: str, *, before: int) -> Person:
        """Return a person's timeline. Raises `NotFound`."""
        return await self.run(lambda: self._recipients.get(tenant, recipient, before=before, limit=100))

    async def who(self, scope: Scope, deed: str, *, limit: int, offset: int) -> list[Who]:
        """Return who did a thing in the period."""
        return await self.run(lambda: self._recipients.who(scope, deed, limit=limit, offset=offset))

    async def account(self, tenant: Tenant, period: Period, interval: str) -> Account:
        """Return what became of the records received in a period."""
        return await self.run(lambda: account(self.metrics.store, tenant, period, interval))

    async def has_events(self, tenant: Tenant) -> bool:
        """Return whether the tenant has ever had an event that counts."""
        scope = Scope(tenant=tenant, period=parse_period("all", tenant.time_zone, self.metrics.clock.now_ms()))
        known = await self.run(lambda: self.metrics.known(scope))
        return known.start < known.until - 1

    def close(self) -> None:
        """Let go of the threads; questions that have not begun are dropped."""
        self._pool.shutdown(wait=False, cancel_futures=True)
