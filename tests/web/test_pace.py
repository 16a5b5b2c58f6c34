"""Who stands back for whom: whoever has far more requests in progress than the smallest of the others."""

from __future__ import annotations

import pytest

from sendlens.clock import FrozenClock
from sendlens.web.pace import ABOUT_SECONDS, CROWD_SECONDS, FORGOTTEN_SECONDS, LITTLE, MANY, MOST_COUNTED, Pace


class Tenants:
    """Tenants with so many requests in progress each, as time goes by; one of them is worked on."""

    def __init__(self) -> None:
        self.clock = FrozenClock(0)
        self.pace = Pace(self.clock)
        self.present: dict[str, int] = {}

    def have(self, seconds: float = 0.0, **present: int) -> Tenants:
        """Let each have so many requests in progress from now on, for so long."""
        for tenant, wanted in present.items():
            for _ in range(wanted - self.present.get(tenant, 0)):
                self.pace.enter(tenant)
            for _ in range(self.present.get(tenant, 0) - wanted):
                self.pace.leave(tenant)
            if wanted and not self.present.get(tenant):
                self.pace.begins(tenant)
            if not wanted and self.present.get(tenant):
                self.pace.ends(tenant)
            self.present[tenant] = wanted
        self.clock.advance(seconds)
        return self

    def behind(self, *tenants: str) -> list[bool]:
        return [self.pace.behind(tenant) for tenant in tenants]


def test_whoever_is_alone_stands_back_for_nobody() -> None:
    tenants = Tenants().have(60, flood=24)
    assert tenants.behind("flood", "nobody") == [False, False]
    assert tenants.pace.standing_back == 0


def test_a_flood_stands_back_as_soon_as_another_asks() -> None:
    tenants = Tenants().have(60, flood=24).have(0.1, quiet=1)
    assert tenants.behind("flood", "quiet") == [True, False]
    assert tenants.pace.standing_back == 1
    assert tenants.pace.serving()
    tenants.have(0.1, quiet=0)
    assert tenants.behind("flood") == [True]  # for a while: the next request shall not be met by a flood again
    assert not tenants.pace.serving()
    tenants.have(ABOUT_SECONDS)
    assert tenants.behind("flood") == [False]


def test_it_does_so_within_a_second_of_its_beginning() -> None:
    tenants = Tenants().have(5, quiet=1).have(0.2, quiet=0).have(5).have(1, flood=24)
    assert tenants.behind("flood", "quiet") == [True, False]


def test_what_is_made_to_wait_looks_no_smaller() -> None:
    """Two requests at a time, without a pause: they wait for their turns and stay the larger part all the time."""
    tenants = Tenants()
    for _ in range(200):
        tenants.have(0.04, quiet=1, busy=2).have(0.06, quiet=0)
    assert tenants.behind("busy", "quiet") == [True, False]
    for _ in range(200):  # slower as they get, both have more in progress
        tenants.have(0.09, quiet=1, busy=1).have(0.01, quiet=0)
    assert tenants.behind("busy", "quiet") == [True, False]


def test_tenants_of_a_size_stand_back_for_none_of_them_and_for_a_smaller_one_all() -> None:
    tenants = Tenants().have(30, one=24, other=18)
    assert tenants.behind("one", "other") == [False, False]
    tenants.have(0.1, small=1)
    assert tenants.behind("one", "other", "small") == [True, True, False]


def test_whoever_sends_one_thing_after_another_crowds_nobody_out() -> None:
    """A tiny tenant must not slow a middling one."""
    tenants = Tenants().have(60, steady=1).have(0.01, tiny=1).have(0.01, tiny=0)
    assert tenants.behind("steady", "tiny") == [False, False]


@pytest.mark.parametrize("seconds", [0.1, 0.5])
def test_who_asks_a_dozen_things_at_once_is_no_crowd(seconds: float) -> None:
    tenants = Tenants().have(0.1, small=1).have(1, small=0).have(seconds, page=12)
    assert tenants.behind("page") == [False]


