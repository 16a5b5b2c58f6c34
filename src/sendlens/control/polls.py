"""How far each polled source was read, and whether the last look at it succeeded."""

from __future__ import annotations

from typing import Final

import msgspec
from sqlalchemy import insert, select, update

from sendlens.control.database import Database
from sendlens.control.tables import facts

# The name of those that were there first; data directories hold it.
_PREFIX: Final = "mailbox "


class PollState(msgspec.Struct, frozen=True, kw_only=True):
    """The position in the polled thing's own words, when a look last succeeded (UTC ms), and what was read in all."""

    position: dict[str, int | str] = msgspec.field(default_factory=dict[str, int | str])
    looked_at: int = 0
    read: int = 0
    """Mails of a mailbox, results of a seed mailbox, samples of an exporter."""
    error: str = ""
    """Why the last look failed; empty if it did not."""
    tried_at: int = 0
    """When it was last looked at, whether that succeeded or not (UTC ms)."""
    failing_since: int = 0
    """When the first look failed of those that failed since the last success (UTC ms); 0 while it is read."""
    note: str = ""
    """What the last look that succeeded had to leave out; empty if nothing."""

    def public(self) -> dict[str, object]:
        """Return what is shown of it: everything but the position."""
        names = ("looked_at", "tried_at", "failing_since", "read", "error", "note")
        return {name: getattr(self, name) for name in names}


class Polls:
    """The states of what is polled, by source."""

    def __init__(self, database: Database) -> None:
        """Keep them in `database`, among the facts."""
        self._database = database

    def get(self, source_id: str) -> PollState:
        """Return the state of a source; the beginning for one that was never looked at."""
        query = select(facts.c.value).where(facts.c.name == _PREFIX + source_id)
        with self._database.read() as connection:
            text = connection.execute(query).scalar()
        return msgspec.json.decode(text, type=PollState) if text else PollState()

    def failing(self) -> dict[str, PollState]:
        """Return the states of all sources, of every tenant, whose last look failed."""
        query = select(facts.c.name, facts.c.value).where(facts.c.name.startswith(_PREFIX))
        with self._database.read() as connection:
            found = {
                name.removeprefix(_PREFIX): msgspec.json.decode(value, type=PollState)
                for name, value in connection.execute(query)
            }
        return {source: state for source, state in found.items() if state.error}

    def put(self, source_id: str, state: PollState) -> None:
        """Keep the state of a source."""
        name, value = _PREFIX + source_id, msgspec.json.encode(state).decode()
        with self._database.write() as connection:
            changed = connection.execute(update(facts).where(facts.c.name == name).values(value=value))
            if not changed.rowcount:
                connection.execute(insert(facts).values(name=name, value=value))
