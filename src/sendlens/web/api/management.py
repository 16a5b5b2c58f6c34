"""The routes that manage a tenant: keys, sources, people, settings and the audit; everything needs the scope `admin`.

Owns addresses, bodies and answers. What is done, by whom it may be done, and that it is written down, is
`control.administration`.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Router, delete, get, patch, post
from litestar.connection import ASGIConnection
from litestar.datastructures import CacheControlHeader
from litestar.handlers import HTTPRouteHandler
from litestar.handlers.base import BaseRouteHandler
from litestar.params import FromPath, JSONBody, QueryParameter

from sendlens.control.administration import Administration
from sendlens.control.audit import DEEDS
from sendlens.control.control import Control
from sendlens.control.invitations import PATH
from sendlens.control.keys import ApiKey
from sendlens.control.polls import PollState
from sendlens.control.roles import given
from sendlens.control.sources import Source
from sendlens.errors import InvalidField
from sendlens.settings import Settings
from sendlens.sources.kinds import is_polled, path_of
from sendlens.web.api.access import ADMIN, Access, AnyRequest, tenant_of
from sendlens.web.api.acting import administration
from sendlens.web.api.answers import time
from sendlens.web.api.requests import RequestIds
from sendlens.web.api.router import known_parameters, problem_handlers

_Id = FromPath[str]
_Before = Annotated[
    int, QueryParameter(ge=0, le=2**63 - 1, description="Only entries before this id: `more_before` of an answer.")
]
_Most = Annotated[int, QueryParameter(ge=1, le=1000, description="Most entries in the answer.")]
_Action = Annotated[str, QueryParameter(description=f"One of {', '.join(DEEDS)}.")]


class _Body(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A body whose misspelt fields are refused."""


class NewKey(_Body):
    """A key to make."""

    name: str
    scopes: list[str]


