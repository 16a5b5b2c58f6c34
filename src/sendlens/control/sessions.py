"""Sessions: who is signed in with which browser.

Owns the random token of a session (kept as a digest, like an API key), when it ends by itself, and its revocation. A
session belongs to a person, or to an API key that was shown instead of a password.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
from sqlalchemy import RowMapping, delete, insert, select

from sendlens.clock import Clock
from sendlens.control.database import Database
from sendlens.control.ids import new_id, new_token
from sendlens.control.memory import LatestTimes, Recent
from sendlens.control.secrets import Keyring
from sendlens.control.tables import sessions
from sendlens.errors import NotFound

IDLE_DAYS: Final = 7
"""A session that was not used for so long has ended."""
MOST_DAYS: Final = 30
"""A session ends after so long, however much it was used."""
_DAY_MS: Final = 86_400_000
_RANDOM: Final = 43
_NOTED_MS: Final = 60_000


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """One browser that is signed in. `user` or `key` is the id of whom it belongs to, the other is empty."""

    id: str
    user: str
    key: str
    created_at: int
    seen_at: int
    address: str
    agent: str

    def ends_at(self) -> int:
        """Return when it ends if it is not used again, in UTC milliseconds."""
        return min(self.created_at + MOST_DAYS * _DAY_MS, self.seen_at + IDLE_DAYS * _DAY_MS)


class Sessions:
    """Beginning, finding and ending sessions."""

    def __init__(self, database: Database, keyring: Keyring, clock: Clock) -> None:
        """Work on `database` with digests of `keyring`."""
        self._database = database
        self._keyring = keyring
        self._clock = clock
        self._recent: Recent[bytes, Session | None] = Recent(clock)
        self._seen = LatestTimes(database, sessions, "seen_at")

    def begin(self, *, user: str = "", key: str = "", address: str = "", agent: str = "") -> tuple[Session, str]:
        """Begin a session; return what is kept of it, and the token for the cookie, which is known only now."""
        token, now = new_token(_RANDOM), self._clock.now_ms()
        session = Session(
            id=new_id("ses", 12),
            user=user,
            key=key,
            created_at=now,
            seen_at=now,
            address=address[:64],
            agent=agent[:256],
        )
        row = msgspec.structs.asdict(session) | {"user": user or None, "key": key or None}
        with self._database.write() as connection:
            connection.execute(delete(sessions).where(sessions.c.created_at <= now - MOST_DAYS * _DAY_MS))
            connection.execute(insert(sessions).values(row | {"digest": self._digest(token)}))
        return session, token

    def find(self, token: str) -> Session | None:
        """Return the session of a cookie, unless it has ended; the answer is at most a second old."""
        if not token or len(token) > 2 * _RANDOM:
            return None
        digest, now = self._digest(token), self._clock.now_ms()
        session = self._recent.get(digest, lambda: self._find(digest))
        if session is None or session.ends_at() <= now:
            return None
        if now - session.seen_at >= _NOTED_MS:
            self._seen.note(session.id, now)
        return session

    def list(self, user: str) -> list[Session]:
        """Return the sessions of a person that have not ended, the latest used first."""
        query = select(sessions).where(sessions.c.user == user).order_by(sessions.c.seen_at.desc(), sessions.c.id)
        with self._database.read() as connection:
            found = [_session(row) for row in connection.execute(query).mappings()]
        return [one for one in found if one.ends_at() > self._clock.now_ms()]

    def end(self, session_id: str, *, user: str | None = None) -> None:
        """End a session: at once here, within a second in other processes.

        With `user` it is found only if it belongs to that person. Raises `NotFound`.
        """
        wanted = [sessions.c.id == session_id, *([] if user is None else [sessions.c.user == user])]
        with self._database.write() as connection:
            ended = connection.execute(delete(sessions).where(*wanted)).rowcount
        self._recent.forget()
        if not ended:
            raise NotFound("there is no such session")

    def end_all(self, user: str, *, but: str = "") -> int:
        """End every session of a person except the one with the id `but`; return how many."""
        with self._database.write() as connection:
            ended = connection.execute(delete(sessions).where(sessions.c.user == user, sessions.c.id != but)).rowcount
        self._recent.forget()
        return ended

    def flush(self) -> None:
        """Write when sessions were last used."""
        self._seen.flush()

    def _digest(self, token: str) -> bytes:
        return self._keyring.digest(f"session\x1f{token}")

    def _find(self, digest: bytes) -> Session | None:
        with self._database.read() as connection:
            row = connection.execute(select(sessions).where(sessions.c.digest == digest)).mappings().first()
        return _session(row) if row else None


def _session(row: RowMapping) -> Session:
    values: dict[str, Any] = {name: row[name] for name in Session.__struct_fields__}
    for name in ("user", "key"):
        values[name] = values[name] or ""
    return Session(**values)
