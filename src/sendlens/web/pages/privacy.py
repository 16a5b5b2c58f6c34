"""What an admin can do about a person: save everything that is kept about them, and erase it.

Owns the typed confirmation and the page on which an erasure is watched. The work is `sendlens.privacy`'s. The person is
named in forms and never in addresses, which proxies and logs keep.
"""

from __future__ import annotations

import asyncio
from typing import Final
from urllib.parse import urlencode

import msgspec
from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from sendlens.errors import InvalidField, NotFound
from sendlens.model.identity import normal_recipient
from sendlens.privacy.errands import Errands
from sendlens.web.pages.access import PageRequest, Visitor
from sendlens.web.pages.frame import form, page, visit
from sendlens.web.pages.render import HEADERS, leave
from sendlens.web.pages.site import Site

ACTION: Final = "erase_people"


def handlers(site: Site) -> list[HTTPRouteHandler]:
    """Return the routes."""

    async def asked(request: PageRequest) -> tuple[Visitor, Errands, dict[str, str]]:
        visitor = await visit(site, request)
        visitor.must(ACTION)
        fields = await form(site, request)
        if site.errands is None or site.privacy is None:
            raise NotFound("nobody can be erased here", hint="Ask the server that writes the tables.")
        return visitor, site.errands, fields

    @post("/person/export", include_in_schema=False)
    async def export(request: PageRequest) -> Response[bytes]:
        visitor, _, fields = await asked(request)
        desk, recipient = site.privacy, _recipient(fields)
        if desk is None:
            raise NotFound("nothing can be exported here")
        told = await asyncio.to_thread(lambda: desk.export(visitor.tenant.id, recipient, actor=visitor.actor))
        headers = HEADERS | {"content-disposition": 'attachment; filename="person.json"'}
        body = msgspec.json.format(msgspec.json.encode(told))
        return Response(body, status_code=200, media_type="application/json", headers=headers)

    @post("/person/erase", include_in_schema=False)
    async def erase(request: PageRequest) -> Response[str]:
        visitor, errands, fields = await asked(request)
        recipient = _recipient(fields)
        if normal_recipient(fields.get("confirm", "")) != normal_recipient(recipient):
            raise InvalidField(
                "confirm", fields.get("confirm", ""), "is not what has to be typed", hint="Nothing was erased."
            )
        name = errands.begin(visitor.tenant.id, recipient, actor=visitor.actor)
        return leave(f"/person/erasures/{name}?{urlencode({'tenant': visitor.tenant.slug})}")

    @get("/person/erasures/{name:str}", include_in_schema=False)
    async def erasure(request: PageRequest, name: FromPath[str]) -> Response[str]:
        visitor = await visit(site, request)
        visitor.must(ACTION)
        errands, tenant = site.errands, visitor.tenant.id
        found = await asyncio.to_thread(errands.get, tenant, name) if errands else None
        if found is None:
            raise NotFound("there is no such erasure", hint="Its result stands in the audit.")
        values = {"errand": found, "rows": list(found.done.rows.items()) if found.done else []}
        return await page(site, request, "erasure.html", values, title="Erasure", section="people", visitor=visitor)

    return [export, erase, erasure]


def _recipient(fields: dict[str, str]) -> str:
    recipient = fields.get("recipient", "").strip()
    if not recipient:
        raise InvalidField("recipient", "", "must be the address or identifier of the person")
    return recipient
