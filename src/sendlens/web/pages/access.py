"""Who may see the pages, and whose figures they see.

Owns the rule for requests from this machine, the session cookie of `/sign-in`, and the check that a changing request
comes from our own pages. Leaves to `control` which keys are valid.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final
from urllib.parse import urlsplit

from litestar import Request
from litestar.datastructures import Cookie

from sendlens.clock import Clock
from sendlens.control.control import Control
from sendlens.control.keys import ApiKey
from sendlens.control.roles import KEY_ROLES, Role, may, must
from sendlens.control.shares import SharedLink
from sendlens.control.tenants import Tenant
from sendlens.errors import Forbidden, NotFound, Unauthorized
from sendlens.settings import Settings

COOKIE: Final = "sendlens_session"
SESSION_SECONDS: Final = 14 * 24 * 3600
_LOCAL_NAMES: Final = {"localhost", "127.0.0.1", "::1"}
# A proxy on this machine makes the whole world look local. Each of these says that there is one.
_PROXY_HEADERS: Final = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip")

PageRequest = Request[Any, Any, Any]


class Kind(Enum):
    """How a visitor came in."""

    LOCAL = "local"
    """A browser on this very machine, which may do everything."""
    PERSON = "person"
    KEY = "key"
    LINK = "link"
    """A shared link: reads one view, and has no account."""


@dataclass(frozen=True)
class Visitor:
    """Somebody who may see a tenant's pages; `tenants` are those to choose from."""

    tenant: Tenant
    tenants: tuple[Tenant, ...]
    role: Role
    """What the visitor is to `tenant`."""
    kind: Kind
    actor: str
    """Who it is in the audit: the id of a person, a key or a link, or `local`."""
    seen: str = ""
    """The version of the tenant's figures when the request came in."""
    link: SharedLink | None = None
    """The shared link, for a visitor who came by one: `panels.question.ask` holds its view fast."""

    @property
    def local(self) -> bool:
        """Return whether this is a browser on this very machine."""
        return self.kind is Kind.LOCAL

    def can(self, action: str) -> bool:
        """Return whether the visitor may do a thing; the actions are those of `control.roles.PERMISSIONS`."""
        return may(self.role, action)

    def must(self, action: str) -> None:
        """Raise `Forbidden`, with the reason in plain words, unless the visitor may do a thing."""
        must(self.role, action)


class Access:
    """Decides for each request whether pages are shown, and of which tenant."""

    def __init__(self, settings: Settings, control: Control, clock: Clock, session_key: bytes) -> None:
        """Sign sessions with `session_key`; a new one ends all sessions."""
        self._settings = settings
        self._control = control
        self._clock = clock
        self._session_key = session_key

    def is_local(self, request: PageRequest) -> bool:
        """Return whether the request comes from a browser on this very machine.

        The client's address alone does not say it: a foreign web site may point its own name to 127.0.0.1 (the name in
        Host gives it away), and a reverse proxy may run here (its headers, or a public address in the settings, do).
        """
        if not self._settings.open_pages or any(name in request.headers for name in _PROXY_HEADERS):
            return False
        public = urlsplit(self._settings.public_url).hostname
        if public is not None and public not in _LOCAL_NAMES:
            return False
        return _host_name(request.headers.get("host", "")) in _LOCAL_NAMES and _is_loopback(request)

    def visitor(self, request: PageRequest) -> Visitor:
        """Return who is asking. Raises `Unauthorized` for strangers and `NotFound` for a tenant that does not exist.

        Reads the control plane: call it in a worker thread.
        """
        tenants = tuple(self._control.tenants.list())
        if key := self._key(request):
            own = tuple(tenant for tenant in tenants if tenant.id == key.tenant)
            if own:
                role = KEY_ROLES["admin" if key.allows("admin") else "read"]
                return Visitor(own[0], own, role, Kind.KEY, key.id)
        if not self.is_local(request):
            raise Unauthorized("these pages need an API key", hint="Sign in with an API key that has the scope read.")
        if not tenants:
            raise NotFound("there is no tenant yet", hint="Start the server once with its default settings.")
        slug = request.query_params.get("tenant", "")
        chosen = next((tenant for tenant in tenants if tenant.slug == slug), None) if slug else tenants[0]
        if chosen is None:
            raise NotFound(f"there is no tenant {slug!r}", hint=f"Known: {', '.join(t.slug for t in tenants)}.")
        return Visitor(chosen, tenants, Role.ADMIN, Kind.LOCAL, "local")

    def sign_in(self, secret: str, *, secure: bool) -> Cookie:
        """Return the session cookie for an API key. Raises `Unauthorized` or `Forbidden` for a key that does not do."""
        key = self._control.keys.find(secret.strip())
        if key is None:
            raise Unauthorized("this is not a valid API key", hint="It starts with sl_ and may have been revoked.")
        _must_read(key)
        expires = self._clock.now_ms() // 1000 + SESSION_SECONDS
        value = f"{key.tenant}.{key.id}.{expires}"
        return self._cookie(f"{value}.{self._signature(value)}", SESSION_SECONDS, secure=secure)

    def sign_out(self, *, secure: bool) -> Cookie:
        """Return the cookie that ends a session."""
        return self._cookie("", 0, secure=secure)

    def check_origin(self, request: PageRequest) -> None:
        """Refuse a changing request that another site's page caused. Raises `Forbidden`."""
        site = request.headers.get("sec-fetch-site")
        origin = request.headers.get("origin")
        if site is not None:
            same = site in {"same-origin", "none"}
        elif origin is not None:
            same = urlsplit(origin).netloc == request.headers.get("host", "")
        else:
            same = True  # no browser: nothing was sent along that the sender does not know himself
        if not same:
            raise Forbidden("the request comes from another site", hint="Open the page itself and try again.")

    def _key(self, request: PageRequest) -> ApiKey | None:
        scheme, _, secret = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and secret:
            key = self._control.keys.find(secret.strip())
            if key is None:
                raise Unauthorized("this is not a valid API key")
            _must_read(key)
            return key
        value, _, signature = request.cookies.get(COOKIE, "").rpartition(".")
        if not value or not hmac.compare_digest(signature.encode(), self._signature(value).encode()):
            return None
        tenant, key_id, expires = value.split(".")
        if int(expires) <= self._clock.now_ms() // 1000:
            return None
        # The key is looked up each time, so that revoking it ends its sessions.
        keys = (key for key in self._control.keys.list(tenant) if key.id == key_id and not key.revoked_at)
        return next((key for key in keys if key.allows("read")), None)

    def _signature(self, value: str) -> str:
        return hmac.new(self._session_key, b"session:" + value.encode(), hashlib.sha256).hexdigest()

    @staticmethod
    def _cookie(value: str, seconds: int, *, secure: bool) -> Cookie:
        return Cookie(key=COOKIE, value=value, path="/", max_age=seconds, httponly=True, samesite="lax", secure=secure)


def _must_read(key: ApiKey) -> None:
    if not key.allows("read"):
        raise Forbidden("this API key may not read", hint="Use a key with the scope read.")


def _host_name(host: str) -> str:
    return (urlsplit(f"//{host}").hostname or "") if host.count("@") == 0 else ""


def _is_loopback(request: PageRequest) -> bool:
    try:
        return request.client is not None and ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False
