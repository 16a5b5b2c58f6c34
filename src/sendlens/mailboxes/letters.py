"""What every kind of mailbox is to the poller: letters after a position, and a way to mark each as read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Protocol

import msgspec

from sendlens.polling.hosts import PollError

Position = dict[str, int | str]
"""Where reading goes on, in the mailbox's own words; kept in the control plane between two looks."""

MOST_LETTERS: Final = 500
"""Mails of one look; what is left comes at the next, so that no mailbox keeps another waiting."""
LONGEST_LETTER: Final = 25_000_000
"""Bytes of one mail that are fetched."""


class MailboxError(PollError):
    """A mailbox cannot be opened or read."""

    status, kind, title = 503, "mailbox", "A mailbox cannot be read"


class Letter(msgspec.Struct, frozen=True):
    """One mail: its bytes, its name within the mailbox, and the position after it."""

    data: bytes
    name: str
    position: Position


class Mailbox(Protocol):
    """An open mailbox."""

    def letters(self, position: Position) -> Iterator[Letter]:
        """Yield up to `MOST_LETTERS` mails after a position. Raises `MailboxError`."""
        ...

    def finish(self, letter: Letter) -> None:
        """Do with a mail whose records are safe what the source's options say. Raises `MailboxError`."""
        ...

    def close(self) -> None:
        """Let go of the mailbox."""
        ...
