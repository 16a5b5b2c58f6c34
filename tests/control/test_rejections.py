"""Rejections: every one is counted by its reason, and the latest few are kept."""

from __future__ import annotations

import pytest

from sendlens.clock import FrozenClock
from sendlens.control import Control
from sendlens.control import rejections as of
from sendlens.control.rejections import HOUR_MS, OTHER, REQUEST, SAMPLES, Wanted
from sendlens.errors import InvalidField, Rejection, Unavailable

NOW = 1_790_000_000_000
HOUR = NOW - NOW % HOUR_MS


def rejection(index: int, value: object = "nonsense", field: str = "type", reason: str = "is not known") -> Rejection:
    return Rejection.of(index, InvalidField(field, value, reason, hint="See the list."))


def test_every_one_is_counted_and_the_latest_are_kept(control: Control) -> None:
    for number in range(20):
        control.rejections.note("t_one", "api", "event", [rejection(number, f"v{number}")] * 3, at=NOW + number)
        if number % 7 == 0:
            control.rejections.flush()
    (found,) = control.rejections.reasons("t_one")
    assert (found.records, found.field, found.reason, found.hint) == (60, "type", "is not known", "See the list.")
    assert found.last_at == NOW + 19
    samples = control.rejections.samples("t_one", most=1000)
    assert len(samples) == SAMPLES
    assert {(one.value, one.place) for one in samples} == {("'v19'", 19), ("'v18'", 18)}
    assert control.rejections.reasons("t_two") == []
    assert control.rejections.samples("t_two") == []


def test_they_are_found_by_hour_and_by_what_is_wanted(control: Control) -> None:
    note = control.rejections.note
    note("t_one", "api", "event", [rejection(0)], at=HOUR)
    note("t_one", "api", "event", [rejection(0)], at=HOUR + HOUR_MS)
    note("t_one", "shop", "event", [rejection(0, field="value", reason="is no number")] * 2, at=HOUR)
    note("t_one", "shop", REQUEST, [rejection(0, field="", reason="the signature is wrong")], at=HOUR)

    def counts(since: int = 0, until: int = 0) -> list[tuple[str, int]]:
        return [(one.reason, one.records) for one in control.rejections.reasons("t_one", since=since, until=until)]

    assert counts() == [("is not known", 2), ("is no number", 2), ("the signature is wrong", 1)]
    assert counts(since=HOUR + HOUR_MS + 1) == [("is not known", 1)]
    assert counts(until=HOUR + HOUR_MS)[0] == ("is no number", 2)
    shop = Wanted(source="shop")
    assert [one.reason for one in control.rejections.reasons("t_one", wanted=shop)] == [
        "is no number",
        "the signature is wrong",
    ]
    # Nobody knows who sent a request that was refused: nothing of it is kept.
    assert {one.field for one in control.rejections.samples("t_one", shop)} == {"value"}
    first, *rest = control.rejections.samples("t_one")
    assert control.rejections.samples("t_one", before=first.id) == rest


def test_what_a_sender_makes_up_is_bounded(control: Control, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(of, "MOST_REASONS", 10)
    monkeypatch.setattr(of, "_MOST_PENDING", 30)
    for number in range(50):
        control.rejections.note("t_one", "api", "event", [rejection(0, field=f"x{number}")], at=NOW)
        if number == 4:
            control.rejections.flush()
    control.rejections.note("t_one", "s" * 500, "event", [rejection(0, "v" * 9000, "f" * 900, "r\0" * 900)], at=NOW)
    found = control.rejections.reasons("t_one")
    assert sum(one.records for one in found) == 51
    assert len(found) <= 12
    assert found[0].reason == OTHER


def test_what_cannot_be_written_is_kept_in_memory(control: Control, monkeypatch: pytest.MonkeyPatch) -> None:
    control.rejections.note("t_one", "api", "event", [rejection(0)], at=NOW)

    def broken() -> None:
        raise Unavailable("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(control.database, "write", broken)
        with pytest.raises(Unavailable):
            control.rejections.flush()
    assert control.rejections.reasons("t_one")[0].records == 1


def test_they_survive_a_restart_and_go_with_time(control: Control, control_url: str, clock: FrozenClock) -> None:
    control.rejections.note("t_one", "api", "event", [rejection(0)], at=clock.now_ms())
    control.close()
    with Control.open(control_url, b"a secret key for tests, 32 bytes or more", clock) as again:
        assert again.rejections.reasons("t_one")[0].records == 1
        assert again.rejections.purge(before_ms=clock.now_ms() - HOUR_MS) == 0
        assert again.rejections.purge(before_ms=clock.now_ms() + 2 * HOUR_MS) == 2
        assert again.rejections.samples("t_one") == []


def test_a_value_can_be_rewritten(control: Control) -> None:
    control.rejections.note("t_one", "api", "event", [rejection(0, "joe@example.com"), rejection(1, "other")], at=NOW)
    assert control.rejections.rewrite("t_one", lambda value: value.replace("joe@example.com", "")) == 1
    assert sorted(one.value for one in control.rejections.samples("t_one")) == ["''", "'other'"]
