"""The control plane as one object: what the server, the commands and the tasks know of it.

Owns the opening (migrations, the check of the secret key) and the closing. Everything else is in the parts.
"""

from __future__ import annotations

from typing import Final, Self

from sqlalchemy import insert, select

from sendlens.clock import Clock, SystemClock
from sendlens.control.annotations import Annotations
from sendlens.control.audit import Audit
from sendlens.control.database import Database
from sendlens.control.deadletters import DeadLetters
from sendlens.control.erasures import Erasures
from sendlens.control.imports import ImportJobs
from sendlens.control.invitations import Invitations
from sendlens.control.keys import Keys
from sendlens.control.ledger import Ledger
from sendlens.control.mails import Mails
from sendlens.control.passwords import Passwords
from sendlens.control.polls import Polls
from sendlens.control.rejections import Rejections
from sendlens.control.secrets import Keyring
from sendlens.control.sessions import Sessions
from sendlens.control.shares import SharedLinks
from sendlens.control.sources import Sources
from sendlens.control.tables import facts
from sendlens.control.tenants import Tenants
from sendlens.control.throttle import Throttle
from sendlens.control.users import Users
from sendlens.control.views import SavedViews
from sendlens.errors import SettingsError

_FINGERPRINT: Final = "secret key fingerprint"


class Control:
    """Tenants, people, keys, sources, the ledger and dead letters in one database. Synchronous and thread-safe."""

    def __init__(self, database: Database, keyring: Keyring, clock: Clock) -> None:
        """Put the parts together; `open` is the usual way."""
        self.database: Final = database
        self.tenants: Final = Tenants(database, clock)
        self.keys: Final = Keys(database, keyring, clock)
        self.sources: Final = Sources(database, keyring, clock)
        self.polls: Final = Polls(database)
        self.ledger: Final = Ledger(database, clock)
        self.deadletters: Final = DeadLetters(database, clock)
        self.rejections: Final = Rejections(database, clock)
        self.imports: Final = ImportJobs(database)
        self.mails: Final = Mails(database, clock)
        self.pseudonym: Final = keyring.pseudonym
        self.audit: Final = Audit(database, keyring, clock)
        self.erasures: Final = Erasures(database, keyring, clock)
        self.annotations: Final = Annotations(database, clock)
        self.views: Final = SavedViews(database, clock)
        self.shares: Final = SharedLinks(database, keyring, clock)
        self.users: Final = Users(database, clock, Passwords())
        self.sessions: Final = Sessions(database, keyring, clock)
        self.invitations: Final = Invitations(database, keyring, clock)
        self.throttle: Final = Throttle(database, keyring, clock)
        self.form_token: Final = keyring.form_token

    @classmethod
    def open(cls, url: str, secret_key: bytes, clock: Clock | None = None) -> Control:
        """Connect, migrate, and check that the secret key is the one this database was written with.

        `url` is `settings.control_url`, `secret_key` the result of `load_secret_key(settings)`.
        """
        keyring = Keyring(secret_key)
        database = Database(url)
        try:
            _check(database, keyring)
        except BaseException:
            database.close()
            raise
        return cls(database, keyring, clock or SystemClock())

    def flush(self) -> None:
        """Write what memory collected (when keys were used and sources heard of, what was refused); call it often."""
        self.keys.flush()
        self.sources.flush()
        self.shares.flush()
        self.sessions.flush()
        self.rejections.flush()

    def close(self) -> None:
        """Flush, and close the connections."""
        try:
            self.flush()
        finally:
            self.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _check(database: Database, keyring: Keyring) -> None:
    query = select(facts.c.value).where(facts.c.name == _FINGERPRINT)
    with database.read() as connection:
        known = connection.execute(query).scalar()
    if known is None:
        with database.alone(), database.write() as connection:
            known = connection.execute(query).scalar()
            if known is None:
                connection.execute(insert(facts).values(name=_FINGERPRINT, value=keyring.fingerprint))
                return
    if known != keyring.fingerprint:
        raise SettingsError(
            "The secret key is not the one this control plane was written with: no API key and no source would work.",
            hint="Set SENDLENS_SECRET_KEY to the same value in every process, or bring back the first secret.key.",
        )
