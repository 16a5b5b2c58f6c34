"""A block of the log that the disk has changed: its records are dead letters, and nobody else notices."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import Any

import pytest

from sendlens.control.deadletters import Wanted
from sendlens.errors import SendlensError
from sendlens.log import CorruptBlock
from sendlens.pipeline.agreement import disagreements
from tests.pipeline.test_fuse import NOW, Works, deploy, works
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


def test_a_damaged_neighbour_says_nothing_of_others(works: Works) -> None:
    works.append("shop", 0, 30)
    works.append("shop", 30, 30)
    spoil(works, 1, "received_at = received_at | (1 << 41)")
    works.start().step(wait=0)
    born = works.house.store.fetch_internal("SELECT DISTINCT toUnixTimestamp(message_born) FROM events").rows
    assert born == [(NOW // 86_400_000 * 86_400,)]
    assert works.log.backlog() == 0


def test_one_that_says_it_is_empty_is_told_too(works: Works) -> None:
    works.append("shop", 0, 30)
    works.append("shop", 30, 30)
    spoil(works, 2, "count = 0, rejected = 1")
    works.start().step(wait=0)
    assert works.account() == (31, 30, 0, 0)
    assert works.letters() == 1
    assert works.log.backlog() == 0


def test_the_fuse_is_told_what_it_blew_for(works: Works, deploy: Any) -> None:
    deploy(True)
    for start in (0, 30):
        works.append("shop", start, 30, sick=30)
    spoil(works, 1, "body = zeroblob(length(body))")
    with pytest.raises(SendlensError, match="ZeroDivisionError"):
        works.start().step(wait=0)


def test_nobodys_block_stops_the_writer_by_name(works: Works) -> None:
    works.append("shop", 0, 30)
    works.append("shop", 30, 30)
    spoil(works, 2, "tenant = 't_nobody'")
    writer = works.start()
    writer._is_tenant = works.tenant.__eq__  # pyright: ignore[reportPrivateUsage]
    assert writer.step(wait=0) == 30
    with pytest.raises(CorruptBlock, match="Block 2 of the log is damaged"):
        writer.step(wait=0)
