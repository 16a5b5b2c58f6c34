"""The frame of the click map: a mail as it was sent, cleaned, with its links marked.

Owns the address of the frame and the headers that keep a stranger's HTML apart from the pages (`clickmap.safe`).
"""

from __future__ import annotations

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from sendlens.clickmap.places import marked
from sendlens.clickmap.safe import POLICY, cleaned, document
from sendlens.errors import NotFound
from sendlens.web.pages.access import PageRequest
from sendlens.web.pages.frame import address_of, visit
from sendlens.web.pages.render import HEADERS
from sendlens.web.pages.site import Site
from sendlens.web.pages.state import Address
from sendlens.web.panels.answers import in_time
from sendlens.web.panels.clickmap import load, overlays
from sendlens.web.panels.question import ask, campaign_path

_HEADERS = HEADERS | {
    "Content-Security-Policy": POLICY,
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "no-referrer",
}


def handlers(site: Site) -> list[HTTPRouteHandler]:
    """Return the route of the frame."""

    @get("/click-map/{campaign:path}", include_in_schema=False)
    async def frame(request: PageRequest, campaign: FromPath[str]) -> Response[str]:
        visitor = await visit(site, request)
        wanted = campaign.removeprefix("/")
        given = [pair for pair in address_of(request).pairs if pair[0] != "campaign"]
        question = ask(site, visitor, Address.of(campaign_path(wanted), [*given, ("campaign", wanted)]))
        found = await in_time(site.settings.query_seconds, load(question), "the click map")
        if found.mail is None:
            raise NotFound("there is no HTML of this campaign", hint="PUT /v1/html/campaigns/ID sends it.")
        mail = found.mail
        body = await site.answers.run(
            visitor.tenant, lambda: document(cleaned(marked(mail.html).html), overlays(found))
        )
        return Response(body, headers=_HEADERS, media_type="text/html")

    return [frame]
