"""A pipeline without a server: log, control plane and store that outlive the writers at work on them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from sendlens.clock import FrozenClock
from sendlens.control.control import Control
from sendlens.log.sqlite import SqliteLog
from sendlens.model.blocks import Block, pack
from sendlens.model.events import Event, RecordKind
from sendlens.pipeline.births import Births
from sendlens.pipeline.dedupe import Deduper
from sendlens.pipeline.engagement import Engagement
from sendlens.pipeline.rows import Rower
from sendlens.pipeline.tables import Tables
from sendlens.pipeline.writer import Writer
from sendlens.store.client import Store

NOW = 1_795_000_000_000


class Cut(Exception):
    """The process ends here."""


class House:
    """Log, control plane and store that outlive the writers at work on them."""

    def __init__(self, directory: Path, store: Store) -> None:
        self.control = Control.open(f"sqlite:///{directory / 'control.sqlite'}", b"k" * 32)
        self.tenant = self.control.tenants.create("main", "Main")
        self.log = SqliteLog(directory / "log.sqlite")
        self.store = store

    def writer(self, wrap: Callable[[Tables], Any] = lambda tables: tables, batch_events: int = 10_000) -> Writer:
        """Return a writer with nothing in memory, as after a start."""
        tables = wrap(Tables(self.store))
        return Writer(
            log=self.log,
            ledger=self.control.ledger,
            deadletters=self.control.deadletters,
            tables=tables,
            rower=Rower(currency_of=lambda _: "USD", skew_limit_ms=86_400_000),
            deduper=Deduper(tables, memory_keys=1000, horizon_days=7),
            births=Births(tables, memory_messages=1000),
            engagement=Engagement(tables, most=60),
            clock=FrozenClock(NOW),
            batch_events=batch_events,
            batch_ms=0,
            on_stored=lambda _: None,
        )

    def append(self, events: Sequence[Event], rejected: int = 0, received_at: int = NOW) -> None:
        """Bring events as one acknowledged request."""
        block = Block(
            tenant=self.tenant.id,
            source="api",
            kind=RecordKind.EVENT,
            received_at=received_at,
            count=len(events),
            rejected=rejected,
            body=pack(list(events)),
        )
        asyncio.run(self.log.append(block))

    def close(self) -> None:
        self.log.close()
        self.control.close()


def cut_after(calls: int) -> Callable[[Tables], Any]:
    """Return tables that end the process after so many statements, whatever they were."""

    def wrap(tables: Tables) -> Any:
        store = tables._store  # pyright: ignore[reportPrivateUsage] - the cut is between statements of the store

        class Cutting:
            left = calls

            def _step(self, work: Callable[[], Any]) -> Any:
                if self.left == 0:
                    raise Cut
                type(self).left -= 1
                return work()

            def insert(self, table: str, rows: Any) -> Any:
                return self._step(lambda: store.insert(table, rows))

            def execute(self, name: str, params: Any) -> Any:
                return self._step(lambda: store.execute(name, params))

            def __getattr__(self, name: str) -> Any:
                return getattr(store, name)

        return Tables(Cutting())  # pyright: ignore[reportArgumentType] - stands for the store

    return wrap
