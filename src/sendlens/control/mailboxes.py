"""How far each polled mailbox was read, and whether the last look into it succeeded."""

from __future__ import annotations

from typing import Final

import msgspec
from sqlalchemy import insert, select, update

from sendlens.control.database import Database
from sendlens.control.tables import facts

_PREFIX: Final = "mailbox "


class MailboxState(msgspec.Struct, frozen=True, kw_only=True):
    """The position in the mailbox's own words, the time of the last look that succeeded, and mails read in all."""

    position: dict[str, int | str] = msgspec.field(default_factory=dict[str, int | str])
    looked_at: int = 0
    read: int = 0
    error: str = ""
    """Why the last look failed; empty if it did not."""


class Mailboxes:
    """The states of the mailboxes, by source."""

    def __init__(self, database: Database) -> None:
        """Keep them in `database`, among the facts."""
        self._database = database

    def get(self, source_id: str) -> MailboxState:
        """Return the state of a source's mailbox; the beginning for one that was never looked into."""
        query = select(facts.c.value).where(facts.c.name == _PREFIX + source_id)
        with self._database.read() as connection:
            text = connection.execute(query).scalar()
        return msgspec.json.decode(text, type=MailboxState) if text else MailboxState()

    def put(self, source_id: str, state: MailboxState) -> None:
        """Keep the state of a source's mailbox."""
        name, value = _PREFIX + source_id, msgspec.json.encode(state).decode()
        with self._database.write() as connection:
            changed = connection.execute(update(facts).where(facts.c.name == name).values(value=value))
            if not changed.rowcount:
                connection.execute(insert(facts).values(name=name, value=value))
