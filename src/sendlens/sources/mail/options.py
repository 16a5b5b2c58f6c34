"""What a source of mail may say about how its mails are read, and which mailbox is polled for it.

Owns the options and their check. Leaves opening a mailbox to `mailboxes`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Final, Self
from urllib.parse import unquote, urlsplit

import msgspec

from sendlens.errors import InvalidField
from sendlens.sources.esp.provider import Options, Paths
from sendlens.sources.mail import verp

PROVIDER: Final = "mail"
"""The name under which a source of mail is created."""
SCHEMES: Final = ("imaps", "imap", "maildir", "mbox")
AFTERWARDS: Final = ("seen", "move", "delete", "keep")
_HEADER: Final = re.compile(r"[!-9;-~]{1,100}")


class MailOptions(Options, frozen=True, kw_only=True):
    """How mails of a source are read, and where they come from.

    In `campaign_from` stand names of headers of the returned message.
    """

    verp: Paths = ()
    """Patterns of the addresses that bounces come back to, such as `b+{campaign}-{recipient}@bounce.example.com`."""
    mailbox: str = ""
    """Mailbox that is polled; empty for none, so that mails are posted only."""
    every_seconds: Annotated[int, msgspec.Meta(ge=10, le=86_400)] = 60
    """How long to wait between two looks into the mailbox."""
    afterwards: str = "seen"
    """What becomes of a mail that was read: seen, move, delete or keep."""
    move_to: str = "Processed"
    """The folder for `move`."""

    @classmethod
    def of(cls, settings: Mapping[str, object]) -> Self:
        """Return the options in a source's settings. Raises `InvalidField` naming the one that cannot be used."""
        told = super().of(settings)
        for pattern in told.verp:
            verp.compiled(pattern)
        for name in told.campaign_from:
            if not _HEADER.fullmatch(name):
                raise InvalidField("campaign_from", name, "the name of a header")
        if told.afterwards not in AFTERWARDS:
            raise InvalidField("afterwards", told.afterwards, f"one of {', '.join(AFTERWARDS)}")
        if any(ord(char) < 32 or char in '"\\' for char in told.move_to) or not told.move_to:
            raise InvalidField("move_to", told.move_to, "the name of a folder")
        if told.mailbox:
            Address.of(told.mailbox)
        return told


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """Where a mailbox is: `imaps://user@host:port/Folder`, `maildir:/path` or `mbox:/path`."""

    scheme: str
    host: str = ""
    port: int = 0
    user: str = ""
    folder: str = "INBOX"
    path: str = ""

    @classmethod
    def of(cls, text: str) -> Address:
        """Return the parts of an address. Raises `InvalidField` for what is none."""
        try:
            parts = urlsplit(text)
            port = parts.port or 0
        except ValueError as error:
            raise InvalidField("mailbox", text, f"the address cannot be read: {error}") from None
        if parts.scheme not in SCHEMES:
            raise InvalidField(
                "mailbox", text, "imaps://user@host/Folder, imap://user@host/Folder, maildir:/path or mbox:/path"
            )
        if parts.password is not None:
            raise InvalidField(
                "mailbox", "(hidden)", "the password is the source's secret and does not stand in the address"
            )
        if parts.scheme in ("maildir", "mbox"):
            if not parts.path.startswith("/"):
                raise InvalidField("mailbox", text, "the path of a mailbox begins with /")
            return cls(scheme=parts.scheme, path=unquote(parts.path))
        if not parts.hostname or not parts.username:
            raise InvalidField("mailbox", text, "an IMAP address names a user and a host: imaps://user@host/Folder")
        folder = unquote(parts.path.strip("/")) or "INBOX"
        if any(ord(char) < 32 or char in '"\\' for char in folder + unquote(parts.username)):
            raise InvalidField("mailbox", text, "the folder or user holds characters that no IMAP name has")
        return cls(
            scheme=parts.scheme,
            host=parts.hostname,
            port=port or (993 if parts.scheme == "imaps" else 143),
            user=unquote(parts.username),
            folder=folder,
        )
