"""Machines that read mail and the people they are mistaken for, message by message, as they are documented to behave.

Owns a table of habits and the acts that follow from one, each with its true actor. It is a stage of its own, apart
from `behaviour`: nobody's program, only mails that arrive and what fetches their pictures and follows their links, so
that a verdict can be measured per kind of machine. `documented` is the table; `drawn` is the same cast with parameters
drawn at random, because nobody publishes how long a scanner waits.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

import numpy as np

from sendlens.simulator.clients import AGENTS

_EDGE: Final = AGENTS["edge_windows"].user_agent
_CHROME: Final = AGENTS["chrome_windows"].user_agent
_SAFARI: Final = AGENTS["safari_iphone"].user_agent
_OUTLOOK: Final = AGENTS["outlook_windows"].user_agent
_GMAIL: Final = AGENTS["gmail_proxy"].user_agent
_YAHOO: Final = AGENTS["yahoo_proxy"].user_agent
_PREFETCH: Final = AGENTS["gmail_prefetch"].user_agent
_BARRACUDA: Final = AGENTS["scanner_barracuda"].user_agent
_PROOFPOINT: Final = AGENTS["scanner_proofpoint"].user_agent

NETWORKS: Final = {
    "home": "198.18.0.0/15",
    "cloud": "192.0.2.0/24",
    "apple_relay": "172.224.224.0/20",
    "google": "66.249.80.0/20",
    "yahoo": "98.136.0.0/16",
    "microsoft": "40.107.0.0/16",
    "barracuda": "64.235.144.0/20",
    "proofpoint": "67.231.144.0/20",
    "mimecast": "205.139.110.0/24",
    "cisco": "68.232.128.0/19",
}
"""Where acts come from; `home` and `cloud` are ranges in which nobody lives."""


class Habit(NamedTuple):
    """How one kind of reader treats a message; times in seconds, shares 0..1.

    `opens` and `clicks` are shares of messages, `after` the median time from delivery to the first act, `links` the
    share of links that a clicker follows, `gap` the median time between two of them. `leaves` is the share of messages
    whose one-click address is posted to, `flagged` that of messages whose acts the source itself calls a machine's, and
    `abroad` that of messages handled from a cloud nobody has listed.
    """

    kind: str
    actor: str
    network: str
    agents: tuple[str, ...]
    after: float
    opens: float = 0.0
    clicks: float = 0.0
    links: float = 1.0
    gap: float = 0.5
    spread: float = 0.8
    leaves: float = 0.0
    flagged: float = 0.0
    abroad: float = 0.0
    weight: float = 1.0


HABITS: Final = (
    # People
    Habit("person_at_desk", "human", "home", (_OUTLOOK,), 7200, opens=1, spread=1.6, weight=4),
    Habit("person_clicks", "human", "home", (_CHROME, _SAFARI, _EDGE), 7200, 1, 0.4, 0.15, 45, spread=1.6, weight=4),
    Habit("person_in_a_hurry", "human", "home", (_SAFARI, _CHROME), 25, 1, 0.6, 0.25, 9),
    Habit("person_leaves", "human", "home", (_CHROME,), 3600, opens=1, leaves=1, spread=1.2, weight=0.4),
    Habit("person_on_apple_relay", "human", "apple_relay", (_SAFARI,), 7200, 0, 1, 0.1, 40, spread=1.4, weight=0.6),
    Habit("person_in_isolation", "human", "mimecast", (_CHROME,), 5400, 0, 1, 0.15, 40, spread=1.3, weight=0.4),
    # Proxies, which fetch when a person opens
    Habit("gmail_proxy", "proxy", "google", (_GMAIL,), 7200, opens=1, spread=1.6, weight=4),
    Habit("yahoo_proxy", "proxy", "yahoo", (_YAHOO,), 7200, opens=1, spread=1.6, weight=1.5),
    # Machines
    Habit("apple_privacy", "machine", "apple_relay", ("Mozilla/5.0",), 9000, opens=1, spread=1.4, weight=4),
    Habit("gmail_prefetch", "machine", "google", (_PREFETCH,), 3, opens=1, weight=0.5),
    Habit("safe_links", "machine", "microsoft", (_EDGE, _CHROME), 6, 0.6, 1, 1, 0.4, abroad=0.2, weight=1.5),
    Habit("barracuda", "machine", "barracuda", (_CHROME, _BARRACUDA), 20, 0.3, 1, 1, 0.3, abroad=0.1),
    Habit("proofpoint", "machine", "proofpoint", (_CHROME, _PROOFPOINT), 45, 0.2, 1, 0.8, 1.2, abroad=0.2),
    Habit("mimecast", "machine", "mimecast", (_EDGE, ""), 15, 0, 1, 0.9, 0.8, abroad=0.2),
    # It asks for the head of a page first, which a tracker notices and tells.
    Habit("cisco", "machine", "cisco", ("", _CHROME), 30, 0, 1, 0.7, 1.0, flagged=0.5),
    Habit("covert_scanner", "machine", "cloud", (_CHROME,), 9, 0.7, 1, 1, 0.4),
    Habit(
        "one_click_poster", "machine", "cloud", ("", "python-requests/2.32.0", _CHROME), 8, 0, 1, leaves=1, weight=0.4
    ),
    Habit("flagged_by_source", "machine", "cloud", (_CHROME,), 600, opens=1, flagged=1, weight=0.5),
)


class Act(NamedTuple):
    """Something that happened to a message; `kind` and `actor` are the truth, empty for a delivery.

    `at` is in UTC milliseconds, `link` a number from 1, or 0 for none.
    """

    message: int
    at: int
    type: str
    link: int = 0
    user_agent: str = ""
    ip: str = ""
    machine: bool | None = None
    kind: str = ""
    actor: str = ""


def documented() -> tuple[Habit, ...]:
    """Return the habits as they are documented or, where nothing is, as they are reported."""
    return HABITS


def drawn(seed: int) -> tuple[Habit, ...]:
    """Return the same cast with other times, shares, agents and places, drawn at random but plausibly.

    A scanner may wait between a third and twenty times as long, follow a third of the links, hide its name, and work
    from places that nobody has listed. People keep a person's pace.
    """
    rng = np.random.default_rng([seed, 0xAC])
    return tuple(_drawn(rng, habit) for habit in HABITS)


def _drawn(rng: np.random.Generator, habit: Habit) -> Habit:
    if habit.actor != "machine":
        return habit._replace(
            after=habit.after * float(rng.uniform(0.5, 2)), gap=habit.gap * float(rng.uniform(0.6, 2)),
            links=habit.links * float(rng.uniform(0.6, 1.5)), weight=habit.weight * float(rng.uniform(0.5, 2)),
        )  # fmt: skip
    follows = habit.clicks > 0
    return habit._replace(
        after=habit.after * math.exp(rng.uniform(math.log(0.3), math.log(20))),
        gap=habit.gap * math.exp(rng.uniform(math.log(0.3), math.log(12))),
        links=float(rng.uniform(0.3, 1)) if follows else habit.links,
        opens=float(rng.uniform(0, 1)) if follows else habit.opens,
        abroad=float(rng.uniform(0, 0.6)) if follows else habit.abroad,
        agents=habit.agents if rng.random() < 0.5 or not follows else (_CHROME, _EDGE),
        weight=habit.weight * float(rng.uniform(0.5, 2)),
    )


def acts(seed: int, habits: Sequence[Habit], messages: int, since: int) -> list[Act]:
    """Return what happens to that many messages from `since` (UTC ms) on, in the order of time.

    Each message has one reader or machine; mails to companies have, one time in three, a person after the scanner.
    """
    rng = np.random.default_rng([seed, 0xAB])
    weights = np.array([habit.weight for habit in habits])
    people: list[Habit] = [habit for habit in habits if habit.actor == "human" and habit.network == "home"]
    told: list[Act] = []
    places: list[int] = rng.choice(len(habits), size=messages, p=weights / weights.sum()).tolist()
    for message, place in enumerate(places):
        delivered = since + int(rng.integers(0, 86_400_000))
        told.append(Act(message, delivered, "delivered"))
        links = int(rng.integers(1, 9))
        told.extend(_treated(rng, habits[place], message, delivered, links))
        if habits[place].actor == "machine" and rng.random() < 1 / 3:
            told.extend(_treated(rng, people[int(rng.integers(len(people)))], message, delivered, links))
    return sorted(told, key=lambda act: (act.at, act.message))


def _treated(rng: np.random.Generator, habit: Habit, message: int, delivered: int, links: int) -> Iterable[Act]:
    agent = habit.agents[int(rng.integers(len(habit.agents)))]
    ip = _address(rng, "cloud" if rng.random() < habit.abroad else habit.network)
    machine = True if rng.random() < habit.flagged else None
    at = delivered + int(1000 * habit.after * rng.lognormal(0, habit.spread))

    def act(at: int, type: str, link: int = 0) -> Act:
        return Act(message, at, type, link, agent, ip, machine, habit.kind, habit.actor)

    if rng.random() < habit.opens:
        yield act(at, "opened")
        at += int(1000 * habit.gap * rng.lognormal(0, 0.5))
    if rng.random() < habit.clicks:
        followed = max(1, round(habit.links * links))
        for link in sorted(rng.choice(links, size=min(followed, links), replace=False).tolist()):
            yield act(at, "clicked", link + 1)
            at += int(1000 * habit.gap * rng.lognormal(0, 0.5))
    if rng.random() < habit.leaves:
        yield act(at + 500, "unsubscribed")


def _address(rng: np.random.Generator, network: str) -> str:
    first, bits = NETWORKS[network].split("/")
    number = int.from_bytes(bytes(int(part) for part in first.split(".")))
    number += int(rng.integers(0, 1 << (32 - int(bits))))
    return ".".join(str(byte) for byte in number.to_bytes(4))
