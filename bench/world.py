"""A made-up e-mail program as columns of numbers, fast enough to fill a store with a hundred million events.

Owns who is mailed when and what follows, drawn with the simulator's shares. Leaves to `rows` what an event looks like
in the store and on the wire. The simulator itself tells finer stories and the truth behind them, but makes objects.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sendlens.simulator.clients import AGENT_NUMBER, AGENTS
from sendlens.simulator.parameters import Parameters

Numbers = NDArray[Any]

TYPES: Final = (
    "injected",
    "delivered",
    "deferred",
    "bounced",
    "dropped",
    "opened",
    "clicked",
    "unsubscribed",
    "complained",
    "converted",
)
INJECTED, DELIVERED, DEFERRED, BOUNCED, DROPPED, OPENED, CLICKED, UNSUBSCRIBED, COMPLAINED, CONVERTED = range(10)
TENANT_SHARES: Final = (0.7, 0.2, 0.08, 0.02)
CAMPAIGNS: Final = 1_000
ALWAYS: Final = 20
"""The first campaigns are programs that always run (welcome, receipt); the others are sent once."""
ALWAYS_SHARE: Final = 0.2
PERIOD_DAYS: Final = 92
LINKS: Final = 12
NONE: Final = -1

_DAY: Final = 86_400_000
_HOUR: Final = 3_600_000
_LONGEST_WAIT: Final = 10 * _DAY
_BLAST_MS: Final = 40 * 60_000
"""A campaign leaves within this time."""
_PROXIES: Final = np.array([AGENT_NUMBER[name] for name in ("apple_prefetch", "gmail_prefetch", "scanner_barracuda")])
_READERS: Final = np.array([AGENT_NUMBER[name] for name in AGENTS if "scanner" not in name and "prefetch" not in name])
_BROWSERS: Final = np.array([AGENT_NUMBER[name] for name in AGENTS if name.startswith(("chrome", "safari", "edge"))])

COLUMNS: Final[dict[str, Any]] = {
    "at": np.int64,
    "type": np.int8,
    "message": np.int64,
    "campaign": np.int16,
    "person": np.int32,
    "sent": np.int64,
    "agent": np.int16,
    "link": np.int16,
    "reply": np.int16,
    "cents": np.int64,
}
"""One event: when, what, which message of which campaign to whom, sent when; agent, link, reply and cents or none."""

Columns = dict[str, Numbers]


@dataclass(frozen=True)
class Plan:
    """The frame of a world: from when to when (UTC milliseconds) about how many events are told."""

    seed: int
    start: int
    end: int
    events: int

    @property
    def people(self) -> int:
        """How many persons of all tenants get mail."""
        return max(400, min(self.events // 60, 1_500_000))


def campaign_tenants() -> Numbers:
    """Return the tenant number of each campaign."""
    shares = np.cumsum(TENANT_SHARES)
    places = (np.arange(CAMPAIGNS) * 0.6180339887) % 1.0
    return np.minimum(np.searchsorted(shares, places), len(TENANT_SHARES) - 1)


def person_ranges(people: int) -> tuple[Numbers, Numbers]:
    """Return the first person of each tenant and how many it has."""
    sizes = np.maximum((np.array(TENANT_SHARES) * people).astype(np.int64), 4)
    return np.concatenate([[0], np.cumsum(sizes)[:-1]]), sizes


class World:
    """Tells events in the order of time, stretch by stretch; remembers what people will do later."""

    def __init__(self, plan: Plan, parameters: Parameters | None = None) -> None:
        """Begin at the plan's start."""
        self.plan = plan
        self._p = parameters or Parameters()
        self._tenants = campaign_tenants()
        self._stretches = 0
        self._messages = 0
        self._now = plan.start
        self._later: Columns = {name: np.empty(0, dtype=kind) for name, kind in COLUMNS.items()}

    def stretch(self, messages: int, until: int) -> Columns:
        """Return what happens until then (UTC milliseconds), sorted by time, with so many messages sent meanwhile."""
        rng = np.random.default_rng([self.plan.seed, self._stretches])
        drawn = self._sent(rng, messages, until)
        self._messages, self._stretches = self._messages + messages, self._stretches + 1
        everything = {name: np.concatenate([self._later[name], drawn[name]]) for name in COLUMNS}
        order = np.argsort(everything["at"], kind="stable")
        cut = int(np.searchsorted(everything["at"][order], until))
        self._later = {name: values[order[cut:]] for name, values in everything.items()}
        self._now = until
        return {name: values[order[:cut]] for name, values in everything.items()}

    def save(self, path: Path) -> None:
        """Keep what is needed to go on telling."""
        state = np.array([self._stretches, self._messages, self._now], dtype=np.int64)
        np.savez(path, allow_pickle=False, state=state, **self._later)

    def load(self, path: Path) -> None:
        """Go on where `save` left off."""
        with np.load(path) as kept:
            self._stretches, self._messages, self._now = (int(value) for value in kept["state"])
            self._later = {name: kept[name] for name in COLUMNS}

    def _sent(self, rng: np.random.Generator, n: int, until: int) -> Columns:
        p = self._p
        campaign, sent = self._campaigns(rng, n, until)
        tenant = self._tenants[campaign]
        firsts, sizes = person_ranges(self.plan.people)
        message: Columns = {
            "message": np.arange(self._messages, self._messages + n),
            "campaign": campaign,
            "person": firsts[tenant] + (rng.random(n) * sizes[tenant]).astype(np.int64),
            "sent": sent,
        }
        parts: list[Columns] = []

        def tell(kind: int, who: Numbers, at: Numbers, **more: Numbers) -> None:
            part = {name: values[who] for name, values in message.items()}
            part |= {"at": np.minimum(at, part["sent"] + _LONGEST_WAIT), "type": np.full(len(who), kind)}
            for name, none in (("agent", NONE), ("link", NONE), ("reply", NONE), ("cents", 0)):
                part[name] = more.get(name, np.full(len(who), none))
            parts.append(part)

        def some(of: Numbers, share: float) -> Numbers:
            return of[rng.random(len(of)) < share]

        def later(of: Numbers, median_ms: float, spread: float) -> Numbers:
            return (median_ms * np.exp(rng.normal(0, spread, len(of)))).astype(np.int64)

        everybody = np.arange(n)
        fate = rng.random(n)
        refused = p.drop_share + p.hard_share + p.soft_share + p.block_share
        dropped, tried = everybody[fate < p.drop_share], everybody[fate >= p.drop_share]
        bounced, delivered = tried[fate[tried] < refused], tried[fate[tried] >= refused]
        tell(DROPPED, dropped, sent[dropped], reply=rng.integers(0, 3, len(dropped)))
        tell(INJECTED, tried, sent[tried])
        tell(BOUNCED, bounced, sent[bounced] + later(bounced, 6_000, 1.0), reply=rng.integers(0, 8, len(bounced)))
        put_off = some(tried, p.defer_share)
        tell(DEFERRED, put_off, sent[put_off] + 900, reply=rng.integers(8, 11, len(put_off)))
        arrived = sent + later(everybody, p.latency_seconds * 1000, 0.8)
        tell(DELIVERED, delivered, arrived[delivered])
        machines = some(delivered, p.prefetch_share * 0.14 + p.scanner_share * 0.1)
        at = arrived[machines] + later(machines, 60_000, 1.2)
        tell(OPENED, machines, at, agent=rng.choice(_PROXIES, len(machines)))
        openers = some(delivered, p.open_rate)
        opened = np.zeros(n, dtype=np.int64)
        opened[openers] = arrived[openers] + later(openers, 2.5 * _HOUR, 1.4)
        for again in (openers, some(openers, p.repeat_opens)):
            wait = 0 if again is openers else later(again, 8 * _HOUR, 1.2)
            tell(OPENED, again, opened[again] + wait, agent=rng.choice(_READERS, len(again)))
        clickers = some(openers, p.click_share)
        for again in (clickers, some(clickers, p.more_clicks)):
            agents, links = rng.choice(_BROWSERS, len(again)), rng.integers(0, LINKS, len(again))
            tell(CLICKED, again, opened[again] + later(again, 25_000, 0.9), agent=agents, link=links)
        left = some(delivered, p.unsubscribe_share)
        tell(UNSUBSCRIBED, left, arrived[left] + later(left, _HOUR, 1.3), agent=rng.choice(_BROWSERS, len(left)))
        angry = some(delivered, p.complaint_share)
        tell(COMPLAINED, angry, arrived[angry] + later(angry, 5 * _HOUR, 1.2))
        buyers = some(clickers, p.convert_share)
        cents = later(buyers, p.order_value * 100, 0.6)
        tell(CONVERTED, buyers, opened[buyers] + later(buyers, 900_000, 1.0), cents=cents)
        return {name: np.concatenate([part[name] for part in parts]).astype(kind) for name, kind in COLUMNS.items()}

    def _campaigns(self, rng: np.random.Generator, n: int, until: int) -> tuple[Numbers, Numbers]:
        """Return (campaign, time sent): campaigns leave within forty minutes, a fifth of the mail at any time."""
        length = max(self.plan.end - self.plan.start, 1)
        starts = self.plan.start + (np.arange(ALWAYS, CAMPAIGNS) + 0.5 - ALWAYS) * length // (CAMPAIGNS - ALWAYS)
        due = np.flatnonzero((starts >= self._now) & (starts < until)) + ALWAYS
        anytime = rng.integers(self._now, max(until, self._now + 1), n)
        if len(due):
            blast = rng.choice(due, n)
            at = starts[blast - ALWAYS].astype(np.int64) + rng.integers(0, _BLAST_MS, n)
        else:  # a stretch too short for a start: the latest campaign is still leaving
            latest = int(np.searchsorted(starts, self._now)) - 1 + ALWAYS
            blast, at = np.full(n, max(latest, ALWAYS)), anytime
        always = rng.random(n) < ALWAYS_SHARE
        return np.where(always, rng.integers(0, ALWAYS, n), blast), np.where(always, anytime, at)


def events_per_message() -> float:
    """Return about how many events one message leaves."""
    plan = Plan(seed=1, start=0, end=_DAY, events=1_000)
    return len(World(plan).stretch(20_000, 40 * _DAY)["at"]) / 20_000
