"""A company's e-mail program over time: what is mailed when, and every event in the order in which it happened.

Owns the schedule and the merging of runs. Lazy: a run is drawn when its time comes and forgotten when its last event
was told, so that a hundred million events need no more memory than the last month of them as columns.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from functools import cached_property
from itertools import pairwise
from math import gcd
from typing import Final, NamedTuple

import numpy as np

from sendlens.model.events import Campaign, Event
from sendlens.simulator import behaviour, timing
from sendlens.simulator.behaviour import Throttle
from sendlens.simulator.parameters import DAY_MS, HOUR_MS, Parameters
from sendlens.simulator.population import Population
from sendlens.simulator.programs import HOLLAND_AND_FERN, Company, Plan
from sendlens.simulator.run import NATIVE, SHOP, Issue, Run
from sendlens.simulator.truth import Truth, truth_of

ALL_NATIVE: Final[Mapping[str, float]] = {NATIVE: 1.0}

_MOST_IN_A_RUN: Final = 50_000
_BLAST_MS: Final = 40 * 60_000
"""An issue leaves within forty minutes."""


class Mailing(NamedTuple):
    """So many messages of an issue through one source, from a time on and for so long."""

    start: int
    number: int
    issue: Issue
    source: str
    messages: int
    length: int


class Batch(NamedTuple):
    """Events of one stretch of time, in order, as parts of runs."""

    parts: tuple[tuple[Run, int, int], ...]

    def __len__(self) -> int:
        """Return the number of events, those included that a source does not tell."""
        return sum(high - low for _, low, high in self.parts)

    def told(self) -> list[tuple[str, Event, str]]:
        """Return (source, event, true actor) in the order of time; conversions come from the shop."""
        if not self.parts:
            return []
        rows: list[tuple[str, Event, str]] = []
        for run, low, high in self.parts:
            actors = run.columns.actor[low:high].tolist()
            rows += [
                (SHOP if event.type == "converted" else run.source, event, behaviour.ACTORS[actor])
                for event, actor in zip(run.events(low, high), actors, strict=True)
                if run.source != "postmark" or event.type != "injected"
            ]
        rows.sort(key=_when)
        return rows

    def by_source(self) -> dict[str, list[Event]]:
        """Return each source's events in the order of time."""
        found: dict[str, list[Event]] = {}
        if all(run.source == NATIVE for run, _, _ in self.parts):
            events = self.natives()
            found[NATIVE] = [event for event in events if event.type != "converted"]
            found[SHOP] = [event for event in events if event.type == "converted"]
            return {source: events for source, events in found.items() if events}
        for source, event, _ in self.told():
            found.setdefault(source, []).append(event)
        return found

    def natives(self) -> list[Event]:
        """Return all events in the order of time, as one sender with the events API would post them."""
        lists = [run.events(low, high) for run, low, high in self.parts]
        if len(lists) == 1:
            return lists[0]
        times = np.concatenate([run.columns.time[low:high] for run, low, high in self.parts])
        flat = [event for events in lists for event in events]
        return [flat[n] for n in np.argsort(times, kind="stable").tolist()]


def _when(row: tuple[str, Event, str]) -> int:
    return row[1].occurred_at


