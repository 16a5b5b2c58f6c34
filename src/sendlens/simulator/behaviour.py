"""What happens to a batch of messages: deliveries, opens, clicks, complaints, orders, and the machines in between.

Owns the behaviour, vectorised over all messages of a run; returns columns, sorted by time. Leaves the words (subjects,
addresses, replies) to `run` and the schedule to `world`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, Final, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from sendlens.simulator import timing
from sendlens.simulator.clients import AGENT_NAMES, AGENT_NUMBER, AGENTS, NETWORKS, READER_NAMES, READERS
from sendlens.simulator.mailboxes import MAILBOXES
from sendlens.simulator.parameters import DAY_MS, HOUR_MS, Parameters
from sendlens.simulator.population import Population
from sendlens.simulator.programs import Plan
from sendlens.simulator.replies import REPLIES, choices

Longs = NDArray[np.int64]
Flags = NDArray[np.bool_]
Numbers = NDArray[np.integer[Any]]
_N = TypeVar("_N", bound=np.integer[Any])

INJECTED, DEFERRED, DELIVERED, BOUNCED, RETURNED, DROPPED, OPENED, CLICKED, COMPLAINED, UNSUBSCRIBED, CONVERTED = range(
    11
)
NOBODY, HUMAN, PROXY, MACHINE = range(4)
ACTORS: Final = ("", "human", "proxy", "machine")
METHODS: Final = ("link", "one_click", "mailto")

UNSUBSCRIBE_LINK: Final = 100
"""The `link` of a click on the unsubscribe link, which stands behind all others."""

_SECOND: Final = 1000
_MINUTE: Final = 60_000


@dataclasses.dataclass(frozen=True)
class Throttle:
    """A mailbox provider defers most mail between two times (UTC milliseconds)."""

    provider: str
    since: int
    until: int = 2**62


class Columns(NamedTuple):
    """Events as arrays in the order of time. `detail` is a reply, method, or cents, depending on the kind."""

    time: Longs
    kind: NDArray[np.uint8]
    message: NDArray[np.int32]
    agent: NDArray[np.uint8]
    ip: Longs
    link: NDArray[np.int16]
    actor: NDArray[np.uint8]
    detail: Longs

    def first(self, n: int) -> Columns:
        """Return the first n events."""
        return Columns(
            self.time[:n], self.kind[:n], self.message[:n], self.agent[:n],
            self.ip[:n], self.link[:n], self.actor[:n], self.detail[:n],
        )  # fmt: skip


class _Collector:
    def __init__(self) -> None:
        self._parts: list[tuple[Longs, int, Numbers, Numbers, Numbers, Numbers, Numbers, Numbers]] = []

    def add(
        self,
        kind: int,
        message: Numbers,
        time: Longs,
        *,
        agent: Numbers | int = 0,
        ip: Numbers | int = 0,
        link: Numbers | int = -1,
        actor: Numbers | int = NOBODY,
        detail: Numbers | int = 0,
    ) -> None:
        n = len(message)
        if n:
            self._parts.append(
                (time, kind, message, _wide(agent, n), _wide(ip, n), _wide(link, n), _wide(actor, n), _wide(detail, n))
            )

    def columns(self) -> Columns:
        kinds = [np.full(len(part[0]), part[1], dtype=np.uint8) for part in self._parts]
        time, kind = _joined([part[0] for part in self._parts], np.int64), _joined(kinds, np.uint8)
        message = _joined([part[2] for part in self._parts], np.int32)
        order = np.lexsort((kind, message, time))
        return Columns(
            time[order],
            kind[order],
            message[order],
            _joined([part[3] for part in self._parts], np.uint8)[order],
            _joined([part[4] for part in self._parts], np.int64)[order],
            _joined([part[5] for part in self._parts], np.int16)[order],
            _joined([part[6] for part in self._parts], np.uint8)[order],
            _joined([part[7] for part in self._parts], np.int64)[order],
        )


def _wide(column: Numbers | int, n: int) -> Numbers:
    return np.full(n, column) if isinstance(column, int) else column


def _joined(parts: Sequence[Numbers], type: type[_N]) -> NDArray[_N]:
    return np.concatenate([np.zeros(0, dtype=type), *(part.astype(type, copy=False) for part in parts)])


_LOOK: Final = 16 * _SECOND
"""The least that a person looks at a page."""
_PROVIDERS: Final = tuple(dict.fromkeys(mailbox.provider for mailbox in MAILBOXES))
_PROVIDER_OF: Final = np.array([_PROVIDERS.index(mailbox.provider) for mailbox in MAILBOXES])
_TROUBLE: Final = np.array([mailbox.trouble for mailbox in MAILBOXES])
_NETWORK: Final = [NETWORKS[AGENTS[name].network] for name in AGENT_NAMES]
_IS_PROXY: Final = np.array([AGENTS[name].device == "proxy" for name in AGENT_NAMES])
_OPENS: Final = [[AGENT_NUMBER[a] for a in READERS[name].opens.split()] for name in READER_NAMES]
_CLICKS: Final = [[AGENT_NUMBER[a] for a in READERS[name].clicks.split()] for name in READER_NAMES]


def _number(address: str) -> int:
    return int.from_bytes(bytes(int(part) for part in address.split(".")))


_FIRST_ADDRESS: Final = np.array([_number(first) for first, _ in _NETWORK], dtype=np.int64)
_FREE_BITS: Final = np.array([bits for _, bits in _NETWORK], dtype=np.int64)
_OPEN_AGENTS: Final = np.array([[row[n % len(row)] for n in range(12)] for row in _OPENS])
_CLICK_AGENTS: Final = np.array([[row[n % len(row)] for n in range(12)] for row in _CLICKS])


def simulate(
    rng: np.random.Generator,
    parameters: Parameters,
    population: Population,
    plan: Plan,
    people: Longs,
    injected_at: Longs,
    throttles: tuple[Throttle, ...] = (),
    tracked: Flags | None = None,
) -> Columns:
    """Return everything that happens to one message for each of `people`, injected at the given times."""
    p, n = parameters, len(people)
    out = _Collector()
    everyone = np.arange(n)
    mailbox = population.mailbox[people]
    tracked = np.ones(n, dtype=np.bool_) if tracked is None else tracked

    dropped = rng.random(n) < p.drop_share
    out.add(DROPPED, everyone[dropped], injected_at[dropped], detail=_replies(rng, "dropped", mailbox[dropped]))
    attempted = ~dropped
    out.add(INJECTED, everyone[attempted], injected_at[attempted])

    # The fate of each attempted message, and the deferrals on the way to it.
    trouble = _TROUBLE[mailbox]
    u = rng.random(n)
    edges = np.cumsum([np.full(n, p.hard_share), p.soft_share * trouble, p.block_share * trouble], axis=0)
    hard, soft, block = u < edges[0], (u >= edges[0]) & (u < edges[1]), (u >= edges[1]) & (u < edges[2])
    arrived = attempted & (u >= edges[2])
    fate_at = injected_at + timing.lognormal(rng, n, p.latency_seconds * _SECOND, 0.8)
    deferred = attempted & ~hard & (soft | (rng.random(n) < p.defer_share * trouble))
    slow = np.full(n, 12.0 * _MINUTE)
    for throttle in throttles:
        hit = (_PROVIDER_OF[mailbox] == _PROVIDERS.index(throttle.provider)) & attempted & ~hard
        hit &= (injected_at >= throttle.since) & (injected_at < throttle.until) & (rng.random(n) < p.throttle_share)
        deferred |= hit
        slow[hit] = p.throttle_minutes * _MINUTE
    slow[soft] = 9.0 * HOUR_MS
    who = everyone[deferred]
    first = fate_at[who]
    fate_at[who] += (slow[who] * rng.lognormal(0, 0.5, len(who))).astype(np.int64)
    times = 1 + rng.poisson(0.6, len(who)) + 2 * soft[who]
    replies = _replies(rng, "deferred", mailbox[who])
    for attempt in range(int(times.max(initial=0))):
        again = times > attempt
        share = attempt / times[again]
        at = first[again] + ((fate_at[who[again]] - first[again]) * share).astype(np.int64)
        out.add(DEFERRED, who[again], at, detail=replies[again] + 256 * (attempt + 1))
    for kind, refused in (("hard", hard), ("soft", soft), ("block", block)):
        some = everyone[attempted & refused]
        out.add(BOUNCED, some, fate_at[some], detail=_replies(rng, kind, mailbox[some]))
    there = everyone[arrived]
    out.add(DELIVERED, there, fate_at[there])

    returned = rng.random(len(there)) < p.out_of_band_share
    back = there[returned]
    out.add(RETURNED, back, fate_at[back] + timing.lognormal(rng, len(back), 20 * _MINUTE, 1.0) + 2 * _SECOND,
            detail=_replies(rng, "out_of_band", mailbox[back]))  # fmt: skip
    there = there[~returned]
    _reading(rng, p, population, plan, people, there, fate_at, tracked, out)
    return out.columns()


def _reading(
    rng: np.random.Generator,
    p: Parameters,
    population: Population,
    plan: Plan,
    people: Longs,
    there: Longs,
    delivered_at: Longs,
    tracked: Flags,
    out: _Collector,
) -> None:
    person, at = people[there], delivered_at[there]
    _machines(rng, p, population, plan, person, there, at, tracked, out)

    # People. A prefetched message can be clicked without an open that shows.
    wish = np.clip(p.open_rate * plan.opens * population.fondness[person] / population.mean_seen, 0, 0.97)
    reads = rng.random(len(there)) < wish
    visible = reads & tracked[there] & (rng.random(len(there)) < population.seen[person])
    opened_at = at + timing.time_to_open(rng, at, p.hour_pattern)
    who = np.flatnonzero(visible)
    agents = _OPEN_AGENTS[population.reader[person[who]], rng.integers(0, 12, len(who))]
    _open(rng, population, person, there, who, opened_at[who], agents, out)
    again, offset = _repeats(rng, rng.poisson(p.repeat_opens, len(who)), 5 * HOUR_MS)
    late = opened_at[who[again]] + offset
    keep = late < at[who[again]] + timing.LAST_OPEN_MS
    _open(rng, population, person, there, who[again[keep]], late[keep], agents[again[keep]], out)

    clicks = reads & (rng.random(len(there)) < np.clip(p.click_share * plan.clicks, 0, 0.9))
    who = np.flatnonzero(clicks)
    clicked_at = opened_at[who] + timing.lognormal(rng, len(who), 25 * _SECOND, 1.0) + _SECOND
    agents = _CLICK_AGENTS[population.reader[person[who]], rng.integers(0, 12, len(who))]
    again, offset = _repeats(rng, rng.poisson(p.more_clicks, len(who)), 2 * _MINUTE)
    offset = _in_turn(again, offset)
    number = np.concatenate([np.arange(len(who)), again])
    weights = np.cumsum(np.array([link.weight for link in plan.links], dtype=np.float64))
    links = (weights[:-1] <= rng.random((len(number), 1)) * weights[-1]).sum(axis=1)
    out.add(CLICKED, there[who[number]], np.concatenate([clicked_at, clicked_at[again] + offset]), agent=agents[number],
            ip=_addresses(rng, population, person[who[number]], agents[number]), link=links, actor=HUMAN)  # fmt: skip
    _orders(rng, p, plan, there[who], clicked_at, out)
    _farewells(rng, p, population, person, there, at, opened_at, out)


def _machines(
    rng: np.random.Generator,
    p: Parameters,
    population: Population,
    plan: Plan,
    person: Longs,
    there: Longs,
    at: Longs,
    tracked: Flags,
    out: _Collector,
) -> None:
    n = len(there)
    u = rng.random(n)
    apple = population.prefetches[person] & (u < p.prefetch_share) & tracked[there]
    gmail = (_PROVIDER_OF[population.mailbox[person]] == _PROVIDERS.index("gmail")) & ~apple & tracked[there]
    gmail &= rng.random(n) < p.gmail_prefetch_share
    for name, hit, median in (("apple_prefetch", apple, 6 * _MINUTE), ("gmail_prefetch", gmail, 3 * _SECOND)):
        who = np.flatnonzero(hit)
        agents = np.full(len(who), AGENT_NUMBER[name])
        out.add(OPENED, there[who], at[who] + timing.lognormal(rng, len(who), median, 1.3), agent=agents,
                ip=_addresses(rng, population, person[who], agents), actor=MACHINE)  # fmt: skip
    # A scanner loads the pictures and follows every link, the one for leaving included, within seconds.
    who = np.flatnonzero((population.scanner[person] > 0) & (rng.random(n) < 0.8))
    agents = population.scanner[person[who]].astype(np.int64)
    ips = _addresses(rng, population, person[who], agents)
    start = at[who] + timing.lognormal(rng, len(who), 9 * _SECOND, 0.9)
    seen = tracked[there[who]]
    out.add(OPENED, there[who[seen]], start[seen], agent=agents[seen], ip=ips[seen], actor=MACHINE)
    for place, link in enumerate((*range(len(plan.links)), UNSUBSCRIBE_LINK)):
        moment = start + 150 + place * 400 + rng.integers(0, 350, len(who))
        out.add(CLICKED, there[who], moment, agent=agents, ip=ips, link=link, actor=MACHINE)


def _open(
    rng: np.random.Generator,
    population: Population,
    person: Longs,
    there: Longs,
    who: Longs,
    time: Longs,
    agents: Numbers,
    out: _Collector,
) -> None:
    actors = np.where(_IS_PROXY[agents], PROXY, HUMAN)
    out.add(OPENED, there[who], time, agent=agents, ip=_addresses(rng, population, person[who], agents), actor=actors)


def _orders(
    rng: np.random.Generator, p: Parameters, plan: Plan, message: Longs, clicked_at: Longs, out: _Collector
) -> None:
    buys = rng.random(len(message)) < min(p.convert_share * plan.orders, 0.9)
    who = message[buys]
    cents = np.maximum(rng.lognormal(np.log(p.order_value * 100), 0.6, len(who)), 199).astype(np.int64)
    named = rng.random(len(who)) < p.message_id_share
    at = clicked_at[buys] + timing.lognormal(rng, len(who), 35 * _MINUTE, 1.4)
    # `link` says whether the shop names the message; `agent` picks product and quantity.
    out.add(CONVERTED, who, at, agent=rng.integers(0, 250, len(who)), link=named.astype(np.int16), detail=cents)


def _farewells(
    rng: np.random.Generator,
    p: Parameters,
    population: Population,
    person: Longs,
    there: Longs,
    at: Longs,
    opened_at: Longs,
    out: _Collector,
) -> None:
    n = len(there)
    who = np.flatnonzero(rng.random(n) < p.unsubscribe_share)
    methods = np.searchsorted([0.5, 0.88], rng.random(len(who)), side="right")
    left_at = opened_at[who] + timing.lognormal(rng, len(who), 40 * _SECOND, 0.8) + 6 * _SECOND
    agents = _CLICK_AGENTS[population.reader[person[who]], rng.integers(0, 12, len(who))]
    ips = _addresses(rng, population, person[who], agents)
    by_link = methods == 0
    out.add(CLICKED, there[who[by_link]], left_at[by_link] - 5 * _SECOND, agent=agents[by_link], ip=ips[by_link],
            link=UNSUBSCRIBE_LINK, actor=HUMAN)  # fmt: skip
    out.add(UNSUBSCRIBED, there[who], left_at, agent=agents, ip=ips, actor=HUMAN, detail=methods)
    share = p.complaint_share / population.share_reporting
    who = np.flatnonzero(population.reports[person] & (rng.random(n) < share))
    out.add(COMPLAINED, there[who], at[who] + timing.lognormal(rng, len(who), DAY_MS // 3, 1.2))


def _repeats(rng: np.random.Generator, times: Numbers, median: int) -> tuple[Longs, Longs]:
    """Return who does it again, an entry per repetition, and how long after the first time; never at one instant."""
    again = np.repeat(np.arange(len(times)), times)
    place = np.arange(len(again)) - np.repeat(np.cumsum(times) - times, times)
    offset = timing.lognormal(rng, len(again), median, 1.6)
    return again, (offset // 64 + 1) * 64 + place % 64


def _in_turn(again: Longs, gap: Longs) -> Longs:
    """Return how long after the first click each further one is: a person looks at one page before the next."""
    gap = gap + _LOOK
    until = np.cumsum(gap)
    first = np.flatnonzero(np.diff(again, prepend=-1))
    before = (until - gap)[first]
    return until - np.repeat(before, np.diff(first, append=len(again)))


def _addresses(rng: np.random.Generator, population: Population, person: Longs, agents: Numbers) -> Longs:
    """Return IPv4 addresses as numbers: a person's own, or one of the machine's network."""
    bits = np.where(_FREE_BITS[agents] == 17, population.address_bits[person], rng.integers(1, 1 << 17, len(person)))
    return _FIRST_ADDRESS[agents] + (bits & ((1 << _FREE_BITS[agents]) - 1))


_CHOICES: Final = {
    kind: [np.array(choices(kind, provider)) for provider in _PROVIDERS] for kind in {reply.kind for reply in REPLIES}
}


def _replies(rng: np.random.Generator, kind: str, mailbox: Numbers) -> Longs:
    u = rng.random(len(mailbox))
    picked = np.zeros(len(mailbox), dtype=np.int64)
    provider = _PROVIDER_OF[mailbox]
    for number, options in enumerate(_CHOICES[kind]):
        here = provider == number
        picked[here] = options[(u[here] * len(options)).astype(np.int64)]
    return picked
