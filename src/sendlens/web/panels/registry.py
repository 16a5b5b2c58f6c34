"""The table of panels, and how one is shown: framed, refreshed, and failing alone."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

import structlog
from markupsafe import Markup

from sendlens.errors import NotFound, SendlensError, TooBusy
from sendlens.web.pages.reader import number
from sendlens.web.panels.arriving import lag, polled, source_lights, source_lights_sheet
from sendlens.web.panels.begun import Values
from sendlens.web.panels.breakdown import breakdown, breakdown_sheet
from sendlens.web.panels.campaign import bounces, bounces_sheet, course, course_sheet, report, report_sheet
from sendlens.web.panels.campaign_list import campaign_list, campaign_list_sheet
from sendlens.web.panels.campaign_parts import comparable, comparable_sheet, soon, soon_sheet, variants, variants_sheet
from sendlens.web.panels.chart import chart, chart_sheet
from sendlens.web.panels.clickmap import click_map, click_map_sheet
from sendlens.web.panels.deliverability import matrix_sheet, provider_matrix, signals, signals_sheet
from sendlens.web.panels.deliverability_facts import (
    complaint_table,
    domains,
    latencies,
    list_health,
    placements,
    queues,
    reasons,
    sources,
    transports,
)
from sendlens.web.panels.details import details
from sendlens.web.panels.facts import Gather, facts_sheet, show_facts
from sendlens.web.panels.figures import figures, figures_sheet
from sendlens.web.panels.intake import dead_letters, dead_letters_sheet, intake, intake_sheet
from sendlens.web.panels.message import message
from sendlens.web.panels.people import people, people_sheet, person
from sendlens.web.panels.question import Ask
from sendlens.web.panels.reading import reading
from sendlens.web.panels.rejections import rejections, rejections_sheet
from sendlens.web.panels.sheet import FORMS, Sheet

_log = structlog.get_logger(__name__)

DELIVERABILITY: Final = "/deliverability"

_WAY_ON: Final = {
    False: "Choose a shorter period or fewer filters, or try again.",
    True: "The store may be busy with something else: try again in a moment.",
}
"""What to do about a panel that took too long; one that is alone on its page may have neither period nor filters."""

Load = Callable[[Ask], Coroutine[None, None, Values]]
Write = Callable[[Ask], Awaitable[Sheet]]


@dataclass(frozen=True)
class Panel:
    """One panel: its name in addresses, its template, what fills it, and how often it may refresh, in seconds.

    `sheet` gives the same figures as a file; the pages offer it as CSV and JSON. `needs` is the permission to see it.
    A panel whose `every` is 0 stays as it was loaded.
    """

    name: str
    template: str
    load: Load
    label: str
    look: str = "card"
    every: int = 5
    sheet: Write | None = None
    needs: str = "see_figures"
    saving: str = ""
    """The permission to save it as a file, where seeing it is not enough."""
    waits: bool = False
    """Whether it also shows what waits to be stored, which nobody else hears of."""
    page: str = "/"
    """Where it stands if its address does not say so; with a slash at its end the item of the address follows."""
    alone: bool = False
    """Whether it is what its page is about: if that is not there, or was not asked for well, so is the page."""

    @property
    def id(self) -> str:
        """Return the panel's name as a part of element ids."""
        return self.name


def _card(name: str, label: str) -> Panel:
    load, sheet = partial(breakdown, card=name), partial(breakdown_sheet, card=name)
    return Panel(name, "panels/breakdown.html", load, label, sheet=sheet)


def _facts(
    name: str,
    gather: Gather,
    label: str,
    look: str = "card",
    every: int = 30,
    needs: str = "see_figures",
    page: str = DELIVERABILITY,
) -> Panel:
    load, sheet = partial(show_facts, gather=gather), partial(facts_sheet, gather=gather)
    return Panel(name, "panels/facts.html", load, label, look, every, sheet, needs, page=page)


def _arriving(name: str, gather: Gather, label: str) -> Panel:
    return _facts(name, gather, label, every=2, needs="see_intake", page="/intake")


