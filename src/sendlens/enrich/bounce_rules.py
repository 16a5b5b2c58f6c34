"""The order in which refusals are read, what bare codes mean, and what providers' own words mean.

Owns the order. Leaves wordings to `bounce_words_mailbox` and `bounce_words_block`, and the reading to `bounce`.

Words stand before codes on purpose. On real mail "5.x.x means the address is dead" is right about half the time: many
5.7.x are blocks, and full mailboxes come as 5.2.2.
"""

from __future__ import annotations

from typing import Final

from sendlens.enrich.bounce_gist import (
    ABOUT_CLIENT,
    ABOUT_MAILBOX,
    ABOUT_MESSAGE,
    ABOUT_SENDER,
    ABOUT_SERVER,
    ABOUT_SPAM,
)
from sendlens.enrich.bounce_marks import MARKS
from sendlens.enrich.bounce_reasons import Rule
from sendlens.enrich.bounce_words_abroad import (
    ABROAD_AUTOMATIC,
    ABROAD_BLOCK,
    ABROAD_DOMAIN,
    ABROAD_FULL,
    ABROAD_INACTIVE,
    ABROAD_NETWORK,
    ABROAD_UNKNOWN,
)
from sendlens.enrich.bounce_words_block import (
    AUTHENTICATION,
    CHOICE,
    CONTENT,
    LISTS,
    PACE,
    POLICY,
    RELAY,
    REPUTATION,
    SIZE,
    SUPPRESSION,
)
from sendlens.enrich.bounce_words_mailbox import (
    ADDRESS,
    AUTOMATIC,
    FULL,
    INACTIVE,
    NETWORK,
    UNKNOWN_DOMAIN,
    UNKNOWN_MAILBOX,
)
from sendlens.model.events import BounceClass

# Codes that mean one thing.
CLEAR_CODES: Final = (
    Rule("unknown_code", "mailbox_unknown", 88, codes="x.1.1 5.1.10 5.1.4 5.1.5 5.7.17"),
    Rule("syntax_code", "invalid", 85, codes="5.1.3"),
    Rule("sender_code", "authentication", 75, codes="x.1.7 x.1.8 x.1.9"),
    Rule(
        "authentication_code",
        "authentication",
        85,
        codes="x.7.20 x.7.21 x.7.22 x.7.23 x.7.24 x.7.25 x.7.26 x.7.27 x.7.29 x.7.30 x.7.32 x.7.40 x.7.509 x.7.515",
    ),
)

# Microsoft says this of addresses that are not there; so do others, with a code that says no more.
UNAVAILABLE: Final = (
    Rule(
        "unavailable",
        "mailbox_unknown",
        65,
        """
        mailbox unavailable; mailbox not available; mailbox is unavailable; recipient unavailable;
        action not taken: mailbox
        """,
        smtp="550 551 553 554 0",
    ),
)

# A server that says 5.7 and "rejected" gives no trouble of its own as the reason, whatever "unavailable" it adds.
REFUSED_BY_RULE: Final = (Rule("refused_by_rule", "policy", 75, "reject; refuse; denied; blocked", codes="5.7.*"),)

SERVER_CODE: Final = (Rule("server_code", "server", 75, codes="x.3.0 x.3.1 x.3.2 x.3.5 4.2.0 4.3.*"),)

# What the general codes say, after the provider's own word was asked.
CODES: Final = (
    Rule("address_for_now", "unknown", 50, codes="4.1.*", bounce_class=BounceClass.SOFT),
    Rule("relay_smtp", "relay", 45, smtp="551"),
    Rule("policy_code", "policy", 65, codes="x.7.*"),
    Rule("network_code", "connection", 60, codes="x.4.*"),
    Rule("system_code", "server", 55, codes="x.3.*"),
    Rule("mailbox_code", "unknown", 45, codes="x.2.*", bounce_class=BounceClass.SOFT),
    Rule("address_code", "mailbox_unknown", 60, codes="5.1.*"),
    Rule("protocol_code", "protocol", 55, codes="x.5.*"),
)

# Words that fit many refusals, and codes that fit nearly all: last, and with little confidence.
WEAK: Final = (
    Rule(
        "recipient_refused",
        "mailbox_unknown",
        60,
        """
        recipient address rejected; address rejected; rcpt to; rcpt failed; invalid; not deliverable;
        rejected recipient; recipient refused;
        undeliverable to; unknown
        """,
        smtp="550 551 553",
    ),
    Rule(
        "says_hard",
        "unknown",
        60,
        """
        hard bounce; hard_bounce; hardbounce; permanent failure for one or more
        """,
        bounce_class=BounceClass.HARD,
    ),
    Rule("says_denied", "policy", 45, "denied; refused; prohibit"),
    Rule("says_soft", "unknown", 60, "soft bounce; soft_bounce; softbounce", bounce_class=BounceClass.SOFT),
    Rule("says_block", "reputation", 55, "blocked; block; spam; reject"),
    Rule("smtp_sequence", "protocol", 60, smtp="500 501 502 503 504 555"),
    Rule("smtp_storage", "mailbox_full", 55, smtp="552"),
    Rule("smtp_storage_for_now", "server", 45, smtp="452"),
    Rule("smtp_closing", "connection", 45, smtp="421"),
    Rule("smtp_server", "server", 40, smtp="451 454 455"),
    Rule("smtp_for_now", "unknown", 40, smtp="4*", bounce_class=BounceClass.SOFT),
    Rule("smtp_name", "invalid", 50, smtp="553"),
)

