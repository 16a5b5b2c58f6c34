"""The audit: what was done to personal data, by whom, when and with which result.

Owns its storage. Entries are added and never changed. The person is a digest under the secret key, so that an entry
proves something to whoever asks with the address, and tells nothing to anybody else.
"""

from __future__ import annotations

import msgspec
from sqlalchemy import insert, select

from sendlens.clock import Clock
from sendlens.control.database import Database
from sendlens.control.secrets import Keyring
from sendlens.control.tables import audit
from sendlens.model.identity import normal_recipient


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One deed. `actor` is the id of an API key, or `operator` for a command on the data directory."""

    id: int
    tenant: str
    at: int
    actor: str
    action: str
    subject: str
    result: str


class Audit:
    """Adding to the audit and reading it."""

    def __init__(self, database: Database, keyring: Keyring, clock: Clock) -> None:
        """Work on `database`; the digests are made with `keyring`."""
        self._database = database
        self._keyring = keyring
        self._clock = clock

    def subject(self, tenant: str, recipient: str) -> str:
        """Return what stands for a person in the audit of a tenant."""
        return self._keyring.digest(f"person\x1f{tenant}\x1f{normal_recipient(recipient)}").hex()

    def add(self, tenant: str, *, actor: str, action: str, recipient: str, result: object) -> AuditEntry:
        """Write an entry; `result` is kept as JSON and must not tell who the person is."""
        row = {
            "tenant": tenant,
            "at": self._clock.now_ms(),
            "actor": actor,
            "action": action,
            "subject": self.subject(tenant, recipient),
            "result": msgspec.json.encode(result).decode(),
        }
        with self._database.write() as connection:
            number = connection.execute(insert(audit).values(row).returning(audit.c.id)).scalar_one()
        return msgspec.convert({"id": number, **row}, AuditEntry)

    def list(self, tenant: str, *, recipient: str = "", most: int = 1000) -> list[AuditEntry]:
        """Return a tenant's entries, the latest first; with `recipient` those about one person."""
        query = select(audit).where(audit.c.tenant == tenant).order_by(audit.c.id.desc()).limit(most)
        if recipient:
            query = query.where(audit.c.subject == self.subject(tenant, recipient))
        with self._database.read() as connection:
            return [AuditEntry(**row) for row in connection.execute(query).mappings()]
