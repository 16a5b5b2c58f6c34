"""What was refused at the door: by reason, with a few samples of what was seen, and what its sender can do."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import replace
from typing import Final

from sendlens.control.rejections import HOUR_MS, MOST_SAMPLES, REQUEST, Reason, Sample
from sendlens.control.sources import Source
from sendlens.web.pages.reader import day_time, iso
from sendlens.web.panels.question import Ask
from sendlens.web.panels.sheet import Cell, Sheet

SEE_VALUES: Final = "replay_dead_letters"
"""The permission to see what was in a record; it may be about a person."""
_MOST_SHOWN: Final = 12

_Group = tuple[str, str, str, str]


async def rejections(question: Ask) -> dict[str, object]:
    """Return the reasons of the period, the most frequent first, each with its samples."""
    reasons, samples, names = await _found(question)
    period = question.scope.period
    since = period.start - period.start % HOUR_MS
    account = await question.site.answers.account(question.tenant, replace(period, start=since), "day")
    records = sum(one.records for one in reasons if one.kind != REQUEST)
    return {
        "rows": [
            {
                "source": names.get(one.source, one.source or "(several)"),
                "what": "whole request" if one.kind == REQUEST else one.kind.replace("_", " "),
                "field": one.field,
                "reason": one.reason,
                "hint": one.hint,
                "records": one.records,
                "last": one.last_at,
                "samples": samples[_group(one)],
            }
            for one in reasons[:_MOST_SHOWN]
        ],
        "more": max(len(reasons) - _MOST_SHOWN, 0),
        "records": records,
        "requests": sum(one.records for one in reasons if one.kind == REQUEST),
        # Reasons are written some seconds after the records are counted: a kill in between loses them.
        "unexplained": max(account.total.rejected - records, 0) if period.key != "all" else 0,
        "since": day_time(since, question.tenant.time_zone, "near") if since > 0 else "",
        "may_see": question.visitor.can(SEE_VALUES),
        "kept": not question.site.settings.pseudonymous,
        "zone": question.tenant.time_zone,
    }


async def rejections_sheet(question: Ask) -> Sheet:
    """Return every reason of the period with its latest sample; of a value only what the visitor may see."""
    reasons, samples, names = await _found(question)
    may_see = question.visitor.can(SEE_VALUES)
    rows: list[tuple[Cell, ...]] = []
    for one in reasons:
        latest = samples[_group(one)][:1]
        value = latest[0].value if latest and may_see else ""
        source = names.get(one.source, one.source)
        rows.append((source, one.kind, one.field, one.reason, one.hint, one.records, iso(one.last_at), value))
    return Sheet(("source", "kind", "field", "reason", "next_step", "records", "last_at", "sample"), rows)


async def _found(question: Ask) -> tuple[list[Reason], dict[_Group, list[Sample]], dict[str, str]]:
    kept, tenant, period = question.site.control.rejections, question.tenant.id, question.scope.period

    def read() -> tuple[list[Reason], list[Sample], list[Source]]:
        return (
            kept.reasons(tenant, since=period.start, until=period.until),
            kept.samples(tenant, most=MOST_SAMPLES),
            question.site.control.sources.list(tenant),
        )

    reasons, samples, sources = await asyncio.to_thread(read)
    by_group: dict[_Group, list[Sample]] = defaultdict(list)
    for one in samples:
        if one.at >= period.start - period.start % HOUR_MS:
            by_group[_group(one)].append(one)
    return reasons, by_group, {one.id: one.name for one in sources}


def _group(one: Reason | Sample) -> _Group:
    return one.source, one.kind, one.field, one.reason
