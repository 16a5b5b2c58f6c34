"""The canonical event and the other records that travel through the log.

Owns: the names, types and meaning of every field. Leaves to others: how a provider's payload becomes an event
(`sources`), what is derived from one (`enrich`), and how it is stored (`store`).
"""

from __future__ import annotations

import enum
from decimal import Decimal
from typing import Annotated, Final

import msgspec

from sendlens.model.reports import DmarcRecord, TlsReport


class EventType(enum.StrEnum):
    """What happened; the values are the public names used in the API, the tables and the docs."""

    INJECTED = "injected"
    DEFERRED = "deferred"
    DELIVERED = "delivered"
    BOUNCED = "bounced"
    DROPPED = "dropped"
    OPENED = "opened"
    CLICKED = "clicked"
    COMPLAINED = "complained"
    UNSUBSCRIBED = "unsubscribed"
    RESUBSCRIBED = "resubscribed"
    REPLIED = "replied"
    FORWARDED = "forwarded"
    SHARED = "shared"
    READ = "read"
    CONVERTED = "converted"
    TOUCHED = "touched"
    UNKNOWN = "unknown"


class Actor(enum.StrEnum):
    """Who caused an open, a click or an unsubscribe."""

    HUMAN = "human"
    PROXY = "proxy"
    MACHINE = "machine"
    UNKNOWN = "unknown"


class BounceClass(enum.StrEnum):
    """Why a message was refused, as far as sending practice is concerned; empty for events that are no bounces."""

    HARD = "hard"
    SOFT = "soft"
    BLOCK = "block"
    UNDETERMINED = "undetermined"


EVENT_TYPE_HELP: Final[dict[EventType, str]] = {
    EventType.INJECTED: "The provider or mail server accepted the message for sending.",
    EventType.DEFERRED: "The receiving server refused for now; the sender will try again.",
    EventType.DELIVERED: "The receiving server accepted the message.",
    EventType.BOUNCED: "The message was permanently not delivered, at once or after an earlier acceptance.",
    EventType.DROPPED: "The message was never attempted: suppressed, invalid, against policy, or not renderable.",
    EventType.OPENED: "The tracking pixel was fetched, by a person, a proxy or a machine.",
    EventType.CLICKED: "A tracked link was followed.",
    EventType.COMPLAINED: "A feedback loop reported the message as spam.",
    EventType.UNSUBSCRIBED: "The recipient left the list, by link, one-click header or mail.",
    EventType.RESUBSCRIBED: "The recipient undid an unsubscription.",
    EventType.REPLIED: "The recipient answered the message.",
    EventType.FORWARDED: "The recipient forwarded the message through a tracked function.",
    EventType.SHARED: "The recipient shared the message through a tracked function.",
    EventType.READ: "The message was on the screen for a measured time: `reason` is glanced, skimmed or read.",
    EventType.CONVERTED: "A purchase, sign-up, download, form, trial or upgrade, with an optional value.",
    EventType.TOUCHED: "A contact on another channel: an advertisement click, a text message, a visit.",
    EventType.UNKNOWN: "The source sent something that has no place in this table; it is kept raw and counted.",
}

MESSAGE_EVENTS: Final = frozenset(EventType) - {EventType.CONVERTED, EventType.TOUCHED, EventType.UNKNOWN}
"""Types that speak of one message to one recipient, and therefore need a recipient."""

LONGEST: Final[dict[str, int]] = {
    "id": 256,
    "message_id": 512,
    "campaign_id": 256,
    "recipient": 512,
    "link_url": 4096,
    "user_agent": 1024,
    "smtp_reply": 2048,
    "raw": 65_536,
}
"""Most characters kept of a text field; fields not listed keep `LONGEST_OTHER`."""

LONGEST_OTHER: Final = 256
MOST_METADATA: Final = 50

Milliseconds = Annotated[int, msgspec.Meta(ge=0)]
"""UTC milliseconds since 1970-01-01; 0 means "not told"."""


