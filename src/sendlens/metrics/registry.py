"""The table of metrics: a numerator, a denominator and a few facts about how to show and judge the result.

Owns every formula of the product; `docs/metrics.md` is made from this table. Adding a metric is adding a row. Leaves to
`measures` where a sum is kept, to `compile` how it is asked for, and to `figures` the division.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from sendlens.errors import InvalidField

Unit = Literal["ratio", "count", "money", "score", "seconds"]
Better = Literal["up", "down", "neutral"]
ClockName = Literal["send", "event"]
Sum = tuple[tuple[str, int], ...]
"""A weighted sum of measures: ((measure, weight), ...)."""


@dataclass(frozen=True, slots=True)
class Part:
    """One ratio of a composite score: its metric, the value that earns full marks, and its share of the score."""

    metric: str
    full: float
    share: float


@dataclass(frozen=True, slots=True)
class Caution:
    """A ratio that makes a metric unreliable above a limit, and the words that say so."""

    num: Sum
    den: Sum
    above: float
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """What a number is made of, and what a reader needs in order to trust it.

    The value is `scale * num / den` (or `scale * num` without `den`), not below `floor`. `min_den` is the least
    denominator at which the value says anything; `clock` the default clock: `send` puts everything a message ever
    does at the time it was sent, `event` puts each thing at the time it happened.
    """

    key: str
    label: str
    unit: Unit
    better: Better
    num: Sum = ()
    den: Sum = ()
    clock: ClockName = "send"
    min_den: int = 0
    scale: float = 1.0
    floor: float | None = None
    parts: tuple[Part, ...] = ()
    caution: Caution | None = None
    group: str
    formula: str
    help: str


def _of(*measures: str, **weights: int) -> Sum:
    return (*((key, 1) for key in measures), *weights.items())


ENGAGEMENT_POINTS: Final = _of(
    opened_human=1, clicked_human=3, forwarded=5, shared=5, replied=8, unsubscribed_human=-10, complained=-20
)
"""Points a message earns by what its recipient did; the machine's opens and clicks earn nothing."""

_MACHINE_OPENS: Final = Caution(
    num=_of(opened=1, opened_human=-1),
    den=_of("opened"),
    above=0.5,
    text="More than half of the openers were machines, so the number of human openers is not dependable.",
)

