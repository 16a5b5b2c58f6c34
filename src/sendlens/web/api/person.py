"""The routes about one person as a data subject: export and erasure.

The person is named in the body and not in the address line, which proxies and logs keep. Leaves the work to
`sendlens.privacy`.
"""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Router, post
from litestar.connection import ASGIConnection
from litestar.datastructures import CacheControlHeader
from litestar.handlers import HTTPRouteHandler
from litestar.handlers.base import BaseRouteHandler
from litestar.params import JSONBody

from sendlens.control.control import Control
from sendlens.privacy.desk import Erasure, Export, PrivacyDesk
from sendlens.web.api.access import ADMIN, Access, AnyRequest, tenant_of
from sendlens.web.api.requests import RequestIds
from sendlens.web.api.router import known_parameters, problem_handlers


class PersonRequest(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Who is meant: the address or identifier the mail was sent to."""

    recipient: str


def person_router(control: Control, desk: PrivacyDesk) -> Router:
    """Return the router of `/v1/person`; everything needs the scope `admin`."""
    access = Access(control.keys, control.tenants, ADMIN)

    # TRICKY: a function, as in `router`: Litestar deep-copies nested routers, and with a bound method its object.
    async def guard(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
        await access.guard(connection, handler)

    return Router(
        path="/v1/person",
        route_handlers=_routes(control, desk),
        guards=[guard],
        before_request=known_parameters,
        exception_handlers=problem_handlers(),  # pyright: ignore[reportArgumentType] - invariant, and partly unknown in Litestar
        middleware=[RequestIds],
        cache_control=CacheControlHeader(no_store=True),
        security=[{"key": list[str]()}],
        tags=["Privacy"],
    )


def _routes(control: Control, desk: PrivacyDesk) -> list[HTTPRouteHandler]:
    def actor(request: AnyRequest) -> str:
        # The guard has found this key a moment ago.
        found = control.keys.find(request.headers["authorization"].partition(" ")[2].strip())
        return found.id if found else ""

    @post("/export", status_code=200, sync_to_thread=True, accepts=())
    def export_person(request: AnyRequest, data: JSONBody[PersonRequest]) -> Export:
        """Everything that is kept about one person, table by table."""
        return desk.export(tenant_of(request).id, data.recipient, actor=actor(request))

    @post("/erase", status_code=200, sync_to_thread=True, accepts=())
    def erase_person(request: AnyRequest, data: JSONBody[PersonRequest]) -> Erasure:
        """Take one person out of everything, for good, and tell what a search for them found afterwards."""
        return desk.erase(tenant_of(request).id, data.recipient, actor=actor(request))

    return [export_person, erase_person]
