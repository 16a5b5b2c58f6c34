"""Asking the metrics without holding up the event loop.

Owns the worker threads and how many questions of one tenant's pages run or wait at a time. Leaves every formula to
`metrics`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from sendlens.control.tenants import Tenant
from sendlens.errors import StoreError, TooBusy
from sendlens.metrics.accounting import Account, account
from sendlens.metrics.campaigns import CampaignFacts, CampaignList, CampaignReport, Campaigns
from sendlens.metrics.figures import Figure
from sendlens.metrics.periods import Period, parse_period
from sendlens.metrics.query import Metrics, Scope, Series, Table, TenantLike
from sendlens.metrics.recipients import Person, Recipients, Who
from sendlens.store.asker import Asker, asking
from sendlens.web.pace import Pace
from sendlens.web.turns import READERS_PATIENCE, Turns

_T = TypeVar("_T")


async def in_time(seconds: float, work: Awaitable[_T], what: str) -> _T:
    """Return what `work` returns. Raises `StoreError` if that takes longer than `seconds`."""
    try:
        async with asyncio.timeout(seconds):
            return await work
    except TimeoutError:
        raise StoreError(
            f"{what} did not come within {seconds:g} seconds",
            hint="The store may be busy with something else: try again in a moment.",
        ) from None


@dataclass
class _Turns:
    """One tenant's questions: how many run or wait, and the turns for those that may run."""

    free: asyncio.Semaphore
    wanted: int = 0


class Answers:
    """The metrics as coroutines; each question runs in a thread of our own pool."""

    def __init__(
        self,
        metrics: Metrics,
        *,
        campaigns: Campaigns | None = None,
        recipients: Recipients | None = None,
        threads: int = 32,
        each: int = 4,
        waiting: int = 100,
        pace: Pace | None = None,
    ) -> None:
        """Ask `metrics` with at most `each` questions of a tenant at a time; as many as `waiting` of them may wait.

        The threads mostly wait for a place in the store, which divides its places among the tenants. A tenant that is
        behind by `pace` has one question at a time.
        """
        self._each = each
        self._most = each + waiting
        self._turns: dict[str, _Turns] = {}
        self.metrics = metrics
        self._pace = pace or Pace(metrics.clock)
        self._line = Turns(self._pace, metrics.clock, "figures", patience=READERS_PATIENCE)
        self._campaigns = campaigns or Campaigns(metrics)
        self._recipients = recipients or Recipients(metrics)
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="page")

    async def run(self, tenant: TenantLike, work: Callable[[], _T]) -> _T:
        """Return what a blocking function returns, run in the pool when it is the tenant's turn. Raises `TooBusy`.

        If the coroutine is cancelled, so are the queries of the function.
        """
        turns = self._turns.setdefault(tenant.id, _Turns(asyncio.Semaphore(self._each)))
        if turns.wanted >= self._most:
            raise TooBusy(
                "too many figures of this tenant are being worked out",
                hint="Close some pages, or try again in a moment.",
            )
        turns.wanted += 1
        try:
            came = self.metrics.clock.monotonic()
            self._line.check(tenant.id, max(0, turns.wanted - 1 - self._each))
            # Those that wait here crowd nobody out: one page asks a dozen things at once.
            async with turns.free:
                with self._pace.present(tenant.id, "figures"):
                    turn = await self._line.begin(tenant.id, came=came)
                    try:
                        return await self._in_thread(work, behind=turn.behind)
                    finally:
                        turn.end()
        finally:
            turns.wanted -= 1
            if not turns.wanted:
                self._turns.pop(tenant.id, None)

    async def _in_thread(self, work: Callable[[], _T], *, behind: bool) -> _T:
        who = Asker()
        who.behind = behind

        def asked() -> _T:
            with asking(who):
                return work()

        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, asked)
        except asyncio.CancelledError:
            who.leave()
            raise

    async def figures(self, scope: Scope, metrics: Sequence[str]) -> dict[str, Figure]:
        """Return one figure per metric."""
        return await self.run(scope.tenant, lambda: self.metrics.figures(scope, metrics))

    async def timeseries(self, scope: Scope, metrics: Sequence[str], interval: str) -> Series:
        """Return figures along time."""
        return await self.run(scope.tenant, lambda: self.metrics.timeseries(scope, metrics, interval))

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
            scope.tenant, lambda: self.metrics.breakdown(scope, metrics, dimension, order_by, limit, offset, search)
        )

    async def campaigns(self, tenant: Tenant, *, order_by: str, limit: int, offset: int, search: str) -> CampaignList:
        """Return a page of campaigns."""
        return await self.run(
            tenant, lambda: self._campaigns.list(tenant, order_by=order_by, limit=limit, offset=offset, search=search)
        )

    async def campaign(self, tenant: Tenant, campaign: str) -> CampaignReport:
        """Return the report of one campaign. Raises `NotFound`."""
        return await self.run(tenant, lambda: self._campaigns.get(tenant, campaign))

    async def campaign_facts(self, tenant: Tenant, campaign: str) -> CampaignFacts:
        """Return what is known of a campaign besides figures; nearly nothing for one nobody described."""
        return await self.run(tenant, lambda: self._campaigns.facts(tenant, [campaign])[campaign])

    async def facts_of(self, tenant: Tenant, campaigns: Sequence[str]) -> dict[str, CampaignFacts]:
        """Return what is known of several campaigns, by id."""
        return await self.run(tenant, lambda: self._campaigns.facts(tenant, campaigns))

    async def person(self, tenant: Tenant, recipient: str, *, before: int) -> Person:
        """Return a person's timeline. Raises `NotFound`."""
        return await self.run(tenant, lambda: self._recipients.get(tenant, recipient, before=before, limit=100))

    async def who(self, scope: Scope, deed: str, *, limit: int, search: str = "", after: str = "") -> list[Who]:
        """Return who did a thing in the period, after a place in the list."""
        return await self.run(
            scope.tenant, lambda: self._recipients.who(scope, deed, limit=limit, search=search, after=after)
        )

    async def account(self, tenant: Tenant, period: Period, interval: str) -> Account:
        """Return what became of the records received in a period."""
        return await self.run(tenant, lambda: account(self.metrics.store, tenant, period, interval))

    async def has_events(self, tenant: Tenant) -> bool:
        """Return whether the tenant has ever had an event that counts."""
        scope = Scope(tenant=tenant, period=parse_period("all", tenant.time_zone, self.metrics.clock.now_ms()))
        known = await self.run(tenant, lambda: self.metrics.known(scope))
        return known.start < known.until - 1

    def close(self) -> None:
        """Let go of the threads; questions that have not begun are dropped."""
        self._pool.shutdown(wait=False, cancel_futures=True)