_TABLE: Final = (
    # How far the mail got
    Metric(
        key="targeted", label="Targeted", unit="count", better="neutral", num=_of("targeted"), group="Delivery",
        formula="total_sent of the campaigns",
        help="Recipients that campaigns were meant for, as the campaign says. Counts campaigns that started in the "
        "period; one without a start counts where its first mail was sent.",
    ),
    Metric(
        key="injected", label="Injected", unit="count", better="neutral", num=_of("injected"), group="Delivery",
        formula="messages injected",
        help="Messages that the provider or mail server accepted for sending.",
    ),
    Metric(
        key="sent", label="Sent", unit="count", better="neutral", num=_of("sent"), group="Delivery",
        formula="messages delivered or bounced",
        help="Messages whose delivery was attempted and has come to an end. Mail still in flight is not in it.",
    ),
    Metric(
        key="delivered", label="Delivered", unit="count", better="up", num=_of("delivered"), group="Delivery",
        formula="messages delivered and not bounced later",
        help="Messages that the receiving server accepted, less those that it sent back afterwards.",
    ),
    Metric(
        key="deferred", label="Deferred", unit="count", better="down", num=_of("deferred"), group="Delivery",
        formula="messages deferred at least once",
        help="Messages that a receiving server put off at least once, whatever became of them.",
    ),
    Metric(
        key="dropped", label="Dropped", unit="count", better="down", num=_of("dropped"), group="Delivery",
        formula="messages dropped",
        help="Messages that were never attempted: suppressed, invalid, against policy, or not renderable.",
    ),
    Metric(
        key="bounced", label="Bounced", unit="count", better="down", num=_of("bounced"), group="Delivery",
        formula="messages bounced",
        help="Messages permanently not delivered, those included that were accepted first and sent back later.",
    ),
    Metric(
        key="bounced_hard", label="Hard bounces", unit="count", better="down", num=_of("bounced_hard"),
        group="Delivery",
        formula="messages bounced, class hard",
        help="Bounces because the address or its domain does not exist.",
    ),
    Metric(
        key="bounced_soft", label="Soft bounces", unit="count", better="down", num=_of("bounced_soft"),
        group="Delivery",
        formula="messages bounced, class soft",
        help="Bounces for a passing reason: a full mailbox, a time-out, greylisting that was never retried.",
    ),
    Metric(
        key="bounced_block", label="Blocks", unit="count", better="down", num=_of("bounced_block"), group="Delivery",
        formula="messages bounced, class block",
        help="Bounces because of who sent or what was sent: reputation, authentication, policy, content, rate.",
    ),
    Metric(
        key="bounced_undetermined", label="Undetermined bounces", unit="count", better="down",
        num=_of("bounced_undetermined"), group="Delivery",
        formula="messages bounced, class undetermined",
        help="Bounces whose reply does not tell why.",
    ),
    Metric(
        key="delivery_rate", label="Delivery rate", unit="ratio", better="up", num=_of("delivered"), den=_of("sent"),
        min_den=100, group="Delivery",
        formula="delivered / sent",
        help="Share of attempted messages that arrived and stayed. Mail in flight is in neither number.",
    ),
    Metric(
        key="bounce_rate", label="Bounce rate", unit="ratio", better="down", num=_of("bounced"), den=_of("sent"),
        min_den=100, group="Delivery",
        formula="bounced / sent",
        help="Share of attempted messages that bounced, of any class. Providers' limits are per class.",
    ),
    Metric(
        key="hard_bounce_rate", label="Hard bounce rate", unit="ratio", better="down", num=_of("bounced_hard"),
        den=_of("sent"), min_den=100, group="Delivery",
        formula="hard bounces / sent",
        help="Share of attempted messages to addresses that do not exist. Amazon SES reviews an account at 5 % and "
        "pauses it at 10 %.",
    ),
    Metric(
        key="soft_bounce_rate", label="Soft bounce rate", unit="ratio", better="down", num=_of("bounced_soft"),
        den=_of("sent"), min_den=100, group="Delivery",
        formula="soft bounces / sent",
        help="Share of attempted messages that failed for a passing reason.",
    ),
    Metric(
        key="block_rate", label="Block rate", unit="ratio", better="down", num=_of("bounced_block"), den=_of("sent"),
        min_den=100, group="Delivery",
        formula="blocks / sent",
        help="Share of attempted messages refused because of the sender or the content.",
    ),
    Metric(
        key="undetermined_bounce_rate", label="Undetermined bounce rate", unit="ratio", better="down",
        num=_of("bounced_undetermined"), den=_of("sent"), min_den=100, group="Delivery",
        formula="undetermined bounces / sent",
        help="Share of attempted messages that bounced for a reason the reply does not tell.",
    ),
    Metric(
        key="deferral_rate", label="Deferral rate", unit="ratio", better="down", num=_of("deferred"), den=_of("sent"),
        min_den=100, group="Delivery",
        formula="messages deferred at least once / sent",
        help="Share of messages that were put off at least once. Above 100 % while deferred mail is still waiting.",
    ),
    # What people did with it
    Metric(
        key="opened", label="Opened", unit="count", better="up", num=_of("opened_human"), group="Engagement",
        formula="messages opened, machines not counted",
        help="Messages opened at least once by a person, by an image proxy on a person's behalf, or by somebody "
        "nothing is known of.",
    ),
    Metric(
        key="opened_raw", label="Opened, machines included", unit="count", better="neutral", num=_of("opened"),
        group="Engagement",
        formula="messages opened by anybody",
        help="Messages whose tracker was fetched at least once, by whomever.",
    ),
    Metric(
        key="opens", label="Opens in total", unit="count", better="up", num=_of("opens_human"), group="Engagement",
        formula="open events, machines not counted",
        help="Every open, several of one message included.",
    ),
    Metric(
        key="opens_raw", label="Opens in total, machines included", unit="count", better="neutral", num=_of("opens"),
        group="Engagement",
        formula="open events",
        help="Every fetch of the tracker, by whomever.",
    ),
    Metric(
        key="clicked", label="Clicked", unit="count", better="up", num=_of("clicked_human"), group="Engagement",
        formula="messages clicked, machines not counted",
        help="Messages in which at least one link was followed. Unsubscribe, preference and view-online links do not "
        "count.",
    ),
    Metric(
        key="clicked_raw", label="Clicked, machines included", unit="count", better="neutral", num=_of("clicked"),
        group="Engagement",
        formula="messages clicked by anybody",
        help="Messages in which a link was followed, by a person or a scanner.",
    ),
    Metric(
        key="clicks", label="Clicks in total", unit="count", better="up", num=_of("clicks_human"), group="Engagement",
        formula="click events, machines not counted",
        help="Every click, several on one message included.",
    ),
    Metric(
        key="clicks_raw", label="Clicks in total, machines included", unit="count", better="neutral", num=_of("clicks"),
        group="Engagement",
        formula="click events",
        help="Every click, by a person or a scanner.",
    ),
    Metric(
        key="open_rate", label="Open rate", unit="ratio", better="up", num=_of("opened_human"),
        den=_of("tracked_delivered"), min_den=200, group="Engagement",
        formula="opened / delivered with a tracker",
        help="Share of delivered, tracked messages that somebody other than a machine opened.",
    ),
    Metric(
        key="open_rate_of_sent", label="Open rate of sent", unit="ratio", better="up", num=_of("opened_human"),
        den=_of("sent"), min_den=200, group="Engagement",
        formula="opened / sent",
        help="The classic definition: openers among all attempted messages, the bounced and untracked included.",
    ),
    Metric(
        key="open_rate_raw", label="Open rate, machines included", unit="ratio", better="neutral", num=_of("opened"),
        den=_of("tracked_delivered"), min_den=200, group="Engagement",
        formula="opened by anybody / delivered with a tracker",
        help="The open rate as tools report it that cannot tell machines from people.",
    ),
    Metric(
        key="machine_open_share", label="Machine share of openers", unit="ratio", better="neutral",
        num=_of(opened=1, opened_human=-1), den=_of("opened"), min_den=100, group="Engagement",
        formula="messages opened by machines only / messages opened by anybody",
        help="How much of the raw open rate is machines: privacy proxies that fetch every mail, and security scanners.",
    ),
    Metric(
        key="click_rate", label="Click rate", unit="ratio", better="up", num=_of("clicked_human"), den=_of("delivered"),
        min_den=200, group="Engagement",
        formula="clicked / delivered",
        help="Share of delivered messages in which somebody other than a machine followed a link.",
    ),
    Metric(
        key="click_rate_raw", label="Click rate, machines included", unit="ratio", better="neutral", num=_of("clicked"),
        den=_of("delivered"), min_den=200, group="Engagement",
        formula="clicked by anybody / delivered",
        help="The click rate with security scanners left in.",
    ),
    Metric(
        key="click_to_open_rate", label="Click-to-open rate", unit="ratio", better="up", num=_of("clicked_human"),
        den=_of("opened_human"), min_den=200, caution=_MACHINE_OPENS, group="Engagement",
        formula="clicked / opened",
        help="Clickers for every opener. Marked as not dependable while more than half of the openers are machines.",
    ),
    Metric(
        key="replied", label="Replies", unit="count", better="up", num=_of("replied"), group="Engagement",
        formula="messages replied to",
        help="Messages that were answered.",
    ),
    Metric(
        key="forwarded", label="Forwards", unit="count", better="up", num=_of("forwarded"), group="Engagement",
        formula="messages forwarded",
        help="Messages forwarded through a tracked function.",
    ),
    Metric(
        key="shared", label="Shares", unit="count", better="up", num=_of("shared"), group="Engagement",
        formula="messages shared",
        help="Messages shared through a tracked function.",
    ),
    Metric(
        key="engagement_score", label="Engagement score", unit="score", better="up", num=ENGAGEMENT_POINTS,
        den=_of("delivered"), min_den=200, scale=100, floor=0, group="Engagement",
        formula="100 × (opened + 3 × clicked + 5 × forwarded + 5 × shared + 8 × replied - 10 × unsubscribed "
        "- 20 × complained) / delivered, not below 0",
        help="Points earned for every 100 delivered messages: what people did for the mail, less what they did against "
        "it. Machines earn none.",
    ),
    Metric(
        key="readings", label="Measured readings", unit="count", better="neutral", num=_of("readings"), clock="event",
        group="Reading", formula="readings by people",
        help="How often the tracker measured for how long a message was on somebody's screen. Image proxies cannot be "
        "measured, so it is known mostly of desktop clients.",
    ),
    Metric(
        key="read_share", label="Read", unit="ratio", better="up", num=_of("read"), den=_of("readings"), clock="event",
        min_den=50, group="Reading", formula="readings of 8 s or longer / readings",
        help="Share of measured readings that lasted long enough to read.",
    ),
    Metric(
        key="skimmed_share", label="Skimmed", unit="ratio", better="neutral", num=_of("skimmed"), den=_of("readings"),
        clock="event", min_den=50, group="Reading", formula="readings of 2 to 8 s / readings",
        help="Share of measured readings that were no more than a skim.",
    ),
    Metric(
        key="glanced_share", label="Glanced at", unit="ratio", better="down", num=_of("glanced"), den=_of("readings"),
        clock="event", min_den=50, group="Reading", formula="readings under 2 s / readings",
        help="Share of measured readings that ended at once.",
    ),
    Metric(
        key="reading_time", label="Reading time", unit="seconds", better="up", num=_of("reading_seconds"),
        den=_of("readings"), clock="event", min_den=50, group="Reading", formula="seconds of readings / readings",
        help="Seconds that a measured reading lasted on average; none is measured for longer than 30.",
    ),
    # What people did against it
    Metric(
        key="unsubscribed", label="Unsubscribed", unit="count", better="down", num=_of("unsubscribed_human"),
        group="List",
        formula="messages unsubscribed from, machines not counted",
        help="Messages whose recipient left the list, by any way. A scanner that pressed the button does not count.",
    ),
    Metric(
        key="unsubscribed_raw", label="Unsubscribed, machines included", unit="count", better="neutral",
        num=_of("unsubscribed"), group="List",
        formula="messages unsubscribed from by anybody",
        help="Messages by which somebody or something left the list: what the list itself lost.",
    ),
    Metric(
        key="unsubscribe_rate", label="Unsubscribe rate", unit="ratio", better="down", num=_of("unsubscribed_human"),
        den=_of("delivered"), min_den=500, group="List",
        formula="unsubscribed / delivered",
        help="Share of delivered messages whose recipient left the list, scanners that pressed the button left out.",
    ),
    Metric(
        key="unsubscribe_rate_raw", label="Unsubscribe rate, machines included", unit="ratio", better="neutral",
        num=_of("unsubscribed"), den=_of("delivered"), min_den=500, group="List",
        formula="unsubscribed by anybody / delivered",
        help="The unsubscribe rate with security scanners left in.",
    ),
    Metric(
        key="unsubscribe_rate_link", label="Unsubscribe rate by link", unit="ratio", better="down",
        num=_of("unsubscribed_link"), den=_of("delivered"), min_den=500, group="List",
        formula="unsubscribed by a link / delivered",
        help="The part of the unsubscribe rate that came through a link in the mail.",
    ),
    Metric(
        key="unsubscribe_rate_one_click", label="Unsubscribe rate by one click", unit="ratio", better="down",
        num=_of("unsubscribed_one_click"), den=_of("delivered"), min_den=500, group="List",
        formula="unsubscribed by one-click header / delivered",
        help="The part that came through the mailbox's own button (RFC 8058).",
    ),
    Metric(
        key="unsubscribe_rate_mailto", label="Unsubscribe rate by mail", unit="ratio", better="down",
        num=_of("unsubscribed_mailto"), den=_of("delivered"), min_den=500, group="List",
        formula="unsubscribed by mail / delivered",
        help="The part that came as a mail to the list-unsubscribe address.",
    ),
    Metric(
        key="complained", label="Complaints", unit="count", better="down", num=_of("complained"), group="List",
        formula="messages reported as spam",
        help="Messages reported through a feedback loop. Gmail has no such loop, so the true number is higher.",
    ),
    Metric(
        key="complaint_rate", label="Complaint rate", unit="ratio", better="down", num=_of("complained"),
        den=_of("delivered"), min_den=1000, group="List",
        formula="complained / delivered",
        help="Share of delivered messages reported as spam. An under-estimate, because Gmail reports none. Google asks "
        "for less than 0.1 % and acts from 0.3 %; Amazon SES reviews at 0.1 % and pauses at 0.5 %.",
    ),
    # What it earned: on the event clock, because a shop names the campaign and the customer, seldom the message
    Metric(
        key="conversions", label="Conversions", unit="count", better="up", num=_of("conversions"), clock="event",
        group="Conversion",
        formula="conversion events",
        help="Purchases, sign-ups, downloads and the like that name their campaign or message.",
    ),
    Metric(
        key="converted", label="Converted", unit="count", better="up", num=_of("converted"), clock="event",
        group="Conversion",
        formula="messages converted",
        help="Recipients of a message or campaign that converted, each counted once.",
    ),
    Metric(
        key="conversion_rate", label="Conversion rate", unit="ratio", better="up", num=_of("converted"),
        den=_of("delivered"), clock="event", min_den=200, group="Conversion",
        formula="converted / delivered",
        help="Converted recipients for every delivered message.",
    ),
    Metric(
        key="conversion_rate_of_sent", label="Conversion rate of sent", unit="ratio", better="up", num=_of("converted"),
        den=_of("sent"), clock="event", min_den=200, group="Conversion",
        formula="converted / sent",
        help="Converted recipients for every attempted message.",
    ),
    Metric(
        key="revenue", label="Revenue", unit="money", better="up", num=_of("revenue"), clock="event",
        group="Conversion",
        formula="value of conversions in the tenant's currency",
        help="What conversions were worth. Values in other currencies are kept but not added up.",
    ),
    Metric(
        key="revenue_per_email", label="Revenue per e-mail", unit="money", better="up", num=_of("revenue"),
        den=_of("delivered"), clock="event", min_den=200, group="Conversion",
        formula="revenue / delivered",
        help="What one delivered message earned on average.",
    ),
    Metric(
        key="revenue_per_email_sent", label="Revenue per e-mail sent", unit="money", better="up", num=_of("revenue"),
        den=_of("sent"), clock="event", min_den=200, group="Conversion",
        formula="revenue / sent",
        help="What one attempted message earned on average.",
    ),
    Metric(
        key="average_order_value", label="Average order value", unit="money", better="up", num=_of("revenue"),
        den=_of("conversions"), clock="event", min_den=10, group="Conversion",
        formula="revenue / conversions",
        help="What one conversion was worth on average.",
    ),
    Metric(
        key="return_on_investment", label="Return on investment", unit="ratio", better="up",
        num=_of(costed_revenue=1, cost=-1), den=_of("cost"), clock="event", group="Conversion",
        formula="(revenue of campaigns with a cost - their cost) / their cost",
        help="What campaigns earned beyond their cost. The cost counts where the campaign started, and revenue only "
        "of campaigns that started in the period, so ask over a whole life. Campaigns without cost are out.",
    ),
    # Advertising and other paid channels
    Metric(
        key="impressions", label="Impressions", unit="count", better="up", num=_of("impressions"), clock="event",
        group="Paid channels",
        formula="impressions of the spend records",
        help="How often advertisements were shown.",
    ),
    Metric(
        key="ad_clicks", label="Ad clicks", unit="count", better="up", num=_of("ad_clicks"), clock="event",
        group="Paid channels",
        formula="clicks of the spend records",
        help="Clicks on advertisements, as the platform reports them.",
    ),
    Metric(
        key="spend", label="Spend", unit="money", better="neutral", num=_of("spend"), clock="event",
        group="Paid channels",
        formula="cost of the spend records in the tenant's currency",
        help="What advertisements cost.",
    ),
    Metric(
        key="ctr", label="Click-through rate", unit="ratio", better="up", num=_of("ad_clicks"), den=_of("impressions"),
        clock="event", min_den=1000, group="Paid channels",
        formula="ad clicks / impressions",
        help="Share of impressions that were clicked (CTR).",
    ),
    Metric(
        key="cpc", label="Cost per click", unit="money", better="down", num=_of("spend"), den=_of("ad_clicks"),
        clock="event", min_den=20, group="Paid channels",
        formula="spend / ad clicks",
        help="What one click on an advertisement cost (CPC).",
    ),
    Metric(
        key="cvr", label="Conversion rate of ad clicks", unit="ratio", better="up", num=_of("paid_conversions"),
        den=_of("ad_clicks"), clock="event", min_den=100, group="Paid channels",
        formula="conversions of campaigns with spend / ad clicks",
        help="Conversions for every click on an advertisement (CVR).",
    ),
    Metric(
        key="cpa", label="Cost per conversion", unit="money", better="down", num=_of("spend"),
        den=_of("paid_conversions"), clock="event", min_den=10, group="Paid channels",
        formula="spend / conversions of campaigns with spend",
        help="What one conversion cost in advertising (CPA).",
    ),
    Metric(
        key="roas", label="Return on ad spend", unit="score", better="up", num=_of("paid_revenue"), den=_of("spend"),
        clock="event", group="Paid channels",
        formula="revenue of campaigns with spend / spend",
        help="Revenue for every unit of money spent on advertising (ROAS).",
    ),
    Metric(
        key="performance_score", label="Performance score", unit="score", better="up", clock="event",
        parts=(Part("ctr", 0.05, 0.3), Part("cvr", 0.10, 0.3), Part("roas", 3.0, 0.4)), scale=100,
        group="Paid channels",
        formula="100 × (0.3 × min(CTR / 5 %, 1) + 0.3 × min(CVR / 10 %, 1) + 0.4 × min(ROAS / 3, 1))",
        help="One number from 0 to 100 for a paid campaign; none while one of its three parts has no denominator.",
    ),
    # What mailbox providers report
    Metric(
        key="dmarc_mails", label="Mails in DMARC reports", unit="count", better="neutral", num=_of("dmarc_mails"),
        clock="event", group="Authentication",
        formula="sum of count over report rows",
        help="Mails with your domain in From that receivers told of in aggregate reports, yours and others'. A report "
        "counts on the day it begins.",
    ),
    Metric(
        key="dmarc_pass_rate", label="DMARC pass rate", unit="ratio", better="up", num=_of("dmarc_passed"),
        den=_of("dmarc_mails"), clock="event", min_den=100, group="Authentication",
        formula="mails with aligned DKIM or aligned SPF / mails in DMARC reports",
        help="By the receivers' own evaluation (policy_evaluated), never from the raw results. Forwarded and forged "
        "mail is in the denominator: break down by sending address before you blame yourself.",
    ),
    Metric(
        key="dkim_aligned_rate", label="Aligned DKIM", unit="ratio", better="up", num=_of("dmarc_dkim"),
        den=_of("dmarc_mails"), clock="event", min_den=100, group="Authentication",
        formula="mails with aligned DKIM / mails in DMARC reports",
        help="Share of reported mails whose DKIM signature passed for the domain in From.",
    ),
    Metric(
        key="spf_aligned_rate", label="Aligned SPF", unit="ratio", better="up", num=_of("dmarc_spf"),
        den=_of("dmarc_mails"), clock="event", min_den=100, group="Authentication",
        formula="mails with aligned SPF / mails in DMARC reports",
        help="Share of reported mails whose SPF passed for the domain in From; forwarding breaks it.",
    ),
    Metric(
        key="dmarc_refused_rate", label="Refused by DMARC", unit="ratio", better="down",
        num=_of("dmarc_quarantined", "dmarc_rejected"), den=_of("dmarc_mails"), clock="event", min_den=100,
        group="Authentication",
        formula="mails quarantined or rejected / mails in DMARC reports",
        help="Share of reported mails that receivers put into spam or refused because of your policy.",
    ),
    Metric(
        key="tls_failure_rate", label="TLS failures", unit="ratio", better="down", num=_of("tls_failed"),
        den=_of("tls_sessions"), clock="event", min_den=100, group="Authentication",
        formula="failed sessions / sessions in TLS reports",
        help="Share of sessions to your domain that could not be encrypted as your MTA-STS or DANE policy wants.",
    ),
    Metric(
        key="inbox_rate", label="Inbox rate of seeds", unit="ratio", better="up", num=_of("seeds_inbox"),
        den=_of("seeds_inbox", "seeds_spam"), clock="event", min_den=20, group="Placement",
        formula="seeds in the inbox / seeds in inbox or spam",
        help="Share of seed mailboxes that found the test in the inbox, among those that found it at all. Few seeds "
        "say little.",
    ),
    Metric(
        key="seed_missing_rate", label="Missing at seeds", unit="ratio", better="down", num=_of("seeds_missing"),
        den=_of("seeds_inbox", "seeds_spam", "seeds_missing"), clock="event", min_den=20, group="Placement",
        formula="seeds without the mail / all seeds of the tests",
        help="Share of seed mailboxes in which the test never turned up.",
    ),
)  # fmt: skip

METRICS: Final[dict[str, Metric]] = {metric.key: metric for metric in _TABLE}
"""All metrics by key, in the order in which they are shown."""


def metric(key: str, field: str = "metric") -> Metric:
    """Return the metric of that key. Raises `InvalidField` for `field` with the closest names."""
    found = METRICS.get(key)
    if found is None:
        import difflib

        close = difflib.get_close_matches(key, METRICS, n=3)
        hint = f"Did you mean {', '.join(close)}?" if close else "GET /v1/metrics lists them all."
        raise InvalidField(field, key, "is not a metric", hint=hint)
    return found


def ratios(one: Metric) -> tuple[Metric, ...]:
    """Return the metrics whose sums this metric needs: itself, or the parts of a composite."""
    return tuple(METRICS[part.metric] for part in one.parts) or (one,)
