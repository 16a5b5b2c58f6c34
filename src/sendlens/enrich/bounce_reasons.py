"""The reasons for a refusal, the class each stands for, and the shape of a rule that finds one.

Owns names that are public values in tables and filters: add, but do not rename.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from sendlens.model.events import BounceClass

REASONS: Final[dict[str, tuple[BounceClass, str]]] = {
    "mailbox_unknown": (BounceClass.HARD, "The address does not exist."),
    "mailbox_inactive": (BounceClass.HARD, "The mailbox was disabled, closed or moved."),
    "domain_unknown": (BounceClass.HARD, "The domain does not exist or takes no mail."),
    "invalid": (BounceClass.HARD, "The address is not well formed."),
    "mailbox_full": (BounceClass.SOFT, "The mailbox is over its quota."),
    "greylisted": (BounceClass.SOFT, "The server wants the sender to come again later."),
    "timeout": (BounceClass.SOFT, "The message waited too long, or the server stopped answering."),
    "connection": (BounceClass.SOFT, "The server could not be reached or closed the connection."),
    "server": (BounceClass.SOFT, "The receiving server has a trouble of its own."),
    "routing": (BounceClass.SOFT, "The message went in circles or no way leads to the mailbox."),
    "too_large": (BounceClass.SOFT, "The message is larger than the receiver allows."),
    "rate_limited": (BounceClass.BLOCK, "Too many messages or connections in a short time."),
    "reputation": (BounceClass.BLOCK, "The sending address or domain is listed or distrusted."),
    "authentication": (BounceClass.BLOCK, "SPF, DKIM, DMARC, reverse DNS or TLS is missing or wrong."),
    "content": (BounceClass.BLOCK, "The message was judged spam, a virus, phishing or ill-formed."),
    "policy": (BounceClass.BLOCK, "A rule of the receiver or the sender's provider forbids it."),
    "relay": (BounceClass.BLOCK, "The server does not take mail for this domain."),
    "suppressed": (BounceClass.UNDETERMINED, "The sender's provider holds the address on a list and did not try."),
    "sending": (BounceClass.UNDETERMINED, "The sender's provider could not make or send the message."),
    "protocol": (BounceClass.UNDETERMINED, "The two servers misunderstood each other."),
    "auto_reply": (BounceClass.UNDETERMINED, "An automatic answer, not a refusal."),
    "unknown": (BounceClass.UNDETERMINED, "Nothing told why."),
}
"""Reason -> the class it stands for, and what it means."""


class Rule(NamedTuple):
    """One row of a table of rules; the first rule that matches decides.

    `phrases` are lower case with `;` between them, and any of them is enough; ` * ` stands for up to 40 characters
    and `_` for a blank at the edge of a phrase. `near` is a pair of patterns that stand close together in one
    sentence, in any order; it counts like a phrase. `codes` are enhanced status codes (RFC 3463) in which `x` stands
    for 4 or 5 and `*` for any number; `smtp` are three-digit codes, 0 for none. Where a rule has phrases and codes,
    both must match. `bounce_class` is given only where it differs from its reason's. `confidence` is ours, 0 to 100.
    """

    name: str
    reason: str
    confidence: int
    phrases: str = ""
    codes: str = ""
    smtp: str = ""
    bounce_class: BounceClass | None = None
    near: tuple[str, str] | None = None
