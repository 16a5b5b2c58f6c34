"""One source is sick and others are well: its blocks are parked, everybody else is stored, and it comes back whole."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sendlens.errors import NotFound, Unavailable
from sendlens.pipeline.agreement import disagreements
from sendlens.pipeline.disguise import Disguise
from sendlens.pipeline.door import Door
from sendlens.pipeline.fuse import Blown, FuseBlown
from sendlens.pipeline.parking import Parking, stop_again
from sendlens.pipeline.rows import Rower
from sendlens.pipeline.tables import Tables
from sendlens.pipeline.writer import Writer
from sendlens.settings import Settings
from tests.pipeline.house import Cut, cut_after
from tests.pipeline.test_fuse import Works, deploy, works

__all__ = ["deploy", "works"]


def parking(works: Works, tmp_path: Path) -> Parking:
    settings = Settings(data=tmp_path)
    door = Door(works.log, settings, works.fuse, Disguise(settings, works.house.control.pseudonym))
    rower = Rower(currency_of=lambda _: "USD", skew_limit_ms=86_400_000)
    return Parking(door, works.log, works.house.control.deadletters, works.fuse, rower)


def restarted(works: Works) -> Writer:
    """Return a writer as after a start, with the sources stopped that were."""
    writer = works.start()
    stop_again(works.fuse, works.house.control.deadletters)
    return writer


def balance(works: Works) -> tuple[int, ...]:
    received, stored, duplicate, dead = (int(str(value)) for value in works.account())
    assert received == stored + duplicate + dead
    return received, stored, duplicate, dead


def parked(works: Works) -> list[str]:
    return [one.source for one in works.fuse.blown() if one.parks]


def test_others_are_stored_and_the_sick_one_comes_back_whole(works: Works, deploy: Any, tmp_path: Path) -> None:
    deploy(True)
    works.append("bad", 0, 30, sick=20)  # what could be processed is parked with the rest
    works.append("good", 0, 10)
    works.append("bad", 30, 4)
    writer = works.start()
    assert writer.step(wait=0) == 44
    assert works.count() == (10, 10)
    assert balance(works) == (44, 10, 0, 34)
    assert [letter.records for letter in works.house.control.deadletters.list(works.tenant)] == [30, 4]
    with pytest.raises(Unavailable) as refused:
        works.fuse.check(works.tenant, "bad")
    assert refused.value.retry_after == 60

    # What was on its way is parked too, well or not; the others go on.
    works.append("bad", 34, 6)
    works.append("good", 10, 10)
    writer.step(wait=0)
    assert works.count() == (20, 20)
    assert balance(works) == (60, 20, 0, 40)

    # The same code after a start: still stopped, and not let in by itself.
    writer = restarted(works)
    assert parked(works) == ["bad"]
    assert asyncio.run(parking(works, tmp_path).let_in_the_mended()) == []

    deploy(False)
    assert [one.source for one in asyncio.run(parking(works, tmp_path).let_in_the_mended())] == ["bad"]
    assert writer.step(wait=0) == 40
    assert works.count() == (60, 60)
    assert balance(works) == (100, 60, 0, 40)
    assert works.letters() == 0
    assert restarted(works).step(wait=0) == 0
    assert parked(works) == []
    assert disagreements(works.house.store) == []


def test_a_reset_brings_back_and_sets_aside_what_must_be(works: Works, deploy: Any, tmp_path: Path) -> None:
    deploy(True)
    works.append("bad", 0, 30, sick=20)
    works.append("good", 0, 10)
    writer = works.start()
    writer.step(wait=0)
    desk = parking(works, tmp_path)
    with pytest.raises(NotFound):
        asyncio.run(desk.reset(works.tenant, "good"))
    assert asyncio.run(desk.reset(works.tenant, "bad")).records == 30
    works.fuse.check(works.tenant, "bad")
    writer.step(wait=0)
    assert works.count() == (20, 20)
    assert balance(works) == (70, 20, 0, 50)
    assert works.letters() == 20
    assert {letter.parked for letter in works.house.control.deadletters.list(works.tenant)} == {False}
    # The next sick ones are not waved through.
    works.append("bad", 30, 30, sick=30)
    works.append("good", 10, 10)
    writer.step(wait=0)
    assert parked(works) == ["bad"]
    assert disagreements(works.house.store) == []


def test_a_reset_that_fails_leaves_the_source_stopped(works: Works, deploy: Any, tmp_path: Path) -> None:
    deploy(True)
    works.append("bad", 0, 30, sick=30)
    works.append("good", 0, 10)
    writer = works.start()
    writer.step(wait=0)
    desk = parking(works, tmp_path)
    works.append("good", 10, 10)
    desk._door._most_waiting = 5
    with pytest.raises(Unavailable, match="wait to be stored"):
        asyncio.run(desk.reset(works.tenant, "bad"))
    assert parked(works) == ["bad"]
    assert works.letters() == 1


def test_where_nobody_is_well_it_holds_until_somebody_is(works: Works, deploy: Any) -> None:
    deploy(True)
    works.append("bad", 0, 30, sick=30)
    writer = works.start()
    with pytest.raises(FuseBlown):
        writer.step(wait=0)
    works.append("bad", 30, 30)  # of the same source: says nothing of others
    works.append("worse", 0, 5, sick=5)
    with pytest.raises(FuseBlown):
        writer.settle()
    assert (works.letters(), works.fuse.holds()) == (0, True)
    works.append("good", 0, 10)
    writer.settle()
    assert (parked(works), works.fuse.holds()) == (["bad"], False)
    writer.step(wait=0)
    assert works.count() == (10, 10)
    assert balance(works) == (75, 10, 0, 65)


def test_one_well_source_among_very_many_sick_ones_is_a_wrong_deploy(works: Works) -> None:
    works.start()
    for number in range(20):
        works.fuse.stop(Blown(works.tenant, f"s{number}", 1, 100, 100, "X: y", 1))
    assert not works.fuse.park({(works.tenant, "well"): (100, 0)})
    assert works.fuse.park({(works.tenant, f"well{number}"): (100, 49) for number in range(3)})


def test_the_thread_goes_on_when_somebody_well_arrives(works: Works, deploy: Any) -> None:
    deploy(True)
    works.append("bad", 0, 30, sick=30)
    writer = works.start()
    writer.start()
    for _ in range(200):
        if writer.progress.holding:
            break
        asyncio.run(asyncio.sleep(0.05))
    works.append("good", 0, 10)
    for _ in range(400):
        if works.log.backlog() == 0:
            break
        asyncio.run(asyncio.sleep(0.05))
    assert writer.stop()
    assert works.count() == (10, 10)
    assert works.letters() == 1


@pytest.mark.parametrize("statements", range(0, 6, 2))
def test_cut_between_parking_and_commit(works: Works, deploy: Any, tmp_path: Path, statements: int) -> None:
    """Whatever is judged after the start, the batch is finished as it was begun; also by a version that is mended."""
    deploy(True)
    works.append("bad", 0, 30, sick=30)
    works.append("good", 0, 10)
    writer = works.start()
    tables: Callable[[Tables], Any] = cut_after(statements)
    writer._tables = tables(Tables(works.house.store))
    try:
        writer.step(wait=0)
        assert statements == 4
    except Cut:
        pass
    assert works.letters() == 1  # on disk before the first row

    deploy(False)
    again = restarted(works)
    again.settle()
    assert works.count() == (10, 10)
    assert balance(works) == (40, 10, 0, 30)
    asyncio.run(parking(works, tmp_path).let_in_the_mended())
    again.step(wait=0)
    assert works.count() == (40, 40)
    assert balance(works) == (70, 40, 0, 30)
    assert disagreements(works.house.store) == []


def test_a_batch_half_in_the_tables_is_not_judged_again(works: Works, deploy: Any) -> None:
    """Good times excused the dead of this batch; a start has forgotten them, but the rows are there."""
    deploy(True)
    works.append("bad", 0, 20)
    works.append("good", 0, 10)
    writer = works.start()
    writer.step(wait=0)
    works.append("bad", 20, 30, sick=16)  # 16 of 50 are borne, 16 of 30 would not be
    works.append("good", 10, 10)
    tables: Callable[[Tables], Any] = cut_after(2)
    writer._tables = tables(Tables(works.house.store))
    with pytest.raises(Cut):
        writer.step(wait=0)
    again = restarted(works)
    again.settle()
    assert parked(works) == []
    assert balance(works) == (70, 54, 0, 16)
    assert disagreements(works.house.store) == []
