"""Whoever asked leaves: the query ends, its place is free, and no other query is touched."""

from __future__ import annotations

import threading

import pytest

from sendlens.errors import StoreError
from sendlens.store import Store
from sendlens.store.admission import Admission
from sendlens.store.asker import Asker, Left, asking

ENDLESS = "SELECT sum(sipHash64(toString(number))) FROM numbers(1000000000000) WHERE {tenant:String} != ''"
RUNNING = "SELECT count() FROM system.processes WHERE query LIKE '%sipHash64%' AND query NOT LIKE '%processes%'"
PATIENCE = 20.0


class Asking:
    """A question in a thread of its own, by somebody who may leave."""

    def __init__(self, ask: object) -> None:
        assert callable(ask)
        self.who = Asker()
        self.end: BaseException | object = None

        def run() -> None:
            try:
                with asking(self.who):
                    self.end = ask()
            except StoreError as error:
                self.end = error

        self.thread = threading.Thread(target=run, daemon=True)
        self.thread.start()

    def ended(self) -> object:
        self.thread.join(PATIENCE)
        assert not self.thread.is_alive()
        return self.end


def until_running(store: Store, number: int) -> None:
    for _ in range(2000):
        if store.fetch_internal(RUNNING).scalar() == number:
            return
    raise AssertionError(f"there are {store.fetch_internal(RUNNING).scalar()} queries, not {number}")


def test_a_running_query_ends_when_its_asker_leaves(any_store: Store) -> None:
    goes, stays = (Asking(lambda: any_store.query("t_1", ENDLESS)) for _ in range(2))
    until_running(any_store, 2)
    goes.who.leave()
    assert isinstance(goes.ended(), Left)
    until_running(any_store, 1)
    assert stays.thread.is_alive()
    stays.who.leave()
    assert isinstance(stays.ended(), Left)
    until_running(any_store, 0)
    assert any_store._readers._admission._free == any_store._settings.query_concurrency  # pyright: ignore[reportPrivateUsage]
    assert any_store.query("t_1", "SELECT {tenant:String}").scalar() == "t_1"


def test_what_is_asked_by_somebody_who_has_left_is_not_begun(embedded_store: Store) -> None:
    gone = Asker()
    gone.leave()
    with asking(gone), pytest.raises(Left):
        embedded_store.query("t_1", ENDLESS)


def test_whoever_leaves_the_queue_makes_room_in_it() -> None:
    admission = Admission(1, PATIENCE, 0, lambda: 0.0)

    def ask() -> str:
        with admission.place("b"):
            return "asked"

    with admission.place("a"):
        first, second = Asking(ask), Asking(ask)
        while not (use := admission._uses.get("b")) or len(use.waiting) < 2:
            pass
        first.who.leave()
        assert isinstance(first.ended(), Left)
        assert len(use.waiting) == 1
    assert second.ended() == "asked"
    assert admission._free == 1
