"""Failed attempts to sign in: counted per account and per address, with a wait that doubles.

Owns the counting, which survives a restart and is shared by all processes. Attempts are counted before the password is
looked at, so that many at the same time are not better off than one after another.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import delete, insert, select, update

from sendlens.clock import Clock
from sendlens.control.database import Database
from sendlens.control.secrets import Keyring
from sendlens.control.tables import sign_in_failures
from sendlens.errors import TooBusy

FORGOTTEN_MS: Final = 24 * 3_600_000
"""Failures are forgotten after so long without another."""


@dataclass(frozen=True)
class Limit:
    """How many failures are free, and the longest wait after one more, in seconds."""

    free: int
    longest: int


LIMITS: Final = {"account": Limit(5, 900), "address": Limit(30, 900), "key": Limit(30, 900)}
"""An address has more, because a company may share one; `key` counts API keys that were tried at the sign-in page."""


class Throttle:
    """Counts attempts, and refuses those that come too soon."""

    def __init__(self, database: Database, keyring: Keyring, clock: Clock) -> None:
        """Count in `database`; what is counted is kept as digests of `keyring`."""
        self._database = database
        self._keyring = keyring
        self._clock = clock

    def attempt(self, **subjects: str) -> None:
        """Count an attempt for each subject (kind=name). Raises `TooBusy` with the wait, and counts nothing then."""
        now = self._clock.now_ms()
        with self._database.write() as connection:
            connection.execute(delete(sign_in_failures).where(sign_in_failures.c.last_at <= now - FORGOTTEN_MS))
            known = {kind: self._digest(kind, name) for kind, name in subjects.items()}
            found = select(sign_in_failures).where(sign_in_failures.c.subject.in_(known.values())).with_for_update()
            rows = {bytes(row.subject): row for row in connection.execute(found)}
            waits = [
                rows[digest].last_at + wait(LIMITS[kind], rows[digest].failures) * 1000 - now
                for kind, digest in known.items()
                if digest in rows
            ]
            longest = max([0, *waits])
            if not longest:
                for digest in known.values():
                    if digest in rows:
                        values = {"failures": rows[digest].failures + 1, "last_at": now}
                        here = sign_in_failures.c.subject == digest
                        connection.execute(update(sign_in_failures).where(here).values(values))
                    else:
                        row = {"subject": digest, "failures": 1, "last_at": now}
                        connection.execute(insert(sign_in_failures).values(row))
        if longest:
            seconds = -(-longest // 1000)
            raise TooBusy(
                "too many attempts to sign in failed", retry_after=seconds, hint=f"Try again in {_words(seconds)}."
            )

    def succeeded(self, **subjects: str) -> None:
        """Take back what a right attempt was counted as: an account is clean, an address has one failure less.

        An attacker with an account of his own could otherwise try the others' for ever.
        """
        with self._database.write() as connection:
            for kind, name in subjects.items():
                here = sign_in_failures.c.subject == self._digest(kind, name)
                if kind == "account":
                    connection.execute(delete(sign_in_failures).where(here))
                else:
                    fewer = {"failures": sign_in_failures.c.failures - 1}
                    connection.execute(update(sign_in_failures).where(here).values(fewer))

    def _digest(self, kind: str, name: str) -> bytes:
        return self._keyring.digest(f"sign-in\x1f{kind}\x1f{name.strip().casefold()}")


def wait(limit: Limit, failures: int) -> int:
    """Return how many seconds have to pass after the latest of so many failures."""
    beyond = failures - limit.free
    return 0 if beyond < 0 else min(limit.longest, 2 ** min(beyond + 2, 20))


def _words(seconds: int) -> str:
    return f"{seconds} seconds" if seconds < 120 else f"{-(-seconds // 60)} minutes"
