"""What is looked at after every fault: each acknowledged event is there once, in every table, and the accounts add up.

Owns the comparison of what the senders know with a stopped server's data directory.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from tests.faults.load import Account
from tests.harness.server import inspect_data


class Found(NamedTuple):
    """What was found beside agreement: rows that corrected a verdict, how many records came twice, further answers."""

    corrections: int
    duplicates: int
    answers: dict[str, list[list[str]]] = {}  # noqa: RUF012 - a default of a tuple, which nobody changes


QUERIES = {
    "stored": "SELECT order_id, sum(weight) FROM events GROUP BY order_id",
    "scanned": "SELECT message_id, actor, sum(weight) FROM events WHERE message_id LIKE 'scanned-%' GROUP BY ALL",
    "corrections": "SELECT count() FROM events WHERE correction = 1",
    "accounts": "SELECT sum(received), sum(stored), sum(duplicate), sum(rejected), sum(dead) FROM intake FINAL",
}


def check(data: Path, account: Account, *, parked: bool = False, **more: str) -> Found:
    """Compare what the senders know with what is stored, in every table; `more` are queries to answer as well.

    Records that were `parked` have been dead once.
    """
    seen = inspect_data(data, **QUERIES, **more)
    assert seen["disagreements"] == []
    stored = {order: int(count) for order, count in seen["answers"]["stored"]}
    lost = account.acknowledged - stored.keys()
    doubled = {order for order, count in stored.items() if count != 1}
    assert not lost, f"{len(lost)} acknowledged events are lost"
    assert not doubled, f"{len(doubled)} events are stored twice"
    received, kept, duplicate, rejected, dead = map(int, seen["answers"]["accounts"][0])
    assert received == kept + duplicate + rejected + dead
    assert kept == len(stored)
    assert rejected == 0
    assert (dead > 0) is parked
    check_verdicts(account, seen["answers"]["scanned"])
    return Found(corrections=int(seen["answers"]["corrections"][0][0]), duplicates=duplicate, answers=seen["answers"])


def check_verdicts(account: Account, told: list[list[str]]) -> None:
    """Every click of a scanner whose clicks are all there counts as a machine's, and no verdict of before is left."""
    clicks = {(message, actor): int(weight) for message, actor, weight in told if int(weight)}
    wrong = {message for message in account.scanned if clicks.get((message, "machine")) != 3}
    wrong |= {message for message, actor in clicks if actor != "machine" and message in account.scanned}
    assert not wrong, f"{len(wrong)} scanners are not known as such: {sorted(wrong)[:3]}"
