"""Erasures that have begun: who is to be erased is remembered until that is done, over a kill and a restart.

Owns their storage. The person is sealed with the secret key and forgotten at the end. Leaves the work to `privacy`.
"""

from __future__ import annotations

import msgspec
from sqlalchemy import delete, insert, select

from sendlens.clock import Clock
from sendlens.control.database import Database
from sendlens.control.secrets import Keyring
from sendlens.control.tables import erasures


class Begun(msgspec.Struct, frozen=True, kw_only=True):
    """An erasure that is not done: whose data, in which tenant, and who asked for it."""

    id: int
    tenant: str
    recipient: str
    actor: str


class Erasures:
    """Remembering and forgetting them."""

    def __init__(self, database: Database, keyring: Keyring, clock: Clock) -> None:
        """Work on `database`; persons are sealed with `keyring`."""
        self._database = database
        self._keyring = keyring
        self._clock = clock

    def begin(self, tenant: str, recipient: str, *, actor: str) -> int:
        """Remember that a person is being erased and return the number to end it by."""
        row = {
            "tenant": tenant,
            "recipient": self._keyring.seal(recipient, "erasure", tenant),
            "actor": actor,
            "begun_at": self._clock.now_ms(),
        }
        with self._database.write() as connection:
            return connection.execute(insert(erasures).values(row).returning(erasures.c.id)).scalar_one()

    def end(self, number: int) -> None:
        """Forget one that is done."""
        with self._database.write() as connection:
            connection.execute(delete(erasures).where(erasures.c.id == number))

    def unfinished(self, tenant: str = "") -> list[int]:
        """Return the numbers of those of a tenant, or of all, that have begun and not ended, the oldest first."""
        wanted = select(erasures.c.id).order_by(erasures.c.id)
        with self._database.read() as connection:
            return list(connection.execute(wanted.where(erasures.c.tenant == tenant) if tenant else wanted).scalars())

    def begun(self, number: int) -> Begun | None:
        """Return one that has begun, None if it has ended. Raises `SettingsError` if another secret key sealed it."""
        with self._database.read() as connection:
            row = connection.execute(select(erasures).where(erasures.c.id == number)).mappings().one_or_none()
        if row is None:
            return None
        return Begun(
            id=row["id"],
            tenant=row["tenant"],
            recipient=self._keyring.open(row["recipient"], "erasure", row["tenant"]).reveal(),
            actor=row["actor"],
        )
