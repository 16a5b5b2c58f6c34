"""What every page has around its content, and how mistakes become pages.

Owns the values of `base.html`, the theme, and the answers to errors. Leaves to each page its content.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Final, NamedTuple, cast
from urllib.parse import quote, unquote, urlencode

import structlog
from litestar import Response
from litestar.exceptions import HTTPException

from sendlens.errors import SendlensError, Unauthorized
from sendlens.metrics.periods import zone_info
from sendlens.web.pages.access import COOKIE, FORM_FIELD, PageRequest, Visitor
from sendlens.web.pages.reader import reader
from sendlens.web.pages.render import HEADERS, leave
from sendlens.web.pages.site import Site
from sendlens.web.pages.state import Address

_log = structlog.get_logger(__name__)

THEME_COOKIE: Final = "sendlens_theme"
_THEMES: Final = {"light", "dark"}


async def visit(site: Site, request: PageRequest) -> Visitor:
    """Return who asks. Raises what `Access.visitor` raises."""
    visitor = await asyncio.to_thread(site.access.visitor, request)
    # TRICKY: the version is taken before any figure is asked for. Taken afterwards, what is stored in between would be
    # neither in the page nor in what the live feed still has to tell.
    return replace(visitor, seen=site.hub.latest(visitor.tenant.id).version)


def address_of(request: PageRequest) -> Address:
    """Return the address of a request."""
    pairs = ((name, str(value)) for name, value in request.query_params.multi_items())
    return Address.of(quote(_raw_path(request), safe="/%"), pairs)


def about(path: str, item: str, request: PageRequest) -> Address:
    """Return the address of the page about one thing, such as a person: `path` ends where the thing begins."""
    given = [pair for pair in address_of(request).pairs if pair[0] != "item"]
    return Address.of(path + quote(item, safe=""), [*given, ("item", item)])


def path_value(request: PageRequest, prefix: str) -> str:
    """Return the rest of the path after a prefix, exactly as it was asked for.

    TRICKY: the router makes one slash of two, and a link's address has two of them.
    """
    return unquote(_raw_path(request).removeprefix(prefix).lstrip("/"))


def _raw_path(request: PageRequest) -> str:
    return request.scope["raw_path"].partition(b"?")[0].decode("latin-1")


def base_url(site: Site, request: PageRequest) -> str:
    """Return the address under which this server is reached, without a slash at its end."""
    return site.settings.public_url.rstrip("/") or f"{request.url.scheme}://{request.headers.get('host', 'localhost')}"


async def page(
    site: Site,
    request: PageRequest,
    template: str,
    values: Mapping[str, object],
    *,
    title: str,
    section: str = "",
    visitor: Visitor | None = None,
    status: int = 200,
) -> Response[str]:
    """Return a whole page."""
    proof, cookies = site.access.form_proof(request)
    common = _common(request, site.clock.now_ms(), title, proof) | {"section": section}
    if visitor:
        live = {"tenant": visitor.tenant.slug, "seen": visitor.seen} if not visitor.link else {"seen": visitor.seen}
        # The view of a shared link has its zone, whatever the link's own address says.
        asked = values.get("address")
        wanted = (asked if isinstance(asked, Address) else address_of(request)).get("zone")
        zone = zone_info(wanted or visitor.tenant.time_zone, "zone").key
        common |= {
            "visitor": visitor,
            "url": f"{base_url(site, request)}{address_of(request)}",
            "last_event": await asyncio.to_thread(site.last_event, visitor.tenant),
            "waiting": template == "waiting.html",
            "live": f"{request.url.path if visitor.link else ''}/live?{urlencode(live)}",
            "sections": [] if visitor.link else sections(address_of(request), visitor),
            "views": await _views(site, request, visitor) if "bar" in values else [],
            "tenant_name": visitor.tenant.name if section != "agency" else "each tenant",
            "time_zone": zone,
        }
    shown = {"page": common, "address": address_of(request).with_(wait=None), **values}
    # A shared link leaves nothing in the browser of whoever follows it.
    cookies = () if visitor and visitor.link else cookies
    return site.render.response(template, shown, status=status, cookies=cookies)


class Section(NamedTuple):
    """One entry of the navigation: where it leads, its keys, and the permission to see it."""

    key: str
    label: str
    path: str
    keys: str
    needs: str = "see_figures"
    keeps: bool = True
    """Whether the period and the filters go along."""

    href: str = ""


SECTIONS: Final = (
    Section("overview", "Overview", "/", "g o"),
    Section("campaigns", "Campaigns", "/campaigns", "g c"),
    Section("deliverability", "Deliverability", "/deliverability", "g d"),
    Section("people", "People", "/recipients", "g p", "see_people"),
    Section("intake", "Intake", "/intake", "g i", "see_intake", keeps=False),
    Section("views", "Views", "/views", "g v", keeps=False),
)
"""The navigation, in its order. A page names its section by the key."""


def sections(address: Address, visitor: Visitor) -> list[Section]:
    """Return where a visitor may go, each with the address that keeps the question."""
    tenant = Address("/", tuple(pair for pair in address.pairs if pair[0] == "tenant"))
    return [
        one._replace(href=str((address if one.keeps else tenant).at(one.path)))
        for one in SECTIONS
        if visitor.can(one.needs)
    ]


async def _views(site: Site, request: PageRequest, visitor: Visitor) -> list[dict[str, object]]:
    """Return the saved views of the tenant, for the menu in the bar."""
    if visitor.link:
        return []
    here = address_of(request)
    found = await asyncio.to_thread(site.control.views.list, visitor.tenant.id)
    told = [(view.name, str(Address.read(view.address).with_(tenant=here.get("tenant")))) for view in found]
    return [{"name": name, "href": href, "chosen": href == str(here)} for name, href in told]


def _common(request: PageRequest, now: int, title: str, proof: str) -> dict[str, object]:
    address = address_of(request)
    theme = request.cookies.get(THEME_COOKIE, "")
    return {
        "title": title,
        "section": "",
        "visitor": None,
        "form_token": proof,
        "numbers": reader().tag,
        "theme": theme if theme in _THEMES else "",
        "home": str(address.at("/")),
        "sections": [],
        "here": str(address),
        "url": "",
        "now": now,
        "last_event": 0,
        "waiting": False,
        "live": "",
        "views": [],
        "tenant_name": "each tenant",
        "time_zone": "UTC",
    }


def problem(site: Site, request: PageRequest, error: Exception) -> Response[str]:
    """Return the page of a mistake: what happened, and the next step. Strangers are asked to sign in."""
    if isinstance(error, Unauthorized):
        if request.headers.get("hx-request") == "true":
            return Response("", status_code=401, headers=HEADERS | {"HX-Redirect": "/sign-in"}, media_type="text/html")
        if request.method == "GET" and request.url.path != "/live":
            ended = "&ended=1" if COOKIE in request.cookies else ""
            return leave(f"/sign-in?next={quote(str(address_of(request)), safe='')}{ended}")
    status, heading, detail, hint = _words(error)
    values = {"heading": heading, "detail": detail, "hint": hint, "onward": "/", "onward_label": "To the overview"}
    proof, cookies = site.access.form_proof(request)
    common = {"page": _common(request, site.clock.now_ms(), heading, proof), "address": address_of(request)}
    page = site.render.response("message.html", common | values, status=status, cookies=cookies)
    if isinstance(error, SendlensError) and error.retry_after is not None:
        page.headers["Retry-After"] = str(error.retry_after)
    return page


def _words(error: Exception) -> tuple[int, str, str, str]:
    if isinstance(error, SendlensError):
        return error.status, error.title, error.detail, error.hint
    if isinstance(error, HTTPException) and error.status_code < 500:
        titles = {404: "There is nothing here", 405: "This cannot be done here"}
        hint = "Check the address, or begin at the overview." if error.status_code == 404 else ""
        detail = "No page has this address." if error.status_code == 404 else str(error.detail)
        return error.status_code, titles.get(error.status_code, "The request cannot be read"), detail, hint
    _log.error("page failed", exc_info=error)
    return 500, "Something went wrong inside Sendlens", "The server's log says what.", "Try again in a moment."


async def form(site: Site, request: PageRequest) -> dict[str, str]:
    """Return the texts of a submitted form of ours. Raises `Forbidden` for one that another site sent."""
    data = cast("Mapping[str, object]", await request.form())
    fields = {name: value for name, value in data.items() if isinstance(value, str)}
    site.access.check_origin(request, fields.get(FORM_FIELD, ""))
    return fields
