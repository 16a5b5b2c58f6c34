"""The first start: a tenant, a key and a source are there before anybody had to read a manual."""

from __future__ import annotations

from typing import Final

from sendlens.control.control import Control
from sendlens.control.keys import SCOPES
from sendlens.control.tenants import Tenant
from sendlens.settings import Settings

FIRST_SLUG: Final = "main"
_FIRST_NAME: Final = "Main"
_KEY_NAME: Final = "First key"


def ensure_first_tenant(control: Control, settings: Settings) -> tuple[Tenant, str | None]:
    """Return the first tenant and, if it had no key until now, the one made for it (or taken from the settings).

    Safe to call at every start and from several processes: what a start that was cut short left out is added.
    """
    # No two processes in here at once, or both would find no key and each make one.
    with control.database.alone():
        found = control.tenants.list()
        tenant = found[0] if found else control.tenants.create(FIRST_SLUG, _FIRST_NAME)
        if control.keys.list(tenant.id):
            return tenant, None
        if settings.bootstrap_key:
            control.keys.adopt(tenant.id, settings.bootstrap_key, _KEY_NAME, SCOPES)
            return tenant, settings.bootstrap_key
        _, secret = control.keys.create(tenant.id, _KEY_NAME, SCOPES)
        return tenant, secret
