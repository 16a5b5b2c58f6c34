"""The benches, in the order in which they run: one line each.

Owns the list. A bench is a module with `run(context) -> Findings`; it may use figures of those above it.
"""

from __future__ import annotations

from typing import Final, NamedTuple


class Bench(NamedTuple):
    """One bench: the word that chooses it, its module, what it answers, and whether it runs without being named."""

    name: str
    module: str
    help: str
    usual: bool = True


BENCHES: Final = (
    Bench("ingest", "bench.ingest", "Events over HTTP into all tables, beside bare inserts and PostgreSQL."),
    Bench("freshness", "bench.freshness", "From the answer to a post until a query shows the event."),
    Bench("pages", "bench.pages", "Pages, panels and API answers as history grows."),
    Bench("storage", "bench.storage", "Bytes per event over all tables after merges."),
    Bench("start", "bench.start", "First page and --help."),
    Bench("dedupe", "bench.dedupe", "Looking up ten thousand keys as the keys grow."),
    Bench("bounces", "bench.bounces", "How often the bounce verdict is right, and how fast it is.", usual=False),
    Bench(
        "actors", "bench.actors", "How often the actor verdict is right, per kind of reader and machine.", usual=False
    ),
    Bench("profile", "bench.profile", "Where the writer's time goes, per statement and function.", usual=False),
)
