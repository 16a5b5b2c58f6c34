"""Every metric counted a second time, from a plain list of events, with loops and dictionaries.

Nothing here reads the registry's formulas or the SQL: the definitions are written down again, from the documentation.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

Event = dict[str, Any]
Number = int | Decimal
Condition = tuple[str, str, tuple[str, ...]]

ATTEMPTS = {"injected", "deferred", "delivered", "bounced", "dropped"}
# metric -> (what is counted, what it is divided by)
RATES: dict[str, tuple[dict[str, int], dict[str, int]]] = {
    "delivery_rate": ({"delivered": 1}, {"sent": 1}),
    "bounce_rate": ({"bounced": 1}, {"sent": 1}),
    "hard_bounce_rate": ({"bounced_hard": 1}, {"sent": 1}),
    "soft_bounce_rate": ({"bounced_soft": 1}, {"sent": 1}),
    "block_rate": ({"bounced_block": 1}, {"sent": 1}),
    "undetermined_bounce_rate": ({"bounced_undetermined": 1}, {"sent": 1}),
    "deferral_rate": ({"deferred": 1}, {"sent": 1}),
    "open_rate": ({"opened by people": 1}, {"delivered with tracker": 1}),
    "open_rate_of_sent": ({"opened by people": 1}, {"sent": 1}),
    "open_rate_raw": ({"opened": 1}, {"delivered with tracker": 1}),
    "machine_open_share": ({"opened": 1, "opened by people": -1}, {"opened": 1}),
    "click_rate": ({"clicked by people": 1}, {"delivered": 1}),
    "click_rate_raw": ({"clicked": 1}, {"delivered": 1}),
    "click_to_open_rate": ({"clicked by people": 1}, {"opened by people": 1}),
    "unsubscribe_rate": ({"unsubscribed by people": 1}, {"delivered": 1}),
    "unsubscribe_rate_raw": ({"unsubscribed": 1}, {"delivered": 1}),
    "unsubscribe_rate_link": ({"unsubscribed by link": 1}, {"delivered": 1}),
    "unsubscribe_rate_one_click": ({"unsubscribed by one_click": 1}, {"delivered": 1}),
    "unsubscribe_rate_mailto": ({"unsubscribed by mailto": 1}, {"delivered": 1}),
    "complaint_rate": ({"complained": 1}, {"delivered": 1}),
    "conversion_rate": ({"converted": 1}, {"delivered": 1}),
    "conversion_rate_of_sent": ({"converted": 1}, {"sent": 1}),
    "revenue_per_email": ({"revenue": 1}, {"delivered": 1}),
    "revenue_per_email_sent": ({"revenue": 1}, {"sent": 1}),
    "average_order_value": ({"revenue": 1}, {"conversions": 1}),
}
COUNTS: dict[str, str] = {
    "injected": "injected",
    "sent": "sent",
    "delivered": "delivered",
    "deferred": "deferred",
    "dropped": "dropped",
    "bounced": "bounced",
    "bounced_hard": "bounced_hard",
    "bounced_soft": "bounced_soft",
    "bounced_block": "bounced_block",
    "bounced_undetermined": "bounced_undetermined",
    "opened": "opened by people",
    "opened_raw": "opened",
    "opens": "opens by people",
    "opens_raw": "opens",
    "clicked": "clicked by people",
    "clicked_raw": "clicked",
    "clicks": "clicks by people",
    "clicks_raw": "clicks",
    "replied": "replied",
    "forwarded": "forwarded",
    "shared": "shared",
    "unsubscribed": "unsubscribed by people",
    "unsubscribed_raw": "unsubscribed",
    "complained": "complained",
    "conversions": "conversions",
    "converted": "converted",
    "revenue": "revenue",
}
POINTS = {
    "opened by people": 1,
    "clicked by people": 3,
    "forwarded": 5,
    "shared": 5,
    "replied": 8,
    "unsubscribed by people": -10,
    "complained": -20,
}
METHODS = {"unsubscribed by link", "unsubscribed by one_click", "unsubscribed by mailto"}
OF_EVENTS = {"device", "link", "actor", "country"}
COLUMNS = {"campaign": "campaign_id", "template": "template_id", "link": "link_url"}


@dataclass
class Contribution:
    """Something that counts: what, when it happened, when its message was sent (0: unknown), and of which values."""

    what: str
    at: int
    sent_at: int
    n: Number
    values: dict[str, str]


def by_person(event: Event) -> bool:
    return event["actor"] != "machine"


def seconds(event: Event) -> int:
    return event["occurred_at"] // 1000


def of_message(events: list[Event]) -> tuple[dict[str, str], int]:
    """Return a message's values, which are the greatest its events tell, and the time it was sent."""
    names = ("campaign_id", "provider", "sending_domain", "segment", "template_id", "variant", "stream")
    more = ("recipient_domain", "channel", "pool")
    values = {name: max(event[name] for event in events) for name in names + more}
    bounces = [(seconds(e), e["bounce_class"], e["bounce_reason"]) for e in events if e["type"] == "bounced"]
    _, values["bounce_class"], values["bounce_reason"] = max(bounces, default=(0, "", ""))
    sent = [e["message_sent_at"] for e in events if e["message_sent_at"]]
    sent += [seconds(e) for e in events if e["type"] in ATTEMPTS]
    return values, min(sent, default=0)


