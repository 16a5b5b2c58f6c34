"""What a tracker's source may say about the messages that are sent with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

from sendlens.errors import InvalidField
from sendlens.sources.esp.provider import Options
from sendlens.sources.tracking.token import is_mailbox


class TrackerOptions(Options, frozen=True, kw_only=True):
    """How messages are written."""

    unsubscribe_mail: str = ""
    """Mailbox that a source of mail reads for mails that ask to leave; empty for none."""

    @classmethod
    def of(cls, settings: Mapping[str, object]) -> Self:
        """Return the options in a source's settings. Raises `InvalidField` naming the one that cannot be used."""
        told = super().of(settings)
        if told.unsubscribe_mail and not is_mailbox(told.unsubscribe_mail):
            raise InvalidField("unsubscribe_mail", told.unsubscribe_mail, "a mail address such as leave@example.com")
        return told
