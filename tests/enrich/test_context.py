"""The verdict from neighbours: each rule with its documented case and the person it must not accuse, in any order."""

from __future__ import annotations

import random
import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendlens.enrich.context import (
    BURST_LINKS,
    BURST_MS,
    PACE_MS,
    REACH_MS,
    REASONS,
    RULES,
    Act,
    Finding,
    Message,
    judge,
)
from sendlens.enrich.networks import SCANNERS, SHIPPED

S = 1000


def click(key: int, at: float, link: int, **more: object) -> Act:
    return Act(key, int(at * S), "clicked", link, **more)  # type: ignore[arg-type]  # flags by name


def opened(key: int, at: float, **more: object) -> Act:
    return Act(key, int(at * S), "opened", **more)  # type: ignore[arg-type]  # flags by name


def left(key: int, at: float) -> Act:
    return Act(key, int(at * S), "unsubscribed")


def delivered(at: float) -> Act:
    return Act(999, int(at * S), "delivered")


def reasons(*acts: Act) -> dict[int, str]:
    """Return the reason found for each act that some rule names a machine."""
    message = Message(acts)
    return {act.key: found.reason for act in acts if act.type != "delivered" and (found := judge(act, message))}


CASES: dict[str, tuple[tuple[Act, ...], dict[int, str]]] = {
    "three links in half a minute": (
        (click(1, 100, 1), click(2, 110, 2), click(3, 130, 3)),
        {1: "burst", 2: "burst", 3: "burst"},
    ),
    "three links in more than that": ((click(1, 100, 1), click(2, 110, 2), click(3, 131, 3)), {}),
    "one link three times": ((click(1, 100, 1), click(2, 101, 1), click(3, 102, 1)), {}),
    "two links faster than a hand": ((click(1, 100, 1), click(2, 101, 2)), {1: "burst", 2: "burst"}),
    "two links at a hand's pace": ((click(1, 100, 1), click(2, 104, 2)), {}),
    "the person after a scanner that gave its name": (
        (*(click(key, 100 + key, key, explained=True) for key in (1, 2, 3)), click(4, 110, 1)),
        {},
    ),
    "a link nobody sees": (
        (click(1, 100, 9, trap=True), opened(2, 95), click(3, 109, 1), left(4, 104), click(5, 111, 1)),
        {1: "honeypot", 2: "honeypot_neighbour", 3: "honeypot_neighbour", 4: "honeypot_neighbour"},
    ),
    "a link nobody sees, by a named scanner": (
        (click(1, 100, 9, trap=True, explained=True), click(2, 101, 1)),
        {2: "honeypot_neighbour"},
    ),
    "a one-click request within a burst": (
        (click(1, 100, 1), click(2, 101, 2), click(3, 102, 3), left(4, 103)),
        {1: "burst", 2: "burst", 3: "burst", 4: "burst"},
    ),
    "somebody who reads and then leaves": ((click(1, 100, 1), click(2, 115, 2), left(3, 120)), {}),
    "the picture loaded by the hand that clicked": (
        (
            opened(1, 99, hand=7),
            opened(2, 99, hand=8),
            *(click(key, 97 + key, key, hand=7) for key in (3, 4, 5)),
        ),
        {1: "burst_opener", 3: "burst", 4: "burst", 5: "burst"},
    ),
    "the same hand half a minute and more before": (
        (opened(1, 69, hand=7), *(click(key, 98 + key, key, hand=7) for key in (2, 3, 4))),
        {2: "burst", 3: "burst", 4: "burst"},
    ),
    "at delivery": (
        (delivered(100), click(1, 101, 1), opened(2, 102), left(3, 99)),
        {1: "at_delivery", 2: "at_delivery", 3: "at_delivery"},
    ),
    "soon after delivery": ((delivered(100), click(1, 103, 1), opened(2, 104)), {}),
    "long before a delivery": ((delivered(100), click(1, 97, 1)), {}),
    "a scanner's network soon after delivery": (
        (delivered(100), click(1, 150, 1, scanner=True), click(2, 150, 1)),
        {1: "scanner_network_at_delivery"},
    ),
    "a scanner's network later": ((delivered(100), click(1, 161, 1, scanner=True)), {}),
    "a scanner's network without a delivery": ((click(1, 150, 1, scanner=True),), {}),
}


