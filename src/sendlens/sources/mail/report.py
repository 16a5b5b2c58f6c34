"""What a mail reports of one recipient, whichever form it was written in."""

from __future__ import annotations

import msgspec


class Reported(msgspec.Struct, frozen=True, kw_only=True):
    """What happened to one recipient.

    `action` is RFC 3464's word: failed, delayed, delivered, relayed or expanded. `recipient` is the address as the
    sender wrote it, `final` the one it had become where that differs. `form` names the detector that found it.
    """

    recipient: str
    final: str = ""
    action: str = "failed"
    status: str = ""
    """Enhanced status code, such as 5.1.1."""
    diagnostic: str = ""
    """What the receiving server said, or else the sentence of the mail that says why."""
    remote_mta: str = ""
    at: int = 0
    """When, in UTC milliseconds; 0 if the report does not say."""
    form: str