class Event(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True, gc=False):
    """One thing that happened to one message, recipient or customer, in Sendlens' own words.

    Texts are empty and numbers zero where the source did not tell. Times are UTC milliseconds. `tenant` and `source`
    are not here: they belong to the block that carries the event, because a sender cannot choose them. An event holds
    no reference back to itself, so the garbage collector need not look at the many of a batch (`gc=False`).
    """

    type: EventType
    native_type: str = ""
    """The source's own name of the type, kept so that a mapping can be checked and re-applied."""
    id: str = ""
    """The source's event id; with it, a repeated event is recognised whatever else changed."""
    occurred_at: Milliseconds = 0
    """When it happened, by the source's clock."""
    sent_at: Milliseconds = 0
    """When the source sent this event to us, by the source's clock; used to correct skew."""

    # The message and where it belongs
    message_id: str = ""
    message_sent_at: Milliseconds = 0
    """When the message itself was sent, if the source tells it on every event."""
    campaign_id: str = ""
    recipient: str = ""
    """An e-mail address, or any stable identifier of the person."""
    template_id: str = ""
    segment: str = ""
    variant: str = ""
    sending_domain: str = ""
    sender: str = ""
    """The address in From."""
    subject: str = ""
    pool: str = ""
    """IP pool or sending address group."""
    sending_ip: str = ""
    stream: str = ""
    """`marketing` or `transactional`, or the sender's own name for a stream."""
    channel: str = "email"
    untracked: bool = False
    """True where the message carries no open tracker, so that it stays out of open-rate denominators."""

    # Engagement
    link_url: str = ""
    link_id: str = ""
    link_position: int = -1
    """Place of the link in the HTML as sent, counted from 0; -1 where not told."""
    user_agent: str = ""
    ip: str = ""
    country: str = ""
    """ISO 3166 alpha-2 as told by the source."""
    machine: bool | None = None
    """The source's own verdict that a machine caused the event; None where it gave none."""

    # Delivery diagnostics
    mx: str = ""
    """Host that accepted or refused the message."""
    smtp_code: int = 0
    enhanced_code: str = ""
    smtp_reply: str = ""
    bounce_class: str = ""
    """The source's own class mapped to `BounceClass`; empty where it gave none."""
    reason: str = ""
    """The source's own word for why it bounced, was dropped, deferred or unsubscribed."""
    attempt: int = 0
    unsubscribe_method: str = ""
    """`link`, `one_click`, `mailto` or the source's own word."""

    # Conversion and touch
    conversion_type: str = ""
    value: Decimal | None = None
    currency: str = ""
    """ISO 4217 code; required with `value`."""
    order_id: str = ""
    product_id: str = ""
    category: str = ""
    quantity: int = 0

    tags: tuple[str, ...] = ()
    metadata: dict[str, str] = msgspec.field(default_factory=dict[str, str])
    raw: str = ""
    """The source's own event, kept for unknown types, and for all where the source says so."""


class Campaign(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """Facts about one campaign; a later record with the same `campaign_id` replaces an earlier one.

    `changed_at` orders two records about the same campaign (UTC milliseconds); the door fills it with the time of
    receipt where the sender gives none.
    """

    campaign_id: str
    name: str = ""
    type: str = ""
    subject: str = ""
    sender: str = ""
    template_id: str = ""
    segment: str = ""
    stream: str = ""
    channel: str = "email"
    total_sent: int = 0
    """How many recipients were targeted."""
    cost: Decimal | None = None
    budget: Decimal | None = None
    currency: str = ""
    started_at: Milliseconds = 0
    metadata: dict[str, str] = msgspec.field(default_factory=dict[str, str])
    changed_at: Milliseconds = 0


class Spend(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """Impressions, clicks and cost of one campaign on one channel in one hour.

    A later record for the same (campaign, channel, hour) replaces the earlier one, as advertising platforms restate
    their figures.
    """

    campaign_id: str
    channel: str
    hour: Milliseconds
    impressions: int = 0
    clicks: int = 0
    cost: Decimal = Decimal(0)
    currency: str = ""
    changed_at: Milliseconds = 0


class Gauge(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """One sampled value, such as the depth of a mail queue."""

    name: str
    value: float
    at: Milliseconds
    labels: dict[str, str] = msgspec.field(default_factory=dict[str, str])


class Where(enum.StrEnum):
    """Where the mail of a seed test was found."""

    INBOX = "inbox"
    SPAM = "spam"
    MISSING = "missing"


class Placement(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """Where a test's mail to one seed mailbox was found; a later record of the same test and seed replaces it."""

    test_id: str
    """Names the sending that was tested; a campaign's id does."""
    seed: str
    """Address of the seed mailbox."""
    placement: str
    """One of `Where`."""
    tab: str = ""
    """The inbox's tab or category, such as promotions, where the mailbox has them."""
    campaign_id: str = ""
    provider: str = ""
    """Mailbox provider of the seed; concluded from its domain if empty."""
    sending_domain: str = ""
    spf: str = ""
    """Result in Authentication-Results, such as pass; dkim and dmarc likewise."""
    dkim: str = ""
    dmarc: str = ""
    at: Milliseconds = 0
    """When the mail was sent; the time of receipt where it is not told."""
    changed_at: Milliseconds = 0


class RecordKind(enum.StrEnum):
    """Which record type a block of the log carries."""

    EVENT = "event"
    CAMPAIGN = "campaign"
    SPEND = "spend"
    GAUGE = "gauge"
    PLACEMENT = "placement"
    DMARC = "dmarc"
    TLS_REPORT = "tls_report"


Record = Event | Campaign | Spend | Gauge | Placement | DmarcRecord | TlsReport

RECORD_TYPES: Final[dict[RecordKind, type[Record]]] = {
    RecordKind.EVENT: Event,
    RecordKind.CAMPAIGN: Campaign,
    RecordKind.SPEND: Spend,
    RecordKind.GAUGE: Gauge,
    RecordKind.PLACEMENT: Placement,
    RecordKind.DMARC: DmarcRecord,
    RecordKind.TLS_REPORT: TlsReport,
}
