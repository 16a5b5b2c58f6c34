"""The routes of the HTML as sent, and of the click map over it.

Owns who may send, see and delete HTML: a key that sends events sends it too, and deleting is an admin's. HTML comes
back as plain text: nobody's browser shall take it for a page of ours.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated, Any, Final

from litestar import Response, Router, delete, get, put
from litestar.connection import ASGIConnection
from litestar.datastructures import CacheControlHeader
from litestar.handlers import HTTPRouteHandler
from litestar.handlers.base import BaseRouteHandler
from litestar.params import FromPath, QueryParameter

from sendlens.clickmap.limits import MOST_BYTES, checked
from sendlens.control.control import Control
from sendlens.control.mails import MailInfo, Of
from sendlens.errors import NotFound, UnsupportedMediaType
from sendlens.metrics.campaigns import Campaigns
from sendlens.metrics.clickmap import ClickMaps
from sendlens.metrics.query import Metrics
from sendlens.web.api import clicks
from sendlens.web.api.access import ADMIN, READ, Access, AnyRequest, tenant_of
from sendlens.web.api.requests import RequestIds
from sendlens.web.api.router import known_parameters, problem_handlers

INGEST: Final = "ingest"
_Variant = Annotated[str, QueryParameter(description="The variant; without it, that of all variants.", max_length=256)]


def mail_router(control: Control, metrics: Metrics) -> Router:
    """Return the routers of `/v1/html` and `/v1/click-map`."""
    by_scope = {
        INGEST: [_put(control, "campaign"), _put(control, "template")],
        READ: [_get(control, "campaign"), _get(control, "template"), _click_map(control, metrics)],
        ADMIN: [_delete(control, "campaign"), _delete(control, "template")],
    }
    return Router(
        path="/v1",
        route_handlers=[_guarded(control, scope, handlers) for scope, handlers in by_scope.items()],
        exception_handlers=problem_handlers(),  # pyright: ignore[reportArgumentType] - invariant, and partly unknown in Litestar
        middleware=[RequestIds],
        tags=["Click map"],
    )


def _guarded(control: Control, scope: str, handlers: list[HTTPRouteHandler]) -> Router:
    access = Access(control.keys, control.tenants, scope)

    # TRICKY: a function, as in `router`: Litestar deep-copies nested routers, and with a bound method its object.
    async def guard(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
        await access.guard(connection, handler)

    return Router(
        path="/",
        route_handlers=handlers,
        guards=[guard],
        before_request=known_parameters,
        cache_control=CacheControlHeader(no_store=True),
        security=[{"key": list[str]()}],
    )


def _put(control: Control, of: Of) -> HTTPRouteHandler:
    @put(
        f"/html/{of}s/{{name:path}}",
        status_code=200,
        accepts=("variant",),
        request_max_body_size=MOST_BYTES + 1,
        operation_id=f"put_{of}_html",
    )
    async def put_html(request: AnyRequest, name: FromPath[Path], variant: _Variant = "") -> MailInfo:
        """Keep the HTML of a campaign or template as it was sent, as UTF-8; an earlier one is replaced."""
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "text/html":
            raise UnsupportedMediaType(f"The body is {kind or 'of no named kind'}.", hint="Send it as text/html.")
        body = await request.body()

        def keep() -> MailInfo:
            tenant = tenant_of(request).id
            return control.mails.put(tenant, of, _text(name), variant, checked(body), actor=_actor(control, request))

        return await asyncio.to_thread(keep)

    return put_html


def _get(control: Control, of: Of) -> HTTPRouteHandler:
    @get(
        f"/html/{of}s/{{name:path}}",
        sync_to_thread=True,
        accepts=("variant",),
        media_type="text/plain",
        operation_id=f"get_{of}_html",
    )
    def get_html(request: AnyRequest, name: FromPath[Path], variant: _Variant = "") -> Response[str]:
        """Return the HTML as it was sent, as plain text."""
        found = control.mails.get(tenant_of(request).id, of, _text(name), variant)
        return Response(found.html, media_type="text/plain", headers={"x-content-type-options": "nosniff"})

    return get_html


def _delete(control: Control, of: Of) -> HTTPRouteHandler:
    @delete(f"/html/{of}s/{{name:path}}", sync_to_thread=True, accepts=("variant",), operation_id=f"delete_{of}_html")
    def delete_html(request: AnyRequest, name: FromPath[Path], variant: _Variant = "") -> None:
        """Delete the HTML for good. Counted clicks stay counted."""
        control.mails.remove(tenant_of(request).id, of, _text(name), variant)

    return delete_html


def _click_map(control: Control, metrics: Metrics) -> HTTPRouteHandler:
    maps, campaigns = ClickMaps(metrics, control.mails), Campaigns(metrics)

    @get("/click-map/{campaign_id:path}", sync_to_thread=True, accepts=("variant",))
    def click_map(request: AnyRequest, campaign_id: FromPath[Path], variant: _Variant = "") -> clicks.ClickMapAnswer:
        """Who followed the link at each place of a campaign's HTML, people and machines apart."""
        tenant, name = tenant_of(request), _text(campaign_id)
        facts = campaigns.facts(tenant, [name])[name]
        found = maps.get(tenant, name, template=facts.template_id, variant=variant)
        if found.mail is None and not facts.first_event_at:
            raise NotFound(f"There is no campaign {name!r}.", hint="GET /v1/campaigns lists those there are.")
        return clicks.click_map(found)

    return click_map


def _text(path: Path) -> str:
    return str(path).removeprefix("/")


def _actor(control: Control, request: AnyRequest) -> str:
    found = control.keys.find(request.headers["authorization"].partition(" ")[2].strip())
    return found.id if found else ""
