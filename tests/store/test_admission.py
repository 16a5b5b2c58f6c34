"""Places in the store: divided evenly, with a budget of time, whatever one tenant asks for."""

import threading
from collections.abc import Callable

import pytest

from sendlens.errors import StoreError, TooBusy
from sendlens.store.admission import MOST_WAITING, Admission
from sendlens.store.asker import Asker, asking

PATIENCE = 30.0


class Now:
    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


class SlowStore:
    """Questions that last until the test ends them; the order in which they began is what is looked at."""

    def __init__(self, admission: Admission) -> None:
        self.admission = admission
        self.changed = threading.Condition()
        self.begun: list[str] = []
        self.ends: list[threading.Event] = []
        self.threads: list[threading.Thread] = []

    def ask(self, tenant: str) -> None:
        thread = threading.Thread(target=self._ask, args=(tenant,), daemon=True)
        self.threads.append(thread)
        before = self._known(tenant)
        thread.start()
        self.until(lambda: self._known(tenant) > before)

    def _known(self, tenant: str) -> int:
        use = self.admission._uses.get(tenant)
        return self.begun.count(tenant) + (len(use.waiting) if use else 0)

    def _ask(self, tenant: str) -> None:
        with self.admission.place(tenant):
            end = threading.Event()
            with self.changed:
                self.begun.append(tenant)
                self.ends.append(end)
                self.changed.notify_all()
            assert end.wait(PATIENCE)

    def until(self, true: Callable[[], bool]) -> None:
        with self.changed:
            while not true():
                self.changed.wait(0.01)

    def end(self, number: int) -> None:
        """End the question that began as number so and so, and wait for the next to begin if one waits."""
        waiting = any(use.waiting for use in self.admission._uses.values())
        begun = len(self.begun)
        self.ends[number].set()
        if waiting:
            self.until(lambda: len(self.begun) > begun)

    def finish(self) -> None:
        number = 0
        while any(thread.is_alive() for thread in self.threads):
            self.until(lambda n=number: len(self.ends) > n or not any(t.is_alive() for t in self.threads))
            for end in list(self.ends):
                end.set()
            number = len(self.ends)


def test_a_flood_makes_another_wait_for_one_question_at_most() -> None:
    slow = SlowStore(Admission(3, PATIENCE, 0, Now()))
    for _ in range(50):
        slow.ask("a")
    slow.until(lambda: len(slow.begun) == 3)
    slow.ask("b")
    assert slow.begun == ["a"] * 3  # alone a tenant may have all places
    slow.end(0)
    assert slow.begun[3] == "b"  # the very next, in front of 47
    for number in (1, 2):
        slow.end(number) if number == 1 else slow.ends[number].set()
    # With both about, one place of three is kept free for whoever has fewer.
    slow.ends[3].set()
    slow.until(lambda: slow.admission._free == 1)
    slow.ask("b")
    slow.until(lambda: slow.begun.count("b") == 2)  # at once, without any question ending
    slow.finish()


def test_places_go_round() -> None:
    slow = SlowStore(Admission(1, PATIENCE, 0, Now()))
    for tenant in "aaaabbc":
        slow.ask(tenant)
    for number in range(6):
        slow.end(number)
    assert "".join(slow.begun) == "abcabaa"
    slow.finish()


def test_waiting_is_bounded() -> None:
    slow = SlowStore(Admission(1, PATIENCE, 0, Now()))
    for _ in range(1 + MOST_WAITING):
        slow.ask("a")
    with pytest.raises(TooBusy, match="wait already"), slow.admission.place("a"):
        pass
    slow.finish()


def test_closing_sends_everybody_away() -> None:
    admission = Admission(1, PATIENCE, 0, Now())
    seen: list[str] = []

    def wait() -> None:
        try:
            with admission.place("b"):
                seen.append("in")
        except StoreError:
            seen.append("closed")

    with admission.place("a"):
        thread = threading.Thread(target=wait)
        thread.start()
        while not admission._uses.get("b") or not admission._uses["b"].waiting:
            pass
        admission.close()
        thread.join(PATIENCE)
    assert seen == ["closed"]


def use(admission: Admission, now: Now, tenant: str, seconds: float) -> None:
    with admission.place(tenant):
        now.seconds += seconds


def test_a_budget_is_explained_and_comes_back() -> None:
    now = Now()
    admission = Admission(2, PATIENCE, 10, now)
    use(admission, now, "b", 0.1)
    use(admission, now, "a", 6)
    use(admission, now, "a", 7)
    with pytest.raises(TooBusy) as refused, admission.place("a"):
        pass
    assert refused.value.detail == (
        "queries of this tenant took 13.0 seconds within the last minute; its budget is 10 while other tenants ask too"
    )
    assert "shorter period" in refused.value.hint
    assert refused.value.problem()["used_seconds"] == 13.0
    assert refused.value.retry_after == 53  # the first question ended seven seconds ago
    use(admission, now, "b", 0.1)  # the others go on
    now.seconds += 53
    use(admission, now, "b", 0.1)
    use(admission, now, "a", 0.1)


def test_alone_there_is_no_budget() -> None:
    now = Now()
    admission = Admission(2, PATIENCE, 10, now)
    for _ in range(5):
        use(admission, now, "a", 9)
    assert admission.used("a") > 10


def test_tenants_that_left_are_forgotten() -> None:
    now = Now()
    admission = Admission(2, PATIENCE, 10, now)
    for number in range(1000):
        use(admission, now, f"t_{number}", 1.0)
    assert len(admission._uses) <= 64


def test_whoever_stands_back_leaves_another_alone_with_the_store() -> None:
    admission = Admission(3, PATIENCE, 0, Now())
    behind = Asker()
    behind.behind = True
    with admission.place("light"):
        assert admission.single
        with asking(behind), admission.place("heavy"):
            assert admission.single
            with asking(Asker()), admission.place("other"):
                assert not admission.single
            assert admission.single
    assert admission.single
    assert admission._behind == 0
