"""The additive measures that metrics are made of, and where each is kept.

Owns names and homes. What a measure of a message *means* is defined once, in the store's `contributions` fragment;
leaves to `registry` what is divided by what.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Home = Literal["facts", "campaigns", "spend", "dmarc", "tls", "placements", "readings"]
"""A family of tables: messages and their events, campaigns, advertising, DMARC and TLS reports, seed mailboxes, and the
events that measure reading."""
Among = Literal["", "costed", "paid"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One quantity that may be summed over any set of messages, campaigns or hours.

    `home` is the family of tables that keeps it, `name` its name there, `money` whether it is an amount. `among`
    narrows it to campaigns with a cost (`costed`) or with advertising spend (`paid`), so that a return is never
    computed from revenue that no cost stands against.
    """

    key: str
    home: Home = "facts"
    name: str = ""
    money: bool = False
    among: Among = ""

    @property
    def stored_as(self) -> str:
        """Return the name under which the home table keeps this measure."""
        return self.name or self.key


_MESSAGES: Final = (
    "injected",
    "deferred",
    "sent",
    "delivered",
    "tracked_delivered",
    "bounced",
    "bounced_hard",
    "bounced_soft",
    "bounced_block",
    "bounced_undetermined",
    "dropped",
    "opened",
    "opened_human",
    "clicked",
    "clicked_human",
    "complained",
    "unsubscribed",
    "unsubscribed_human",
    "unsubscribed_link",
    "unsubscribed_one_click",
    "unsubscribed_mailto",
    "replied",
    "forwarded",
    "shared",
    "converted",
)
_TOTALS: Final = ("opens", "opens_human", "clicks", "clicks_human", "conversions")

_REPORTED: Final = ("mails", "passed", "dkim", "spf", "quarantined", "rejected")

MEASURES: Final[dict[str, Measure]] = {
    measure.key: measure
    for measure in (
        *(Measure(key=key) for key in (*_MESSAGES, *_TOTALS)),
        Measure(key="revenue", money=True),
        Measure(key="costed_revenue", name="revenue", money=True, among="costed"),
        Measure(key="paid_revenue", name="revenue", money=True, among="paid"),
        Measure(key="paid_conversions", name="conversions", among="paid"),
        Measure(key="targeted", home="campaigns"),
        Measure(key="cost", home="campaigns", money=True),
        Measure(key="impressions", home="spend"),
        Measure(key="ad_clicks", home="spend"),
        Measure(key="spend", home="spend", money=True),
        *(Measure(key=f"dmarc_{what}", home="dmarc") for what in _REPORTED),
        *(Measure(key=f"tls_{what}", home="tls") for what in ("sessions", "failed")),
        *(Measure(key=f"seeds_{what}", home="placements") for what in ("inbox", "spam", "missing")),
        *(Measure(key=key, home="readings") for key in ("readings", "glanced", "skimmed", "read", "reading_seconds")),
    )
}

PER_EVENT: Final = frozenset({*_TOTALS, "revenue"})
"""Measures that count events; the other facts count messages, each at most once."""
