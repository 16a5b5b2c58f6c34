"""The list of campaigns, and the page of one."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from sendlens.errors import StoreError
from sendlens.metrics.campaigns import CampaignFacts
from sendlens.web.pages.access import PageRequest
from sendlens.web.pages.frame import address_of, page, visit
from sendlens.web.pages.overview import FIRST_PAINT_SECONDS, paint
from sendlens.web.pages.site import Site
from sendlens.web.pages.state import Address
from sendlens.web.panels.answers import in_time
from sendlens.web.panels.campaign import facts_of
from sendlens.web.panels.question import ask, campaign_path

_PANELS: Final = (
    *("campaign", "campaign-course", "campaign-soon", "campaign-comparable", "campaign-variants"),
    *("click-map", "campaign-bounces", "audience", "device", "content", "campaign-reading"),
)
"""The panels of a campaign's page, in their order."""


def handlers(site: Site) -> list[HTTPRouteHandler]:
    """Return the routes of the campaigns."""

    @get("/campaigns", include_in_schema=False)
    async def campaigns(request: PageRequest) -> Response[str]:
        visitor = await visit(site, request)
        question = ask(site, visitor, address_of(request))
        values = {"panels": await paint(question, ("campaign-list",)), "q": question.address.get("q")}
        return await page(
            site, request, "campaigns.html", values, title="Campaigns", section="campaigns", visitor=visitor
        )

    @get("/campaigns/{campaign:path}", include_in_schema=False)
    async def campaign(request: PageRequest, campaign: FromPath[str]) -> Response[str]:
        visitor = await visit(site, request)
        wanted = campaign.removeprefix("/")
        given = [pair for pair in address_of(request).pairs if pair[0] != "campaign"]
        question = ask(site, visitor, Address.of(campaign_path(wanted), [*given, ("campaign", wanted)]))
        try:
            asked = site.answers.campaign_facts(visitor.tenant, wanted)
            facts, late = await in_time(FIRST_PAINT_SECONDS, asked, "the campaign's name"), ""
            question = replace(question, told=facts)
        except StoreError as error:  # the panels below fail or wait by themselves
            facts, late = CampaignFacts(id=wanted, name=wanted, metadata={}), error.hint
        values = {
            "facts": facts,
            "about": facts_of(question, facts),
            "late": late,
            "back": str(question.address.at("/campaigns")),
            "panels": await paint(question, _PANELS),
        }
        return await page(
            site, request, "campaign.html", values, title=facts.name, section="campaigns", visitor=visitor
        )

    return [campaigns, campaign]
