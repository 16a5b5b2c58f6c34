"""Where the simulated recipients have their mailboxes: domains, their shares, their mail exchangers.

Owns one table. The provider names are those by which Sendlens reports; a test compares them.
"""

from __future__ import annotations

from typing import Final, NamedTuple


class Mailbox(NamedTuple):
    """One recipient domain.

    `provider` is what the domain, or the exchanger named in an event, gives away. `habit` names the row of readers in
    `clients`. `loop` tells whether the provider reports complaints. `trouble` multiplies blocks and deferrals.
    """

    domain: str
    provider: str
    mx: str
    share: float
    habit: str
    loop: bool = False
    trouble: float = 1.0
    business: bool = False


_M365: Final = "mail.protection.outlook.com"

MAILBOXES: Final = (
    Mailbox("gmail.com", "gmail", "gmail-smtp-in.l.google.com", 0.440, "gmail"),
    Mailbox("googlemail.com", "gmail", "gmail-smtp-in.l.google.com", 0.012, "gmail"),
    Mailbox("yahoo.com", "yahoo_aol", "mta5.am0.yahoodns.net", 0.085, "yahoo", loop=True, trouble=1.8),
    Mailbox("aol.com", "yahoo_aol", "mx-aol.mail.gm0.yahoodns.net", 0.022, "yahoo", loop=True, trouble=1.8),
    Mailbox("ymail.com", "yahoo_aol", "mta6.am0.yahoodns.net", 0.006, "yahoo", loop=True, trouble=1.8),
    Mailbox(
        "hotmail.com",
        "microsoft_consumer",
        "hotmail-com.olc.protection.outlook.com",
        0.058,
        "microsoft",
        loop=True,
        trouble=1.5,
    ),
    Mailbox(
        "outlook.com",
        "microsoft_consumer",
        "outlook-com.olc.protection.outlook.com",
        0.050,
        "microsoft",
        loop=True,
        trouble=1.5,
    ),
    Mailbox(
        "live.com",
        "microsoft_consumer",
        "live-com.olc.protection.outlook.com",
        0.013,
        "microsoft",
        loop=True,
        trouble=1.5,
    ),
    Mailbox("icloud.com", "apple", "mx01.mail.icloud.com", 0.052, "apple", trouble=0.7),
    Mailbox("me.com", "apple", "mx02.mail.icloud.com", 0.009, "apple", trouble=0.7),
    Mailbox("gmx.de", "united_internet", "mx00.emig.gmx.net", 0.022, "webmail", loop=True, trouble=1.3),
    Mailbox("gmx.net", "united_internet", "mx01.emig.gmx.net", 0.010, "webmail", loop=True, trouble=1.3),
    Mailbox("web.de", "united_internet", "mx-ha02.web.de", 0.020, "webmail", loop=True, trouble=1.3),
    Mailbox("t-online.de", "t_online", "mx00.t-online.de", 0.012, "webmail", trouble=2.0),
    Mailbox("comcast.net", "comcast", "mx1a1.comcast.net", 0.014, "webmail", loop=True),
    Mailbox("orange.fr", "orange", "smtp-in.orange.fr", 0.012, "webmail", trouble=1.6),
    Mailbox("proton.me", "proton", "mail.protonmail.ch", 0.009, "private", trouble=0.5),
    Mailbox("fastmail.com", "fastmail", "in1-smtp.messagingengine.com", 0.004, "private", trouble=0.5),
    # Organisations. Only the exchanger tells who runs their mail; a source that does not name it leaves the domain.
    Mailbox(
        "alderstone.example",
        "microsoft_365",
        f"alderstone-example.{_M365}",
        0.022,
        "office",
        trouble=1.2,
        business=True,
    ),
    Mailbox(
        "bluequarry.example",
        "microsoft_365",
        f"bluequarry-example.{_M365}",
        0.018,
        "office",
        trouble=1.2,
        business=True,
    ),
    Mailbox(
        "castleford-legal.example",
        "microsoft_365",
        f"castlefordlegal-example.{_M365}",
        0.014,
        "office",
        trouble=1.2,
        business=True,
    ),
    Mailbox(
        "delta-freight.example",
        "microsoft_365",
        f"deltafreight-example.{_M365}",
        0.012,
        "office",
        trouble=1.2,
        business=True,
    ),
    Mailbox(
        "eastbridge-health.example",
        "microsoft_365",
        f"eastbridge-example.{_M365}",
        0.010,
        "office",
        trouble=1.2,
        business=True,
    ),
    Mailbox(
        "fernhill.example", "microsoft_365", f"fernhill-example.{_M365}", 0.008, "office", trouble=1.2, business=True
    ),
    Mailbox("birchlabs.example", "google_workspace", "aspmx.l.google.com", 0.018, "workspace", business=True),
    Mailbox("copperleaf.example", "google_workspace", "aspmx.l.google.com", 0.012, "workspace", business=True),
    Mailbox("dunes-studio.example", "google_workspace", "alt1.aspmx.l.google.com", 0.008, "workspace", business=True),
    Mailbox(
        "ashgrove-college.example",
        "ashgrove-college.example",
        "mx1.ashgrove-college.example",
        0.009,
        "office",
        trouble=1.4,
        business=True,
    ),
    Mailbox(
        "brightwater-council.example",
        "brightwater-council.example",
        "mail.brightwater-council.example",
        0.007,
        "office",
        trouble=1.4,
        business=True,
    ),
    Mailbox(
        "cobalt-tools.example",
        "cobalt-tools.example",
        "mx.cobalt-tools.example",
        0.005,
        "office",
        trouble=1.4,
        business=True,
    ),
)
"""Recipient domains and their share of the people; the shares are scaled to one."""
