"""Every way events come in, as links to the page that sets it up: what an empty tenant is led through."""

from __future__ import annotations

from typing import Final

from sendlens.sources.esp import PROVIDERS
from sendlens.sources.esp.features import FEATURES
from sendlens.sources.exporters import PROMETHEUS
from sendlens.sources.kinds import KINDS
from sendlens.sources.mail.options import PROVIDER as MAIL
from sendlens.sources.mta import FORMATS
from sendlens.sources.seeds import SEED
from sendlens.sources.tracking import TRACKER
from sendlens.web.pages.access import Visitor

_OWN: Final = "Your own programs"
_SERVICES: Final = "E-mail services"
_SERVERS: Final = "Mail servers of your own"
_BESIDE: Final = "What is told beside them"

_ABOUT: Final = {
    TRACKER: "opens, clicks and unsubscriptions without a provider",
    MAIL: "bounces, complaints and reports that come as mail",
    SEED: "inbox or spam, by IMAP",
    PROMETHEUS: "how much waits in queues",
}
"""The kinds of our own, and what each is for."""


def ways(visitor: Visitor) -> list[tuple[str, list[dict[str, str]]]]:
    """Return the ways in groups; each has a title, a line about it, and the address that begins it."""
    tenant = f"?tenant={visitor.tenant.slug}"
    services = [_provider(name, tenant) for name in PROVIDERS if name not in FORMATS]
    servers = [_provider(name, tenant) for name in PROVIDERS if name in FORMATS]
    own = [
        {"title": "HTTP API", "about": "post events as JSON", "href": f"/settings/keys{tenant}"},
        {"title": "Files", "about": "history as NDJSON, JSON or CSV", "href": f"/settings/import{tenant}"},
    ]
    beside = [
        {"title": KINDS[name].title, "about": about, "href": f"/settings/sources/new/{name}{tenant}"}
        for name, about in _ABOUT.items()
    ]
    return [(_SERVICES, services), (_SERVERS, servers), (_BESIDE, beside), (_OWN, own)]


def _provider(name: str, tenant: str) -> dict[str, str]:
    proof = FEATURES[name].proof
    return {"title": PROVIDERS[name].title, "about": proof, "href": f"/settings/sources/new/{name}{tenant}"}
