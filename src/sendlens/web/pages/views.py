"""Saved views, shared links and notes in charts: the page that lists them, and the forms that make and end them."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Final
from urllib.parse import unquote

from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from sendlens.control.administration import Administration
from sendlens.control.shares import SharedLink
from sendlens.errors import InvalidField
from sendlens.metrics.filters import Filter, parse_filters
from sendlens.metrics.periods import zone_info
from sendlens.web.pages.access import PageRequest, Visitor
from sendlens.web.pages.frame import address_of, base_url, form, page, visit
from sendlens.web.pages.render import leave
from sendlens.web.pages.site import Site
from sendlens.web.pages.state import SHARED, Address, own_path
from sendlens.web.panels.question import DEFAULT_PERIOD, PERIOD_NAMES, in_words
from sendlens.web.panels.registry import DELIVERABILITY
from sendlens.web.panels.scopes import KINDS, fixed

SHARE_DAYS: Final = {7: "a week", 30: "30 days", 90: "90 days", 365: "a year"}


def handlers(site: Site) -> list[HTTPRouteHandler]:
    """Return the routes of views, links and notes."""

    async def enter(request: PageRequest, action: str) -> Visitor:
        await form(site, request)
        visitor = await visit(site, request)
        visitor.must(action)
        return visitor

    async def noted(visitor: Visitor, action: str, about: str) -> None:
        await asyncio.to_thread(Administration(site.control, visitor.tenant, visitor.acting()).note, action, about)

    def onward(visitor: Visitor) -> Response[str]:
        return leave(f"/views?tenant={visitor.tenant.slug}")

    @get("/views", include_in_schema=False)
    async def views(request: PageRequest) -> Response[str]:
        visitor = await visit(site, request)
        return await _page(site, request, visitor)

    @post("/views", include_in_schema=False)
    async def save(request: PageRequest) -> Response[str]:
        visitor = await enter(request, "save_views")
        fields = await form(site, request)
        view = view_of(fields.get("view", ""))
        name, keep = fields.get("name", ""), str(view.with_(tenant=None))
        await asyncio.to_thread(site.control.views.save, visitor.tenant.id, name, keep, author=visitor.actor)
        await noted(visitor, "view.save", name)
        return leave(str(view))

    @post("/views/{view:str}/remove", include_in_schema=False)
    async def forget(request: PageRequest, view: FromPath[str]) -> Response[str]:
        visitor = await enter(request, "save_views")
        await asyncio.to_thread(site.control.views.remove, visitor.tenant.id, view)
        await noted(visitor, "view.remove", view)
        return onward(visitor)

    @post("/views/share", include_in_schema=False)
    async def share(request: PageRequest) -> Response[str]:
        visitor = await enter(request, "save_views")
        fields = await form(site, request)
        days = fields.get("days", "")
        if not days.isdecimal():
            raise InvalidField("days", days, "must be a number of days")
        view = str(shared_view(view_of(fields.get("view", ""))))
        link, token = await asyncio.to_thread(
            lambda: site.control.shares.create(
                visitor.tenant.id,
                fields.get("name", ""),
                view,
                days=int(days),
                frozen=bool(fields.get("frozen")),
                author=visitor.actor,
            )
        )
        await noted(visitor, "link.create", f"{link.name}, for {days} days")
        return await _page(site, request, visitor, made=(link, f"{base_url(site, request)}{SHARED}{token}"))

    @post("/views/links/{link:str}/revoke", include_in_schema=False)
    async def revoke(request: PageRequest, link: FromPath[str]) -> Response[str]:
        visitor = await enter(request, "save_views")
        await asyncio.to_thread(site.control.shares.revoke, visitor.tenant.id, link)
        await noted(visitor, "link.revoke", link)
        return onward(visitor)

    @post("/notes", include_in_schema=False)
    async def note(request: PageRequest) -> Response[str]:
        visitor = await enter(request, "annotate")
        fields = await form(site, request)
        zone = fields.get("zone") or visitor.tenant.time_zone
        at = moment(fields.get("at", ""), zone)
        text = fields.get("text", "")
        await asyncio.to_thread(site.control.annotations.add, visitor.tenant.id, at, text, author=visitor.actor)
        await noted(visitor, "note.add", text)
        return leave(own_path(fields.get("next", "/")))

    @post("/notes/{note_id:str}/remove", include_in_schema=False)
    async def remove_note(request: PageRequest, note_id: FromPath[str]) -> Response[str]:
        visitor = await enter(request, "annotate")
        fields = await form(site, request)
        await asyncio.to_thread(site.control.annotations.remove, visitor.tenant.id, note_id)
        await noted(visitor, "note.remove", note_id)
        return leave(own_path(fields.get("next", "/views")))

    return [views, save, forget, share, revoke, note, remove_note]


def view_of(text: str) -> Address:
    """Return the address of a view that came with a form: one of our own pages."""
    return Address.read(text)


def shared_view(view: Address) -> Address:
    """Return what a link to a view shows: the deliverability where it was asked there, else the question's figures."""
    pairs = [pair for pair in view.pairs if pair[0] != "tenant"]
    head, _, rest = view.path.removeprefix("/").partition("/")
    kind = next((kind for kind in KINDS.values() if kind.path == f"/{head}"), None)
    if head == "campaigns" and rest:
        only = Filter("is", "campaign", (unquote(rest),)).text()
        return Address.of("/", [("period", "all"), ("compare", "none"), ("f", only)])
    if kind and rest:
        pairs.append(("of", f"{kind.dimension},{unquote(rest)}"))
    path = DELIVERABILITY if view.path == DELIVERABILITY else "/"
    return Address.of(path, [pair for pair in pairs if pair[0] not in {"campaign", "q", "order", "page", "did"}])


