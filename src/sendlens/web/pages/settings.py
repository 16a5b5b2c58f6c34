"""The frame of the settings pages: their sections, who sees which, and what a form's mistake looks like.

Owns what `/settings/...` pages have in common. Each section has a module of its own; what they change goes through
`control.administration`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler

from sendlens.control.administration import Administration
from sendlens.errors import SendlensError
from sendlens.web.pages.access import Kind, PageRequest, Visitor
from sendlens.web.pages.frame import page, visit
from sendlens.web.pages.render import leave
from sendlens.web.pages.site import Site


class Section(NamedTuple):
    """One page of the settings; `action` is what one must be allowed to do to see it, empty for everybody."""

    key: str
    label: str
    action: str


SECTIONS: Final = (
    Section("account", "Your account", ""),
    Section("sources", "Sources", "manage_sources"),
    Section("keys", "API keys", "manage_keys"),
    Section("people", "People", "manage_people"),
    Section("tenant", "Tenant", "change_tenant"),
    Section("audit", "Audit", "read_audit"),
)


def sections_of(visitor: Visitor) -> list[Section]:
    """Return the sections that a visitor may see."""
    return [one for one in SECTIONS if (visitor.can(one.action) if one.action else visitor.kind is Kind.PERSON)]


def handlers(site: Site) -> list[HTTPRouteHandler]:
    """Return the route that leads to the first section."""

    @get("/settings", include_in_schema=False)
    async def settings(request: PageRequest) -> Response[str]:
        visitor = await visit(site, request)
        known = [one.key for one in sections_of(visitor)]
        # Whoever manages the tenant comes for that; the account is a step away.
        first = next((key for key in known if key != "account"), "account")
        return leave(place(visitor, first))

    return [settings]


def place(visitor: Visitor, path: str) -> str:
    """Return the address of a settings page of the visitor's tenant."""
    return f"/settings/{path}?tenant={visitor.tenant.slug}"


def administration(site: Site, visitor: Visitor) -> Administration:
    """Return what changes the visitor's tenant in the visitor's name."""
    return Administration(site.control, visitor.tenant, visitor.acting())


async def settings_page(
    site: Site,
    request: PageRequest,
    visitor: Visitor,
    section: str,
    values: Mapping[str, object],
    *,
    template: str = "",
    title: str = "",
    error: SendlensError | None = None,
) -> Response[str]:
    """Return a page of the settings, with what was wrong with the form that led here."""
    known = next(one for one in SECTIONS if one.key == section)
    shown = {
        "sections": [(one.key, one.label, place(visitor, one.key)) for one in sections_of(visitor)],
        "section": section,
        "tenant": visitor.tenant.slug,
        "problem": said(error),
        **values,
    }
    return await page(
        site,
        request,
        f"settings/{template or section}.html",
        shown,
        title=title or known.label,
        section="settings",
        visitor=visitor,
        status=error.status if error else 200,
    )


def said(error: SendlensError | None) -> str:
    """Return a mistake as a sentence for people."""
    return f"{error.detail[:1].upper()}{error.detail[1:]}. {error.hint}".strip() if error else ""
