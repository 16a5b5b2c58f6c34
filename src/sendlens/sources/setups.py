"""How a person sets up a source of any kind: the providers' own steps, and those for what is ours.

Owns the steps and the words of options for mail, tracker, exporters and seed mailboxes. Those of providers are
`esp.setup`'s.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sendlens.sources.esp.setup import COMMON_OPTIONS, OPTIONS, SETUPS, Setup
from sendlens.sources.exporters import PROMETHEUS
from sendlens.sources.exporters.tables import EXPORTERS
from sendlens.sources.mail.options import PROVIDER as MAIL
from sendlens.sources.seeds import SEED
from sendlens.sources.tracking import TRACKER

_PACE: Final = "Seconds between two looks; empty for the default"

OWN_SETUPS: Final[dict[str, Setup]] = {
    TRACKER: Setup(
        (
            "Set SENDLENS_PUBLIC_URL to what recipients reach; best a name below your sending domain.",
            "Rewrite each message on its way out, before it is signed with DKIM: "
            "sendlens track {source} mail.eml --campaign spring --output out.eml",
            "Or do it where the mail is made, with sendlens.sources.tracking and the secret shown here. Pictures "
            "then begin with {address}, and links with the same but c for o.",
        ),
        "token",
        ("unsubscribe_mail",),
    ),
    MAIL: Setup(
        (
            "For a mailbox that Sendlens looks into, name it in the options, and give its password as the secret.",
            "For mail or reports that are posted, choose a token as the secret, and post to {address} with the token "
            "as bearer, or behind it as ?token=…; that is what rua of a TLS report policy names.",
        ),
        "copied",
        ("mailbox", "every_seconds", "afterwards", "move_to", "verp"),
    ),
    PROMETHEUS: Setup(
        (
            "Name the exporter's address in the options, such as http://mta1.example.com:8000/metrics.",
            "If it stands in a private network, SENDLENS_SCRAPE_NETWORKS must name that network.",
            "If it asks for a token, or user:password, give that as the secret.",
        ),
        "copied",
        ("address", "every_seconds", "exporters", "gauges", "prefix"),
    ),
    SEED: Setup(
        (
            "Put the seed's address on the lists that you send to, and let the mailbox have no rules of its own.",
            "Name the mailbox in the options, and give its password as the secret; Gmail, Yahoo and others want an app "
            "password.",
            "Let your mails carry their campaign in X-Campaign, or a test's name in X-Sendlens-Test.",
        ),
        "copied",
        (
            "mailbox",
            "address",
            "provider",
            "every_seconds",
            "missing_after_minutes",
            "spam_folder",
            "test_from",
            "subject",
        ),
    ),
}
"""For what is ours. A step may also name `{source}`, the id of the source."""

_WORDS: Final[dict[str, dict[str, str]]] = {
    TRACKER: {"unsubscribe_mail": "Mailbox for mails that ask to leave, such as leave@example.com; empty for none"},
    MAIL: {
        "mailbox": "Mailbox: imaps://user@host/Folder, maildir:/path or mbox:/path; empty if mails are posted",
        "every_seconds": _PACE,
        "afterwards": "What becomes of a mail that was read: seen, move, delete or keep",
        "move_to": "The folder for move",
        "verp": "Addresses that bounces come back to, such as b+{recipient}@bounce.example.com, one on each line",
        "campaign_from": "Headers of the returned message that name its campaign, one on each line",
    },
    PROMETHEUS: {
        "address": "Address of the exporter, such as http://mta1.example.com:8000/metrics",
        "every_seconds": _PACE,
        "exporters": f"Which exporters it may be, one on each line: {', '.join(EXPORTERS)}; empty for all",
        "gauges": 'Rules of your own, one on each line: exporters_name{label="value"} = gauge by label, other as ours',
        "prefix": "What stands before all names of the exporter",
    },
    SEED: {
        "mailbox": "Mailbox: imaps://user@host, with %40 for an @ in the user",
        "address": "Address of the seed on your list; empty if it is the user",
        "provider": "Mailbox provider; empty if the domain tells it",
        "every_seconds": _PACE,
        "missing_after_minutes": "Minutes after which a test that was not found is missing; empty for two hours",
        "spam_folder": "Folder for spam; empty for the one that the server marks",
        "test_from": "Headers that name the test, before X-Sendlens-Test, one on each line",
        "subject": "Where the test's name stands in the subject, such as [{test}]",
        "campaign_from": "Headers that name the campaign, one on each line",
    },
}
_COMMON: Final[Mapping[str, tuple[str, ...]]] = {TRACKER: (), PROMETHEUS: (), SEED: ("campaign_from",)}

ALL_SETUPS: Final[Mapping[str, Setup]] = {**SETUPS, **OWN_SETUPS}
"""By the kind of source; events in our own format need none."""


def option_words(kind: str) -> dict[str, str]:
    """Return the options that a form for this kind of source offers, in order, with their words."""
    setup = ALL_SETUPS.get(kind)
    names = (*(setup.options if setup else ()), *_COMMON.get(kind, COMMON_OPTIONS))
    words = OPTIONS | _WORDS.get(kind, {})
    return {name: words[name] for name in names}
