"""Invitations: links with which somebody sets a password, once and for some days.

Owns their tokens (kept as digests), their expiry, and that a link works once. An invitation lets an address into a
tenant with a role; one without a tenant only lets the owner of an account set a new password.
"""

from __future__ import annotations

from typing import Final

import msgspec
from sqlalchemy import RowMapping, delete, insert, select, update

from sendlens.clock import Clock
from sendlens.control.database import Database
from sendlens.control.ids import new_id, new_token
from sendlens.control.roles import GIVEN, Role
from sendlens.control.secrets import Keyring
from sendlens.control.tables import invitations
from sendlens.control.users import normal_email
from sendlens.errors import InvalidField, NotFound

DAYS: Final = 7
"""How long an invitation is valid."""
PATH: Final = "/invitation/"
"""Where the page of an invitation is; the token follows."""
_DAY_MS: Final = 86_400_000
_RANDOM: Final = 43


class Invitation(msgspec.Struct, frozen=True, kw_only=True):
    """An invitation that waits. `tenant` and `role` are empty if it only sets a new password."""

    id: str
    tenant: str
    email: str
    role: str
    created_at: int
    expires_at: int


class Invitations:
    """Making, finding and using invitations."""

    def __init__(self, database: Database, keyring: Keyring, clock: Clock) -> None:
        """Work on `database` with digests of `keyring`."""
        self._database = database
        self._keyring = keyring
        self._clock = clock

    def create(self, email: str, *, tenant: str = "", role: Role | None = None) -> tuple[Invitation, str]:
        """Make an invitation; return it and its token, which is known only now.

        An earlier one of the same address to the same tenant works no longer.
        """
        if tenant and role not in GIVEN:
            raise InvalidField("role", role, f"one of {', '.join(one.value for one in GIVEN)}")
        token, now = new_token(_RANDOM), self._clock.now_ms()
        made = Invitation(
            id=new_id("inv", 12),
            tenant=tenant,
            email=normal_email(email),
            role=role.value if role else "",
            created_at=now,
            expires_at=now + DAYS * _DAY_MS,
        )
        same = (invitations.c.email == made.email) & (invitations.c.tenant == tenant)
        with self._database.write() as connection:
            connection.execute(delete(invitations).where(same | (invitations.c.expires_at <= now)))
            connection.execute(
                insert(invitations).values(msgspec.structs.asdict(made) | {"digest": self._digest(token)})
            )
        return made, token

    def list(self, tenant: str) -> list[Invitation]:
        """Return the invitations to a tenant that wait, the latest first."""
        query = (
            select(invitations)
            .where(invitations.c.tenant == tenant, invitations.c.expires_at > self._clock.now_ms())
            .order_by(invitations.c.created_at.desc(), invitations.c.id)
        )
        with self._database.read() as connection:
            return [_invitation(row) for row in connection.execute(query).mappings()]

    def find(self, token: str) -> Invitation:
        """Return the invitation of a link. Raises `NotFound` if it was used, revoked, or is too old."""
        return self._valid(token, take=False)

    def take(self, token: str) -> Invitation:
        """Use an invitation up, and return it; of several who try at the same time one succeeds."""
        return self._valid(token, take=True)

    def revoke(self, invitation_id: str, *, tenant: str) -> Invitation:
        """Make an invitation of a tenant invalid. Raises `NotFound`."""
        here = (invitations.c.id == invitation_id) & (invitations.c.tenant == tenant)
        with self._database.write() as connection:
            row = connection.execute(select(invitations).where(here)).mappings().first()
            connection.execute(delete(invitations).where(here))
        if row is None:
            raise NotFound("there is no such invitation")
        return _invitation(row)

    def _valid(self, token: str, *, take: bool) -> Invitation:
        here = (invitations.c.digest == self._digest(token)) & (invitations.c.expires_at > self._clock.now_ms())
        with self._database.write() as connection:
            row = connection.execute(select(invitations).where(here)).mappings().first()
            if row is not None and take:
                # Whoever changes the row has it: a second one waits for the first, and finds nothing.
                gone = update(invitations).where(here).values(expires_at=0)
                row = row if connection.execute(gone).rowcount else None
        if row is None:
            raise NotFound(
                "this invitation was used already, was taken back, or is too old",
                hint=f"Ask for a new one; an invitation works once, within {DAYS} days.",
            )
        return _invitation(row)

    def _digest(self, token: str) -> bytes:
        return self._keyring.digest(f"invitation\x1f{token}")


def _invitation(row: RowMapping) -> Invitation:
    return Invitation(**{name: row[name] for name in Invitation.__struct_fields__})
