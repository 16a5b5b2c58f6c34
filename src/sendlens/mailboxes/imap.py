"""IMAP: mails by their UID, over TLS, with time limits, from where the last look ended.

Owns the session. The position is UIDVALIDITY and the last UID; when the server numbers the folder anew, reading begins
at its beginning, and mails that were counted before are recognised by their identity.
"""

from __future__ import annotations

import base64
import contextlib
import imaplib
import re
import socket
import ssl
from collections.abc import Iterator, Sequence
from typing import Final, cast

from sendlens.mailboxes.letters import LONGEST_LETTER, MOST_LETTERS, Letter, MailboxError, Position
from sendlens.sources.mail.options import Address

SECONDS: Final = 30.0
"""How long a single answer of the server may take."""
_WINDOW: Final = 20_000
"""Mails asked about at once: an answer of the server is a line, and a line has a bound."""
_FAILURES: Final = (imaplib.IMAP4.error, OSError, ssl.SSLError, ValueError)


class _Session(imaplib.IMAP4):
    """A session whose connection goes to an address that was judged, under the name of the host."""

    def __init__(self, host: str, port: int, address: str, context: ssl.SSLContext, *, implicit: bool) -> None:
        self._address = address
        self._context = context
        self._implicit = implicit
        super().__init__(host, port, timeout=SECONDS)

    # TRICKY: the one place of imaplib that opens the connection; were the name resolved again, it could lead elsewhere.
    def _create_socket(self, timeout: float | None) -> socket.socket:
        plain = socket.create_connection((self._address, self.port), timeout)
        return self._context.wrap_socket(plain, server_hostname=self.host) if self._implicit else plain


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
        self._name = f"{address.user}@{address.host}"
        self._afterwards = afterwards
        self._move_to = _quoted(move_to)
        self._expunge = False
        context = context or ssl.create_default_context()
        implicit = address.scheme == "imaps"
        try:
            self._session = _Session(address.host, address.port, resolved, context, implicit=implicit)
        except _FAILURES as error:
            raise MailboxError(f"{address.host}:{address.port} cannot be reached: {_words(error)}") from error
        try:
            if not implicit:
                # The password never goes over a connection that is not encrypted.
                self._session.starttls(context)
            self._session.login(address.user, password)
            self._said("SELECT", *self._session.select(_quoted(address.folder), readonly=afterwards == "keep"))
        except _FAILURES as error:
            self.close()
            raise MailboxError(f"{self._name}: {_words(error)}", hint="Check user, password and folder.") from error
        except MailboxError:
            self.close()
            raise
        self._validity = self._number("UIDVALIDITY")
        self._exists = self._number("EXISTS")

    def letters(self, position: Position) -> Iterator[Letter]:
        """Yield the mails with a UID after the position; none twice within a session."""
        known = position.get("uidvalidity") == self._validity
        last = int(position.get("uid", 0)) if known else 0
        given = 0
        for first in range(1, self._exists + 1, _WINDOW):
            for uid in self._uids(first, last):
                if given >= MOST_LETTERS:
                    return
                given += 1
                if (data := self._fetch(uid)) is not None:
                    yield Letter(data, str(uid), {"uidvalidity": self._validity, "uid": uid})

    def finish(self, letter: Letter) -> None:
        """Mark the mail as seen, move or delete it."""
        uid = letter.name
        try:
            if self._afterwards == "seen":
                self._said("STORE", *self._session.uid("STORE", uid, "+FLAGS", r"(\Seen)"))
            elif self._afterwards == "move":
                self._move(uid)
            elif self._afterwards == "delete":
                self._delete(uid)
        except _FAILURES as error:
            raise MailboxError(f"{self._name}: {_words(error)}") from error

    def close(self) -> None:
        """End the session."""
        with contextlib.suppress(*_FAILURES):
            if self._expunge:
                self._session.expunge()
        with contextlib.suppress(*_FAILURES):
            self._session.logout()

    def _uids(self, first: int, last: int) -> list[int]:
        until = min(first + _WINDOW - 1, self._exists)
        try:
            told = self._said("SEARCH", *self._session.uid("SEARCH", f"{first}:{until}", "UID", f"{last + 1}:*"))
        except _FAILURES as error:
            raise MailboxError(f"{self._name}: {_words(error)}") from error
        found = [int(word) for line in told if isinstance(line, bytes) for word in line.split() if word.isdigit()]
        # `n:*` always holds the last mail, even when its number is below n.
        return sorted(uid for uid in found if uid > last)

    def _fetch(self, uid: int) -> bytes | None:
        try:
            told = self._said("FETCH", *self._session.uid("FETCH", str(uid), f"(BODY.PEEK[]<0.{LONGEST_LETTER}>)"))
        except _FAILURES as error:
            raise MailboxError(f"{self._name}: {_words(error)}") from error
        return next((cast("bytes", part[1]) for part in told if isinstance(part, tuple)), None)

    def _move(self, uid: str) -> None:
        # Made here and not at the start: a folder that exists already answers NO.
        if "MOVE" in self._session.capabilities:
            kind, _ = self._session.uid("MOVE", uid, self._move_to)
            if kind != "OK":
                self._session.create(self._move_to)
                self._said("MOVE", *self._session.uid("MOVE", uid, self._move_to))
            return
        kind, _ = self._session.uid("COPY", uid, self._move_to)
        if kind != "OK":
            self._session.create(self._move_to)
            self._said("COPY", *self._session.uid("COPY", uid, self._move_to))
        self._delete(uid)

    def _delete(self, uid: str) -> None:
        self._said("STORE", *self._session.uid("STORE", uid, "+FLAGS", r"(\Deleted)"))
        if "UIDPLUS" in self._session.capabilities:
            self._said("EXPUNGE", *self._session.uid("EXPUNGE", uid))
        else:
            self._expunge = True

    def _said(self, command: str, kind: str, told: Sequence[object]) -> Sequence[object]:
        if kind != "OK":
            said = b" ".join(each for each in told if isinstance(each, bytes)).decode("utf-8", "replace")
            raise MailboxError(f"{self._name}: {command} was answered {kind} {said}"[:300])
        return told

    def _number(self, name: str) -> int:
        _, told = self._session.response(name)
        first = next((each for each in cast("list[object]", told or []) if isinstance(each, bytes)), b"")
        return int(first) if first.isdigit() else 0


def _quoted(folder: str) -> str:
    """Return a folder's name as IMAP writes it: in quotes, and in its own form of UTF-7 where it is not ASCII."""

    def coded(found: re.Match[str]) -> str:
        text = base64.b64encode(found[0].encode("utf-16-be")).decode().rstrip("=").replace("/", ",")
        return f"&{text}-"

    return '"' + re.sub(r"[^\x20-\x7e]+", coded, folder.replace("&", "&-")) + '"'


def _words(error: BaseException) -> str:
    """Return what went wrong, as far as it can be shown: servers do not repeat passwords."""
    told = error.args[0] if error.args else ""
    text = told.decode("utf-8", "replace") if isinstance(told, bytes) else str(error)
    return (text or type(error).__name__)[:200]
