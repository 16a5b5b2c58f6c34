"""Who may see the pages, and whose figures they see.

Owns the rule for requests from this machine, how a session or a key becomes a visitor, and the check that a changing
request comes from our own pages. Leaves to `sign_in` how a session begins, to `control` which of them are valid and
what a role allows.
"""

from __future__ import annotations

import hmac
import ipaddress
import secrets
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final
from urllib.parse import urlsplit

from litestar import Request
from litestar.datastructures import Cookie

from sendlens.clock import Clock
from sendlens.control.administration import Actor
from sendlens.control.audit import LOCAL
from sendlens.control.control import Control
from sendlens.control.keys import ApiKey
from sendlens.control.roles import KEY_ROLES, Role, may, must
from sendlens.control.sessions import MOST_DAYS, Session
from sendlens.control.shares import SharedLink
from sendlens.control.tenants import Tenant
from sendlens.control.users import User
from sendlens.errors import Forbidden, NotFound, Unauthorized
from sendlens.settings import Settings

COOKIE: Final = "sendlens_session"
FORM_COOKIE: Final = "sendlens_form"
FORM_FIELD: Final = "form_token"
_NONCE: Final = 16
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
    user: User | None = None
    session: Session | None = None
    address: str = ""
    """Where the request came from."""
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

    def acting(self) -> Actor:
        """Return the visitor as the one who changes something."""
        return Actor(self.actor, self.role, self.address)