class World:
    """One company, its people, and what it mails; the same seed and plan give the same events, to the byte."""

    def __init__(
        self,
        seed: int,
        parameters: Parameters | None = None,
        *,
        company: Company = HOLLAND_AND_FERN,
        people: int = 50_000,
        throttles: Sequence[Throttle] = (),
    ) -> None:
        """Draw the people; nothing is mailed before a plan was made."""
        self.seed = seed
        self.parameters = parameters or Parameters()
        self.company = company
        self.population = Population(seed, people, self.parameters)
        self.throttles = tuple(throttles)
        self._waiting: list[Mailing] = []
        self._active: list[Run] = []
        self._past = Truth()
        self._numbered = 0
        self._now = 0
        self._issues: dict[str, Issue] = {}
        self._sizes: dict[str, int] = {}
        self._taken: dict[str, int] = {}

    def plan(self, start: int, end: int, events: int, sources: Mapping[str, float] = ALL_NATIVE) -> None:
        """Schedule a program between two times that makes about `events` events in the long run."""
        messages = events / self.events_per_message
        occasions = {plan.key: _occasions(plan, start, end) for plan in self.company.plans}
        total = sum(plan.share for plan in self.company.plans if occasions[plan.key])
        for plan in self.company.plans:
            times = occasions[plan.key]
            for place, (at, length) in enumerate(times):
                wanted = messages * plan.share / total
                n = int(wanted * (place + 1) / len(times)) - int(wanted * place / len(times))
                self._schedule(_issue(plan, at), at, length, n, sources)

    def mail(self, plan_key: str, at: int, messages: int, sources: Mapping[str, float] = ALL_NATIVE) -> str:
        """Schedule one issue of a plan to different people; returns its campaign id."""
        plan = next(plan for plan in self.company.plans if plan.key == plan_key)
        issue = _issue(plan, at, dated=True)
        self._schedule(issue, at, _BLAST_MS, messages, sources, split=True)
        return issue.campaign_id

    def stream(self, start: int, length: int, messages: int, sources: Mapping[str, float] = ALL_NATIVE) -> None:
        """Schedule a stretch of everyday mail, all plans side by side: what live traffic is made of."""
        rng = np.random.default_rng([self.seed, 3, self._numbered])
        shares = np.array([plan.share for plan in self.company.plans])
        counts = rng.multinomial(messages, shares / shares.sum())
        for plan, n in zip(self.company.plans, counts.tolist(), strict=True):
            newest = max((i for i in self._issues.values() if i.plan is plan), key=lambda i: i.started_at, default=None)
            if newest is None or (plan.rhythm != "daily" and newest.started_at < start - 2 * DAY_MS):
                newest = _issue(plan, start)
            self._schedule(newest, start, length, n, sources)

    def advance(self, until: int, step: int = HOUR_MS) -> Iterator[Batch]:
        """Yield the events before `until` that were not told yet, in stretches of `step` milliseconds."""
        if self._waiting and not self._active:
            self._now = max(self._now, min(self._now or 2**62, self._waiting[0].start))
        while self._now < until:
            self._now = min(self._now + step, until)
            while self._waiting and self._waiting[0].start < self._now:
                self._active.append(self._draw(heapq.heappop(self._waiting)))
            parts: list[tuple[Run, int, int]] = []
            for run in self._active:
                low, high = run.done, run.upto(self._now)
                if high > low:
                    run.done = high
                    parts.append((run, low, high))
            if any(run.done == len(run.columns.time) for run in self._active):
                self._fold()
            if parts:
                yield Batch(tuple(parts))
            elif not self._active and self._waiting:
                self._now = max(self._now, min(until, self._waiting[0].start))

    def last_event(self) -> int:
        """Return the time of the last event of the runs drawn so far."""
        return max((int(run.columns.time[-1]) for run in self._active if len(run.columns.time)), default=self._now)

    def truth(self) -> Truth:
        """Return the exact counts of everything yielded so far."""
        truth = Truth()
        truth.add(self._past)
        for run in self._active:
            truth.add(truth_of(run))
        return truth

    def campaigns(self) -> list[Campaign]:
        """Return the facts of every issue scheduled so far."""
        return [self._facts(issue) for issue in self._issues.values()]

    def _facts(self, issue: Issue) -> Campaign:
        plan, size = issue.plan, self._sizes[issue.campaign_id]
        cost = Decimal(round(self.parameters.cost_per_thousand * size / 10)).scaleb(-2)
        return Campaign(
            campaign_id=issue.campaign_id,
            name=issue.name,
            type=plan.type,
            subject=plan.subjects[0],
            sender=f"{self.company.name} <hello@{self.company.domains[plan.domain]}>",
            template_id=plan.template,
            segment=plan.segment,
            stream=plan.stream,
            total_sent=size,
            cost=cost,
            currency="USD",
            started_at=issue.started_at,
        )

    def _schedule(
        self, issue: Issue, at: int, length: int, messages: int, sources: Mapping[str, float], *, split: bool = False
    ) -> None:
        if messages <= 0:
            return
        self._issues.setdefault(issue.campaign_id, issue)
        self._sizes[issue.campaign_id] = self._sizes.get(issue.campaign_id, 0) + messages
        names = list(sources)
        shares = np.cumsum(np.array(list(sources.values()), dtype=np.float64))
        if split or messages >= 2_000:
            edges = [0, *(messages * shares / shares[-1]).round().astype(np.int64).tolist()]
            parts = [(name, high - low) for name, (low, high) in zip(names, pairwise(edges), strict=True)]
        else:
            pick = np.random.default_rng([self.seed, 4, self._numbered]).random() * float(shares[-1])
            parts = [(names[int((shares <= pick).sum())], messages)]
        for source, n in parts:
            pieces = -(-n // _MOST_IN_A_RUN)
            for piece in range(pieces):
                start, stop = at + length * piece // pieces, at + length * (piece + 1) // pieces
                size = n * (piece + 1) // pieces - n * piece // pieces
                heapq.heappush(self._waiting, Mailing(start, self._numbered, issue, source, size, stop - start))
                self._numbered += 1

    def _draw(self, mailing: Mailing) -> Run:
        rng = np.random.default_rng([self.seed, 2, mailing.number])
        n, size = mailing.messages, self.population.size
        # A stride coprime to everybody's number walks through different people without a list of them.
        first = int(np.random.default_rng([self.seed, 5, _stable(mailing.issue.campaign_id)]).integers(size))
        taken = self._taken.get(mailing.issue.campaign_id, 0)
        self._taken[mailing.issue.campaign_id] = taken + n
        people = (first + (taken + np.arange(n, dtype=np.int64)) * _stride(size)) % size
        injected_at = timing.through_the_day(rng, n, mailing.start, max(mailing.length, 1))
        tracked = rng.random(n) >= (self.parameters.untracked_share if mailing.source == NATIVE else 0.0)
        columns = behaviour.simulate(
            rng, self.parameters, self.population, mailing.issue.plan, people, injected_at, self.throttles, tracked
        )
        return Run(
            token=f"{self.seed:x}{self.company.key[:2]}{mailing.number:06x}",
            company=self.company,
            issue=mailing.issue,
            source=mailing.source,
            population=self.population,
            people=people,
            variant=rng.integers(0, 2, n, dtype=np.uint8),
            tracked=tracked,
            injected_at=injected_at,
            columns=columns,
        )

    def _fold(self) -> None:
        rest: list[Run] = []
        for run in self._active:
            if run.done == len(run.columns.time):
                self._past.add(truth_of(run))
            else:
                rest.append(run)
        self._active = rest

    @cached_property
    def events_per_message(self) -> float:
        """Return how many events a message makes in the end, from a trial of the whole program."""
        rng = np.random.default_rng([self.seed, 6])
        people = np.arange(min(4_000, self.population.size))
        at = np.zeros(len(people), dtype=np.int64) + 1_700_000_000_000
        found = weights = 0.0
        for plan in self.company.plans:
            columns = behaviour.simulate(rng, self.parameters, self.population, plan, people, at, self.throttles)
            found += plan.share * len(columns.time) / len(people)
            weights += plan.share
        return found / weights


def _stable(text: str) -> int:
    return int.from_bytes(text.encode()[-8:])


def _stride(size: int) -> int:
    """Return a step through 0..size-1 that meets everybody before it repeats."""
    step = max(1, int(size * 0.6180339887)) | 1
    while gcd(step, size) != 1:
        step += 2
    return step


def _issue(plan: Plan, at: int, *, dated: bool = False) -> Issue:
    if plan.rhythm == "daily" and not dated:
        return Issue(plan, plan.key, plan.name, at)
    day = datetime.fromtimestamp(at / 1000, UTC)
    return Issue(plan, f"{plan.key}-{day:%Y-%m-%d}", f"{plan.name} {day.day} {day:%B}", at)


def _occasions(plan: Plan, start: int, end: int) -> list[tuple[int, int]]:
    """Return (time, length) of each mailing of a plan between two times."""
    days = range(start // DAY_MS, -(-end // DAY_MS))
    if plan.rhythm == "daily":
        stretches = [(max(day * DAY_MS, start), min((day + 1) * DAY_MS, end)) for day in days]
        return [(a, z - a) for a, z in stretches if z > a]
    days_text, _, hour = plan.rhythm.partition("@")
    found: list[tuple[int, int]] = []
    for day in days:
        weekday = (day + 3) % 7  # 1970-01-01 was a Thursday
        if days_text == "fortnight":
            due = weekday == 1 and day // 7 % 2 == 0
        elif days_text == "month":
            due = weekday == 2 and day // 7 % 4 == 1
        else:
            due = str(weekday) in days_text.split(",")
        at = day * DAY_MS + int(hour) * HOUR_MS
        if due and start <= at < end:
            found.append((at, _BLAST_MS))
    return found
