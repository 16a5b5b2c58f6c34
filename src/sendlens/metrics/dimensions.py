"""The table of dimensions: what figures can be broken down and filtered by, and which tables can tell.

Owns names, help and the column of every table that knows the dimension; `docs/dimensions.md` is made from this table.
Leaves to `compile` which table is asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from sendlens.errors import InvalidField

Level = Literal["rollup", "message", "event", "time"]
"""The coarsest family of tables that knows a dimension."""

ENGAGEMENT: Final = frozenset(
    [
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
        "opens",
        "opens_human",
        "clicks",
        "clicks_human",
    ]
)
CONVERSION: Final = frozenset({"converted", "conversions", "revenue"})
_LINKS: Final = frozenset(
    [
        "clicked",
        "clicked_human",
        "clicks",
        "clicks_human",
        "unsubscribed",
        "unsubscribed_human",
        "unsubscribed_link",
        "unsubscribed_one_click",
        "unsubscribed_mailto",
    ]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dimension:
    """One thing to break down or filter by.

    `column` is its name in the roll-ups and in `messages`; `event` its expression over `events`, for what only events
    know; `tells` the measures that such a dimension can tell (nobody knows the device of a delivery). The last six are
    its columns in the other families of tables (`measures.Home`), empty where they do not know it.
    """

    key: str
    label: str
    level: Level
    help: str
    column: str = ""
    event: str = ""
    tells: frozenset[str] = frozenset()
    campaigns: str = ""
    spend: str = ""
    dmarc: str = ""
    tls: str = ""
    placements: str = ""
    readings: str = ""
    filterable: bool = True


_TABLE: Final = (
    Dimension(
        key="campaign", label="Campaign", level="rollup", column="campaign_id", campaigns="campaign_id",
        spend="campaign_id", placements="campaign_id", readings="campaign_id",
        help="The campaign, shown by its name. `contains` also looks at the name.",
    ),
    Dimension(
        key="provider", label="Mailbox provider", level="rollup", column="provider", placements="provider",
        readings="provider",
        help="Who runs the recipient's mailbox: gmail, microsoft_365 and so on, or the domain itself.",
    ),
    Dimension(
        key="sending_domain", label="Sending domain", level="rollup", column="sending_domain", dmarc="domain",
        tls="domain", placements="sending_domain", readings="sending_domain",
        help="The domain the mail was sent from.",
    ),
    Dimension(
        key="segment", label="Segment", level="rollup", column="segment", campaigns="segment", readings="segment",
        help="The recipient list or segment the mail was meant for.",
    ),
    Dimension(
        key="template", label="Template", level="rollup", column="template_id", campaigns="template_id",
        readings="template_id",
        help="The template the mail was made from.",
    ),
    Dimension(
        key="variant", label="Variant", level="rollup", column="variant", readings="variant",
        help="The arm of an experiment, such as A or B.",
    ),
    Dimension(
        key="stream", label="Stream", level="rollup", column="stream", campaigns="stream", readings="stream",
        help="Marketing, transactional, or the sender's own name for a stream.",
    ),
    Dimension(
        key="recipient_domain", label="Recipient domain", level="message", column="recipient_domain",
        readings="recipient_domain",
        help="The domain of the recipient's address.",
    ),
    Dimension(
        key="channel", label="Channel", level="message", column="channel", campaigns="channel", spend="channel",
        readings="channel",
        help="E-mail, or the other channel a contact or advertisement used.",
    ),
    Dimension(
        key="pool", label="IP pool", level="message", column="pool", readings="pool",
        help="The pool of sending addresses.",
    ),
    Dimension(
        key="bounce_class", label="Bounce class", level="message", column="bounce_class",
        help="hard, soft, block or undetermined; empty for messages that did not bounce.",
    ),
    Dimension(
        key="bounce_reason", label="Bounce reason", level="message", column="bounce_reason",
        help="The finer reason of the message's last bounce.",
    ),
    Dimension(
        key="device", label="Device", level="event", event="device", tells=ENGAGEMENT, readings="device",
        help="desktop, mobile, tablet, proxy, bot or unknown, of whoever opened or clicked.",
    ),
    Dimension(
        key="client", label="Mail client", level="event", event="client", tells=ENGAGEMENT, readings="client",
        help="The mail client or browser that opened or clicked.",
    ),
    Dimension(
        key="os", label="Operating system", level="event", event="os", tells=ENGAGEMENT, readings="os",
        help="The operating system that opened or clicked.",
    ),
    Dimension(
        key="country", label="Country", level="event", event="country", tells=ENGAGEMENT | CONVERSION,
        readings="country",
        help="The country of the open, click or conversion, as two letters.",
    ),
    Dimension(
        key="link", label="Link", level="event", event="if(link_url = '', toString(link_id), link_url)", tells=_LINKS,
        help="The address that was clicked, or the link's id where the source tells no address.",
    ),
    Dimension(
        key="actor", label="Actor", level="event", event="actor", tells=ENGAGEMENT,
        help="human, proxy, machine or unknown: who caused the open or click.",
    ),
    Dimension(
        key="conversion_type", label="Kind of conversion", level="event", event="conversion_type", tells=CONVERSION,
        help="Purchase, sign-up, download or whatever the shop calls it.",
    ),
    Dimension(
        key="product", label="Product", level="event", event="product_id", tells=CONVERSION,
        help="The product of a conversion.",
    ),
    Dimension(
        key="category", label="Product category", level="event", event="category", tells=CONVERSION,
        help="The category of a conversion.",
    ),
    Dimension(
        key="source_ip", label="Sending address", level="event", event="sending_ip", dmarc="source_ip",
        help="The IP address that DMARC reports saw mail come from.",
    ),
    Dimension(
        key="reporter", label="Reporter", level="event", event="''", dmarc="org", tls="org",
        help="Who sent the DMARC or TLS report.",
    ),
    Dimension(
        key="minute", label="Minute", level="time", filterable=False, help="The minute in the tenant's time zone.",
    ),
    Dimension(key="hour", label="Hour", level="time", filterable=False, help="The hour in the tenant's time zone."),
    Dimension(key="day", label="Day", level="time", filterable=False, help="The day in the tenant's time zone."),
    Dimension(
        key="week", label="Week", level="time", filterable=False,
        help="The week in the tenant's time zone, from Monday.",
    ),
    Dimension(key="month", label="Month", level="time", filterable=False, help="The month in the tenant's time zone."),
    Dimension(
        key="weekday", label="Day of the week", level="time",
        help="1 for Monday to 7 for Sunday, in the tenant's time zone.",
    ),
    Dimension(
        key="hour_of_day", label="Hour of the day", level="time", help="0 to 23, in the tenant's time zone.",
    ),
)  # fmt: skip

DIMENSIONS: Final[dict[str, Dimension]] = {dimension.key: dimension for dimension in _TABLE}
"""All dimensions by key, in the order in which they are shown."""

CYCLES: Final = {"weekday": "toDayOfWeek({at}, 0, {zone})", "hour_of_day": "toHour({at}, {zone})"}
"""Time dimensions that come round again, as expressions over a time; the others are buckets (`periods.edges`)."""


def dimension(key: str, field: str = "dimension") -> Dimension:
    """Return the dimension of that key. Raises `InvalidField` for `field`, naming all there are."""
    found = DIMENSIONS.get(key)
    if found is None:
        raise InvalidField(field, key, f"is not a dimension; there are {', '.join(DIMENSIONS)}")
    return found
