"""Annotations: notes at moments in time, shown in every chart of their tenant.

Owns their storage. Leaves to `web` who may write one and where it is drawn.
"""

from __future__ import annotations

from typing import Final

import msgspec
from sqlalchemy import delete, insert, select

from sendlens.clock import Clock
from sendlens.control.database import Database
from sendlens.control.ids import new_id
from sendlens.control.tables import annotations as notes
from sendlens.errors import InvalidField, NotFound

MOST_LETTERS: Final = 200
_MOST_SHOWN: Final = 500


class Annotation(msgspec.Struct, frozen=True, kw_only=True):
    """One note. `at` is the moment it is about, `author` who wrote it; times in UTC milliseconds."""

    id: str
    tenant: str
    at: int
    text: str
    author: str
    created_at: int


class Annotations:
    """Adding, listing and removing notes."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Work on `database`."""
        self._database = database
        self._clock = clock

    def add(self, tenant: str, at: int, text: str, *, author: str) -> Annotation:
        """Keep a note. Raises `InvalidField` for a text that is empty or longer than 200 characters."""
        said = " ".join(text.split())
        if not 0 < len(said) <= MOST_LETTERS:
            raise InvalidField("text", text[:300], f"1 to {MOST_LETTERS} characters")
        note = Annotation(
            id=new_id("note", 12), tenant=tenant, at=at, text=said, author=author, created_at=self._clock.now_ms()
        )
        with self._database.write() as connection:
            connection.execute(insert(notes).values(msgspec.structs.asdict(note)))
        return note

    def between(self, tenant: str, start: int, end: int) -> list[Annotation]:
        """Return the notes about a time from `start` up to before `end`, the earliest first, at most 500."""
        query = (
            select(notes)
            .where(notes.c.tenant == tenant, notes.c.at >= start, notes.c.at < end)
            .order_by(notes.c.at, notes.c.id)
            .limit(_MOST_SHOWN)
        )
        with self._database.read() as connection:
            return [Annotation(**row) for row in connection.execute(query).mappings()]

    def remove(self, tenant: str, note_id: str) -> None:
        """Take a note away. Raises `NotFound`."""
        wanted = delete(notes).where(notes.c.tenant == tenant, notes.c.id == note_id)
        with self._database.write() as connection:
            found = connection.execute(wanted).rowcount
        if not found:
            raise NotFound("there is no such note", hint="Somebody may have removed it already.")
