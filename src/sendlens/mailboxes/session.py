"""An IMAP session: over TLS, to an address that was judged, logged in, bounded in time and in what it answers.

Owns the connection, and the words of what goes wrong. What is read in it is for `imap` and `folders` to say. The server
is somebody else's: whatever it sends, it costs no more than the memory of one mail and the time of one look.
"""

from __future__ import annotations

import base64
import contextlib
import imaplib
import re
import socket
import ssl
import threading
import time
from collections.abc import Sequence
from typing import Final, cast

from sendlens.mailboxes.letters import LONGEST_LETTER, MailboxError
from sendlens.sources.mail.options import Address

SECONDS: Final = 30.0
"""How long the server may be silent."""
LOOK_SECONDS: Final = 120.0
"""After so long a look ends by itself, and the next one goes on."""
LONGEST_SECONDS: Final = 180.0
"""After so long a session is cut off."""
MOST_BYTES: Final = LONGEST_LETTER + 4_000_000
"""What the server may send in answer to one command."""
FAILURES: Final = (imaplib.IMAP4.error, OSError, ssl.SSLError, ValueError)
"""What a session raises."""


class Connection(imaplib.IMAP4):
    """A session whose connection goes to an address that was judged, under the name of the host."""

    def __init__(self, host: str, port: int, address: str, context: ssl.SSLContext, *, implicit: bool) -> None:
        """Connect."""
        self._address = address
        self._context = context
        self._implicit = implicit
        self._line: socket.socket | None = None
        self._left = MOST_BYTES
        self._late = threading.Event()
        # A time limit of the socket begins anew with every byte; this one does not.
        self._watch = threading.Timer(LONGEST_SECONDS, self._give_up)
        self._watch.daemon = True
        self._watch.start()
        try:
            super().__init__(host, port, timeout=SECONDS)
        except BaseException:
            self.let_go()
            raise

    def begin(self) -> None:
        """Begin a command: nothing of earlier answers is kept, and this one may be as long as one may be."""
        self.untagged_responses.clear()
        self._left = MOST_BYTES

    def let_go(self) -> None:
        """End the watch over the session."""
        self._watch.cancel()
        if self._line is not None:
            self._line.close()

    def read(self, size: int) -> bytes:
        """Return what the server announced. Raises `abort` for more than a command may be answered."""
        self._count(size)
        return self._in_time(super().read(size))

    def readline(self) -> bytes:
        """Return the next line. Raises `abort` likewise."""
        line = self._in_time(super().readline())
        self._count(len(line))
        return line

    # TRICKY: the one place of imaplib that opens the connection; were the name resolved again, it could lead elsewhere.
    def _create_socket(self, timeout: float | None) -> socket.socket:
        plain = socket.create_connection((self._address, self.port), timeout)
        # The same connection by another name: it can be cut off in the middle of a handshake, too.
        self._line = plain.dup()
        return self._context.wrap_socket(plain, server_hostname=self.host) if self._implicit else plain

    def _count(self, size: int) -> None:
        self._left -= size
        if self._left < 0:
            raise self.abort(f"the server answered one command with more than {MOST_BYTES // 1_000_000} MB")

    def _in_time(self, data: bytes) -> bytes:
        if not data and self._late.is_set():
            raise self.abort(f"needed more than {LONGEST_SECONDS:.0f} seconds")
        return data

    def _give_up(self) -> None:
        self._late.set()
        if self._line is not None:
            with contextlib.suppress(OSError):
                self._line.shutdown(socket.SHUT_RDWR)


class Session:
    """A session of one account."""

    def __init__(self, address: Address, password: str, resolved: str, context: ssl.SSLContext | None = None) -> None:
        """Connect and log in. Raises `MailboxError` naming what the server said."""
        self.name: Final = f"{address.user}@{address.host}"
        self._until = time.monotonic() + LOOK_SECONDS
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

    @property
    def tired(self) -> bool:
        """Return whether the look has lasted as long as one should."""
        return time.monotonic() > self._until

    def open(self, folder: str, *, readonly: bool) -> int:
        """Open a folder, named as the server names it, and return its UIDVALIDITY. Raises `MailboxError`."""
        self.imap.begin()
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
        self.imap.begin()
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
        try:
            with contextlib.suppress(*FAILURES):
                self.imap.logout()
        finally:
            self.imap.let_go()
            with contextlib.suppress(*FAILURES):
                self.imap.shutdown()  # where the farewell failed, nobody has closed it


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