_ALL: Final = (
    Panel("figures", "panels/figures.html", figures, "Key figures", look="", every=1, sheet=figures_sheet),
    Panel("chart", "panels/chart.html", chart, "Course over time", look="card wide", every=2, sheet=chart_sheet),
    _card("campaigns", "Campaigns"),
    _card("audience", "Where mail went"),
    _card("content", "Links and bounces"),
    Panel(
        *("campaign-list", "panels/campaign_list.html", campaign_list, "Campaigns"),
        every=10,
        sheet=campaign_list_sheet,
        page="/campaigns",
    ),
    Panel("campaign", "panels/campaign.html", report, "The campaign", look="", every=10, sheet=report_sheet),
    Panel("campaign-course", "panels/chart.html", course, "Course over time", look="card wide", sheet=course_sheet),
    Panel("campaign-bounces", "panels/bounces.html", bounces, "Bounces", "card wide", 30, bounces_sheet),
    Panel("campaign-soon", "panels/soon.html", soon, "How soon people acted", "card wide", 30, soon_sheet),
    Panel("campaign-variants", "panels/variants.html", variants, "Variants", "card wide", 30, variants_sheet),
    Panel(
        *("campaign-comparable", "panels/comparable.html", comparable, "Among its kind"),
        look="card wide",
        every=60,
        sheet=comparable_sheet,
    ),
    _facts("campaign-reading", reading, "How long it was read", page="/"),
    Panel("click-map", "panels/clickmap.html", click_map, "Click map", "card wide", 30, click_map_sheet),
    Panel(
        *("intake", "panels/intake.html", intake, "What became of it"),
        every=2,
        sheet=intake_sheet,
        needs="see_intake",
        page="/intake",
    ),
    Panel(
        *("source-lights", "panels/lights.html", source_lights, "Sources"),
        every=2,
        sheet=source_lights_sheet,
        needs="see_intake",
        page="/intake",
    ),
    replace(_arriving("lag", lag, "Lag"), waits=True),
    _arriving("polled", polled, "Mailboxes and servers that are polled"),
    Panel(
        *("rejections", "panels/rejections.html", rejections, "Rejected, and why"),
        every=2,
        sheet=rejections_sheet,
        needs="see_intake",
        page="/intake",
    ),
    Panel(
        "dead-letters",
        "panels/dead_letters.html",
        dead_letters,
        "Dead letters",
        every=10,
        sheet=dead_letters_sheet,
        needs="see_intake",
        page="/intake",
    ),
    Panel(
        *("people", "panels/people.html", people, "People"),
        every=10,
        sheet=people_sheet,
        needs="see_people",
        saving="export_people",
        page="/recipients",
    ),
    Panel("person", "panels/person.html", person, "Person", "", 0, needs="see_people", page="/recipients/", alone=True),
    Panel(
        "message", "panels/message.html", message, "Message", "", 0, needs="see_people", page="/messages/", alone=True
    ),
    Panel("list", "panels/list.html", details, "", "", 10, page="/details/", alone=True),
    _card("device", "How mail was read"),
    Panel(
        "spam-folder",
        "panels/signals.html",
        signals,
        "Signs of the spam folder",
        look="",
        every=60,
        sheet=signals_sheet,
        page=DELIVERABILITY,
    ),
    Panel(
        "matrix",
        "panels/matrix.html",
        provider_matrix,
        "Mailbox providers",
        "card",
        10,
        matrix_sheet,
        page=DELIVERABILITY,
    ),
    _facts("reasons", reasons, "Bounces and deferrals", look="card wide"),
    _facts("domains", domains, "Authentication by domain", look="card wide"),
    _facts("sources", sources, "Who sends in your name", look="card wide"),
    _facts("complaints", complaint_table, "Complaints"),
    _facts("latency", latencies, "Time to delivery"),
    _facts("placement", placements, "Seed placement"),
    _facts("queues", queues, "Queues of mail servers"),
    _facts("list-health", list_health, "List health"),
    _facts("transport", transports, "Encrypted transport"),
)
PANELS: Final[dict[str, Panel]] = {panel.name: panel for panel in _ALL}
"""All panels by name."""

INTAKE_PANELS: Final = ("source-lights", "intake", "lag", "polled", "rejections", "dead-letters")
"""The panels of the intake page, from the top."""

DELIVERABILITY_PANELS: Final = (
    *("spam-folder", "matrix", "reasons", "domains", "sources", "complaints", "latency", "placement", "queues"),
    *("list-health", "transport"),
)
"""The panels of the deliverability page, from the top."""


def panel(name: str) -> Panel:
    """Return the panel of that name. Raises `NotFound`."""
    if name not in PANELS:
        raise NotFound(f"there is no panel {name!r}", hint=f"There are {', '.join(PANELS)}.")
    return PANELS[name]


def _saves(one: Panel, question: Ask) -> bool:
    return one.sheet is not None and (not one.saving or question.visitor.can(one.saving))


async def show(
    one: Panel, question: Ask, seconds: float, *, first: bool, patient: bool = False, begun: asyncio.Task[Values]
) -> Markup:
    """Return the panel that `begun` loads as HTML, whatever happens to its figures.

    After `seconds` a panel of a `first` paint leaves a place that fills itself and takes over what has begun; a panel
    loaded alone, or on a page that is `patient`, says that it took too long. A mistake of ours is logged and shown in
    this panel only. Raises what is wrong with the request itself where the page is about nothing but this panel.
    """
    text = question.site.render.text
    files = {form: question.address.panel(f"{one.name}.{form}") for form in FORMS} if _saves(one, question) else {}
    frame: dict[str, object] = {"panel": one, "address": question.address, "pending": False, "files": files}
    here = question.address
    retry = {"patient": str(here.with_(wait="long")), "panel_url": here.panel(one.name)}
    try:
        async with asyncio.timeout(seconds):
            values = await (asyncio.shield(begun) if first and not patient else begun)
        body = text(one.template, values | frame)
    except TimeoutError:
        if first and not patient:
            question.site.begun.keep(one.name, question, begun)
            body = text("panels/pending.html", retry | frame)
            frame["pending"] = True
        else:
            body = text(
                "panels/failed.html",
                retry
                | {
                    "title": f"{one.label or 'The list'}: this takes too long",
                    "detail": f"No answer after {number(seconds)} seconds. Nothing else is affected.",
                    "hint": _WAY_ON[one.alone],
                },
            )
    except SendlensError as error:
        if first and one.alone and error.status < 500 and not isinstance(error, TooBusy):
            raise
        body = text("panels/failed.html", retry | {"title": error.title, "detail": error.detail, "hint": error.hint})
    except Exception:
        # One panel's mistake must not take the page away; the log has the trace.
        _log.exception("panel failed", panel=one.name, tenant=question.tenant.id)
        body = text(
            "panels/failed.html",
            retry
            | {
                "title": f"{one.label or 'The list'} cannot be shown",
                "detail": "Something went wrong inside Sendlens.",
                "hint": "The server's log says what.",
            },
        )
    return text("panel.html", frame | {"body": body})
