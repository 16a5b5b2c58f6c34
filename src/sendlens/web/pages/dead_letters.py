"""The page of dead letters: what could not be processed and why, and the button that tries again."""

from __future__ import annotations

import asyncio
from typing import Final
from urllib.parse import urlencode

from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler

from sendlens.control.administration import Administration
from sendlens.control.deadletters import Cause, DeadLetter, DeadLetters, Wanted
from sendlens.errors import InvalidField, NotFound
from sendlens.web.pages.access import PageRequest
from sendlens.web.pages.frame import address_of, form, page, visit
from sendlens.web.pages.reader import number
from sendlens.web.pages.render import leave
from sendlens.web.pages.site import Site
from sendlens.web.panels.intake import stopped

PATH: Final = "/dead-letters"
_ROWS: Final = 50


def handlers(site: Site) -> list[HTTPRouteHandler]:
    """Return the routes of the page."""
    letters = site.control.deadletters

    @get(PATH, include_in_schema=False)
    async def dead_letters(request: PageRequest) -> Response[str]:
        visitor = await visit(site, request)
        tenant, slug = visitor.tenant.id, visitor.tenant.slug
        asked = request.query_params
        wanted = Wanted(source=asked.get("source", ""), reason=asked.get("reason", ""))
        after = _number("after", asked.get("after", ""))
        count, causes, found = await asyncio.to_thread(_read, letters, tenant, wanted, after)
        more = {"source": wanted.source, "reason": wanted.reason, "after": str(found[-2].id if found[1:] else 0)}
        values = {
            "intake": str(address_of(request).at("/intake")),
            "told": _told(asked.get("replayed", ""), asked.get("unreadable", "")),
            "stopped": stopped(site, tenant),
            "count": count,
            "may_replay": visitor.can("replay_dead_letters") and site.replay is not None,
            "tenant": slug,
            "causes": [
                {
                    "reason": one.reason,
                    "source": one.source,
                    "kind": one.kind,
                    "letters": one.letters,
                    "last_at": one.last_at,
                    "href": _address(slug, source=one.source, reason=one.reason),
                }
                for one in causes
            ],
            "letters": [_shown(one, content=visitor.can("replay_dead_letters")) for one in found[:_ROWS]],
            "chosen": wanted.reason or wanted.source,
            "every": _address(slug),
            "more": _address(slug, **more) if len(found) > _ROWS else "",
        }
        return await page(
            site, request, "dead_letters.html", values, title="Dead letters", section="intake", visitor=visitor
        )

    @post(f"{PATH}/replay", include_in_schema=False)
    async def replay(request: PageRequest) -> Response[str]:
        fields = await form(site, request)
        visitor = await visit(site, request)
        visitor.must("replay_dead_letters")
        if site.replay is None:
            raise NotFound("nothing can be replayed here", hint="Ask the server that takes events in.")
        wanted = Wanted(source=fields.get("source", ""), reason=fields.get("reason", ""))
        done = await site.replay.replay(visitor.tenant.id, wanted)
        who = Administration(site.control, visitor.tenant, visitor.acting())
        await asyncio.to_thread(who.note, "letters.replay", f"{done.letters} letters")
        # Numbers and no text: nobody's link can make this page say something.
        told = {"replayed": str(done.letters), "unreadable": str(done.unreadable)}
        return leave(_address(visitor.tenant.slug, **told))

    return [dead_letters, replay]


def _read(letters: DeadLetters, tenant: str, wanted: Wanted, after: int) -> tuple[int, list[Cause], list[DeadLetter]]:
    found = letters.list(tenant, wanted, after=after, most=_ROWS + 1)
    return letters.count(tenant), letters.causes(tenant), found


def _shown(one: DeadLetter, *, content: bool) -> dict[str, object]:
    return {
        "received_at": one.received_at,
        "source": one.source,
        "kind": one.kind,
        "records": one.records,
        "record": one.body.decode("utf-8", "replace") if content and not one.is_block else "",
        "block": one.is_block,
        "request_id": one.request_id,
        "batch_id": one.batch_id,
    }


def _told(replayed: str, unreadable: str) -> str:
    if not replayed:
        return ""
    letters, broken = _number("replayed", replayed), _number("unreadable", unreadable)
    text = f"Replayed {number(letters)} letter{'s' if letters != 1 else ''}."
    return f"{text} {number(broken)} cannot be read and stay." if broken else text


def _number(name: str, text: str) -> int:
    if text and not (text.isascii() and text.isdigit()):
        raise InvalidField(name, text, "must be a whole number")
    return int(text[:18] or 0)


def _address(tenant: str, **parameters: str) -> str:
    return f"{PATH}?{urlencode({'tenant': tenant, **{name: value for name, value in parameters.items() if value}})}"