class Access:
    """Decides for each request whether pages are shown, and of which tenant."""

    def __init__(self, settings: Settings, control: Control, clock: Clock) -> None:
        """Ask `control` for sessions, keys and people."""
        self._settings = settings
        self._control = control
        self._clock = clock

    def is_local(self, request: PageRequest) -> bool:
        """Return whether the request comes from a browser on this very machine.

        The client's address alone does not say it: a foreign web site may point its own name to 127.0.0.1 (the name in
        Host gives it away), and a reverse proxy may run here (its headers, or a public address in the settings, do).
        """
        if not self._settings.open_pages or any(name in request.headers for name in _PROXY_HEADERS):
            return False
        # A proxy that was told nothing but our address adds no header, and names our own host. nginx speaks HTTP/1.0
        # then, which no browser does.
        if request.scope["http_version"] == "1.0":
            return False
        public = urlsplit(self._settings.public_url).hostname
        if public is not None and public not in _LOCAL_NAMES:
            return False
        return _host_name(request.headers.get("host", "")) in _LOCAL_NAMES and _is_loopback(request)

    def is_secure(self, request: PageRequest) -> bool:
        """Return whether the browser talks https to us, or to a proxy before us."""
        return self._settings.public_url.startswith("https://") or request.url.scheme == "https"

    def visitor(self, request: PageRequest) -> Visitor:
        """Return who is asking. Raises `Unauthorized` for strangers and `NotFound` for a tenant that is not theirs.

        Reads the control plane: call it in a worker thread.
        """
        address = client_address(request)
        if key := self._shown_key(request):
            return self._of_key(request, key, None, address)
        if session := self.session(request):
            if session.user:
                return self._of_person(request, self._control.users.get(session.user), session, address)
            if key := self._key_of(session):
                return self._of_key(request, key, session, address)
        if not self.is_local(request):
            raise Unauthorized("these pages need a sign-in", hint="Sign in with your account, or with an API key.")
        tenants = tuple(self._control.tenants.list())
        if not tenants:
            raise NotFound("there is no tenant yet", hint="Start the server once with its default settings.")
        return Visitor(_chosen(request, tenants), tenants, Role.ADMIN, Kind.LOCAL, LOCAL, address=address)

    def session(self, request: PageRequest) -> Session | None:
        """Return the session of a request's cookie, if it has not ended."""
        return self._control.sessions.find(self._token(request))

    def cookie(self, request: PageRequest, token: str) -> Cookie:
        """Return the cookie of a session; an empty token ends it."""
        return self._cookie(request, COOKIE, token, MOST_DAYS * 86_400 if token else 0)

    def form_proof(self, request: PageRequest) -> tuple[str, tuple[Cookie, ...]]:
        """Return what the forms of a page carry to prove that they are ours, and the cookie it goes with, if new."""
        value = request.cookies.get(self._name(request, FORM_COOKIE), "")
        fresh = () if value else (self._cookie(request, FORM_COOKIE, value := secrets.token_urlsafe(24), None),)
        # New in every answer: a fixed one could be guessed from the length of compressed pages.
        nonce = secrets.token_hex(_NONCE // 2)
        return nonce + self._proof(request, value, nonce), fresh

    def check_origin(self, request: PageRequest, given: str = "") -> None:
        """Refuse a changing request that another site's page caused. Raises `Forbidden`.

        Where the browser says which site a request comes from, that decides. Where it does not, `given` has to be the
        proof that our own forms carry; only a request with its own bearer key, which no browser adds by itself, needs
        none.
        """
        site = request.headers.get("sec-fetch-site")
        origin = request.headers.get("origin")
        if site is not None:
            same = site in {"same-origin", "none"}
        elif origin is not None:
            same = urlsplit(origin).netloc == request.headers.get("host", "")
        else:
            value = request.cookies.get(self._name(request, FORM_COOKIE), "")
            proven = bool(value) and hmac.compare_digest(
                given[_NONCE:].encode(), self._proof(request, value, given[:_NONCE]).encode()
            )
            same = proven or request.headers.get("authorization", "").lower().startswith("bearer ")
        if not same:
            raise Forbidden("the request comes from another site", hint="Open the page itself and try again.")

    def _of_person(self, request: PageRequest, user: User, session: Session, address: str) -> Visitor:
        tenants = tuple(one for one in self._control.tenants.list() if user.role(one.id))
        if not tenants:
            raise Forbidden("your account is in no tenant", hint="Ask whoever invited you for a new invitation.")
        chosen = _chosen(request, tenants)
        role = user.role(chosen.id) or Role.GUEST
        return Visitor(chosen, tenants, role, Kind.PERSON, user.id, user, session, address)

    def _of_key(self, request: PageRequest, key: ApiKey, session: Session | None, address: str) -> Visitor:
        own = (self._control.tenants.get(key.tenant),)
        role = KEY_ROLES["admin" if key.allows("admin") else "read"]
        return Visitor(_chosen(request, own), own, role, Kind.KEY, key.id, None, session, address)

    def _shown_key(self, request: PageRequest) -> ApiKey | None:
        scheme, _, secret = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not secret:
            return None
        key = self._control.keys.find(secret.strip())
        if key is None:
            raise Unauthorized("this is not a valid API key")
        must_read(key)
        return key

    def _key_of(self, session: Session) -> ApiKey | None:
        # The key is looked up each time, so that revoking it ends its sessions.
        key = self._control.keys.get(session.key)
        return key if key and key.allows("read") else None

    def _token(self, request: PageRequest) -> str:
        return request.cookies.get(self._name(request, COOKIE), "")

    def _proof(self, request: PageRequest, value: str, nonce: str) -> str:
        return self._control.form_token(f"{nonce}\x1f{value}\x1f{self._token(request)}")

    def _name(self, request: PageRequest, name: str) -> str:
        # With this prefix a browser takes the cookie over https only, and from no other host of the same domain.
        return f"__Host-{name}" if self.is_secure(request) else name

    def _cookie(self, request: PageRequest, name: str, value: str, seconds: int | None) -> Cookie:
        return Cookie(
            key=self._name(request, name),
            value=value,
            path="/",
            max_age=seconds,
            httponly=True,
            samesite="lax",
            secure=self.is_secure(request),
        )


def must_read(key: ApiKey) -> None:
    """Raise `Forbidden` for a key that may not see figures."""
    if not key.allows("read"):
        raise Forbidden("this API key may not read", hint="Use a key with the scope read.")


def client_address(request: PageRequest) -> str:
    """Return the address of the browser, which `web.proxies` has found behind proxies; empty where nobody told it."""
    return request.client.host if request.client else ""


def _chosen(request: PageRequest, tenants: tuple[Tenant, ...]) -> Tenant:
    slug = request.query_params.get("tenant", "")
    chosen = next((tenant for tenant in tenants if tenant.slug == slug), None) if slug else tenants[0]
    if chosen is None:
        raise NotFound(f"there is no tenant {slug!r}", hint=f"Known: {', '.join(one.slug for one in tenants)}.")
    return chosen


def _host_name(host: str) -> str:
    return (urlsplit(f"//{host}").hostname or "") if host.count("@") == 0 else ""


def _is_loopback(request: PageRequest) -> bool:
    try:
        return request.client is not None and ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False
