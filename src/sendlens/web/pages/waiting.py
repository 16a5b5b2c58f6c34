"""The page before the first event: what to do, with this server's own addresses filled in; it moves on by itself."""

from __future__ import annotations

import asyncio
from typing import Final

from litestar import Response

from sendlens.control.sources import API
from sendlens.errors import StoreError
from sendlens.sources.kinds import KINDS
from sendlens.web.pages.access import PageRequest, Visitor
from sendlens.web.pages.frame import base_url, page
from sendlens.web.pages.site import Site
from sendlens.web.pages.ways import ways
from sendlens.web.panels.answers import in_time
from sendlens.web.panels.intake import hook_url

KEY_PLACEHOLDER: Final = "$SENDLENS_API_KEY"
_SECONDS: Final = 1.5


async def is_waiting(site: Site, visitor: Visitor) -> bool:
    """Return whether the tenant has not had a single event."""
    if await asyncio.to_thread(site.last_event, visitor.tenant):
        return False
    try:
        return not await in_time(_SECONDS, site.answers.has_events(visitor.tenant), "whether there are events")
    except StoreError:
        return False  # the page with its panels says by itself that the store is slow


async def waiting_page(site: Site, request: PageRequest, visitor: Visitor) -> Response[str]:
    """Return the instructions for the first event."""
    sources = await asyncio.to_thread(site.control.sources.list, visitor.tenant.id)
    base = base_url(site, request)
    shown = await asyncio.to_thread(_key_to_show, site, visitor)
    values = {
        "base": base,
        "key": shown or KEY_PLACEHOLDER,
        "has_key": bool(shown),
        "hooks": [
            {"name": source.name, "provider": source.provider, "url": hook_url(base, source)}
            for source in sources
            if source.provider != API and hook_url(base, source)
        ],
        "groups": ways(visitor) if visitor.can("manage_sources") else [],
        "titles": {kind.name: kind.title for kind in KINDS.values()},
        "tenant": visitor.tenant.slug,
    }
    return await page(
        site, request, "waiting.html", values, title="Waiting for the first event", section="overview", visitor=visitor
    )


def _key_to_show(site: Site, visitor: Visitor) -> str:
    """Return the first key, for a browser on this machine and as long as it is valid for the tenant it looks at."""
    if not visitor.local or not site.first_key:
        return ""
    key = site.control.keys.find(site.first_key)
    return site.first_key if key is not None and key.tenant == visitor.tenant.id else ""
