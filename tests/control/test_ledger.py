"""The ledger of batches."""

import threading

import pytest
from sqlalchemy import text

from sendlens.clock import FrozenClock
from sendlens.control import BatchOpen, Control
from sendlens.control.ledger import KEPT
from sendlens.errors import NotFound
from tests.control.conftest import SECRET_KEY


def test_batches_are_numbered_from_one(control: Control) -> None:
    assert control.ledger.begin(0, 1, 10) == 1
    control.ledger.finish(1)
    assert control.ledger.begin(0, 11, 20) == 2


def test_a_batch_is_pending_until_it_is_finished(control: Control, clock: FrozenClock) -> None:
    assert control.ledger.pending() == []
    assert control.ledger.last() is None
    number = control.ledger.begin(0, 5, 9)
    (batch,) = control.ledger.pending()
    assert (batch.batch_id, batch.partition, batch.first_offset, batch.last_offset) == (number, 0, 5, 9)
    assert (batch.state, batch.created_at, batch.finished_at) == ("open", clock.now_ms(), 0)
    assert control.ledger.last() == batch
    clock.advance(2)
    control.ledger.finish(number)
    assert control.ledger.pending() == []
    last = control.ledger.last()
    assert last is not None
    assert (last.state, last.finished_at) == ("done", clock.now_ms())
    clock.advance(2)
    control.ledger.finish(number)
    assert control.ledger.last() == last


def test_a_batch_lasts_without_a_proper_end(control: Control, control_url: str) -> None:
    number = control.ledger.begin(0, 1, 7)
    with Control.open(control_url, SECRET_KEY) as after_a_crash:
        (batch,) = after_a_crash.ledger.pending()
        assert (batch.batch_id, batch.first_offset, batch.last_offset) == (number, 1, 7)
        assert after_a_crash.ledger.begin(0, 1, 7) == number


def test_one_batch_at_a_time_per_partition(control: Control) -> None:
    control.ledger.begin(0, 1, 10)
    other = control.ledger.begin(3, 1, 10)
    with pytest.raises(BatchOpen, match=r"Batch 1 of partition 0 \(offsets 1 to 10\)"):
        control.ledger.begin(0, 11, 20)
    assert [batch.batch_id for batch in control.ledger.pending()] == [1, other]


def test_writers_that_race_do_not_both_begin(control: Control) -> None:
    barrier = threading.Barrier(4)
    results: list[object] = []

    def begin(number: int) -> None:
        barrier.wait()
        try:
            results.append(control.ledger.begin(0, number, number))
        except BatchOpen as error:
            results.append(error)

    threads = [threading.Thread(target=begin, args=(number,)) for number in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(isinstance(result, int) for result in results) == 1
    assert len(control.ledger.pending()) == 1


def test_an_unknown_batch_is_not_found(control: Control) -> None:
    with pytest.raises(NotFound):
        control.ledger.finish(99)


def test_old_batches_are_pruned_per_partition_and_numbers_are_not_used_again(control: Control) -> None:
    idle = control.ledger.begin(7, 1, 1)
    control.ledger.finish(idle)
    with control.database.write() as connection:
        connection.execute(
            text(
                "INSERT INTO batches (partition, first_offset, last_offset, state, created_at, finished_at)"
                " VALUES (0, :at, :at, 'done', 1, 1)"
            ),
            [{"at": at} for at in range(KEPT + 5)],
        )
    newest = control.ledger.begin(0, 10_000, 10_001)
    control.ledger.finish(newest)
    with control.database.read() as connection:
        kept = connection.execute(text("SELECT count(*), min(batch_id) FROM batches WHERE partition = 0")).one()
    assert kept == (KEPT, newest - KEPT + 1)
    last = control.ledger.last(7)
    assert last is not None
    assert last.batch_id == idle
    with control.database.write() as connection:
        connection.execute(text("DELETE FROM batches"))
    assert control.ledger.begin(0, 10_002, 10_003) > newest
