"""Dead letters come back after a fix: with the same key and time, once, and accounted for."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest

from sendlens.control.deadletters import DeadLetter, Wanted
from sendlens.errors import Unavailable
from sendlens.pipeline.agreement import disagreements
from sendlens.pipeline.door import Door
from sendlens.pipeline.replay import Replay, Replayed, blocks_of
from sendlens.settings import Settings
from tests.pipeline.test_fuse import NOW, Works, deploy, works

__all__ = ["deploy", "works"]


def replay(works: Works, wanted: Wanted | None = None) -> Replayed:
    door = Door(works.log, Settings(), works.fuse)
    return asyncio.run(Replay(door, works.house.control.deadletters).replay(works.tenant, wanted or Wanted()))


def balance(works: Works) -> None:
    received, stored, duplicate, dead = (int(str(value)) for value in works.account())
    assert received == stored + duplicate + dead


def test_a_letter_is_stored_after_the_fix_as_if_nothing_had_happened(works: Works, deploy: Any) -> None:
    deploy(True)
    works.append("shop", 0, 12, sick=5)
    works.start().step(wait=0)
    (letter, *_) = works.house.control.deadletters.list(works.tenant)
    assert (letter.request_id, letter.received_at, letter.records) == ("req-shop-0", NOW, 1)
    assert works.account() == (12, 7, 0, 5)

    # Replayed too early it dies again, and is a new letter.
    assert replay(works).letters == 5
    works.start().step(wait=0)
    assert works.letters() == 5
    balance(works)

    deploy(False)
    assert replay(works) == Replayed(records=5, letters=5, unreadable=0, examples=[])
    works.start().step(wait=0)
    assert works.letters() == 0
    assert works.count() == (12, 12)
    assert works.account() == (22, 12, 0, 10)
    for receipts in ("SELECT uniqExact(minute) FROM intake FINAL", "SELECT uniqExact(received_at) FROM events"):
        assert works.house.store.fetch_internal(receipts).scalar() == 1
    assert disagreements(works.house.store) == []


def test_replaying_twice_counts_once(works: Works, deploy: Any) -> None:
    deploy(True)
    works.append("shop", 0, 12, sick=5)
    works.start().step(wait=0)
    deploy(False)
    letters = works.house.control.deadletters
    replay(works)
    # A kill between the log and the mark leaves the letter waiting; the sender may also have posted it again.
    with works.house.control.database.write() as connection:
        connection.exec_driver_sql("UPDATE dead_letters SET replayed_at = 0")
    assert letters.count(works.tenant) == 5
    replay(works)
    works.append("shop", 0, 12, sick=5)
    works.start().step(wait=0)
    assert works.count() == (12, 12)
    assert works.account() == (34, 12, 17, 5)
    assert replay(works).records == 0
    assert disagreements(works.house.store) == []


def test_the_key_is_the_same_for_an_event_without_a_time(works: Works, deploy: Any) -> None:
    """Its key lives in the day of receipt, so that the receipt must be the first one."""
    deploy(True)
    works.append("shop", 0, 4, sick=2)
    works.start().step(wait=0)
    letters = [
        msgspec.structs.replace(
            letter, received_at=NOW - 86_400_000, body=letter.body.replace(f'"occurred_at":{NOW - i},'.encode(), b"")
        )
        for i, letter in enumerate(works.house.control.deadletters.list(works.tenant))
    ]
    assert all(b"occurred_at" not in letter.body for letter in letters)
    ((block, ids),), broken = blocks_of(letters)
    assert (block.received_at, block.count, block.request_id, len(ids), broken) == (
        NOW - 86_400_000,
        2,
        f"replay-{letters[0].id}",
        2,
        [],
    )


def test_only_what_is_wanted(works: Works, deploy: Any) -> None:
    deploy(True)
    works.append("shop", 0, 12, sick=3)
    works.append("desk", 0, 12, sick=4)
    works.start().step(wait=0)
    deploy(False)
    assert replay(works, Wanted(reason="no such reason")).letters == 0
    assert replay(works, Wanted(source="desk", reason="mistake of ours")).letters == 4
    (first, *_) = works.house.control.deadletters.list(works.tenant)
    assert replay(works, Wanted(ids=(first.id,))).letters == 1
    assert works.letters() == 2


def test_a_block_waits_until_it_can_be_read(works: Works) -> None:
    works.append("shop", 0, 3, body=b"no block body")
    works.start().step(wait=0)
    (letter,) = works.house.control.deadletters.list(works.tenant)
    assert (letter.is_block, letter.records) == (True, 3)
    done = replay(works)
    assert (done.letters, done.unreadable, done.examples[0].id) == (0, 1, letter.id)
    assert works.letters() == 1
    # A version that can read it: here the bytes are put right instead.
    works.append("shop", 0, 3)
    body = works.log.read(0, 1, max_records=3)[0].block.body
    with works.house.control.database.write() as connection:
        connection.exec_driver_sql("UPDATE dead_letters SET body = ?", (body,))
    assert replay(works).records == 3
    works.start().step(wait=0)
    assert works.count() == (3, 3)
    assert works.account() == (9, 3, 3, 3)


def test_a_letter_with_damaged_bytes_stays(works: Works) -> None:
    letter = DeadLetter(
        tenant=works.tenant, source="shop", kind="event", batch_id=1, position=0, reason="x", body=b'{"type": 3}'
    )
    works.house.control.deadletters.add([letter])
    assert replay(works).unreadable == 1
    assert works.letters() == 1


def test_a_stopped_source_is_not_replayed(works: Works, deploy: Any) -> None:
    deploy(True)
    writer = works.start()
    works.append("shop", 0, 12, sick=5)
    writer.step(wait=0)
    works.append("shop", 12, 30, sick=30)
    with pytest.raises(Exception, match="records in batch 2"):
        writer.step(wait=0)
    with pytest.raises(Unavailable):
        replay(works)
    assert works.letters() == 5
