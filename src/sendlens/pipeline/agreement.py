"""Agreement: whether every table says the same as the base table `events`.

Owns the list of comparisons and the sentences about what differs; the SQL is in `store/sql/check_*.sql`. It recomputes
everything from the events, and so is what `sendlens doctor` and the tests that kill the server ask. Nothing is mended.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sendlens.store.client import Store
from sendlens.store.statements import writer_statement

SLICE_EVENTS: Final = 5_000_000
"""Events compared in one go: the keys of that many fit into the memory of a small store."""

CHECKS: Final[dict[str, str]] = {
    "check_repeated": "{wrong} events stand more than once in the base table",
    "check_accounts": "{wrong} accounts of the intake do not add up",
    "check_intake": "in {wrong} minutes the accounts of the intake and the stored events differ",
    "check_keys_missing": "{wrong} events have no key in event_keys: their repetition would be counted",
    "check_keys_orphaned": "{wrong} keys in event_keys have no event: a repetition of that event would be lost",
    "check_conversions": "{wrong} conversions are only in one of events and conversions",
    "check_touchpoints": "{wrong} contacts are only in one of events and touchpoints",
    "check_engagements": "{wrong} engagements are not what events and message states tell",
    "check_messages": "{wrong} messages have another state than their events tell",
    "check_metrics_quarter": "{wrong} sums of metrics_quarter are not what the message states add up to",
    "check_metrics_minute": "{wrong} sums of metrics_minute are not what the message states add up to",
}
"""Statement by statement, what it means when it finds something."""


@dataclass(frozen=True, kw_only=True)
class Kept:
    """How far back the tables that age are complete, in days since 1970; the default compares everything."""

    keys_from_day: int = 0
    minutes_from_day: int = 0
    horizon_days: int = 1 << 20


def disagreements(store: Store, kept: Kept | None = None) -> list[str]:
    """Return what differs from the base table, a sentence each; an empty list when every table agrees.

    Reads every event, in slices that bound the memory. No writer may be at work: between its steps tables differ.
    """
    kept = kept or Kept()
    events = int(str(store.fetch_internal("SELECT count() FROM events").scalar()))
    slices = max(1, -(-events // SLICE_EVENTS))
    found: list[str] = []
    for name, sentence in CHECKS.items():
        wrong, example = 0, ""
        for part in range(slices):
            limits = {
                "slices": slices,
                "slice": part,
                "keys_from_day": kept.keys_from_day,
                "minutes_from_day": kept.minutes_from_day,
                "horizon_days": kept.horizon_days,
            }
            for number, text in store.fetch_internal(writer_statement(name), limits):
                wrong += int(str(number))
                example = example or str(text)
        if wrong:
            found.append(f"{sentence.format(wrong=wrong)} (one of them: {example})")
    return found
