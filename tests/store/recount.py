"""Plain recounts of what the derived tables claim: the definitions of docs and registry, written a second time.

Nothing here reads the SQL of the product; a message is a list of its events, and every measure is counted from them.
"""

from collections import defaultdict
from decimal import Decimal
from typing import Any

Event = dict[str, Any]
# (clock, measure, quarter of an hour in UTC seconds, campaign, provider) -> (n, amount)
Sums = dict[tuple[str, str, int, str, str], tuple[int, Decimal]]

ATTEMPTS = ("injected", "deferred", "delivered", "bounced", "dropped")
ONCE = ("injected", "deferred", "dropped", "complained", "replied", "forwarded", "shared", "converted")


def second(event: Event) -> int:
    return event["occurred_at"] // 1000


def first(events: list[Event]) -> int:
    return min(map(second, events), default=0)


def contributions(events: list[Event]) -> list[tuple[str, int, int, Decimal]]:
    """Return (measure, time, n, amount) of one message."""
    by_type: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        by_type[event["type"]].append(event)
    # Rows here carry no message id of the source; a conversion then counts if it names its campaign.
    by_type["converted"] = [event for event in by_type["converted"] if event["campaign_id"]]
    opens = by_type["opened"]
    clicks = [event for event in by_type["clicked"] if event["link_kind"] == ""]
    human_opens = [event for event in opens if event["actor"] != "machine"]
    human_clicks = [event for event in clicks if event["actor"] != "machine"]
    delivered = first(by_type["delivered"])
    # The latest refusal; of several in the same second, the one whose class and reason sort last.
    bounce = max(
        ((second(event), event["bounce_class"], event["bounce_reason"]) for event in by_type["bounced"]),
        default=(0, "", ""),
    )
    left_by_person = [event for event in by_type["unsubscribed"] if event["actor"] != "machine"]
    leaving = min(((second(event), event["unsubscribe_method"]) for event in left_by_person), default=(0, ""))

    found = [(name, first(by_type[name]), 1) for name in ONCE]
    found += [("opened", first(opens), 1), ("opened_human", first(human_opens), 1)]
    found += [("clicked", first(clicks), 1), ("clicked_human", first(human_clicks), 1)]
    found += [("unsubscribed", first(by_type["unsubscribed"]), 1), ("unsubscribed_human", leaving[0], 1)]
    if leaving[1] in ("link", "one_click", "mailto"):
        found += [(f"unsubscribed_{leaving[1]}", leaving[0], 1)]
    if delivered or bounce[0]:
        found += [("sent", delivered or bounce[0], 1)]
    if bounce[0] and bounce[0] >= delivered:
        found += [("bounced", bounce[0], 1), (f"bounced_{bounce[1]}", bounce[0], 1)]
    elif delivered:
        found += [("delivered", delivered, 1)]
        if not any(event["untracked"] for event in events):
            found += [("tracked_delivered", delivered, 1)]
    result = [(name, at, n, Decimal(0)) for name, at, n in found if at]

    totals = {"opens": opens, "opens_human": human_opens, "clicks": clicks, "clicks_human": human_clicks}
    for name, counted in (totals | {"conversions": by_type["converted"]}).items():
        result += [(name, second(event), event["weight"], Decimal(0)) for event in counted]
    result += [("revenue", second(event), 0, event["revenue"] * event["weight"]) for event in by_type["converted"]]
    return result


def sent_at(events: list[Event]) -> int:
    told = [event["message_sent_at"] for event in events if event["message_sent_at"]]
    return min(told + [second(event) for event in events if event["type"] in ATTEMPTS], default=0)


def sums(events: list[Event], step: int = 900) -> Sums:
    """Return every measure of these events by clock, bucket, campaign and provider; what is zero is left out."""
    messages: dict[tuple[str, int], list[Event]] = defaultdict(list)
    for event in events:
        messages[event["tenant"], event["message_key"]].append(event)
    result: dict[tuple[str, str, int, str, str], tuple[int, Decimal]] = defaultdict(lambda: (0, Decimal(0)))
    for group in messages.values():
        campaign = max(event["campaign_id"] for event in group)
        provider = max(event["provider"] for event in group)
        sent = sent_at(group)
        for name, at, n, amount in contributions(group):
            for clock, time in (("event", at), *((("send", sent),) if sent else ())):
                key = (clock, name, time - time % step, campaign, provider)
                old = result[key]
                result[key] = (old[0] + n, old[1] + amount)
    return {key: value for key, value in result.items() if value != (0, Decimal(0))}