class KeyAnswer(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A key. `secret` is there in the answer that made it, and never again."""

    id: str
    name: str
    scopes: list[str]
    starts: str
    created_at: str
    last_used_at: str | None
    revoked_at: str | None
    secret: str = ""


class NewSource(_Body):
    """A source to make. `secrets` has at most two, the newest first."""

    provider: str
    name: str = ""
    options: dict[str, Any] = {}
    secrets: list[str] = []


class SourceChange(_Body):
    """What to change about a source: its options as a whole, a new secret, or the end of the earlier one."""

    options: dict[str, Any] | None = None
    secret: str | None = None
    retire: bool = False


class PolledAnswer(msgspec.Struct, kw_only=True):
    """How the last look at a source that is polled went; `note` says what had to be left out."""

    looked_at: str | None
    read: int
    error: str
    note: str


class SourceAnswer(msgspec.Struct, kw_only=True):
    """A source; secrets are counted and never shown."""

    id: str
    name: str
    provider: str
    options: dict[str, Any]
    secrets: int
    path: str
    created_at: str
    rotated_at: str | None
    last_event_at: str | None
    polled: PolledAnswer | None = None


class NewInvitation(_Body):
    """Somebody to invite."""

    email: str
    role: str


class InvitationAnswer(msgspec.Struct, kw_only=True, omit_defaults=True):
    """An invitation. `link` is there in the answer that made it, and never again."""

    id: str
    email: str
    role: str
    expires_at: str
    link: str = ""


class RoleChange(_Body):
    """The new role of a person."""

    role: str


class UserAnswer(msgspec.Struct, kw_only=True):
    """A person of the tenant."""

    id: str
    email: str
    role: str
    since: str


class TenantChange(_Body):
    """What to change about the tenant; what is not given stays."""

    name: str | None = None
    time_zone: str | None = None
    currency: str | None = None


class TenantAnswer(msgspec.Struct, kw_only=True):
    """The tenant of the key."""

    id: str
    slug: str
    name: str
    time_zone: str
    currency: str


class EntryAnswer(msgspec.Struct, kw_only=True):
    """One deed. `about` says what it was done to; for a recipient that is a digest in `subject`."""

    id: int
    at: str
    actor: str
    action: str
    about: str
    subject: str
    address: str


class AuditAnswer(msgspec.Struct, kw_only=True):
    """A page of the audit, the latest first."""

    entries: list[EntryAnswer]
    more_before: int | None


def management_router(control: Control, settings: Settings) -> Router:
    """Return the router of everything that manages a tenant."""
    access = Access(control.keys, control.tenants, ADMIN)

    # TRICKY: a function, as in `router`: Litestar deep-copies nested routers, and with a bound method its object.
    async def guard(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
        await access.guard(connection, handler)

    return Router(
        path="/v1",
        route_handlers=[*_keys(control), *_sources(control), *_people(control, settings), *_tenant(control)],
        guards=[guard],
        before_request=known_parameters,
        exception_handlers=problem_handlers(),  # pyright: ignore[reportArgumentType] - invariant, and partly unknown in Litestar
        middleware=[RequestIds],
        cache_control=CacheControlHeader(no_store=True),
        security=[{"key": list[str]()}],
        tags=["Management"],
    )


def _keys(control: Control) -> list[HTTPRouteHandler]:
    @get("/keys", sync_to_thread=True, accepts=())
    def list_keys(request: AnyRequest) -> list[KeyAnswer]:
        """The API keys of the tenant, revoked ones too, the oldest first."""
        return [_key(one) for one in control.keys.list(tenant_of(request).id)]

    @post("/keys", sync_to_thread=True, accepts=())
    def create_key(request: AnyRequest, data: JSONBody[NewKey]) -> KeyAnswer:
        """Make an API key; its secret is in this answer and nowhere else."""
        key, secret = administration(control, request).create_key(data.name, data.scopes)
        return _key(key, secret)

    @delete("/keys/{key_id:str}", status_code=200, sync_to_thread=True, accepts=())
    def revoke_key(request: AnyRequest, key_id: _Id) -> KeyAnswer:
        """Revoke an API key; it stops working within a second."""
        return _key(administration(control, request).revoke_key(key_id))

    return [list_keys, create_key, revoke_key]


def _sources(control: Control) -> list[HTTPRouteHandler]:
    @get("/sources", sync_to_thread=True, accepts=())
    def list_sources(request: AnyRequest) -> list[SourceAnswer]:
        """The sources of the tenant, with when each was heard of last."""
        return [_source(control, one) for one in control.sources.list(tenant_of(request).id)]

    @post("/sources", sync_to_thread=True, accepts=())
    def create_source(request: AnyRequest, data: JSONBody[NewSource]) -> SourceAnswer:
        """Make a source; `path` is where its provider has to post to."""
        made = administration(control, request).create_source(data.name, data.provider, data.options, data.secrets)
        return _source(control, made)

    @get("/sources/{source_id:str}", sync_to_thread=True, accepts=())
    def one_source(request: AnyRequest, source_id: _Id) -> SourceAnswer:
        """One source."""
        return _source(control, administration(control, request).source(source_id))

    @patch("/sources/{source_id:str}", sync_to_thread=True, accepts=())
    def change_source(request: AnyRequest, source_id: _Id, data: JSONBody[SourceChange]) -> SourceAnswer:
        """Change a source's options, give it a new secret beside the one it has, or end the earlier one."""
        desk = administration(control, request)
        source = desk.source(source_id)
        if data.options is not None:
            source = desk.change_source(source_id, data.options)
        if data.secret is not None:
            source = desk.rotate_source(source_id, data.secret)
        if data.retire:
            source = desk.retire_source(source_id)
        return _source(control, source)

    @delete("/sources/{source_id:str}", status_code=200, sync_to_thread=True, accepts=())
    def delete_source(request: AnyRequest, source_id: _Id) -> SourceAnswer:
        """Delete a source; what it has brought stays."""
        return _source(control, administration(control, request).delete_source(source_id))

    return [list_sources, create_source, one_source, change_source, delete_source]


def _people(control: Control, settings: Settings) -> list[HTTPRouteHandler]:
    @get("/users", sync_to_thread=True, accepts=())
    def list_users(request: AnyRequest) -> list[UserAnswer]:
        """The people of the tenant with their roles."""
        found = control.users.members(tenant_of(request).id)
        return [UserAnswer(id=one.id, email=one.email, role=one.role.value, since=time(one.since)) for one in found]

    @patch("/users/{user_id:str}", sync_to_thread=True, accepts=())
    def change_role(request: AnyRequest, user_id: _Id, data: JSONBody[RoleChange]) -> list[UserAnswer]:
        """Change a person's role, and return the people as they are then."""
        administration(control, request).set_role(user_id, given(data.role))
        found = control.users.members(tenant_of(request).id)
        return [UserAnswer(id=one.id, email=one.email, role=one.role.value, since=time(one.since)) for one in found]

    @delete("/users/{user_id:str}", status_code=204, sync_to_thread=True, accepts=())
    def remove_user(request: AnyRequest, user_id: _Id) -> None:
        """Take a person out of the tenant; the account stays."""
        administration(control, request).remove_person(user_id)

    @get("/invitations", sync_to_thread=True, accepts=())
    def list_invitations(request: AnyRequest) -> list[InvitationAnswer]:
        """The invitations that wait, the latest first."""
        found = control.invitations.list(tenant_of(request).id)
        return [
            InvitationAnswer(id=one.id, email=one.email, role=one.role, expires_at=time(one.expires_at))
            for one in found
        ]

    @post("/invitations", sync_to_thread=True, accepts=())
    def invite(request: AnyRequest, data: JSONBody[NewInvitation]) -> InvitationAnswer:
        """Invite an address; the link is in this answer and nowhere else."""
        made, token = administration(control, request).invite(data.email, given(data.role))
        base = settings.public_url.rstrip("/") or str(request.base_url).rstrip("/")
        return InvitationAnswer(
            id=made.id,
            email=made.email,
            role=made.role,
            expires_at=time(made.expires_at),
            link=f"{base}{PATH}{token}",
        )

    @delete("/invitations/{invitation_id:str}", status_code=204, sync_to_thread=True, accepts=())
    def uninvite(request: AnyRequest, invitation_id: _Id) -> None:
        """Take an invitation back."""
        administration(control, request).revoke_invitation(invitation_id)

    return [list_users, change_role, remove_user, list_invitations, invite, uninvite]


def _tenant(control: Control) -> list[HTTPRouteHandler]:
    def answer(desk: Administration) -> TenantAnswer:
        one = desk.tenant
        return TenantAnswer(id=one.id, slug=one.slug, name=one.name, time_zone=one.time_zone, currency=one.currency)

    @get("/tenant", sync_to_thread=True, accepts=())
    def tenant(request: AnyRequest) -> TenantAnswer:
        """The tenant of the key."""
        return answer(administration(control, request))

    @patch("/tenant", sync_to_thread=True, accepts=())
    def change_tenant(request: AnyRequest, data: JSONBody[TenantChange]) -> TenantAnswer:
        """Change the tenant's name, time zone or currency."""
        desk = administration(control, request)
        desk.change_tenant(name=data.name, time_zone=data.time_zone, currency=data.currency)
        return answer(desk)

    @get("/audit", sync_to_thread=True, accepts=("action", "before", "limit"))
    def audit(request: AnyRequest, action: _Action = "", before: _Before = 0, limit: _Most = 100) -> AuditAnswer:
        """Who did what to the tenant, the latest first."""
        if action and action not in DEEDS:
            raise InvalidField("action", action, f"one of {', '.join(DEEDS)}")
        found = control.audit.list(
            tenant_of(request).id, actions=[action] if action else (), before=before, most=limit + 1
        )
        entries = [
            EntryAnswer(
                id=one.id,
                at=time(one.at),
                actor=one.actor,
                action=one.action,
                about=one.about,
                subject=one.subject,
                address=one.address,
            )
            for one in found[:limit]
        ]
        return AuditAnswer(entries=entries, more_before=entries[-1].id if len(found) > limit else None)

    return [tenant, change_tenant, audit]


def _key(one: ApiKey, secret: str = "") -> KeyAnswer:
    return KeyAnswer(
        id=one.id,
        name=one.name,
        scopes=list(one.scopes),
        starts=one.starts,
        created_at=time(one.created_at),
        last_used_at=time(one.last_used_at) if one.last_used_at else None,
        revoked_at=time(one.revoked_at) if one.revoked_at else None,
        secret=secret,
    )


def _source(control: Control, one: Source) -> SourceAnswer:
    state = control.polls.get(one.id) if is_polled(one.settings) else None
    return SourceAnswer(
        id=one.id,
        name=one.name,
        provider=one.provider,
        options=one.settings,
        secrets=len(one.secrets),
        path=path_of(one.provider, one.id),
        created_at=time(one.created_at),
        rotated_at=time(one.rotated_at) if one.rotated_at else None,
        last_event_at=time(one.last_event_at) if one.last_event_at else None,
        polled=_polled(state) if state else None,
    )


def _polled(state: PollState) -> PolledAnswer:
    return PolledAnswer(
        looked_at=time(state.looked_at) if state.looked_at else None,
        read=state.read,
        error=state.error,
        note=state.note,
    )
