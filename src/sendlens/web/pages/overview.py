"""The overview, and the address of every panel by itself."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Final

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Stream
from markupsafe import Markup

from sendlens.errors import NotFound
from sendlens.metrics.filters import OPERATORS, Filter
from sendlens.web.pages.access import PageRequest, Visitor
from sendlens.web.pages.frame import address_of, page, visit
from sendlens.web.pages.render import html, leave
from sendlens.web.pages.site import Site
from sendlens.web.pages.state import Address
from sendlens.web.pages.waiting import is_waiting, waiting_page
from sendlens.web.panels.begun import Values, begin
from sendlens.web.panels.question import Ask, ask, bar, page_path
from sendlens.web.panels.registry import PANELS, panel, show
from sendlens.web.panels.scopes import MAIL_PANELS
from sendlens.web.panels.sheet import saved

FIRST_PAINT_SECONDS: Final = 1.5
"""How long a page waits for its first panel before it is sent with nothing but places left open."""
SOON_SECONDS: Final = 0.15
"""How long a page that has a panel to show waits for the others: long enough for most, too short to be noticed."""
LEADS: Final = 2
"""How many panels stand at the top of a page, where the eye falls first."""
HEAD_START_SECONDS: Final = 0.1
"""How long those have the store to themselves before the others are asked for: all at once, all of them are late."""


class Painted(dict[str, Markup]):
    """The panels of a page by name."""

    patient: str = ""
    """The address of the page that waits for all of them, if one was late: the way on without JavaScript."""


def handlers(site: Site) -> list[HTTPRouteHandler]:
    """Return the routes of the overview and of the panels."""

    @get("/", include_in_schema=False)
    async def overview(request: PageRequest) -> Response[str]:
        if there := typed_filter(request):
            return leave(there)
        visitor = await visit(site, request)
        if await is_waiting(site, visitor):
            return await waiting_page(site, request, visitor)
        question = ask(site, visitor, address_of(request))
        values = {
            "bar": bar(question),
            "panels": await paint(question, MAIL_PANELS),
            "cards": cards(MAIL_PANELS),
            "about": None,
        }
        return await page(site, request, "scope.html", values, title="Overview", section="overview", visitor=visitor)

    @get("/panels/{name:str}", include_in_schema=False)
    async def one_panel(request: PageRequest, name: FromPath[str]) -> Response[str] | Stream:
        visitor = await visit(site, request)
        return await answer_panel(panel_question(site, visitor, address_of(request), name), name)

    return [overview, one_panel]


async def answer_panel(question: Ask, name: str) -> Response[str] | Stream:
    """Return one panel alone as HTML, or as a file with `.csv` or `.json` after its name. Raises `NotFound`."""
    plain, _, form = name.partition(".")
    one = panel(plain)
    question.visitor.must(one.needs)
    if not form:
        begun = question.site.begun.take(plain, question) or begin(one.load(question))
        return html(await show(one, question, question.site.settings.query_seconds, first=False, begun=begun))
    if one.sheet is None:
        raise NotFound(f"the panel {plain!r} is no table", hint="Its figures are on the page only.")
    if one.saving:
        question.visitor.must(one.saving)
    return saved(await one.sheet(question), plain, form, question)


def panel_question(site: Site, visitor: Visitor, address: Address, name: str) -> Ask:
    """Return the question of a panel that is loaded alone; its links lead to the page it stands on."""
    there = panel(name.partition(".")[0]).page
    return ask(site, visitor, Address(page_path(address, there), address.pairs))


def cards(panels: tuple[str, ...]) -> tuple[str, ...]:
    """Return the panels that stand beside each other below the figures and the chart."""
    return tuple(name for name in panels if name not in {"figures", "chart"})


async def paint(question: Ask, names: tuple[str, ...]) -> Painted:
    """Return several panels for the first sight of a page, asked for at the same time.

    The panels at its top are asked for first. The page is there as soon as a panel is, and waits a moment longer for
    those that come as quickly. The others are places that fill themselves, by work that has begun already. Whoever asks
    for the page with `wait` gets it when its slowest panel is there.
    """
    patient = bool(question.address.get("wait"))
    waiting = str(question.address.with_(wait="long"))
    question = replace(question, address=question.address.with_(wait=None))
    begun: dict[str, asyncio.Task[Values]] = {}
    try:
        return await _painted(question, names, begun, waiting if not patient else "")
    except asyncio.CancelledError:  # the visitor has left
        for task in begun.values():
            task.cancel()
        raise


async def _painted(
    question: Ask, names: tuple[str, ...], begun: dict[str, asyncio.Task[Values]], waiting: str
) -> Painted:
    """Return the panels, keeping in `begun` what loads them; `waiting` is the way on for late ones, if any may be."""
    patient = not waiting
    begun |= {name: begin(PANELS[name].load(question)) for name in names[: None if patient else LEADS]}
    if not patient:
        until = asyncio.get_running_loop().time() + min(SOON_SECONDS, FIRST_PAINT_SECONDS)
        await asyncio.wait(begun.values(), timeout=min(HEAD_START_SECONDS, SOON_SECONDS, FIRST_PAINT_SECONDS))
        begun |= {name: begin(PANELS[name].load(question)) for name in names[LEADS:]}
        ready, _ = await asyncio.wait(begun.values(), timeout=until - asyncio.get_running_loop().time())
        if not ready:
            rest = max(FIRST_PAINT_SECONDS - SOON_SECONDS, 0)
            await asyncio.wait(begun.values(), timeout=rest, return_when=asyncio.FIRST_COMPLETED)
    late = not patient and not all(task.done() for task in begun.values())
    seconds = question.site.settings.query_seconds if patient else 0
    shown = await asyncio.gather(
        *(
            show(PANELS[name], question, seconds, first=True, patient=patient, begun=task)
            for name, task in begun.items()
        )
    )
    painted = Painted(zip(begun, shown, strict=True))
    painted.patient = waiting if late else ""
    return painted


def typed_filter(request: PageRequest) -> str:
    """Return the address with the filter that was put together in the form (`fd`, `fo`, `fv`), or an empty text."""
    given = request.query_params
    dimension, operator, value = given.get("fd", ""), given.get("fo", "is"), given.get("fv", "").strip()
    if not dimension:
        return ""
    address = address_of(request)
    if not value or operator not in OPERATORS:
        return str(address)
    return str(address.plus_filter(Filter(operator, dimension, (value,)).text()))  # pyright: ignore[reportArgumentType] - checked above
