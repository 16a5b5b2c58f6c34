"""Questions asked beside each other: for the same asker, and over when the answer is."""

from __future__ import annotations

import threading

import pytest

from sendlens.metrics.beside import AT_ONCE, beside
from sendlens.store.asker import Asker, asker, asking


def test_questions_run_at_the_same_time_and_are_asked_by_who_began_them() -> None:
    met = threading.Barrier(AT_ONCE, timeout=30)
    who = Asker()

    def question(number: int) -> tuple[int, bool]:
        met.wait()  # nobody passes alone
        return number, asker() is who

    with asking(who), beside() as ask:
        begun = [ask(lambda number=number: question(number)) for number in range(AT_ONCE)]
        assert [one.result() for one in begun] == [(number, True) for number in range(AT_ONCE)]


def test_an_error_is_told_and_what_had_not_begun_never_does() -> None:
    begun = list[int]()
    free = threading.Event()

    def question(number: int) -> None:
        begun.append(number)
        if number == 0:
            raise ValueError("refused")
        assert free.wait(30)

    def answer() -> None:
        with beside() as ask:
            first = ask(lambda: question(0))
            for number in range(1, AT_ONCE + 3):
                ask(lambda number=number: question(number))
            try:
                first.result()
            finally:
                threading.Timer(0.2, free.set).start()

    with pytest.raises(ValueError, match="refused"):
        answer()
    assert AT_ONCE + 2 not in begun, "the last in the line"
