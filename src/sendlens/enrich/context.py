"""What only its neighbours tell of an open, a click or an unsubscription: that a machine was at work.

Owns one ordered table of rules over the happenings of one message, and the reach of each. Leaves to `actor` what an
event tells by itself, and to the pipeline which happenings are looked at and what becomes of a verdict that changed.

Two properties carry everything else. A verdict is a function of the *set* of happenings within `REACH_MS` of the act,
whatever order they arrive in. And it moves one way: more happenings can turn a person into a machine and replace a rule
by one that stands before it, never back. So evidence that arrives late corrects what was stored, once and for all.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from operator import itemgetter
from typing import Final, NamedTuple

from sendlens.model.events import EventType

REACH_MS: Final = 60_000
"""No rule looks further than this from the act it judges."""
BURST_MS: Final = 30_000
BURST_LINKS: Final = 3
PACE_MS: Final = 2_000
TRAP_MS: Final = 10_000
SOON_MS: Final = 2_000
SCANNED_MS: Final = 60_000
CLOCKS_MS: Final = 2_000
"""How much earlier than its delivery an act may be told: many sources round to the second."""
NO_OPEN_BONUS: Final = 4
"""What it adds to the confidence of a verdict on a click that no open of the message stands beside."""


class Act(NamedTuple):
    """One happening of a message: an open, click or unsubscription, or its delivery.

    `at` is in UTC milliseconds. `link` is equal for clicks on the same link; `hand` for acts by the same agent from the
    same address. `explained` says that a rule of `actor` already named a machine, `scanner` that the act came from the
    network of a link scanner, `trap` that the link is a honeypot.
    """

    key: int
    at: int
    type: str
    link: int = 0
    hand: int = 0
    explained: bool = False
    scanner: bool = False
    trap: bool = False


class Finding(NamedTuple):
    """The rule that names a machine, and how sure it is, from 0 to 100."""

    reason: str
    confidence: int


class Message:
    """The happenings of one message, in the order in which the rules look for them.

    Nothing here or in the rules may look at each happening from each: a source that gives all of its mail one message
    id makes one message of it all.
    """

    def __init__(self, acts: Sequence[Act]) -> None:
        """Take the happenings in any order; one that stands twice counts once."""
        self.acts = sorted(set(acts), key=lambda act: (act.at, act.key))
        self.deliveries = [act.at for act in self.acts if act.type == EventType.DELIVERED]
        self.traps = [act.at for act in self.acts if act.trap]
        self.opens = [act.at for act in self.acts if act.type == EventType.OPENED]
        # A machine that gave its name explains its own clicks; a person who follows it must not be drawn in.
        clicks = [act for act in self.acts if act.type == EventType.CLICKED and not act.explained]
        self.bursts = _bursts(clicks)
        self.hands: dict[int, list[int]] = {}
        for click in clicks:
            if click.hand and self.in_burst(click.at):
                self.hands.setdefault(click.hand, []).append(click.at)

    def since_delivery(self, at: int) -> int | None:
        """Return how long after a delivery a moment lies, the latest that counts; None where there is none."""
        place = bisect_right(self.deliveries, at + CLOCKS_MS)
        return at - self.deliveries[place - 1] if place else None

    def in_burst(self, at: int, slack: int = 0) -> bool:
        """Return whether a moment lies within a burst of clicks."""
        # Of spans that do not meet, the last that begins in time also ends last.
        place = bisect_right(self.bursts, at + slack, key=itemgetter(0))
        return place > 0 and self.bursts[place - 1][1] >= at - slack


def _bursts(clicks: Sequence[Act]) -> list[tuple[int, int]]:
    """Return the spans of time, first and last click, that are too quick or too wide for a person; none meet."""
    spans: list[tuple[int, int]] = []
    for start, end in sorted((*_spans(clicks, BURST_MS, BURST_LINKS), *_spans(clicks, PACE_MS, 2))):
        if spans and start <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(spans[-1][1], end))
        else:
            spans.append((start, end))
    return spans


def _spans(clicks: Sequence[Act], wide: int, least: int) -> Iterator[tuple[int, int]]:
    """Yield for each click that has as many links within so many milliseconds its time and that of the last of them."""
    links: Counter[int] = Counter()
    end = 0
    for click in clicks:
        while end < len(clicks) and clicks[end].at <= click.at + wide:
            links[clicks[end].link] += 1
            end += 1
        if len(links) >= least:
            yield click.at, clicks[end - 1].at
        links[click.link] -= 1
        if not links[click.link]:
            del links[click.link]


def _near(times: Sequence[int], at: int, reach: int) -> bool:
    """Return whether one of the times, which are in order, lies within reach of a moment."""
    place = bisect_left(times, at - reach)
    return place < len(times) and times[place] <= at + reach


class Rule(NamedTuple):
    """One row of the table; `name` is stored with the act as its reason."""

    name: str
    confidence: int
    types: frozenset[str]
    applies: Callable[[Act, Message], bool]


OPEN: Final = frozenset[str]({EventType.OPENED})
CLICK: Final = frozenset[str]({EventType.CLICKED})
LEAVE: Final = frozenset[str]({EventType.UNSUBSCRIBED})
ANY: Final = OPEN | CLICK | LEAVE


def _is_trap(act: Act, _: Message) -> bool:
    return act.trap


def _near_trap(act: Act, message: Message) -> bool:
    return _near(message.traps, act.at, TRAP_MS)


def _in_burst(act: Act, message: Message) -> bool:
    return message.in_burst(act.at)


def _around_burst(act: Act, message: Message) -> bool:
    return message.in_burst(act.at, PACE_MS)


def _same_hand(act: Act, message: Message) -> bool:
    return _near(message.hands.get(act.hand, ()), act.at, BURST_MS)


def _soon(act: Act, message: Message) -> bool:
    since = message.since_delivery(act.at)
    return since is not None and since <= SOON_MS


def _scanned(act: Act, message: Message) -> bool:
    since = message.since_delivery(act.at)
    return act.scanner and since is not None and since <= SCANNED_MS


RULES: Final = (
    Rule("honeypot", 99, CLICK, _is_trap),
    Rule("honeypot_neighbour", 96, ANY, _near_trap),
    Rule("burst", 92, CLICK, _in_burst),
    # TRICKY: only next to the clicks. Somebody who clicks on two things and then leaves takes longer than a burst.
    Rule("burst", 90, LEAVE, _around_burst),
    # A scanner loads the pictures of a mail and follows its links from one place, with one agent.
    Rule("burst_opener", 85, OPEN, _same_hand),
    # Browser isolation puts people into these networks: the address alone accuses nobody.
    Rule("scanner_network_at_delivery", 88, ANY, _scanned),
    Rule("at_delivery", 85, CLICK | LEAVE, _soon),
    Rule("at_delivery", 70, OPEN, _soon),
)
"""The first rule that applies decides."""

REASONS: Final = frozenset(rule.name for rule in RULES)
"""The reasons given here and nowhere else: an act with one of them was no machine by itself."""


def judge(act: Act, message: Message) -> Finding | None:
    """Return what the happenings around an act tell of it, or None where they tell nothing.

    An act whose own evidence names a machine keeps that verdict: None.
    """
    if act.explained:
        return None
    for rule in RULES:
        if act.type in rule.types and rule.applies(act, message):
            alone = act.type == EventType.CLICKED and not _near(message.opens, act.at, REACH_MS)
            return Finding(rule.name, min(99, rule.confidence + NO_OPEN_BONUS * alone))
    return None