def names_its_mail(event: Event) -> bool:
    return bool(event["campaign_id"] or event["message_id"])


def kinds_of(event: Event) -> Iterable[str]:
    """Yield what an event of a person or machine counts for, once per message."""
    kind = event["type"]
    if kind == "opened" or (kind == "clicked" and event["link_kind"] == ""):
        yield kind
        if by_person(event):
            yield f"{kind} by people"
    elif kind == "unsubscribed":
        yield kind
        if by_person(event):
            yield "unsubscribed by people"
            if event["unsubscribe_method"] in {"link", "one_click", "mailto"}:
                yield f"unsubscribed by {event['unsubscribe_method']}"
    elif kind in {"complained", "replied", "forwarded", "shared"} or (kind == "converted" and names_its_mail(event)):
        yield kind


def totals_of(event: Event) -> Iterable[tuple[str, Number]]:
    """Yield what an event adds to totals."""
    for kind in kinds_of(event):
        if kind.startswith("opened"):
            yield kind.replace("opened", "opens"), 1
        elif kind.startswith("clicked"):
            yield kind.replace("clicked", "clicks"), 1
        elif kind == "converted":
            yield "conversions", 1
            yield "revenue", event["revenue"]


def of_whole_messages(events: list[Event]) -> list[Contribution]:
    """Return what messages count for, where no question about single events is asked."""
    found: list[Contribution] = []
    for group in grouped(events).values():
        values, sent_at = of_message(group)

        def add(what: str, at: int, n: Number = 1, values: dict[str, str] = values, sent_at: int = sent_at) -> None:
            found.append(Contribution(what, at, sent_at, n, values))

        firsts: dict[str, int] = {}
        for event in group:
            at = seconds(event)
            for kind in kinds_of(event):
                if kind not in METHODS:
                    firsts[kind] = min(firsts.get(kind, at), at)
            if event["type"] in {"injected", "deferred", "dropped"}:
                firsts[event["type"]] = min(firsts.get(event["type"], at), at)
            for what, n in totals_of(event):
                add(what, at, n)
        for what, at in firsts.items():
            add(what, at)
        left = [(seconds(e), e["unsubscribe_method"]) for e in group if e["type"] == "unsubscribed" and by_person(e)]
        if left and min(left)[1] in {"link", "one_click", "mailto"}:
            add(f"unsubscribed by {min(left)[1]}", min(left)[0])
        delivered = [seconds(e) for e in group if e["type"] == "delivered"]
        bounced = [seconds(e) for e in group if e["type"] == "bounced"]
        if delivered or bounced:
            add("sent", min(delivered or [max(bounced)]))
        if bounced and (not delivered or max(bounced) >= min(delivered)):
            add("bounced", max(bounced))
            add(f"bounced_{values['bounce_class']}", max(bounced))
        elif delivered:
            add("delivered", min(delivered))
            if not any(e["untracked"] for e in group):
                add("delivered with tracker", min(delivered))
    return found


