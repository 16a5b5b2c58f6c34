"""Fills a data directory with history, quickly: straight into the store, batch by batch, deriving as the writer does.

`python -m bench.fill DIRECTORY EVENTS` runs it as a process of its own, because the embedded engine is one per process.
Owns the tenants of the made-up world and the state from which it goes on.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from bench.rows import Rows, campaign_name
from bench.world import CAMPAIGNS, PERIOD_DAYS, TENANT_SHARES, Plan, World, campaign_tenants, events_per_message
from sendlens.control.bootstrap import ensure_first_tenant
from sendlens.control.control import Control
from sendlens.control.directory import DataDirectory
from sendlens.control.secrets import load_secret_key
from sendlens.control.sources import API
from sendlens.model.blocks import Block, pack
from sendlens.model.events import Campaign, RecordKind
from sendlens.pipeline.batch import Batch, Outcome
from sendlens.pipeline.others import rows_of
from sendlens.pipeline.tables import Tables
from sendlens.settings import Settings, load
from sendlens.store.client import Store

KEY = "sl_bench_0123456789abcdefghijklmnop"
"""The API key of the first tenant in every data directory of a bench."""
BATCH = 150_000
_HOUR_MS = 3_600_000


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
    """Put about so many events of the last three months into an empty data directory."""
    settings = settings_of(data)
    with DataDirectory.open(data):
        tenants = tenants_of(settings)
        end = (time.time_ns() // 1_000_000 // _HOUR_MS - 2) * _HOUR_MS
        plan = Plan(seed=20_261_120, start=end - PERIOD_DAYS * 24 * _HOUR_MS, end=end, events=events)
        history, world = History(plan, tenants), World(plan)
        rows = Rows(plan, tenants)
        messages = int(events / events_per_message()) if events else 0
        steps = max(1, -(-events // BATCH))
        with Control.open(settings.control_url, load_secret_key(settings)) as control, Store.open(settings) as store:
            store.migrate()
            tables = Tables(store)
            for step in range(steps if events else 0):
                until = plan.start + (end - plan.start) * (step + 1) // steps
                share = messages * (step + 1) // steps - messages * step // steps
                columns = world.stretch(share, until)
                if len(columns["at"]) == 0:
                    continue
                batch_id = control.ledger.begin(0, step + 1, step + 1)
                table = rows.table(columns, batch_id, np.random.default_rng([plan.seed, step]))
                batch = Batch(batch_id, 0, 0, 0, records=table.num_rows, events=table)
                owner = campaign_tenants()[columns["campaign"]]
                for number, count in enumerate(np.bincount(owner, minlength=len(tenants)).tolist()):
                    account = (tenants[number], "api", "event", until // 60_000 * 60)
                    batch.accounts[account] = Outcome(received=count, stored=count)
                if step == 0:
                    batch.others["campaigns"] = _campaigns(plan, tenants)
                tables.insert_events(batch)
                tables.derive(batch)
                tables.insert_others(batch)
                control.ledger.finish(batch_id)
                if told:
                    told(table.num_rows)
        history.save(data)
        world.save(data / "world.npz")
    return history


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
