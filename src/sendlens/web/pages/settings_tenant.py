"""Settings: the tenant's name, time zone and currency, and the audit of what was done to it."""

from __future__ import annotations

import asyncio
import zoneinfo
from typing import Final

import msgspec
from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler

from sendlens.control.audit import DEEDS, LOCAL, OPERATOR, AuditEntry
from sendlens.control.control import Control
from sendlens.errors import InvalidField
from sendlens.sources.currencies import CURRENCIES
from sendlens.web.pages.access import PageRequest, Visitor
from sendlens.web.pages.frame import form, visit
from sendlens.web.pages.render import leave
from sendlens.web.pages.settings import administration, place, settings_page
from sendlens.web.pages.site import Site

_ROWS: Final = 50
_NAMES: Final = {OPERATOR: "A command on the server", LOCAL: "A browser on the server", "": "Somebody"}


def handlers(site: Site) -> list[HTTPRouteHandler]:
    """Return the routes of the tenant and its audit."""

    async def show(request: PageRequest, visitor: Visitor, error: InvalidField | None = None) -> Response[str]:
        values = {"zones": sorted(zoneinfo.available_timezones()), "currencies": sorted(CURRENCIES)}
        return await settings_page(site, request, visitor, "tenant", values, error=error)

    @get("/settings/tenant", include_in_schema=False)
    async def tenant(request: PageRequest) -> Response[str]:
        visitor = await visit(site, request)
        visitor.must("change_tenant")
        return await show(request, visitor)

    @post("/settings/tenant", include_in_schema=False)
    async def change_tenant(request: PageRequest) -> Response[str]:
        fields = await form(site, request)
        visitor = await visit(site, request)
        desk = administration(site, visitor)
        try:
            await asyncio.to_thread(
                lambda: desk.change_tenant(
                    name=fields.get("name"), time_zone=fields.get("time_zone"), currency=fields.get("currency")
                )
            )
        except InvalidField as error:
            return await show(request, visitor, error)
        return leave(place(visitor, "tenant"))

    @get("/settings/audit", include_in_schema=False)
    async def audit(request: PageRequest) -> Response[str]:
        visitor = await visit(site, request)
        visitor.must("read_audit")
        chosen, before = request.query_params.get("deed", ""), request.query_params.get("before", "")
        if chosen and chosen not in DEEDS:
            raise InvalidField("deed", chosen, f"one of {', '.join(DEEDS)}")
        found = await asyncio.to_thread(
            site.control.audit.list,
            visitor.tenant.id,
            actions=[chosen] if chosen else (),
            before=int(before[:18]) if before.isdecimal() else 0,
            most=_ROWS + 1,
        )
        names = await asyncio.to_thread(actors, site.control, visitor.tenant.id, found)
        values = {
            "entries": [
                {"at": one.at, "who": names[one.actor], "deed": DEEDS.get(one.action, one.action), "about": one.about}
                | {"address": one.address, "subject": one.subject[:12], "outcome": outcome(one)}
                for one in found[:_ROWS]
            ],
            "deeds": DEEDS,
            "chosen": chosen,
            "more": f"{place(visitor, 'audit')}&deed={chosen}&before={found[_ROWS - 1].id}"
            if len(found) > _ROWS
            else "",
        }
        return await settings_page(site, request, visitor, "audit", values)

    return [tenant, change_tenant, audit]


def outcome(entry: AuditEntry) -> str:
    """Return how an erasure ended, in words; nothing for any other deed."""
    if entry.action != "erase":
        return ""
    left = msgspec.json.decode(entry.result, type=_Left).left
    places = f"{len(left)} place{'s' if len(left) != 1 else ''}"
    return f"still found in {places}" if left else "nothing was found afterwards"


class _Left(msgspec.Struct):
    left: list[str] = []


def actors(control: Control, tenant: str, entries: list[AuditEntry]) -> dict[str, str]:
    """Return the name of everybody who acted: the address of a person, the name of a key of the tenant."""
    keys = {key.id: f"API key {key.name}" for key in control.keys.list(tenant)}
    people = {user.id: user.email for user in control.users.list()}
    known = _NAMES | keys | people
    return {one.actor: known.get(one.actor, one.actor) for one in entries}
