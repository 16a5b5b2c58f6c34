"""How much is measured: three sizes of a run, as one literal table.

Owns the numbers. `tiny` is for the smoke test and says nothing about speed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, kw_only=True)
class Size:
    """How many repetitions and events each bench takes."""

    repetitions: int
    ingest: tuple[tuple[int, int, int], ...]
    """(events per request, connections, events) of each way to post."""
    postgres_rows: int
    """Rows of the pipeline that inserts one event at a time; COPY takes ten times as many."""
    histories: tuple[int, ...]
    """Events already stored when pages are measured, and the most of them when the start is."""
    weighed: tuple[int, ...]
    """Events already stored when storage is measured."""
    page_requests: int
    page_seconds: float
    """Rounds of requests end after this time, but not before `LEAST_ROUNDS`."""
    probes: int
    """Events whose way to a query is watched, at each load."""
    load_seconds: float
    keys: tuple[int, ...]
    """Event keys already stored when de-duplication is measured."""
    profile_histories: tuple[int, ...]
    profile_batches: int
    profile_batch: int = 50_000


LEAST_ROUNDS: Final = 5
"""Rounds of requests that are measured even where they take longer than the time for them."""

SIZES: Final[dict[str, Size]] = {
    "tiny": Size(
        repetitions=1,
        ingest=((1, 1, 20), (100, 2, 400)),
        postgres_rows=50,
        histories=(3_000,),
        weighed=(3_000,),
        page_requests=1,
        page_seconds=60,
        probes=2,
        load_seconds=1,
        keys=(2_000,),
        profile_histories=(0,),
        profile_batches=2,
        profile_batch=500,
    ),
    "quick": Size(
        repetitions=3,
        ingest=((1, 1, 300), (1, 16, 1_500), (100, 1, 20_000), (100, 16, 50_000), (1000, 16, 150_000)),
        postgres_rows=3_000,
        histories=(1_000_000,),
        weighed=(1_000_000,),
        page_requests=40,
        page_seconds=120,
        probes=60,
        load_seconds=20,
        keys=(1_000_000, 10_000_000),
        profile_histories=(0, 1_000_000),
        profile_batches=4,
    ),
    "full": Size(
        repetitions=3,
        ingest=(
            (1, 1, 500),
            (1, 16, 3_000),
            (100, 1, 30_000),
            (100, 16, 60_000),
            (1000, 1, 100_000),
            (1000, 16, 200_000),
        ),
        postgres_rows=10_000,
        histories=(1_000_000, 10_000_000, 100_000_000),
        weighed=(10_000_000,),
        page_requests=40,
        page_seconds=180,
        probes=100,
        load_seconds=60,
        keys=(1_000_000, 10_000_000, 100_000_000),
        profile_histories=(0, 1_000_000, 10_000_000),
        profile_batches=6,
    ),
}