def test_what_the_writer_does_for_a_tenant_counts_as_its_requests() -> None:
    """Large bodies, one after another: it is the store that has no time for others."""
    tenants = Tenants()
    for _ in range(60):
        tenants.have(0.4, large=1).have(0.1, large=0)
        tenants.have(0.01, quiet=1).have(0.09, quiet=0)
        tenants.pace.charge("large", 0.4)
        tenants.pace.charge("gone", 0.4)
    assert tenants.behind("large", "quiet") == [True, False]
    tenants.pace.owed("large")
    tenants.pace.charge("large", 0.4)
    tenants.have(0.1)
    assert tenants.pace.owed("large") == pytest.approx(0.4)
    assert tenants.pace.owed("large") == 0
    tenants.pace.charge("large", 0.4)
    tenants.have(0.1).behind("large")
    tenants.have(0.3)
    assert tenants.pace.owed("large") == pytest.approx(0.1)  # it runs down with time


def test_the_past_of_a_tenant_is_forgotten() -> None:
    tenants = Tenants().have(60, flood=24).have(0.1, quiet=1).have(0, flood=0)
    for _ in range(6):
        tenants.have(CROWD_SECONDS / 2, quiet=0).have(CROWD_SECONDS / 2, quiet=1)
    assert tenants.behind("flood") == [False]
    for number in range(2000):
        tenants.have(0.1, **{f"passing-{number}": 1}).have(0, **{f"passing-{number}": 0})
    assert len(tenants.pace._tenants) <= 10 * (FORGOTTEN_SECONDS + 2)


@pytest.mark.parametrize("seconds", [0.5, 2.4, 4.8])
def test_one_page_of_a_dozen_slow_figures_is_no_crowd(seconds: float) -> None:
    """Of which four are worked out at a time."""
    tenants = Tenants().have(0.1, small=1).have(1, small=0)
    tenants.pace.begins("page")
    for _ in range(4):
        tenants.pace.enter("page", "figures")
    tenants.have(seconds)
    assert tenants.behind("page") == [False]
    tenants.have(60, small=1)  # but somebody who looks at such pages all the time is one
    assert tenants.behind("page") == [True]


def test_hits_are_stood_back_for_but_make_their_tenant_no_larger() -> None:
    tenants = Tenants().have(30, large=4)
    for _ in range(50):
        tenants.pace.enter("large", "hits")
        tenants.pace.enter("small", "hits")
    assert tenants.have(0.1).pace.serving()
    assert tenants.behind("large", "small") == [True, False]
    tenants.have(60, large=0)
    assert tenants.behind("large", "small") == [False, False]
    assert MOST_COUNTED["hits"] == 0


@pytest.mark.parametrize(
    ("per_second", "seconds", "behind"),
    [(50, 0.0002, False), (150, 0.0002, False), (150, 0.001, True), (50, 0.004, True), (400, 0.0001, True)],
)
def test_whoever_has_little_done_for_it_stands_back_for_nobody(per_second: int, seconds: float, behind: bool) -> None:
    """Many requests in progress that wait for the disk."""
    tenants = Tenants().have(0, small=1)
    for _ in range(24):
        tenants.pace.enter("many")
    for _ in range(10 * per_second):
        tenants.pace.begins("many")
        tenants.have(seconds)
        tenants.pace.ends("many")
        tenants.have(1 / per_second - seconds)
    assert tenants.behind("many", "small") == [behind, False]
    known = tenants.pace._tenants["many"]
    assert (known.work >= LITTLE or known.pieces >= MANY) is behind


def test_what_is_charged_is_forgotten_where_nobody_asks_who_stands_back() -> None:
    tenants = Tenants()
    for _ in range(1000):
        for number in range(20):
            tenants.pace.charge(f"t-{number}", 0.01)
    assert len(tenants.pace._charged) < 5000
    tenants.have(1, hit=1)
    assert not tenants.pace._charged
