"""Managing a tenant: keys, sources, people and settings, each deed allowed by the role and written into the audit.

Pages, API and commands all go through here, so that there is one check and one record, whoever asks. Leaves the doing
to the classes that own the tables. An id of another tenant is answered as one that does not exist.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sendlens.control.audit import OPERATOR
from sendlens.control.control import Control
from sendlens.control.invitations import Invitation
from sendlens.control.keys import ApiKey
from sendlens.control.roles import Role, must
from sendlens.control.sources import API, Source
from sendlens.control.tenants import Tenant
from sendlens.control.users import User, normal_email
from sendlens.errors import Conflict, NotFound
from sendlens.sources.kinds import kind_of, told_secret


@dataclass(frozen=True)
class Actor:
    """Who acts: the id for the audit, the role in the tenant, and the address the request came from."""

    id: str
    role: Role
    address: str = ""


COMMAND = Actor(OPERATOR, Role.ADMIN)
"""Whoever can run a command on the data directory may do everything."""


class Administration:
    """What `actor` may change about `tenant`. Every method raises `Forbidden` where the role does not allow it."""

    def __init__(self, control: Control, tenant: Tenant, actor: Actor) -> None:
        """Act on `control` for one tenant."""
        self._control = control
        self._actor = actor
        self.tenant = tenant

    def create_key(self, name: str, scopes: Iterable[str]) -> tuple[ApiKey, str]:
        """Make an API key; return what is kept of it, and the key, which is shown only now."""
        must(self._actor.role, "manage_keys")
        key, secret = self._control.keys.create(self.tenant.id, name, scopes)
        self.note("key.create", f"{key.name} ({key.starts}…, {' '.join(key.scopes)})")
        return key, secret

    def revoke_key(self, key_id: str) -> ApiKey:
        """Make an API key invalid, within a second everywhere."""
        must(self._actor.role, "manage_keys")
        key = self._control.keys.revoke(key_id, tenant=self.tenant.id)
        self.note("key.revoke", f"{key.name} ({key.starts}…)")
        return key

    def source(self, source_id: str) -> Source:
        """Return a source of the tenant. Raises `NotFound`."""
        source = self._control.sources.get(source_id)
        if source.tenant != self.tenant.id:
            raise NotFound(f"There is no source {source_id!r}.")
        return source

    def create_source(
        self, name: str, provider: str, settings: Mapping[str, object], secrets: Sequence[str] = ()
    ) -> Source:
        """Make a source. Raises `InvalidField` for an unknown provider or option."""
        must(self._actor.role, "manage_sources")
        kind_of(provider).options.of(settings)
        source = self._control.sources.create(self.tenant.id, name or provider, provider, settings, secrets)
        self.note("source.create", _named(source))
        return source

    def change_source(self, source_id: str, settings: Mapping[str, object]) -> Source:
        """Replace a source's options. One that is polled elsewhere from then on loses its secrets.

        Otherwise whoever may change options could have a password that nobody is shown sent to a host of theirs.
        """
        must(self._actor.role, "manage_sources")
        source = self.source(source_id)
        kind_of(source.provider).options.of(settings)
        before = told_secret(source.settings)
        elsewhere = bool(before) and told_secret(settings) != before
        source = self._control.sources.configure(source.id, settings, forget=elsewhere)
        self.note("source.change", _named(source))
        return source

    def rotate_source(self, source_id: str, secret: str) -> Source:
        """Give a source a new secret; the one before stays valid until it is retired."""
        must(self._actor.role, "manage_sources")
        source = self._control.sources.rotate(self.source(source_id).id, secret)
        self.note("source.rotate", _named(source))
        return source

    def retire_source(self, source_id: str) -> Source:
        """End the validity of a source's earlier secret."""
        must(self._actor.role, "manage_sources")
        source = self._control.sources.retire(self.source(source_id).id)
        self.note("source.retire", _named(source))
        return source

    def delete_source(self, source_id: str) -> Source:
        """Delete a source; what it brought stays. The first source, for posts to the API, cannot be deleted."""
        must(self._actor.role, "manage_sources")
        source = self.source(source_id)
        if source.provider == API and source.name == API:
            raise Conflict("the source of the API belongs to every tenant", hint="Revoke the API keys instead.")
        self._control.sources.delete(source.id)
        self.note("source.delete", _named(source))
        return source

    def invite(self, email: str, role: Role) -> tuple[Invitation, str]:
        """Invite an address; return the invitation and the token of its link, which is known only now."""
        must(self._actor.role, "manage_people")
        address = normal_email(email)
        if any(one.email == address for one in self._control.users.members(self.tenant.id)):
            raise Conflict(f"{address} is in this tenant already", hint="Change the role instead.")
        invitation, token = self._control.invitations.create(address, tenant=self.tenant.id, role=role)
        self.note("person.invite", f"{invitation.email} as {role.value}")
        return invitation, token

    def revoke_invitation(self, invitation_id: str) -> Invitation:
        """Take an invitation back."""
        must(self._actor.role, "manage_people")
        invitation = self._control.invitations.revoke(invitation_id, tenant=self.tenant.id)
        self.note("person.uninvite", invitation.email)
        return invitation

    def set_role(self, user_id: str, role: Role) -> User:
        """Change the role of a person of the tenant. Raises `NotFound`, and `Conflict` for the last admin."""
        must(self._actor.role, "manage_people")
        user = self._member(user_id)
        self._control.users.set_role(self.tenant.id, user.id, role)
        self.note("person.role", f"{user.email}: {role.value}")
        return self._control.users.get(user.id)

    def remove_person(self, user_id: str) -> User:
        """Take a person out of the tenant; from then on they see nothing of it. Raises as `set_role` does."""
        must(self._actor.role, "manage_people")
        user = self._member(user_id)
        self._control.users.remove(self.tenant.id, user.id)
        self.note("person.remove", user.email)
        return user

    def change_tenant(
        self,
        *,
        name: str | None = None,
        slug: str | None = None,
        time_zone: str | None = None,
        currency: str | None = None,
        events_keep_days: int | None = None,
    ) -> Tenant:
        """Change the tenant; what is not given stays. Raises `InvalidField`."""
        must(self._actor.role, "change_tenant")
        before = self.tenant
        after = self._control.tenants.update(
            before.id,
            new_name=name,
            slug=slug,
            time_zone=time_zone,
            currency=currency,
            events_keep_days=events_keep_days,
        )
        changed = [
            f"{what}: {old} → {new}"
            for what, old, new in (
                ("name", before.name, after.name),
                ("slug", before.slug, after.slug),
                ("time zone", before.time_zone, after.time_zone),
                ("currency", before.currency, after.currency),
                ("days events are kept", before.events_keep_days, after.events_keep_days),
            )
            if old != new
        ]
        if changed:
            self.note("tenant.change", ", ".join(changed))
        self.tenant = after
        return after

    def _member(self, user_id: str) -> User:
        if all(one.id != user_id for one in self._control.users.members(self.tenant.id)):
            raise NotFound("there is no such person in this tenant")
        return self._control.users.get(user_id)

    def note(self, action: str, about: str) -> None:
        """Write a deed of `audit.DEEDS` into the audit; for what is done elsewhere."""
        self._control.audit.note(
            self.tenant.id, actor=self._actor.id, action=action, about=about, address=self._actor.address
        )


def of_key(control: Control, key_id: str, actor: Actor) -> Administration:
    """Return the administration of the tenant that an API key belongs to. Raises `NotFound`."""
    return Administration(control, control.tenants.get(control.keys.tenant_of(key_id)), actor)


def of_source(control: Control, source_id: str, actor: Actor) -> Administration:
    """Return the administration of the tenant that a source belongs to. Raises `NotFound`."""
    return Administration(control, control.tenants.get(control.sources.get(source_id).tenant), actor)


def _named(source: Source) -> str:
    return source.name if source.name == source.provider else f"{source.name} ({source.provider})"
