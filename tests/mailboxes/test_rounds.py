"""Whose source is looked at next: tenants take turns, and slow servers of one keep no other waiting."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from sendlens.clock import FrozenClock
from sendlens.control.control import Control
from sendlens.control.polls import PollState
from sendlens.control.sources import Source
from sendlens.polling.rounds import Rounds

MINUTE = 60.0


class Slow:
    """Sources of which the first look lasts until `meanwhile` has been done, as a second thread would do it."""

    name = "slow"

    def __init__(self, control: Control) -> None:
        self.control = control
        self.looked: list[str] = []
        self.while_first: list[str] = []
        self.meanwhile: Callable[[], None] = lambda: None

    def sources(self) -> Sequence[Source]:
        return self.control.sources.of_provider("mail")

    def every(self, source: Source) -> float:
        return MINUTE

    def look(self, source: Source, state: PollState, stopped: Callable[[], bool]) -> PollState:
        first = not self.looked
        self.looked.append(source.name)
        meanwhile, self.meanwhile = self.meanwhile, lambda: None
        meanwhile()
        if first:
            self.while_first = list(self.looked)
        return state


class World:
    def __init__(self, control: Control, clock: FrozenClock) -> None:
        self.control, self.clock, self.kind = control, clock, Slow(control)

    def rounds(self, threads: int) -> Rounds:
        return Rounds(self.kind, self.control, self.clock, threads=threads)

    def tenant(self, name: str, sources: int) -> None:
        tenant = self.control.tenants.create(name, name).id
        for number in range(1, sources + 1):
            self.clock.advance(1)  # the older first
            self.control.sources.create(tenant, f"{name}{number}", "mail", {"mailbox": "mbox:/x"}, [])


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    clock = FrozenClock(1_795_000_000_000)
    control = Control.open(f"sqlite:///{tmp_path / 'control.sqlite'}", b"k" * 32, clock)
    yield World(control, clock)
    control.close()


def test_tenants_take_turns(world: World) -> None:
    world.tenant("a", 3)
    world.tenant("b", 2)
    world.tenant("c", 1)
    rounds = world.rounds(1)
    rounds.turn()
    assert world.kind.looked == ["a1", "b1", "c1", "a2", "b2", "a3"]
    rounds.turn()
    assert len(world.kind.looked) == 6, "none is due again"
    world.clock.advance(MINUTE)
    rounds.turn()
    assert sorted(world.kind.looked[6:]) == sorted(world.kind.looked[:6])


def test_the_last_thread_is_for_another_tenant(world: World) -> None:
    world.tenant("a", 3)
    world.tenant("b", 1)
    rounds = world.rounds(2)
    world.kind.meanwhile = rounds.turn
    rounds.turn()
    assert world.kind.while_first == ["a1", "b1"], "the other thread leaves the mailboxes of a alone"
    assert world.kind.looked == ["a1", "b1", "a2", "a3"]


def test_who_comes_during_a_long_look_waits_for_no_other_of_the_same_tenant(world: World) -> None:
    world.tenant("a", 3)
    rounds = world.rounds(1)
    world.kind.meanwhile = lambda: world.tenant("b", 1)
    rounds.turn()
    assert world.kind.looked == ["a1", "b1", "a2", "a3"]


def test_a_tenant_that_is_alone_has_all_threads(world: World) -> None:
    world.tenant("a", 3)
    rounds = world.rounds(2)
    world.kind.meanwhile = rounds.turn
    rounds.turn()
    assert world.kind.while_first == world.kind.looked == ["a1", "a2", "a3"]


def test_a_source_that_is_due_again_waits_for_those_that_were_due_before_it(world: World) -> None:
    world.tenant("a", 3)
    rounds = world.rounds(1)

    def long() -> None:
        world.clock.advance(2 * MINUTE)
        world.kind.meanwhile = lambda: world.clock.advance(2 * MINUTE)

    world.kind.meanwhile = long
    rounds.turn()
    assert world.kind.looked == ["a1", "a2", "a3", "a1", "a2"]
