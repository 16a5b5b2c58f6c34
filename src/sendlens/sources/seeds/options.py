"""What a source that is a seed mailbox may say: where it is, how tests are recognised, and when one is missing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Final, Self

import msgspec

from sendlens.errors import InvalidField
from sendlens.sources.esp.provider import Options, Paths
from sendlens.sources.mail.addresses import in_text
from sendlens.sources.mail.options import Address

_HEADER: Final = re.compile(r"[!-9;-~]{1,100}")
_TEST: Final = "{test}"
_NAME: Final = r"[^\s\[\](){}<>]{1,200}?"
_END: Final = r"(?!\S)"


class SeedOptions(Options, frozen=True, kw_only=True):
    """Which mailbox it is, and how its mails are read.

    In `campaign_from` stand names of headers, looked at before those that are known.
    """

    mailbox: str = ""
    """The mailbox: imaps://user@host, or imap://user@host with STARTTLS; empty to look into none."""
    address: str = ""
    """Address of the seed as it stands on your list; the user of the mailbox if empty."""
    provider: str = ""
    """Mailbox provider of the seed; concluded from its domain if empty."""
    every_seconds: Annotated[int, msgspec.Meta(ge=60, le=86_400)] = 300
    """How long to wait between two looks."""
    missing_after_minutes: Annotated[int, msgspec.Meta(ge=5, le=20_160)] = 120
    """How long after its sending a test that was not found is missing."""
    spam_folder: str = ""
    """The folder for spam; the one that the server marks as such if empty."""
    test_from: Paths = ()
    """Headers that name the test, before X-Sendlens-Test; the campaign names it without."""
    subject: str = ""
    """Where the test's name stands in the subject, such as [{test}], if no header names it."""

    @classmethod
    def of(cls, settings: Mapping[str, object]) -> Self:
        """Return the options in a source's settings. Raises `InvalidField` naming the one that cannot be used."""
        told = super().of(settings)
        for option in ("test_from", "campaign_from"):
            for name in getattr(told, option):
                if not _HEADER.fullmatch(name):
                    raise InvalidField(option, name, "the name of a header")
        if told.subject and (told.subject.count(_TEST) != 1 or told.subject.strip() == _TEST):
            raise InvalidField("subject", told.subject, "a piece of the subject with {test} in it, such as [{test}]")
        if any(ord(char) < 32 or char in '"\\' for char in told.spam_folder):
            raise InvalidField("spam_folder", told.spam_folder, "the name of a folder")
        if told.mailbox:
            if Address.of(told.mailbox).scheme not in ("imaps", "imap"):
                raise InvalidField("mailbox", told.mailbox, "a seed mailbox is looked into by IMAP: imaps://user@host")
            if len(in_text(told.seed)) != 1:
                raise InvalidField("address", told.seed, "the address of the seed, such as seed1@example.com")
        return told

    @property
    def seed(self) -> str:
        """The address of the seed, in lower case."""
        where = Address.of(self.mailbox)
        return (self.address or (where.user if "@" in where.user else f"{where.user}@{where.host}")).lower()

    def in_subject(self, subject: str) -> str:
        """Return the name of the test that stands in a subject, empty if none does."""
        if not self.subject:
            return ""
        before, _, after = map(re.escape, self.subject.partition(_TEST))
        found = re.search(rf"{before}\s*({_NAME})\s*{after or _END}", subject)
        return found[1] if found else ""
