"""The intake page: what became of every record received, per source and along time, and where to send more."""

from __future__ import annotations

import asyncio
from urllib.parse import urlencode

from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler

from sendlens.control.administration import Administration
from sendlens.errors import NotFound
from sendlens.sources.kinds import title_of
from sendlens.web.pages.access import PageRequest
from sendlens.web.pages.frame import address_of, base_url, form, page, visit
from sendlens.web.pages.overview import paint
from sendlens.web.pages.render import leave
from sendlens.web.pages.site import Site
from sendlens.web.panels.intake import INTAKE_PERIODS, hook_url
from sendlens.web.panels.question import ask
from sendlens.web.panels.registry import INTAKE_PANELS


def handlers(site: Site) -> list[HTTPRouteHandler]:
    """Return the route of the intake page."""

    @get("/intake", include_in_schema=False)
    async def intake(request: PageRequest) -> Response[str]:
        visitor = await visit(site, request)
        address = address_of(request)
        if not address.get("period"):
            address = address.with_(period="24h")
        question = ask(site, visitor, address)
        sources = await asyncio.to_thread(site.control.sources.list, visitor.tenant.id)
        base = base_url(site, request)
        values = {
            "periods": [
                {"label": label, "href": str(address.with_(period=key)), "chosen": key == question.scope.period.key}
                for key, label in INTAKE_PERIODS.items()
            ],
            "hooks": [
                {
                    "name": source.name,
                    "provider": source.provider,
                    "kind": title_of(source.provider),
                    "url": hook_url(base, source),
                    "secrets": len(source.secrets),
                    "last": source.last_event_at,
                }
                for source in sources
                if hook_url(base, source)
            ],
            "panels": await paint(question, INTAKE_PANELS),
            "tenant": visitor.tenant.slug,
            "may_manage": visitor.can("manage_sources"),
            "told": "The source is let in again; what waited is being processed."
            if "reset" in request.query_params
            else "",
        }
        return await page(site, request, "intake.html", values, title="Intake", section="intake", visitor=visitor)

    @post("/intake/reset", include_in_schema=False)
    async def reset(request: PageRequest) -> Response[str]:
        fields = await form(site, request)
        visitor = await visit(site, request)
        visitor.must("replay_dead_letters")
        if site.parking is None:
            raise NotFound("no fuse can be reset here", hint="Ask the server that takes events in.")
        source = fields.get("source", "")
        await site.parking.reset(visitor.tenant.id, source)
        who = Administration(site.control, visitor.tenant, visitor.acting())
        await asyncio.to_thread(who.note, "fuse.reset", source)
        return leave(f"/intake?{urlencode({'tenant': visitor.tenant.slug, 'reset': '1'})}")

    return [intake, reset]