def moment(text: str, zone: str) -> int:
    """Return a local date or date and time as UTC milliseconds. Raises `InvalidField`."""
    try:
        local = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidField("at", text, "must be a day and a time, such as 2026-11-20T09:30") from None
    return int(local.replace(tzinfo=local.tzinfo or zone_info(zone)).timestamp() * 1000)


def told(address: str) -> str:
    """Return a view in words: what it is about, its period and its filters; the address itself if it cannot be read."""
    view = Address.read(address)
    try:
        of, filters = fixed(view.get("of")), parse_filters(view.all("f"))
    except InvalidField:  # it was typed by hand, or a dimension is gone
        return address
    head, _, rest = view.path.removeprefix("/").partition("/")
    about = of.value if of else unquote(rest) if rest else head.replace("-", " ").capitalize() or "Overview"
    period = view.get("period") or DEFAULT_PERIOD
    days = f"{view.get('from')} – {view.get('to')}" if period == "custom" else PERIOD_NAMES.get(period, period)
    return " · ".join([about, days, *(in_words(one) for one in filters)])


async def _page(
    site: Site, request: PageRequest, visitor: Visitor, *, made: tuple[SharedLink, str] | None = None
) -> Response[str]:
    control, tenant = site.control, visitor.tenant
    now = site.clock.now_ms()
    saved, links, notes = await asyncio.gather(
        asyncio.to_thread(control.views.list, tenant.id),
        asyncio.to_thread(control.shares.list, tenant.id),
        asyncio.to_thread(control.annotations.between, tenant.id, 0, 1 << 60),
    )
    wanted = address_of(request).get("view")
    view = str(view_of(wanted)) if wanted else ""
    values = {
        "made": made and {"name": made[0].name, "url": made[1], "until": made[0].expires_at},
        "view": view,
        "view_told": told(view) if view else "",
        "days": SHARE_DAYS,
        "may": visitor.can("save_views"),
        "may_note": visitor.can("annotate"),
        "tenant": tenant.slug,
        "saved": [
            {"id": one.id, "name": one.name, "told": told(one.address), "href": _open(one.address, visitor)}
            for one in saved
        ],
        "links": [
            {
                "id": one.id,
                "name": one.name,
                "told": told(one.address),
                "frozen": one.frozen,
                "until": one.expires_at,
                "used": one.last_used_at,
                "state": "revoked" if one.revoked_at else "expired" if one.expires_at <= now else "",
            }
            for one in links
        ],
        "notes": [{"id": one.id, "at": one.at, "text": one.text} for one in reversed(notes)],
    }
    return await page(site, request, "views.html", values, title="Views", section="views", visitor=visitor)


def _open(address: str, visitor: Visitor) -> str:
    slug = visitor.tenant.slug if visitor.local else None
    return str(Address.read(address).with_(tenant=slug))
