"""The page of one message."""

from __future__ import annotations

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from sendlens.metrics.message import Messages
from sendlens.web.pages.access import PageRequest
from sendlens.web.pages.frame import address_of, page, visit
from sendlens.web.pages.site import Site
from sendlens.web.panels.message import message_path, message_values
from sendlens.web.panels.question import ask


def handlers(site: Site) -> list[HTTPRouteHandler]:
    """Return the route of a message: by its key, or by its message id."""

    @get("/messages/{message:path}", include_in_schema=False)
    async def message(request: PageRequest, message: FromPath[str]) -> Response[str]:
        visitor = await visit(site, request)
        visitor.must("see_people")
        question = ask(site, visitor, address_of(request))
        messages, wanted = Messages(site.answers.metrics), message.removeprefix("/")
        found = await site.answers.run(visitor.tenant, lambda: messages.find(visitor.tenant, wanted))
        if len(found) > 1:
            values: dict[str, object] = {
                "wanted": wanted,
                "choices": [
                    {
                        "href": str(question.address.at(message_path(one.key))),
                        "recipient": one.recipient or "(not told)",
                        "at": one.last_at,
                    }
                    for one in found
                ],
            }
            return await page(
                site, request, "which_message.html", values, title="Messages", section="people", visitor=visitor
            )
        one = await site.answers.run(visitor.tenant, lambda: messages.get(visitor.tenant, found[0].key))
        values = message_values(question, one)
        return await page(
            site, request, "message_life.html", values, title="Message", section="people", visitor=visitor
        )

    return [message]