def of_single_events(
    events: list[Event], clock: str, start: int, end: int, fits: Callable[[dict[str, str]], bool], by: str
) -> list[Contribution]:
    """Return what counts where events are asked about: a message once per value, at its first event in the period."""
    found: list[Contribution] = []
    for group in grouped(events).values():
        values, sent_at = of_message(group)
        firsts: dict[tuple[str, str], Contribution] = {}
        for event in sorted(group, key=seconds):
            at = seconds(event)
            told = values | {name: event[COLUMNS.get(name, name)] for name in OF_EVENTS}
            moment = at if clock == "event" else sent_at
            if not moment or not start <= moment < end or not fits(told):
                continue
            found.extend(Contribution(what, at, sent_at, n, told) for what, n in totals_of(event))
            for kind in kinds_of(event):
                firsts.setdefault(
                    (kind, told[by if by in OF_EVENTS else COLUMNS.get(by, by)] if by else ""),
                    Contribution(kind, at, sent_at, 1, told),
                )
        found.extend(firsts.values())
    return found


def grouped(events: list[Event]) -> dict[int, list[Event]]:
    found: dict[int, list[Event]] = defaultdict(list)
    for event in events:
        found[event["message_key"]].append(event)
    return found


def fitting(conditions: Iterable[Condition]) -> Callable[[dict[str, str]], bool]:
    def fits(values: dict[str, str]) -> bool:
        for operator, name, wanted in conditions:
            value = values[COLUMNS.get(name, name) if name not in OF_EVENTS else name]
            if operator.startswith("is"):
                holds = value in wanted
            else:
                holds = any(text.lower() in value.lower() for text in wanted)
            if holds == operator.endswith("_not"):
                return False
        return True

    return fits


def sums(
    events: list[Event],
    *,
    clock: str,
    start: int,
    end: int,
    zone: str = "UTC",
    conditions: tuple[Condition, ...] = (),
    by: str = "",
    interval: str = "",
) -> dict[str, dict[str, Number]]:
    """Return {row: {what: sum}} over [start, end) in seconds, by a dimension or by local hour or day."""
    fits = fitting(conditions)
    if by in OF_EVENTS or any(name in OF_EVENTS for _, name, _ in conditions):
        counted = of_single_events(events, clock, start, end, fits, by)
    else:
        counted = [one for one in of_whole_messages(events) if fits(one.values)]
    found: dict[str, dict[str, Number]] = defaultdict(lambda: defaultdict(int))
    for one in counted:
        moment = one.at if clock == "event" else one.sent_at
        if not moment or not start <= moment < end:
            continue
        row = ""
        if by == "weekday":
            row = str(datetime.fromtimestamp(moment, ZoneInfo(zone)).isoweekday())
        elif by == "hour_of_day":
            row = str(datetime.fromtimestamp(moment, ZoneInfo(zone)).hour)
        elif by:
            row = one.values[by if by in OF_EVENTS else COLUMNS.get(by, by)]
        elif interval == "day":
            row = datetime.fromtimestamp(moment, ZoneInfo(zone)).date().isoformat()
        elif interval == "hour":
            local = datetime.fromtimestamp(moment, ZoneInfo(zone))
            row = local.replace(minute=0, second=0).isoformat(timespec="minutes")
        found[row][one.what] += one.n
    return found


def value(key: str, counted: dict[str, Number]) -> float | None:
    """Return a metric's value from sums, None without a denominator."""

    def add(terms: dict[str, int]) -> Number:
        total: Number = 0
        for what, weight in terms.items():
            total = total + weight * counted.get(what, 0)
        return total

    if key in COUNTS:
        return float(counted.get(COUNTS[key], 0))
    if key == "engagement_score":
        delivered = counted.get("delivered", 0)
        return max(0.0, 100 * float(add(POINTS)) / float(delivered)) if delivered else None
    above, below = (add(terms) for terms in RATES[key])
    return float(above) / float(below) if below else None
