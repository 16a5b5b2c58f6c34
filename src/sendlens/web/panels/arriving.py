"""How what arrives gets on: sources and whether they are heard of, how long records wait, and polled mailboxes."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass
from typing import Final

from sendlens.control.polls import PollState
from sendlens.control.rejections import HOUR_MS, REQUEST, Reason, Wanted
from sendlens.control.sources import Source
from sendlens.log.protocol import Waiting
from sendlens.metrics.figures import duration
from sendlens.pipeline.lag import MINUTES, Delay
from sendlens.sources.esp.setup import SETUPS
from sendlens.sources.kinds import is_polled, title_of
from sendlens.web.pages.reader import day_time, iso, number
from sendlens.web.panels.facts import Column, Facts, Item
from sendlens.web.panels.intake import stopped
from sendlens.web.panels.question import Ask
from sendlens.web.panels.sheet import Cell, Sheet

LIVE_MS: Final = 15 * 60_000
"""How long after its last event a source counts as heard of."""
_DAY: Final = 24 * HOUR_MS
_REQUESTS: Final = Wanted(kind=REQUEST)


@dataclass(frozen=True)
class Light:
    """One source: when it was heard of, what was refused of it in a day, and whether it is stopped."""

    id: str
    name: str
    provider: str
    last: int
    refused: int
    refusals: list[Reason]
    stopped: dict[str, object] | None
    needs_secret: bool

    @property
    def kind(self) -> str:
        """Return what kind of source it is, unless its name says so already."""
        title = title_of(self.provider)
        return "" if title.casefold() == self.name.casefold() else title

    @property
    def trouble(self) -> bool:
        """Return whether the latest that was heard of it was in vain."""
        return any(one.last_at > self.last for one in self.refusals)

    def state(self, now: int) -> str:
        """Return how it is: `stopped`, `refused`, `on`, `quiet` or `never`."""
        if self.stopped:
            return "stopped"
        if self.trouble:
            return "refused"
        return heard(self.last, now)


STATES: Final = {
    "stopped": "stopped",
    "refused": "requests are refused",
    "on": "events arrive",
    "quiet": "nothing lately",
    "never": "no event yet",
}
"""The states of a source in words; those of `settings.css` are their colours."""


def heard(last: int, now: int) -> str:
    """Return whether a source is heard of: `on`, `quiet` or `never`."""
    if not last:
        return "never"
    return "on" if now - last < LIVE_MS else "quiet"


async def source_lights(question: Ask) -> dict[str, object]:
    """Return the sources of the tenant, those with trouble first."""
    now = question.site.clock.now_ms()
    order = list(STATES)
    found = sorted(await _lights(question), key=lambda one: (order.index(one.state(now)) > 1, one.name))
    return {
        "rows": [(one, one.state(now), STATES[one.state(now)]) for one in found],
        "now": now,
        "tenant": question.tenant.slug,
        "here": str(question.address.at("/intake")),
        "may_reset": question.visitor.can("replay_dead_letters") and question.site.parking is not None,
        "may_manage": question.visitor.can("manage_sources"),
        "zone": question.tenant.time_zone,
    }


async def source_lights_sheet(question: Ask) -> Sheet:
    """Return a row per source."""
    now = question.site.clock.now_ms()
    rows: list[tuple[Cell, ...]] = [
        (
            one.name,
            one.id,
            one.provider,
            one.state(now),
            iso(one.last) if one.last else "",
            one.refused,
            one.refusals[0].reason if one.refusals else "",
        )
        for one in await _lights(question)
    ]
    return Sheet(("source", "id", "provider", "state", "last_event", "refused_requests", "reason"), rows)


async def _lights(question: Ask) -> list[Light]:
    control, tenant, now = question.site.control, question.tenant.id, question.site.clock.now_ms()

    def read() -> tuple[list[Source], list[Reason]]:
        return control.sources.list(tenant), control.rejections.reasons(tenant, since=now - _DAY, wanted=_REQUESTS)

    sources, refused = await asyncio.to_thread(read)
    reasons: dict[str, list[Reason]] = defaultdict(list)
    for one in refused:
        reasons[one.source].append(one)
    still = {str(one["source"]): one for one in stopped(question.site, tenant)}
    lights = [
        Light(
            id=one.id,
            name=one.name,
            provider=one.provider,
            last=one.last_event_at,
            refused=sum(of.records for of in (*reasons[one.id], *reasons[one.name])),
            refusals=[*reasons[one.id], *reasons[one.name]],
            stopped=still.pop(one.id, None) or still.pop(one.name, None),
            needs_secret=_needs_secret(one),
        )
        for one in sources
    ]
    # Posts may carry the name of a source that nobody made.
    return lights + [Light(name, name, "", 0, 0, [], about, needs_secret=False) for name, about in still.items()]


def _needs_secret(source: Source) -> bool:
    setup = SETUPS.get(source.provider)
    return setup is not None and setup.origin != "none" and not source.secrets and not is_polled(source.settings)


async def lag(question: Ask) -> Facts:
    """Return how long records wait now, and how long the latest took until figures showed them."""
    site, tenant = question.site, question.tenant.id
    now, log = site.clock.now_ms(), site.log
    delays = site.lag.of(tenant, now) if site.lag else {}
    waiting = await asyncio.to_thread(log.waiting, tenant) if log else {}
    sources = await asyncio.to_thread(site.control.sources.list, tenant)
    names = {one.id: one.name for one in sources}
    rows = [
        _delay(names.get(name, name), waiting.get(name), delays.get(name), now)
        for name in sorted({*waiting, *delays}, key=lambda name: names.get(name, name))
    ]
    note = f"From the receipt of a request until figures show it; measured over the last {MINUTES} minutes."
    if log and (question.visitor.local or (question.visitor.user and question.visitor.user.operator)):
        # Of all tenants together, which is the operator's business.
        places = [(log.head(part), log.committed(part)) for part in log.partitions()]
        behind = sum(head - committed for head, committed in places)
        at = ", ".join(f"block {number(head)}" for head, _ in places)
        note += f" The log ends at {at}; the tables are {f'{number(behind)} behind' if behind else 'there too'}."
    return Facts(
        "Lag",
        (
            Column("source", "Source", "text"),
            Column("waiting", "Waiting", "number"),
            Column("oldest_seconds", "The oldest since", "number"),
            Column("latest_seconds", "Received to shown", "number"),
            Column("longest_seconds", "At most", "number"),
        ),
        rows,
        f"Nothing waits, and nothing came in during the last {MINUTES} minutes.",
        note,
    )


def _delay(name: str, waiting: Waiting | None, delay: Delay | None, now: int) -> tuple[Item, ...]:
    oldest = max(now - waiting.oldest, 0) / 1000 if waiting else None
    return (
        Item(name),
        Item(waiting.records if waiting else 0, text=number(waiting.records) if waiting else "0"),
        _seconds(oldest),
        _seconds(delay.latest / 1000 if delay else None),
        _seconds(delay.longest / 1000 if delay else None),
    )


def _seconds(value: float | None) -> Item:
    if value is None:
        return Item(None)
    return Item(round(value, 3), text=duration(value) if value >= 60 else f"{number(round(value, 1))} s")


async def polled(question: Ask) -> Facts:
    """Return what is polled, mailboxes and servers, those that cannot be read first."""
    control, tenant = question.site.control, question.tenant.id

    def read() -> list[tuple[Source, PollState]]:
        return [(one, control.polls.get(one.id)) for one in control.sources.list(tenant) if is_polled(one.settings)]

    found = sorted(await asyncio.to_thread(read), key=lambda one: (not one[1].error, one[0].name))
    return Facts(
        "Mailboxes and servers that are polled",
        (
            Column("source", "Source", "text"),
            Column("problem", "State", "text"),
            Column("last_look", "Last look", "text"),
            Column("last_success", "Last success", "text"),
            Column("failing_since", "Failing since", "text", file_only=True),
            Column("read", "Read", "number"),
        ),
        [_polled(question, source, state) for source, state in found],
        "Nothing is polled. A source of mail can look into an IMAP mailbox, a Maildir or an mbox.",
        "What cannot be read is tried again, ever more rarely, at least once an hour.",
    )


def _polled(question: Ask, source: Source, state: PollState) -> tuple[Item, ...]:
    zone = question.tenant.time_zone
    href = f"/settings/sources/{source.id}?tenant={question.tenant.slug}"

    def at(ms: int) -> Item:
        return Item(iso(ms) if ms else "", text=day_time(ms, zone, "near") if ms else "never")

    fine = state.note or ("is read" if state.looked_at else "not looked at yet")
    since = f"Since {day_time(state.failing_since, zone, 'near')}: " if state.failing_since else ""
    return (
        Item(source.name, href=href if question.visitor.can("manage_sources") else ""),
        Item(state.error, text="cannot be read", second=since + state.error, level="bad")
        if state.error
        else Item("", text=fine),
        at(state.tried_at or state.looked_at),
        at(state.looked_at),
        at(state.failing_since),
        Item(state.read, text=number(state.read)),
    )
