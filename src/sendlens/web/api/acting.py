"""Who acts through the API: the key of a request, with the scope `admin`, on its own tenant."""

from __future__ import annotations

from sendlens.control.administration import Actor, Administration
from sendlens.control.control import Control
from sendlens.control.roles import KEY_ROLES
from sendlens.web.api.access import ADMIN, AnyRequest, tenant_of
from sendlens.web.pages.access import client_address


def administration(control: Control, request: AnyRequest) -> Administration:
    """Return what the key of a request may change; the guard of the scope has found it a moment ago."""
    key = control.keys.find(request.headers["authorization"].partition(" ")[2].strip())
    actor = Actor(key.id if key else "", KEY_ROLES[ADMIN], client_address(request))
    return Administration(control, control.tenants.get(tenant_of(request).id), actor)
