"""An IMAP session: over TLS, to an address that was judged, logged in, with time limits.

Owns the connection, and the words of what goes wrong. What is read in it is `imap`'s and `folders`' business.
"""

from __future__ import annotations

import base64
import contextlib
import imaplib
import re
import socket
import ssl
from collections.abc import Sequence
from typing import Final, cast

from sendlens.mailboxes.letters import MailboxError
from sendlens.sources.mail.options import Address

SECONDS: Final = 30.0
"""How long a single answer of the server may take."""
FAILURES: Final = (imaplib.IMAP4.error, OSError, ssl.SSLError, ValueError)
"""What a session raises."""


class Connection(imaplib.IMAP4):
    """A session whose connection goes to an address that was judged, under the name of the host."""

    def __init__(self, host: str, port: int, address: str, context: ssl.SSLContext, *, implicit: bool) -> None:
        """Connect."""
        self._address = address
        self._context = context
        self._implicit = implicit
        super().__init__(host, port, timeout=SECONDS)

    # TRICKY: the one place of imaplib that opens the connection; were the name resolved again, it could lead elsewhere.
    def _create_socket(self, timeout: float | None) -> socket.socket:
        plain = socket.create_connection((self._address, self.port), timeout)
        return self._context.wrap_socket(plain, server_hostname=self.host) if self._implicit else plain


class Session:
    """A session of one account."""

    def __init__(self, address: Address, password: str, resolved: str, context: ssl.SSLContext | None = None) -> None:
        """Connect and log in. Raises `MailboxError` naming what the server said."""
        self.name: Final = f"{address.user}@{address.host}"
        context = context or ssl.create_default_context()
        implicit = address.scheme == "imaps"
        try:
            self.imap = Connection(address.host, address.port, resolved, context, implicit=implicit)
        except FAILURES as error:
            raise MailboxError(f"{address.host}:{address.port} cannot be reached: {words(error)}") from error
        try:
            if not implicit:
                # The password never goes over a connection that is not encrypted.
                self.imap.starttls(context)
            self.imap.login(address.user, password)
        except FAILURES as error:
            self.close()
            raise MailboxError(f"{self.name}: {words(error)}", hint="Check user, password and folder.") from error

    def open(self, folder: str, *, readonly: bool) -> int:
        """Open a folder, named as the server names it, and return its UIDVALIDITY. Raises `MailboxError`."""
        try:
            self.said("SELECT", *self.imap.select(folder, readonly=readonly))
        except FAILURES as error:
            raise MailboxError(f"{self.name}: {words(error)}", hint="Check user, password and folder.") from error
        return self.number("UIDVALIDITY")

    def said(self, command: str, kind: str, told: Sequence[object]) -> Sequence[object]:
        """Return what the server told. Raises `MailboxError` for an answer other than OK."""
        if kind != "OK":
            text = b" ".join(each for each in told if isinstance(each, bytes)).decode("utf-8", "replace")
            raise MailboxError(f"{self.name}: {command} was answered {kind} {text}"[:300])
        return told

    def uid(self, command: str, *arguments: str) -> Sequence[object]:
        """Send a command that speaks of mails by their UID, and return the answer. Raises `MailboxError`."""
        try:
            return self.said(command, *self.imap.uid(command, *arguments))
        except FAILURES as error:
            raise MailboxError(f"{self.name}: {words(error)}") from error

    def found(self, *criteria: str) -> list[int]:
        """Return the UIDs of the mails that a search finds."""
        told = self.uid("SEARCH", *criteria)
        return [int(word) for line in told if isinstance(line, bytes) for word in line.split() if word.isdigit()]

    def number(self, name: str) -> int:
        """Return a number that the server told when the folder was opened; 0 if it did not."""
        _, told = self.imap.response(name)
        first = next((each for each in cast("list[object]", told or []) if isinstance(each, bytes)), b"")
        return int(first) if first.isdigit() else 0

    def close(self) -> None:
        """End the session."""
        with contextlib.suppress(*FAILURES):
            self.imap.logout()


def quoted(folder: str) -> str:
    """Return a folder's name as IMAP writes it: in quotes, and in its own form of UTF-7 where it is not ASCII."""

    def coded(found: re.Match[str]) -> str:
        text = base64.b64encode(found[0].encode("utf-16-be")).decode().rstrip("=").replace("/", ",")
        return f"&{text}-"

    return '"' + re.sub(r"[^\x20-\x7e]+", coded, folder.replace("&", "&-")) + '"'


def words(error: BaseException) -> str:
    """Return what went wrong, as far as it can be shown: servers do not repeat passwords."""
    told = error.args[0] if error.args else ""
    text = told.decode("utf-8", "replace") if isinstance(told, bytes) else str(error)
    return (text or type(error).__name__)[:200]
