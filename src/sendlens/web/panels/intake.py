"""The account of the intake: received = stored + duplicate + rejected + dead, in all, per source and along time."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Final

from sendlens.control.sources import Source
from sendlens.metrics.accounting import Account, Outcomes
from sendlens.metrics.periods import DAY, HOUR, zone_info
from sendlens.sources.kinds import path_of
from sendlens.web.pages.reader import iso, when
from sendlens.web.pages.site import Site
from sendlens.web.panels.question import Ask
from sendlens.web.panels.sheet import MOST_ROWS, Cell, Sheet

INTAKE_PERIODS: Final = {"1h": "Last hour", "24h": "24 hours", "7d": "7 days", "28d": "28 days"}
OUTCOMES: Final = {
    "received": ("Received", "Records in requests that were let in."),
    "stored": ("Stored", "Counted in every figure, once."),
    "duplicate": ("Duplicate", "Seen before; a sender's retry, not counted again."),
    "rejected": ("Rejected", "Refused with a field and a reason in the answer to the request."),
    "dead": ("Dead letters", "Accepted, but could not be processed; kept, and can be tried again."),
}
_KINDS: Final = {
    "event": "events",
    "campaign": "campaigns",
    "spend": "spend",
    "gauge": "gauges",
    "dmarc": "DMARC rows",
    "tls_report": "TLS report rows",
}
_LETTERS: Final = 20
_STEP: Final = 200


async def _account(question: Ask) -> Account:
    period = question.scope.period
    length = period.end - period.start
    interval = "minute" if length <= 2 * HOUR else "hour" if length <= 2 * DAY else "day"
    return await question.site.answers.account(question.tenant, period, interval)


async def intake_sheet(question: Ask) -> Sheet:
    """Return the sum, a row per source and kind of record, and one per step of time."""
    found = await _account(question)
    sources = await asyncio.to_thread(question.site.control.sources.list, question.tenant.id)
    names = {source.id: source.name for source in sources}

    def row(part: str, source: str, kind: str, at: str, one: Outcomes) -> tuple[Cell, ...]:
        return (part, source, kind, at, *_texts(one).values())

    rows = [row("total", "", "", "", found.total)]
    rows += [row("source", names.get(one.source, one.source), one.kind, "", one.outcomes) for one in found.sources]
    rows += [row(found.interval, "", "", at, one) for at, one in zip(found.labels, found.series, strict=True)]
    return Sheet(("part", "source", "kind", "at", *OUTCOMES), rows)


async def dead_letters_sheet(question: Ask) -> Sheet:
    """Return the dead letters that wait, without what is in them."""
    letters, tenant = question.site.control.deadletters, question.tenant.id
    rows: list[tuple[Cell, ...]] = []
    after = 0
    while len(rows) < MOST_ROWS and (some := await asyncio.to_thread(letters.list, tenant, after=after, most=_STEP)):
        after = some[-1].id
        rows += [
            (
                one.id,
                one.source,
                one.kind,
                one.reason,
                one.records,
                iso(one.received_at) if one.received_at else "",
                iso(one.at),
                one.request_id,
                one.batch_id,
                "yes" if one.parked else "no",
            )
            for one in some
        ]
    head = ("id", "source", "kind", "reason", "records", "received_at", "at", "request_id", "batch_id", "parked")
    return Sheet(head, rows)


async def intake(question: Ask) -> dict[str, object]:
    """Return the account of the period."""
    found = await _account(question)
    period, interval = question.scope.period, found.interval
    length = period.end - period.start
    sources = await asyncio.to_thread(question.site.control.sources.list, question.tenant.id)
    by_name = {source.id: source for source in sources} | {source.name: source for source in sources}
    zone = zone_info(period.zone)
    form = "clock" if length <= DAY else "near_day"
    now = question.site.clock.now_ms()
    rows: list[dict[str, object]] = []
    for label, one in zip(found.labels, found.series, strict=True):
        at = datetime.fromisoformat(label)
        at = at if at.tzinfo else at.replace(tzinfo=zone)
        if at.timestamp() * 1000 <= now:
            rows.append({"short": when(at, form), "long": when(at, "near_weekday"), "outcomes": _texts(one)})
    return {
        "total": _texts(found.total),
        "holds": found.total.missing == 0,
        "missing": found.total.missing,
        "names": OUTCOMES,
        "sources": [
            {
                "name": by_name[one.source].name if one.source in by_name else one.source or "(none)",
                "provider": by_name[one.source].provider if one.source in by_name else "",
                "kind": _KINDS.get(one.kind, one.kind),
                "last": by_name[one.source].last_event_at if one.source in by_name else 0,
                "outcomes": _texts(one.outcomes),
                "holds": one.outcomes.missing == 0,
            }
            for one in found.sources
        ],
        "rows": rows,
        "step": {"minute": "Minute", "hour": "Hour"}.get(interval, "Day"),
        "zone": period.zone,
    }


async def dead_letters(question: Ask) -> dict[str, object]:
    """Return the dead letters that wait, the first ones first."""
    letters = question.site.control.deadletters
    tenant = question.tenant.id
    count = await asyncio.to_thread(letters.count, tenant)
    shown = await asyncio.to_thread(lambda: letters.list(tenant, most=_LETTERS)) if count else []
    return {
        "count": count,
        "letters": [{"at": one.at, "source": one.source, "kind": one.kind, "reason": one.reason} for one in shown],
        "zone": question.tenant.time_zone,
        "all": str(question.address.at("/dead-letters")),
    }


def stopped(site: Site, tenant: str) -> list[dict[str, object]]:
    """Return the sources of a tenant whose fuse has blown."""
    return [
        {"source": one.source, "records": one.records, "dead": one.dead, "reason": one.reason, "at": one.at}
        for one in (site.fuse.blown(tenant) if site.fuse else [])
    ]


def hook_url(base: str, source: Source) -> str:
    """Return the address a source's events are sent to; empty for one that is only polled."""
    path = path_of(source.provider, source.id)
    return f"{base}{path}" if path else ""


def _texts(one: Outcomes) -> dict[str, int]:
    return {name: getattr(one, name) for name in OUTCOMES}
