"""How long a campaign's mail was looked at, where the tracker measures it."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from sendlens.metrics.registry import METRICS
from sendlens.web.pages.reader import number, said
from sendlens.web.panels.campaign import life
from sendlens.web.panels.facts import Column, Facts, Item
from sendlens.web.panels.question import Ask

SHARES: Final = {
    "read_share": "8 seconds or longer",
    "skimmed_share": "2 to 8 seconds",
    "glanced_share": "less than 2 seconds",
}
"""The shares of readings, and how long those lasted."""


async def reading(question: Ask) -> Facts:
    """Return how many readings were measured, by how long they lasted."""
    answers = question.site.answers
    facts = await question.facts()
    # Readings are counted from the events themselves: only those of the campaign's life are looked at.
    scope = replace(question.scope, period=life(question, facts), compare=None)
    found = await answers.figures(scope, ("readings", "reading_time", *SHARES))
    measured = found["readings"].n or 0
    rows = [
        (Item(METRICS[key].label, second=lasted), Item(float(found[key].n or 0)), Item(found[key]))
        for key, lasted in SHARES.items()
    ]
    return Facts(
        "How long it was read",
        (Column("reading", "Reading", "text"), Column("readings", "Times", "number"), Column("share", "Share")),
        rows if measured else [],
        "Readings cannot be told apart by these filters."
        if found["readings"].n is None
        else "No reading was measured. Our own tracker can: rewrite mail with sendlens track --read-time.",
        f"{number(measured)} reading{'s' if measured != 1 else ''} by people, {said(found['reading_time'])} each on "
        "average; none is measured for longer than 30 seconds, and image proxies as a rule not at all.",
    )
