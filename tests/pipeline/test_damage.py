"""A block of the log that the disk has changed: its records are dead letters, and nobody else notices."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from sendlens.control.deadletters import Wanted
from sendlens.pipeline.agreement import disagreements
from tests.pipeline.test_fuse import Works, deploy, works
from tests.pipeline.test_replay import replay

__all__ = ["deploy", "works"]


def spoil(works: Works, offset: int, change: str) -> None:
    """Change a block of the log behind its back."""
    with closing(sqlite3.connect(works.log._path)) as connection, connection:  # pyright: ignore[reportPrivateUsage]
        connection.execute(f"UPDATE blocks SET {change} WHERE offset = ?", (offset,))


def test_its_records_are_set_aside_and_those_around_it_are_stored(works: Works) -> None:
    for start in (0, 30, 60):
        works.append("shop", start, 30)
    spoil(works, 2, "body = zeroblob(length(body))")
    works.start().step(wait=0)
    assert works.fuse.blown() == []
    assert works.account() == (90, 60, 0, 30)
    (letter,) = works.house.control.deadletters.list(works.tenant, Wanted(reason="CorruptBlock"))
    assert (letter.source, letter.records, letter.position) == ("shop", 30, -2)

    # What cannot be read is not replayed; the sender sends it again, and then everything is there once.
    assert replay(works).unreadable == 1
    works.append("shop", 30, 30)
    works.append("shop", 0, 30)
    works.start().step(wait=0)
    assert works.count() == (90, 90)
    assert works.account() == (150, 90, 30, 30)
    assert disagreements(works.house.store) == []


def test_a_body_that_is_whole_can_be_replayed(works: Works) -> None:
    works.append("shop", 0, 30)
    spoil(works, 1, "request_id = 'another'")
    works.start().step(wait=0)
    assert works.account() == (30, 0, 0, 30)
    assert replay(works).records == 30
    works.start().step(wait=0)
    assert works.count() == (30, 30)
    assert works.letters() == 0
