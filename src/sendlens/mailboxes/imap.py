"""IMAP: mails by their UID from where the last look ended.

Owns one folder. The position is UIDVALIDITY and the last UID; when the server numbers the folder anew, reading begins
at its beginning, and mails that were counted before are recognised by their identity.
"""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Iterator
from typing import Final, cast

from sendlens.mailboxes.letters import LONGEST_LETTER, MOST_LETTERS, Letter, MailboxError, Position
from sendlens.mailboxes.session import FAILURES, Session, quoted, words
from sendlens.sources.mail.options import Address

_WINDOW: Final = 20_000
"""Mails asked about at once: an answer of the server is a line, and a line has a bound."""


class Imap:
    """A folder of an IMAP account."""

    def __init__(
        self,
        address: Address,
        password: str,
        resolved: str,
        afterwards: str,
        move_to: str,
        context: ssl.SSLContext | None = None,
    ) -> None:
        """Log in and open the folder. Raises `MailboxError` naming what the server said."""
        self._afterwards = afterwards
        self._move_to = quoted(move_to)
        self._expunge = False
        self._session = Session(address, password, resolved, context)
        try:
            self._validity = self._session.open(quoted(address.folder), readonly=afterwards == "keep")
        except MailboxError:
            self.close()
            raise
        self._exists = self._session.number("EXISTS")

    def letters(self, position: Position) -> Iterator[Letter]:
        """Yield the mails with a UID after the position; none twice within a session."""
        known = position.get("uidvalidity") == self._validity
        last = int(position.get("uid", 0)) if known else 0
        given = 0
        for first in range(1, self._exists + 1, _WINDOW):
            for uid in self._uids(first, last):
                if given >= MOST_LETTERS or self._session.tired:
                    return
                given += 1
                if (data := self._fetch(uid)) is not None:
                    yield Letter(data, str(uid), {"uidvalidity": self._validity, "uid": uid})

    def finish(self, letter: Letter) -> None:
        """Mark the mail as seen, move or delete it."""
        uid = letter.name
        try:
            if self._afterwards == "seen":
                self._session.uid("STORE", uid, "+FLAGS", r"(\Seen)")
            elif self._afterwards == "move":
                self._move(uid)
            elif self._afterwards == "delete":
                self._delete(uid)
        except FAILURES as error:
            raise MailboxError(f"{self._session.name}: {words(error)}") from error

    def close(self) -> None:
        """End the session."""
        with contextlib.suppress(*FAILURES):
            if self._expunge:
                self._session.imap.expunge()
        self._session.close()

    def _uids(self, first: int, last: int) -> list[int]:
        until = min(first + _WINDOW - 1, self._exists)
        found = self._session.found(f"{first}:{until}", "UID", f"{last + 1}:*")
        # `n:*` always holds the last mail, even when its number is below n.
        return sorted(uid for uid in found if uid > last)

    def _fetch(self, uid: int) -> bytes | None:
        told = self._session.uid("FETCH", str(uid), f"(BODY.PEEK[]<0.{LONGEST_LETTER}>)")
        return next((cast("bytes", part[1]) for part in told if isinstance(part, tuple)), None)

    def _move(self, uid: str) -> None:
        # Made here and not at the start: a folder that exists already answers NO.
        imap = self._session.imap
        if "MOVE" in imap.capabilities:
            kind, _ = imap.uid("MOVE", uid, self._move_to)
            if kind != "OK":
                imap.create(self._move_to)
                self._session.uid("MOVE", uid, self._move_to)
            return
        kind, _ = imap.uid("COPY", uid, self._move_to)
        if kind != "OK":
            imap.create(self._move_to)
            self._session.uid("COPY", uid, self._move_to)
        self._delete(uid)

    def _delete(self, uid: str) -> None:
        self._session.uid("STORE", uid, "+FLAGS", r"(\Deleted)")
        if "UIDPLUS" in self._session.imap.capabilities:
            self._session.uid("EXPUNGE", uid)
        else:
            self._expunge = True
