"""Marks in a chart: notes that people wrote, and the starts of the campaigns whose mail the chart shows.

Owns which marks belong to a period. Leaves to `control` the notes, and to the chart where a mark stands.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import structlog

from sendlens.errors import SendlensError
from sendlens.web.panels.question import Ask, campaign_path

CAMPAIGNS: Final = 12
"""How many campaigns are looked at for starts: those with the most mail in the period."""
_MAIL: Final = "sent"

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Mark:
    """One mark: a moment in UTC milliseconds, its text, where it leads, and the id of a note that can be removed."""

    at: int
    text: str
    href: str = ""
    note: str = ""


async def marks(question: Ask) -> list[Mark]:
    """Return the marks of the period, the earliest first."""
    notes, starts = await asyncio.gather(_notes(question), _starts(question))
    return sorted([*notes, *starts], key=lambda mark: mark.at)


async def _notes(question: Ask) -> list[Mark]:
    if question.shared:  # notes are written for colleagues
        return []
    period = question.scope.period
    found = await asyncio.to_thread(
        question.site.control.annotations.between, question.tenant.id, max(period.start, 0), period.end
    )
    return [Mark(one.at, one.text, note=one.id) for one in found]


async def _starts(question: Ask) -> list[Mark]:
    of = question.of
    if question.campaign or (of and _MAIL not in of.kind.tiles):
        return []
    period, answers = question.scope.period, question.site.answers
    try:
        scope = replace(question.scope, compare=None)
        table = await answers.breakdown(scope, (_MAIL,), "campaign", limit=CAMPAIGNS)
        ids = [row.value for row in table.rows if row.value]
        facts = await answers.facts_of(question.tenant, ids) if ids else {}
    except SendlensError as error:
        # The chart without its marks is worth more than no chart.
        _log.warning("no campaign starts in the chart", error=error.detail)
        return []
    return [
        Mark(
            one.started_at,
            f"{one.name} started",
            href="" if question.shared else str(question.address.at(campaign_path(one.id))),
        )
        for one in facts.values()
        if period.start <= one.started_at < period.end
    ]


def by_step(found: Sequence[Mark], buckets: Sequence[int], end: int) -> dict[int, list[Mark]]:
    """Return marks by the index of the step they fall into."""
    steps: dict[int, list[Mark]] = {}
    for mark in found:
        index = bisect_right(buckets, mark.at) - 1
        if index >= 0 and mark.at < end:
            steps.setdefault(index, []).append(mark)
    return steps