# What a provider's own word for a reason means, when the server's words decided nothing. Read with `_`, `-`, blanks and
# case taken out.
TOLD: Final[dict[str, str]] = {
    "badmailbox": "mailbox_unknown",
    "invalidmailbox": "mailbox_unknown",
    "noemail": "mailbox_unknown",
    "unknownuser": "mailbox_unknown",
    "userunknown": "mailbox_unknown",
    "mailboxdoesnotexist": "mailbox_unknown",
    "invalidrecipient": "mailbox_unknown",
    "badmailboxaddress": "mailbox_unknown",
    "mailboxfull": "mailbox_full",
    "mailboxinactive": "mailbox_inactive",
    "mailboxdisabled": "mailbox_inactive",
    "inactivemailbox": "mailbox_inactive",
    "invaliddomain": "domain_unknown",
    "baddomain": "domain_unknown",
    "nomailhost": "domain_unknown",
    "dnserror": "domain_unknown",
    "dnsfailure": "domain_unknown",
    "invalid": "invalid",
    "invalidemail": "invalid",
    "invalidaddress": "invalid",
    "messagetoolarge": "too_large",
    "toolarge": "too_large",
    "contentrejected": "content",
    "attachmentrejected": "content",
    "spam": "content",
    "spamcontent": "content",
    "spamdetected": "content",
    "virusnotification": "content",
    "spamblock": "reputation",
    "ipblocked": "reputation",
    "blocked": "policy",
    "policyrelated": "policy",
    "policyrejection": "policy",
    "policyissue": "policy",
    "relaying": "relay",
    "relayingissue": "relay",
    "authentication": "authentication",
    "dmarcpolicy": "authentication",
    "ratelimit": "rate_limited",
    "quotaexceeded": "mailbox_full",
    "greylisted": "greylisted",
    "timeout": "timeout",
    "expired": "timeout",
    "connectionissues": "connection",
    "connectionerror": "connection",
    "unreachable": "connection",
    "networkerror": "connection",
    "protocolerror": "protocol",
    "technical": "server",
    "technicalfailure": "server",
    "systemissue": "server",
    "serviceunavailable": "server",
    "suppressed": "suppressed",
    "onaccountsuppressionlist": "suppressed",
    "suppressbounce": "suppressed",
    "suppressunsubscribe": "suppressed",
    "suppresscomplaint": "suppressed",
    "preblocked": "suppressed",
    "duplicateinqueue": "sending",
    "unsubscribedaddress": "suppressed",
    "bouncedaddress": "suppressed",
    "spamreportingaddress": "suppressed",
    "recipientlistoverpackagequota": "sending",
    "renderingfailure": "sending",
    "testmodelimit": "sending",
    "invalidsender": "sending",
    "unsigned": "sending",
    "customrule": "sending",
    "autoresponder": "auto_reply",
    "autoreply": "auto_reply",
    "challengeverification": "policy",
    "undetermined": "unknown",
    "general": "unknown",
}

TOLD_OF_DROPPED: Final[dict[str, str]] = TOLD | {
    "bounce": "suppressed",
    "bounced": "suppressed",
    "hardbounce": "suppressed",
    "softbounce": "suppressed",
    "complaint": "suppressed",
    "unsub": "suppressed",
    "unsubscribed": "suppressed",
    "spam": "suppressed",
    "rule": "policy",
}
"""The same for a message that was never attempted: there, the word names why the address is on a list."""

RULES: Final = (
    *MARKS,
    *SUPPRESSION,
    *LISTS,
    *AUTHENTICATION,
    *RELAY,
    *UNKNOWN_DOMAIN,
    *ABROAD_DOMAIN,
    *FULL,
    *ABROAD_FULL,
    *SIZE,
    *PACE,
    *ADDRESS,
    *UNKNOWN_MAILBOX,
    *ABROAD_UNKNOWN,
    *CHOICE,
    *INACTIVE,
    *ABROAD_INACTIVE,
    *CONTENT,
    *ABROAD_BLOCK,
    *REPUTATION,
    *UNAVAILABLE,
    *ABOUT_SPAM,
    *REFUSED_BY_RULE,
    *NETWORK,
    *ABROAD_NETWORK,
    *AUTOMATIC,
    *ABROAD_AUTOMATIC,
    *CLEAR_CODES,
    *ABOUT_SENDER,
    *ABOUT_MAILBOX,
    *SERVER_CODE,
    *POLICY,
    *ABOUT_CLIENT,
    *ABOUT_MESSAGE,
    *ABOUT_SERVER,
)
"""Every rule that outweighs the provider's own word, in the order in which it is tried."""