@pytest.mark.parametrize("name", CASES)
def test_rules(name: str) -> None:
    acts, expected = CASES[name]
    assert reasons(*acts) == expected


def test_every_rule_has_a_case() -> None:
    assert {reason for _, expected in CASES.values() for reason in expected.values()} == REASONS
    assert {rule.name for rule in RULES} == REASONS
    assert set(SHIPPED.counts) >= SCANNERS


def test_a_click_without_an_open_beside_it_is_surer() -> None:
    burst = (click(1, 100, 1), click(2, 110, 2), click(3, 120, 3))
    assert judge(burst[0], Message(burst)) == Finding("burst", 96)
    assert judge(burst[0], Message((*burst, opened(4, 150)))) == Finding("burst", 92)


ACTS = st.lists(
    st.builds(
        Act,
        key=st.integers(1, 6),
        at=st.integers(0, 180).map(lambda second: second * S),
        type=st.sampled_from(("delivered", "opened", "clicked", "clicked", "unsubscribed")),
        link=st.integers(0, 3),
        hand=st.integers(0, 2),
        explained=st.booleans(),
        scanner=st.booleans(),
        trap=st.sampled_from((False, False, False, True)),
    ),
    max_size=10,
)


@given(ACTS, ACTS, st.integers())
def test_a_verdict_is_one_of_the_set_within_reach_and_moves_one_way(
    acts: list[Act], more: list[Act], seed: int
) -> None:
    """Neither the order nor what is out of reach matters, and more evidence never makes a person of a machine."""
    mixed = [*acts, *acts]
    random.Random(seed).shuffle(mixed)
    place = {rule.name: number for number, rule in reversed(list(enumerate(RULES)))}
    for act in acts:
        found = judge(act, Message(acts))
        assert judge(act, Message(mixed)) == found
        assert judge(act, Message([one for one in acts if abs(one.at - act.at) <= REACH_MS])) == found
        later = judge(act, Message([*acts, *more]))
        if found:
            assert later
            assert place[later.reason] <= place[found.reason]
            assert later.reason != found.reason or later.confidence <= found.confidence


CLICKS = st.lists(st.builds(click, st.just(1), st.integers(0, 100), st.integers(0, 2)), min_size=4, max_size=12)


@given(CLICKS)
def test_bursts_are_what_a_look_from_every_click_at_every_other_finds(told: list[Act]) -> None:
    clicks = sorted((act._replace(key=key) for key, act in enumerate(told)), key=lambda act: act.at)
    spans: list[tuple[int, int]] = []
    for click in clicks:
        for wide, least in ((BURST_MS, BURST_LINKS), (PACE_MS, 2)):
            within = [other for other in clicks if click.at <= other.at <= click.at + wide]
            if len({other.link for other in within}) >= least:
                spans.append((click.at, within[-1].at))
    message = Message(clicks)
    for moment in range(0, 131 * S, S):
        for slack in (0, PACE_MS):
            expected = any(start - slack <= moment <= end + slack for start, end in spans)
            assert message.in_burst(moment, slack) == expected
    assert all(end < start for (_, end), (start, _) in pairwise(message.bursts))


def test_a_message_with_everything_on_it_takes_no_longer_for_each() -> None:
    """A source that gives all of its mail one message id must not keep the writer busy for hours."""

    def seconds(count: int) -> float:
        at = [100 + 30 * number / count for number in range(count)]
        clicks = (click(number, at[number], number % 5, hand=number) for number in range(0, count, 2))
        opens = (opened(number, at[number], hand=number) for number in range(1, count, 2))
        acts = (*clicks, *opens)
        began = time.thread_time()
        assert len(reasons(*acts)) == count // 2
        return time.thread_time() - began

    few, many = min(seconds(1_000) for _ in range(5)), min(seconds(32_000) for _ in range(2))
    assert many < 6 * 32 * few  # with a look from each at each it is 1,024 times
