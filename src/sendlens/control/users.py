"""People: who has an account, and which role they have in which tenant.

Owns accounts and memberships, and that a tenant never loses its last admin. Leaves to `roles` what a role allows, to
`sessions` who is signed in.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec
from sqlalchemy import ColumnElement, Connection, RowMapping, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from sendlens.clock import Clock
from sendlens.control.database import Database
from sendlens.control.ids import new_id
from sendlens.control.memory import Recent
from sendlens.control.passwords import Passwords, accepted
from sendlens.control.roles import GIVEN, Role
from sendlens.control.tables import memberships, users
from sendlens.errors import Conflict, InvalidField, NotFound

_EMAIL: Final = re.compile(r"[^\s@<>\"',;]{1,64}@[^\s@<>\"',;]+\.[^\s@<>\"',;.]+")


class User(msgspec.Struct, frozen=True, kw_only=True):
    """A person with an account. An operator is an admin of every tenant, those to come included."""

    id: str
    email: str
    operator: bool
    created_at: int
    has_password: bool
    roles: dict[str, Role] = {}
    """The person's role in each tenant, by the tenant's id."""

    def role(self, tenant: str) -> Role | None:
        """Return what the person is to a tenant; None if nothing."""
        return Role.ADMIN if self.operator else self.roles.get(tenant)


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """A person as a tenant sees them."""

    id: str
    email: str
    role: Role
    since: int


class Users:
    """Creating, finding and changing accounts and their roles."""

    def __init__(self, database: Database, clock: Clock, passwords: Passwords) -> None:
        """Work on `database`."""
        self._database = database
        self._clock = clock
        self._passwords = passwords
        self._recent: Recent[str, User | None] = Recent(clock)

    def create(self, email: str, password: str = "", *, operator: bool = False) -> User:
        """Create an account; without a password it waits for an invitation. Raises `InvalidField`."""
        address = normal_email(email)
        row = {
            "id": new_id("usr", 12),
            "email": address,
            "password": self._passwords.hash(accepted(password, address)) if password else "",
            "operator": operator,
            "created_at": self._clock.now_ms(),
        }
        try:
            with self._database.write() as connection:
                connection.execute(insert(users).values(row))
        except IntegrityError as error:
            raise Conflict(f"there is an account for {address} already") from error
        self._recent.forget()
        return self.get(str(row["id"]))

    def any(self) -> bool:
        """Return whether anybody has an account."""
        with self._database.read() as connection:
            return connection.execute(select(users.c.id).limit(1)).first() is not None

    def list(self) -> list[User]:
        """Return all accounts by address."""
        with self._database.read() as connection:
            rows = connection.execute(select(users).order_by(users.c.email)).mappings().all()
            return [self._user(connection, row) for row in rows]

    def get(self, user_id: str) -> User:
        """Return an account with its roles; the answer is at most a second old. Raises `NotFound`."""
        found = self._recent.get(user_id, lambda: self._find(users.c.id == user_id))
        if found is None:
            raise NotFound("there is no such account")
        return found

    def named(self, email: str) -> User:
        """Return the account of an address. Raises `NotFound`."""
        found = self._find(users.c.email == email.strip().casefold())
        if found is None:
            raise NotFound(f"there is no account for {email!r}", hint="sendlens user list shows those there are.")
        return found

    def check(self, email: str, password: str) -> User | None:
        """Return the account if the password is right; it takes as long if there is no such account."""
        query = select(users.c.id, users.c.password).where(users.c.email == email.strip().casefold())
        with self._database.read() as connection:
            row = connection.execute(query).first()
        kept = row.password if row else ""
        if not self._passwords.fits(kept, password) or row is None:
            return None
        if self._passwords.outdated(kept):
            self._keep(row.id, self._passwords.hash(password))
        return self.get(row.id)

    def set_password(self, user_id: str, password: str) -> None:
        """Replace a password. Raises `InvalidField` and `NotFound`."""
        user = self.get(user_id)
        self._keep(user.id, self._passwords.hash(accepted(password, user.email)))

    def make_operator(self, user_id: str, operator: bool) -> User:
        """Make a person an operator of this Sendlens, or no longer."""
        with self._database.write() as connection:
            connection.execute(update(users).where(users.c.id == user_id).values(operator=operator))
        self._recent.forget()
        return self.get(user_id)

    def members(self, tenant: str) -> list[Member]:
        """Return the people of a tenant by address; operators who are not members are not among them."""
        query = (
            select(users.c.id, users.c.email, memberships.c.role, memberships.c.created_at.label("since"))
            .join(memberships, memberships.c.user == users.c.id)
            .where(memberships.c.tenant == tenant)
            .order_by(users.c.email)
        )
        with self._database.read() as connection:
            found = connection.execute(query)
            return [Member(id=row.id, email=row.email, role=Role(row.role), since=row.since) for row in found]

    def set_role(self, tenant: str, user_id: str, role: Role) -> None:
        """Give a person a role in a tenant, instead of the one before. Raises `Conflict` for the last admin's."""
        if role not in GIVEN:
            raise InvalidField("role", role.value, f"one of {', '.join(one.value for one in GIVEN)}")
        here = (memberships.c.tenant == tenant) & (memberships.c.user == user_id)
        with self._database.write() as connection:
            if role is not Role.ADMIN:
                _keep_an_admin(connection, tenant, user_id)
            changed = connection.execute(update(memberships).where(here).values(role=role.value))
            if not changed.rowcount:
                row = {"tenant": tenant, "user": user_id, "role": role.value, "created_at": self._clock.now_ms()}
                connection.execute(insert(memberships).values(row))
        self._recent.forget()

    def remove(self, tenant: str, user_id: str) -> None:
        """Take a person out of a tenant; the account stays. Raises `NotFound`, and `Conflict` for the last admin."""
        with self._database.write() as connection:
            _keep_an_admin(connection, tenant, user_id)
            here = (memberships.c.tenant == tenant) & (memberships.c.user == user_id)
            if not connection.execute(delete(memberships).where(here)).rowcount:
                raise NotFound("there is no such person in this tenant")
        self._recent.forget()

    def delete(self, user_id: str) -> None:
        """Delete an account with its roles and sessions. Raises `Conflict` for the last admin of a tenant."""
        user = self.get(user_id)
        with self._database.write() as connection:
            for tenant in user.roles:
                _keep_an_admin(connection, tenant, user_id)
            connection.execute(delete(users).where(users.c.id == user_id))
        self._recent.forget()

    def _keep(self, user_id: str, hashed: str) -> None:
        with self._database.write() as connection:
            connection.execute(update(users).where(users.c.id == user_id).values(password=hashed))
        self._recent.forget()

    def _find(self, wanted: ColumnElement[bool]) -> User | None:
        with self._database.read() as connection:
            row = connection.execute(select(users).where(wanted)).mappings().first()
            return self._user(connection, row) if row else None

    @staticmethod
    def _user(connection: Connection, row: RowMapping) -> User:
        query = select(memberships.c.tenant, memberships.c.role).where(memberships.c.user == row["id"])
        return User(
            id=row["id"],
            email=row["email"],
            operator=row["operator"],
            created_at=row["created_at"],
            has_password=bool(row["password"]),
            roles={one.tenant: Role(one.role) for one in connection.execute(query)},
        )


def normal_email(value: str) -> str:
    """Return an address as accounts are found by. Raises `InvalidField`."""
    address = value.strip().casefold()
    if len(address) > 254 or not _EMAIL.fullmatch(address):
        raise InvalidField("email", value, "an e-mail address", hint="For example ada@example.com.")
    return address


def _keep_an_admin(connection: Connection, tenant: str, user_id: str) -> None:
    """Raise `Conflict` if the person is the tenant's only admin; call it in the transaction that would end that."""
    admins = select(memberships.c.user).where(memberships.c.tenant == tenant, memberships.c.role == Role.ADMIN.value)
    found = [row.user for row in connection.execute(admins.with_for_update())]
    if found == [user_id]:
        raise Conflict(
            "this person is the last admin of the tenant",
            hint="Make somebody else an admin first; otherwise nobody could manage it any more.",
        )
