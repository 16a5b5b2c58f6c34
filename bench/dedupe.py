"""Counting once: what a lookup of ten thousand keys costs as the keys of earlier events grow.

`python -m bench.dedupe DIRECTORY KEYS REPETITIONS` measures in a process of its own. Owns the three cases: keys whose
hour is in memory, an hour that has to be loaded first, and keys from all over the week with no memory to keep them in.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Final

import numpy as np

from bench.context import Context, hand_back
from bench.figures import Findings, figure
from bench.fill import settings_of
from sendlens.pipeline.dedupe import Buckets, Deduper, Keys
from sendlens.pipeline.tables import Tables
from sendlens.store.client import Store
from sendlens.store.connection import Engine, connect, parse

ASKED: Final = 10_000
HOURS: Final = 7 * 24
DAY: Final = 20_000  # any day will do
_PORTION: Final = 5_000_000
# Keys of one hour arrive together, as they do in life.
_FILL: Final = """
INSERT INTO event_keys
SELECT {first:UInt32} + intDiv(number * {hours:UInt32}, {keys:UInt64}) AS bucket, cityHash64(number) AS event_key,
    1 AS batch_id,
    toDate({day:UInt32} + intDiv(intDiv(number * {hours:UInt32}, {keys:UInt64}), 24)) AS received_day
FROM numbers({start:UInt64}, {count:UInt64})
"""
_SOME: Final = """
SELECT bucket, event_key FROM event_keys WHERE bucket IN {buckets:Array(UInt32)} AND batch_id != 0
ORDER BY cityHash64(event_key, {seed:UInt64}) LIMIT 100
"""


def run(context: Context) -> Findings:
    """Return milliseconds per lookup for every number of keys."""
    findings = Findings()
    for keys in context.size.keys:
        context.say(f"de-duplication over {keys:,} keys")
        data = context.empty("dedupe")
        findings.figures.extend(context.child("bench.dedupe", data, keys, context.size.repetitions).figures)
    return findings


def main(data: Path, keys: int, repetitions: int) -> Findings:
    """Fill the key store and look keys up, a hundredth of them repeated."""
    settings = settings_of(data)
    first = DAY * 24
    taken: dict[tuple[str, str], list[float]] = {}
    with Store.open(settings) as store:
        store.migrate()
        address = parse(settings.store_url)
        assert address.directory is not None
        engine = Engine.acquire(address.directory, settings.store_memory_mb, settings.store_threads)
        client = connect(address, engine, {})
        for start in range(0, keys, _PORTION):
            values = {"first": first, "hours": HOURS, "keys": keys, "day": DAY, "start": start}
            client.command(_FILL, parameters=values | {"count": min(_PORTION, keys - start)})
        tables = Tables(store)
        for turn in range(repetitions):
            rng = np.random.default_rng([keys, turn])
            hour = first + HOURS - 1 - turn
            cases = (
                ("cold", "an hour that is loaded first", settings.dedupe_memory_keys, (hour, hour)),
                ("memory", "an hour in memory", settings.dedupe_memory_keys, (hour, hour)),
                ("store", "all over the week, nothing in memory", 0, (first, first + HOURS - 1)),
            )
            deduper = Deduper(tables, memory_keys=settings.dedupe_memory_keys, horizon_days=7)
            for case, what, memory, (low, high) in cases:
                asking = deduper if memory else Deduper(tables, memory_keys=0, horizon_days=7)
                buckets, wanted, repeated = _question(store, rng, low, high)
                began = time.perf_counter()
                new = asking.new_rows(buckets, wanted, 0)
                seconds = time.perf_counter() - began
                assert int((~new).sum()) == repeated, f"{case}: {int((~new).sum())} of {repeated} repeated keys found"
                taken.setdefault((case, what), []).append(seconds * 1000)
        client.close()
        engine.release()
    return Findings(
        [
            figure(f"dedupe.{keys}.{case}", f"{ASKED:,} keys against {keys:,}: {what}", "ms", values)
            for (case, what), values in taken.items()
        ]
    )


def _question(store: Store, rng: np.random.Generator, low: int, high: int) -> tuple[Buckets, Keys, int]:
    buckets = rng.integers(low, high + 1, ASKED).astype(np.uint32)
    keys = rng.integers(1, 2**63, ASKED).astype(np.uint64)
    hours = sorted({int(bucket) for bucket in buckets[:3]})
    rows = store.fetch_internal(_SOME, {"buckets": hours, "seed": int(rng.integers(1 << 30))}).rows
    for place, (bucket, key) in enumerate(rows):
        buckets[place], keys[place] = int(str(bucket)), int(str(key))
    return buckets, keys, len(rows)


if __name__ == "__main__":
    hand_back(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
