"""Vocabularies of bounces that several providers share, mapped to our classes.

Owns the numeric classes of SparkPost's and Mandrill's classifiers and the category words of PowerMTA and KumoMTA.
"""

from __future__ import annotations

from typing import Final

from sendlens.model.events import BounceClass

NUMERIC: Final[dict[str, str]] = {
    "1": BounceClass.UNDETERMINED,
    "10": BounceClass.HARD,  # invalid recipient
    "20": BounceClass.SOFT,
    "21": BounceClass.SOFT,  # DNS failure
    "22": BounceClass.SOFT,  # mailbox full
    "23": BounceClass.BLOCK,  # too large
    "24": BounceClass.SOFT,  # timeout
    "25": BounceClass.BLOCK,  # refused by the sender's own policy
    "30": BounceClass.HARD,  # no recipient could be told from the bounce
    "40": BounceClass.UNDETERMINED,  # no reason could be told
    "50": BounceClass.BLOCK,
    "51": BounceClass.BLOCK,  # listed as a spammer
    "52": BounceClass.BLOCK,  # content looks like spam
    "53": BounceClass.BLOCK,  # attachment
    "54": BounceClass.BLOCK,  # relaying denied
    "60": BounceClass.SOFT,  # auto-reply
    "70": BounceClass.SOFT,
    "80": BounceClass.UNDETERMINED,  # a request to subscribe
    "90": BounceClass.UNDETERMINED,  # a request to unsubscribe
    "100": BounceClass.SOFT,  # challenge-response
}
"""SparkPost's `bounce_class` and Mandrill's `bgtools_code`."""

WORDS: Final[dict[str, str]] = {
    "badmailbox": BounceClass.HARD,
    "baddomain": BounceClass.HARD,
    "inactivemailbox": BounceClass.HARD,
    "invalidrecipient": BounceClass.HARD,
    "invaliddomain": BounceClass.HARD,
    "quotaissues": BounceClass.SOFT,
    "mailboxfull": BounceClass.SOFT,
    "noanswerfromhost": BounceClass.SOFT,
    "badconnection": BounceClass.SOFT,
    "messageexpired": BounceClass.SOFT,
    "routingerrors": BounceClass.SOFT,
    "protocolerrors": BounceClass.SOFT,
    "transientfailure": BounceClass.SOFT,
    "dnsfailure": BounceClass.SOFT,
    "greylisting": BounceClass.SOFT,
    "autoreply": BounceClass.SOFT,
    "spam": BounceClass.BLOCK,
    "spamrelated": BounceClass.BLOCK,
    "spamblock": BounceClass.BLOCK,
    "spamcontent": BounceClass.BLOCK,
    "contentrelated": BounceClass.BLOCK,
    "policyrelated": BounceClass.BLOCK,
    "virusrelated": BounceClass.BLOCK,
    "prohibitedattachment": BounceClass.BLOCK,
    "relayingissues": BounceClass.BLOCK,
    "relayingdenied": BounceClass.BLOCK,
    "relaydenied": BounceClass.BLOCK,
    "authenticationfailed": BounceClass.BLOCK,
    "invalidsender": BounceClass.BLOCK,
    "badconfiguration": BounceClass.BLOCK,
    "messagetoolarge": BounceClass.BLOCK,
    "blocked": BounceClass.BLOCK,
    "other": BounceClass.UNDETERMINED,
    "undetermined": BounceClass.UNDETERMINED,
    "unrecognized": BounceClass.UNDETERMINED,
}
"""Category words without spaces, dashes and underscores, in lower case; see `of_word`."""


def of_word(category: str) -> str:
    """Return our class of a category word such as `bad-mailbox`, `BadMailbox` or `mailbox_full`; empty if unknown.

    >>> of_word("quota-issues")
    <BounceClass.SOFT: 'soft'>
    """
    return WORDS.get("".join(char for char in category.lower() if char.isalpha()), "")
