"""Dead letters."""

import msgspec

from sendlens.clock import FrozenClock
from sendlens.control import Control, DeadLetter
from sendlens.control.deadletters import Wanted


def letter(position: int, *, batch_id: int = 1, tenant: str = "t_one") -> DeadLetter:
    return DeadLetter(
        tenant=tenant,
        source="src_one",
        kind="event",
        batch_id=batch_id,
        position=position,
        reason="cannot be enriched",
        body=b"\x00\xffbytes",
    )


def test_what_is_set_aside_is_read_back(control: Control, clock: FrozenClock) -> None:
    assert control.deadletters.add([letter(0), letter(1)]) == 2
    found = control.deadletters.list("t_one")
    assert [each.position for each in found] == [0, 1]
    assert (found[0].reason, found[0].body, found[0].at) == ("cannot be enriched", b"\x00\xffbytes", clock.now_ms())
    assert control.deadletters.add([]) == 0


def test_repeating_a_batch_adds_nothing(control: Control) -> None:
    control.deadletters.add([letter(0), letter(1)])
    assert control.deadletters.add([letter(0), letter(1), letter(2)]) == 1
    assert control.deadletters.count("t_one") == 3


def test_a_tenant_sees_its_own_only(control: Control) -> None:
    control.deadletters.add([letter(0), letter(1, tenant="t_two")])
    (mine,) = control.deadletters.list("t_one")
    assert control.deadletters.mark_replayed("t_two", [mine.id]) == 0
    assert control.deadletters.count("t_one") == 1


def test_listing_goes_on_after_an_id(control: Control) -> None:
    control.deadletters.add([letter(n) for n in range(5)])
    first = control.deadletters.list("t_one", most=2)
    rest = control.deadletters.list("t_one", after=first[-1].id)
    assert [each.position for each in first + rest] == [0, 1, 2, 3, 4]


def test_a_replayed_letter_is_settled_once_and_purged_later(control: Control, clock: FrozenClock) -> None:
    control.deadletters.add([letter(n) for n in range(3)])
    ids = [each.id for each in control.deadletters.list("t_one")]
    assert control.deadletters.mark_replayed("t_one", ids[:2]) == 2
    assert control.deadletters.mark_replayed("t_one", ids[:2]) == 0
    assert [each.id for each in control.deadletters.list("t_one")] == ids[2:]
    assert len(control.deadletters.list("t_one", waiting=False)) == 3
    assert control.deadletters.purge(before_ms=clock.now_ms()) == 0
    assert control.deadletters.purge(before_ms=clock.now_ms() + 1) == 2
    assert [each.id for each in control.deadletters.list("t_one", waiting=False)] == ids[2:]


def test_letters_are_chosen_by_source_reason_and_id(control: Control) -> None:
    shop = msgspec.structs.replace(letter(1), source="shop", reason="100% odd_")
    control.deadletters.add([letter(0), shop, letter(2)])
    first, second, third = control.deadletters.list("t_one")
    choices = {
        Wanted(source="shop"): [second],
        Wanted(reason="be enriched"): [first, third],
        Wanted(reason="0% odd_"): [second],
        Wanted(reason="0%odd"): [],
        Wanted(ids=(first.id, second.id)): [first, second],
        Wanted(ids=(first.id, second.id), source="src_one"): [first],
    }
    for wanted, found in choices.items():
        assert control.deadletters.list("t_one", wanted) == found
        assert control.deadletters.count("t_one", wanted) == len(found)
    assert control.deadletters.list("t_one", until=second.id) == [first, second]
    assert (control.deadletters.last_id("t_one"), control.deadletters.last_id("t_two")) == (third.id, 0)
    assert control.deadletters.count() == 3


def test_causes_are_counted_among_those_that_wait(control: Control) -> None:
    control.deadletters.add([letter(0), letter(1), letter(2), msgspec.structs.replace(letter(3), reason="odd", at=5)])
    (first, *_) = control.deadletters.list("t_one")
    control.deadletters.mark_replayed("t_one", [first.id])
    causes = control.deadletters.causes("t_one")
    assert [(one.reason, one.letters) for one in causes] == [("cannot be enriched", 2), ("odd", 1)]
    assert (causes[1].first_at, causes[1].last_at) == (5, 5)
    assert control.deadletters.causes("t_two") == []


def test_giving_up_leaves_other_letters_alone(control: Control, clock: FrozenClock) -> None:
    control.deadletters.add([letter(0), letter(1), letter(2, tenant="t_two")])
    (first, _) = control.deadletters.list("t_one")
    control.deadletters.mark_replayed("t_one", [first.id])
    assert control.deadletters.give_up("t_one", Wanted()) == 1
    assert control.deadletters.purge(before_ms=clock.now_ms() + 1, tenant="t_two") == 0
    assert control.deadletters.purge(before_ms=clock.now_ms() + 1, tenant="t_one") == 1
    assert control.deadletters.count() == 1


def test_many_letters_are_settled_at_once(control: Control) -> None:
    control.deadletters.add(letter(n) for n in range(1200))
    ids = [one.id for one in control.deadletters.list("t_one", most=1200)]
    assert control.deadletters.mark_replayed("t_one", ids) == 1200
