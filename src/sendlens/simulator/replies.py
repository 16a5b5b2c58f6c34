"""What receiving servers answer: our own wording, after the manner of the large providers.

Owns one table. The class is the truth that the bounce classifier is measured against.
"""

# ruff: noqa: E501 - an answer is one line, as servers send it.
from __future__ import annotations

from typing import Final, NamedTuple


class Reply(NamedTuple):
    """One answer; `providers` lists who speaks like this, empty for everybody else."""

    kind: str
    smtp_code: int
    enhanced_code: str
    text: str
    reason: str
    providers: tuple[str, ...] = ()


_GOOGLE: Final = ("gmail", "google_workspace")
_MICROSOFT: Final = ("microsoft_consumer", "microsoft_365")
_YAHOO: Final = ("yahoo_aol",)

REPLIES: Final = (
    Reply(
        "hard",
        550,
        "5.1.1",
        "The email account that you tried to reach does not exist. Please check the address for typing errors.",
        "no_such_user",
        _GOOGLE,
    ),
    Reply("hard", 550, "5.2.1", "The email account that you tried to reach is disabled.", "inactive", _GOOGLE),
    Reply(
        "hard",
        550,
        "5.5.0",
        "Requested action not taken: mailbox unavailable; recipient not found",
        "no_such_user",
        ("microsoft_consumer",),
    ),
    Reply(
        "hard",
        550,
        "5.1.10",
        "RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup",
        "no_such_user",
        ("microsoft_365",),
    ),
    Reply(
        "hard",
        554,
        "5.0.0",
        "delivery error: This user doesn't have an account here, mailbox not found",
        "no_such_user",
        _YAHOO,
    ),
    Reply("hard", 550, "5.1.1", "User unknown: no mailbox by that name is currently available", "no_such_user"),
    Reply("hard", 550, "5.1.1", "No such user here", "no_such_user"),
    Reply("hard", 550, "5.1.2", "Host unknown: the domain of the recipient does not exist", "no_such_domain"),
    Reply(
        "soft",
        452,
        "4.2.2",
        "The recipient's inbox is out of storage space. Please direct the recipient to free up space.",
        "mailbox_full",
        _GOOGLE,
    ),
    Reply("soft", 552, "5.2.2", "Mailbox full: the recipient has exceeded the storage quota", "mailbox_full"),
    Reply("soft", 421, "4.4.2", "Connection timed out while the message was being transferred", "timeout"),
    Reply("soft", 451, "4.3.0", "Temporary local problem, please try again later", "temporary"),
    Reply(
        "block",
        550,
        "5.7.1",
        "Our system has detected that this message is likely unsolicited mail. To reduce the amount of spam, this message has been blocked.",
        "spam",
        _GOOGLE,
    ),
    Reply(
        "block",
        550,
        "5.7.26",
        "This mail has been blocked because the sender is unauthenticated: SPF and DKIM did not pass",
        "authentication",
        _GOOGLE,
    ),
    Reply(
        "block",
        550,
        "5.7.1",
        "Unfortunately, messages from this sending address were not sent: part of their network is on our block list",
        "reputation",
        _MICROSOFT,
    ),
    Reply("block", 554, "5.7.9", "Message not accepted for policy reasons", "policy", _YAHOO),
    Reply(
        "block", 554, "5.7.1", "Service unavailable; the sending address is listed on a public block list", "blocklist"
    ),
    Reply("block", 550, "5.7.1", "Message rejected due to local policy: content looks like spam", "content"),
    Reply(
        "deferred",
        421,
        "4.7.28",
        "Unusual rate of unsolicited mail originating from this sender. To protect our users, mail has been temporarily rate limited.",
        "rate",
        _GOOGLE,
    ),
    Reply("deferred", 451, "4.7.500", "Server busy. Please try again later from this address", "rate", _MICROSOFT),
    Reply(
        "deferred",
        421,
        "4.7.0",
        "Messages temporarily deferred due to unexpected volume or user complaints",
        "rate",
        _YAHOO,
    ),
    Reply("deferred", 450, "4.2.0", "Greylisted, please try again in a few minutes", "greylisted"),
    Reply("deferred", 451, "4.3.2", "System not accepting network messages at the moment, please retry", "temporary"),
    Reply(
        "out_of_band",
        550,
        "5.1.1",
        "The message was accepted and later returned: the mailbox does not exist",
        "no_such_user",
    ),
    Reply(
        "out_of_band",
        550,
        "5.2.1",
        "The message was accepted and later returned: mailbox disabled, not accepting messages",
        "inactive",
    ),
    Reply("dropped", 0, "", "", "suppressed"),
)

BOUNCE_CLASS: Final = {"hard": "hard", "soft": "soft", "block": "block", "out_of_band": "hard"}


def choices(kind: str, provider: str) -> tuple[int, ...]:
    """Return the numbers of the replies of a kind that a provider gives: its own, or else the general ones."""
    own = tuple(n for n, reply in enumerate(REPLIES) if reply.kind == kind and provider in reply.providers)
    return own or tuple(n for n, reply in enumerate(REPLIES) if reply.kind == kind and not reply.providers)
