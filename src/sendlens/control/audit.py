"""The audit: who did what, when, and from where.

Owns its storage and the table of deeds. Entries are added and never changed. A recipient is a digest under the secret
key, so that an entry proves something to whoever asks with the address, and tells nothing to anybody else.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
from sqlalchemy import insert, select

from sendlens.clock import Clock
from sendlens.control.database import Database
from sendlens.control.secrets import Keyring
from sendlens.control.tables import audit
from sendlens.model.identity import normal_recipient

DEEDS: Final[dict[str, str]] = {
    "sign_in": "signed in",
    "sign_in_failed": "failed to sign in",
    "sign_out": "signed out",
    "password.change": "changed their password",
    "session.end": "ended sessions",
    "key.create": "made an API key",
    "key.revoke": "revoked an API key",
    "source.create": "made a source",
    "source.change": "changed a source",
    "source.rotate": "gave a source a new secret",
    "source.retire": "ended a source's earlier secret",
    "source.delete": "deleted a source",
    "source.test": "sent a test event",
    "file.import": "imported a file",
    "person.invite": "invited somebody",
    "person.uninvite": "took an invitation back",
    "person.join": "accepted an invitation",
    "person.role": "changed somebody's role",
    "person.remove": "took somebody out of the tenant",
    "person.reset": "made a link to set a new password",
    "tenant.create": "made the tenant",
    "tenant.change": "changed the tenant",
    "letters.replay": "replayed dead letters",
    "fuse.reset": "let a source in again",
    "link.create": "shared a view",
    "link.revoke": "ended a shared view",
    "view.save": "saved a view",
    "view.remove": "removed a saved view",
    "note.add": "wrote a note",
    "note.remove": "removed a note",
    "export": "exported everything about a recipient",
    "erase": "erased a recipient",
}
"""Every deed that is written down, in words that go on after the name of who did it."""

OPERATOR: Final = "operator"
"""Who it was, for a command on the data directory."""
LOCAL: Final = "local"
"""Who it was, for a browser on the machine itself."""


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One deed. `actor` is the id of a person or of an API key, `operator`, `local`, or empty for a stranger.

    What it was done to is in `about`, or for a recipient in `subject`.
    """

    id: int
    tenant: str
    at: int
    actor: str
    action: str
    subject: str
    result: str
    about: str = ""
    address: str = ""


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

    def note(self, tenant: str | Sequence[str], *, actor: str, action: str, about: str = "", address: str = "") -> None:
        """Write down a deed of `DEEDS` that is about no recipient, for one tenant or several."""
        row = {
            "at": self._clock.now_ms(),
            "actor": actor,
            "action": action,
            "subject": "",
            "result": "{}",
            "about": about[:1000],
            "address": address[:64],
        }
        if action not in DEEDS:
            raise KeyError(action)
        tenants = [tenant] if isinstance(tenant, str) else tenant
        with self._database.write() as connection:
            connection.execute(insert(audit), [{"tenant": one, **row} for one in tenants])

    def list(
        self,
        tenant: str,
        *,
        recipient: str = "",
        subject: str = "",
        actions: Sequence[str] = (),
        before: int = 0,
        most: int = 1000,
    ) -> list[AuditEntry]:
        """Return a tenant's entries, the latest first; with `recipient` those about one person.

        `subject` is what stands for a person in the audit, `actions` chooses deeds, `before` is the id of the entry to
        go on after.
        """
        query = select(audit).where(audit.c.tenant == tenant).order_by(audit.c.id.desc()).limit(most)
        if actions:
            query = query.where(audit.c.action.in_(actions))
        if before:
            query = query.where(audit.c.id < before)
        if subject := self.subject(tenant, recipient) if recipient else subject:
            query = query.where(audit.c.subject == subject)
        with self._database.read() as connection:
            return [AuditEntry(**row) for row in connection.execute(query).mappings()]
