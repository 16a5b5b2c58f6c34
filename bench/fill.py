"""Fills a data directory with history, quickly: straight into the store, batch by batch, deriving as the writer does.

`python -m bench.fill DIRECTORY EVENTS` runs it as a process of its own, because the embedded engine is one per process.
At most `DRAWN` events are drawn; a longer history is copies of them, made by the store (`bench.copies`).
Owns the tenants of the made-up world and the state from which it goes on.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from bench.copies import multiply
from bench.key import KEY
from bench.rows import Rows, campaign_name
from bench.world import CAMPAIGNS, PERIOD_DAYS, TENANT_SHARES, Plan, World, campaign_tenants, events_per_message
from sendlens.control.bootstrap import ensure_first_tenant
from sendlens.control.control import Control
from sendlens.control.directory import DataDirectory
from sendlens.control.ledger import Ledger
from sendlens.control.secrets import load_secret_key
from sendlens.control.sources import API
from sendlens.model.blocks import Block, pack
from sendlens.model.events import Campaign, RecordKind
from sendlens.pipeline.batch import Batch
from sendlens.pipeline.others import rows_of
from sendlens.pipeline.tables import Tables
from sendlens.settings import Settings, load
from sendlens.store.client import Store
from sendlens.store.connection import Engine, connect, parse

BATCH = 150_000
DRAWN = 10_000_000
"""Most events that are drawn; what is more is copied from them."""
_MEMORY_MB = 8_000
"""What the engine may use while it copies: more than a server has by default, for a table is copied at once."""
_HOUR_MS = 3_600_000
_DAY_MS = 86_400_000


@dataclass(frozen=True)
class History:
    """A filled data directory: the plan of its world and the tenants, in the world's order."""

    plan: Plan
    tenants: tuple[str, ...]

    def save(self, data: Path) -> None:
        """Keep the description beside the data."""
        kept = {"plan": vars(self.plan), "tenants": self.tenants}
        (data / "history.json").write_text(json.dumps(kept), encoding="utf-8")

    @classmethod
    def load(cls, data: Path) -> History:
        """Return the description of a directory."""
        kept = json.loads((data / "history.json").read_text(encoding="utf-8"))
        return cls(Plan(**kept["plan"]), tuple(kept["tenants"]))

    def world(self, data: Path) -> World:
        """Return the world, ready to go on where the history ends."""
        world = World(self.plan)
        world.load(data / "world.npz")
        return world


def settings_of(data: Path, **more: object) -> Settings:
    """Return the settings of a bench's data directory, whatever the environment says."""
    return load({}, data=data, bootstrap_key=KEY, **more)


def tenants_of(settings: Settings) -> tuple[str, ...]:
    """Return the ids of the world's tenants, made where they are missing; the first owns the key."""
    with Control.open(settings.control_url, load_secret_key(settings)) as control:
        first, _ = ensure_first_tenant(control, settings)
        known = {tenant.slug: tenant.id for tenant in control.tenants.list()}
        for number in range(1, len(TENANT_SHARES)):
            slug = f"bench-{number}"
            if slug not in known:
                known[slug] = control.tenants.create(slug, slug).id
        for tenant in known.values():
            control.sources.touch(control.sources.named(tenant, API).id, time.time_ns() // 1_000_000)
        return (first.id, *(known[f"bench-{number}"] for number in range(1, len(TENANT_SHARES))))


def fill(data: Path, events: int, told: Callable[[int], None] | None = None) -> History:
    """Put about so many events of the last three months into a data directory.

    At most `DRAWN` are drawn into an empty directory. Where there is a history already, it is the one that is copied.
    """
    settings = settings_of(data, store_memory_mb=_MEMORY_MB)
    with (
        DataDirectory.open(data),
        Control.open(settings.control_url, load_secret_key(settings)) as control,
        Store.open(settings) as store,
    ):
        if not (data / "history.json").exists():
            end = (time.time_ns() // 1_000_000 // _HOUR_MS - 2) * _HOUR_MS
            start = end - PERIOD_DAYS * 24 * _HOUR_MS
            plan = Plan(seed=20_261_120, start=start, end=end, events=min(events, DRAWN))
            history = History(plan, tenants_of(settings))
            store.migrate()
            draw(history, control.ledger, Tables(store), told).save(data / "world.npz")
            history.save(data)
        history = History.load(data)
        with _statements(settings) as run:
            keys_from = history.plan.end // _DAY_MS - settings.dedupe_days
            multiply(store, run, max(0, events // DRAWN - 1), keys_from=keys_from, told=told)
    return history


def draw(history: History, ledger: Ledger, tables: Tables, told: Callable[[int], None] | None = None) -> World:
    """Put the events of a plan into empty tables and return the world as it stands then."""
    plan, tenants = history.plan, history.tenants
    world, rows = World(plan), Rows(plan, tenants)
    messages = int(plan.events / events_per_message())
    steps = -(-plan.events // BATCH)
    for step in range(steps):
        until = plan.start + (plan.end - plan.start) * (step + 1) // steps
        share = messages * (step + 1) // steps - messages * step // steps
        columns = world.stretch(share, until)
        if len(columns["at"]) == 0:
            continue
        batch_id = ledger.begin(0, step + 1, step + 1)
        table = rows.table(columns, batch_id, np.random.default_rng([plan.seed, step]))
        batch = Batch(batch_id, 0, 0, 0, records=table.num_rows, events=table)
        if step == 0:
            batch.others["campaigns"] = _campaigns(plan, tenants)
        tables.insert_events(batch)
        tables.derive(batch)
        tables.insert_others(batch)
        ledger.finish(batch_id)
        if told:
            told(table.num_rows)
    return world


@contextmanager
def _statements(settings: Settings) -> Generator[Callable[[str], object]]:
    """Lend a way to run any statement in the engine that the store has open."""
    address = parse(settings.store_url)
    assert address.directory is not None
    engine = Engine.acquire(address.directory, settings.store_memory_mb, settings.store_threads)
    client = connect(address, engine, {})
    try:
        yield client.command
    finally:
        client.close()
        engine.release()


def _campaigns(plan: Plan, tenants: tuple[str, ...]) -> pa.Table:
    owner = campaign_tenants().tolist()
    step = (plan.end - plan.start) // CAMPAIGNS
    told: dict[str, list[Campaign]] = {tenant: [] for tenant in tenants}
    for number in range(CAMPAIGNS):
        told[tenants[owner[number]]].append(
            Campaign(
                campaign_id=campaign_name(number),
                name=f"Campaign {number}",
                started_at=plan.start + step * number,
                changed_at=plan.start + step * number,
            )
        )
    return pa.concat_tables([_rows_of(tenant, records, plan.end) for tenant, records in told.items()])


def _rows_of(tenant: str, records: list[Campaign], at: int) -> pa.Table:
    block = Block(
        tenant=tenant, source="api", kind=RecordKind.CAMPAIGN, received_at=at, count=len(records), body=pack(records)
    )
    return rows_of(block, records, 0)[1]


if __name__ == "__main__":
    started = time.monotonic()
    count = 0

    def tell(rows: int) -> None:
        """Report each batch with the time it took."""
        global count, started  # noqa: PLW0603 - a script's progress
        count += rows
        now = time.monotonic()
        print(f"{count} events, {rows / (now - started):.0f} per second", flush=True)
        started = now

    fill(Path(sys.argv[1]), int(sys.argv[2]), tell)
