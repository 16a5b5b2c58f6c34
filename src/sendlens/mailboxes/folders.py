"""The two folders of a seed mailbox, inbox and spam, read by their heads alone; nothing in them is changed.

Owns finding the folder for spam (RFC 6154), going on where the last look ended, and Gmail's tabs. Which test a mail
belongs to is `sources.seeds`' business.
"""

from __future__ import annotations

import imaplib
import re
import ssl
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final, cast

import msgspec

from sendlens.mailboxes.letters import MOST_LETTERS, MailboxError, Position
from sendlens.mailboxes.session import FAILURES, Session, quoted, words
from sendlens.model.events import Where
from sendlens.sources.mail.options import Address

OLDEST_DAYS: Final = 14
"""Mails that came earlier are not looked at."""
TABS: Final = ("promotions", "social", "updates", "forums")
"""Gmail's categories that are tabs of the inbox; a mail in none of them is under `primary`."""
_HEAD: Final = 65_536
_AT_ONCE: Final = 50
_WINDOW: Final = 20_000
_LISTED: Final = re.compile(rb'\(([^)]*)\) (?:"(?:[^"\\]|\\.)*"|NIL) (.+)')
_UID: Final = re.compile(rb"\bUID (\d+)")
_USUAL: Final = ("spam", "junk", "junk e-mail", "junk email", "bulk mail", "bulk")
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """One mail: its head, when it arrived (UTC ms, 0 if not told), and where it lies."""

    uid: int
    data: bytes
    arrived_at: int
    where: Where
    tab: str = ""


class Folders:
    """An open seed mailbox."""

    def __init__(
        self,
        address: Address,
        password: str,
        resolved: str,
        spam_folder: str = "",
        context: ssl.SSLContext | None = None,
    ) -> None:
        """Log in, and find the folders. Raises `MailboxError` naming what is wrong."""
        self._session = Session(address, password, resolved, context)
        try:
            self._capabilities = self._asked()
            spam = quoted(spam_folder) if spam_folder else self._junk()
        except MailboxError:
            self.close()
            raise
        self._folders = {Where.INBOX: quoted(address.folder), Where.SPAM: spam}

    def heads(self, position: Position, now_ms: int) -> Iterator[tuple[Head, Position]]:
        """Yield the mails that came after the position, inbox first, each with what the position is after it."""
        since = datetime.fromtimestamp(now_ms / 1000, UTC).toordinal() - OLDEST_DAYS
        day = datetime.fromordinal(since)
        after = f"{day.day}-{_MONTHS[day.month - 1]}-{day.year}"
        left = MOST_LETTERS
        for where, folder in self._folders.items():
            validity = self._session.open(folder, readonly=True)
            known = position.get(f"{where}.validity") == validity
            last = int(position.get(f"{where}.uid", 0)) if known else 0
            uids = self._new(last, after)[:left]
            left -= len(uids)
            for start in range(0, len(uids), _AT_ONCE):
                part = uids[start : start + _AT_ONCE]
                for head in self._read(part, where):
                    yield head, {f"{where}.validity": validity, f"{where}.uid": head.uid}

    def close(self) -> None:
        """End the session."""
        self._session.close()

    def _new(self, last: int, after: str) -> list[int]:
        exists = self._session.number("EXISTS")
        found: list[int] = []
        for first in range(1, exists + 1, _WINDOW):
            until = min(first + _WINDOW - 1, exists)
            found += self._session.found(f"{first}:{until}", "UID", f"{last + 1}:*", "SINCE", after)
        return sorted(uid for uid in found if uid > last)

    def _read(self, uids: list[int], where: Where) -> list[Head]:
        told = self._session.uid("FETCH", ",".join(map(str, uids)), f"(UID INTERNALDATE BODY.PEEK[HEADER]<0.{_HEAD}>)")
        tabs = self._tabs(uids) if where is Where.INBOX else {}
        heads: list[Head] = []
        for number, part in enumerate(told):
            if not isinstance(part, tuple):
                continue
            before, data = cast("tuple[bytes, bytes]", part)
            behind = told[number + 1] if number + 1 < len(told) else b""
            about = before + (behind if isinstance(behind, bytes) else b"")
            if (uid := _UID.search(about)) and int(uid[1]) in uids:
                number_of = int(uid[1])
                arrived = imaplib.Internaldate2tuple(about)
                heads.append(
                    Head(
                        uid=number_of,
                        data=data,
                        arrived_at=int(time.mktime(arrived)) * 1000 if arrived else 0,
                        where=where,
                        tab=tabs.get(number_of, ""),
                    )
                )
        return sorted(heads, key=lambda head: head.uid)

    def _tabs(self, uids: list[int]) -> dict[int, str]:
        """Return the tab of each mail in Gmail's inbox; nothing elsewhere."""
        if "X-GM-EXT-1" not in self._capabilities:
            return {}
        told = dict.fromkeys(uids, "primary")
        listed = ",".join(map(str, uids))
        for tab in TABS:
            for uid in self._session.found("UID", listed, "X-GM-RAW", f'"category:{tab}"'):
                told[uid] = tab
        return told

    def _asked(self) -> set[str]:
        """Return what the server can do for whoever is logged in: many tell more then."""
        try:
            told = self._session.said("CAPABILITY", *self._session.imap.capability())
        except FAILURES as error:
            raise MailboxError(f"{self._session.name}: {words(error)}") from error
        return {
            word.decode("ascii", "replace").upper() for line in told if isinstance(line, bytes) for word in line.split()
        }

    def _junk(self) -> str:
        """Return the folder that the server marks for spam, or that has one of the usual names."""
        found = self._listed('""')
        if not any(rb"\junk" in flags for flags, _ in found) and "SPECIAL-USE" in self._capabilities:
            found += self._listed('(SPECIAL-USE) ""')
        marked = next((name for flags, name in found if rb"\junk" in flags), "")
        named = [(name.strip('"').replace("/", ".").rpartition(".")[2].lower(), name) for _, name in found]
        usual = next((name for wanted in _USUAL for short, name in named if short == wanted), "")
        if not marked and not usual:
            raise MailboxError(
                f"{self._session.name}: no folder is marked as \\Junk", hint="Name it with the option spam_folder."
            )
        return marked or usual

    def _listed(self, reference: str) -> list[tuple[bytes, str]]:
        try:
            told = self._session.said("LIST", *self._session.imap.list(reference, "*"))
        except FAILURES as error:
            raise MailboxError(f"{self._session.name}: {words(error)}") from error
        lines = [_LISTED.fullmatch(line.strip()) for line in told if isinstance(line, bytes)]
        return [(line[1].lower(), line[2].decode("utf-8", "replace")) for line in lines if line]
