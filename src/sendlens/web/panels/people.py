"""People: one person's timeline, and who did a thing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Final

from sendlens.errors import InvalidField
from sendlens.metrics.periods import zone_info
from sendlens.metrics.recipients import DEEDS, Happening, Who
from sendlens.metrics.registry import ENGAGEMENT_POINTS
from sendlens.metrics.standing import Standing, standing
from sendlens.web.pages.reader import day_time, iso, number, value_text, when
from sendlens.web.panels.campaign import people_path
from sendlens.web.panels.message import TONES, message_path
from sendlens.web.panels.names import name_of
from sendlens.web.panels.question import Ask, campaign_path
from sendlens.web.panels.sheet import MOST_ROWS, Cell, Sheet

DEED_NAMES: Final = {
    "opened_human": "opened",
    "clicked_human": "clicked",
    "not_opened": "did not open",
    "not_clicked": "did not click",
    "bounced": "bounced",
    "complained": "complained",
    "unsubscribed": "unsubscribed",
    "converted": "converted",
    "replied": "replied",
    "deferred": "were deferred",
    "dropped": "were dropped",
    "delivered": "got mail",
}
COUNTS: Final = {
    "delivered": "Delivered",
    "opened_human": "Opened",
    "clicked_human": "Clicked",
    "bounced": "Bounced",
    "complained": "Complaints",
    "unsubscribed": "Unsubscribed",
    "converted": "Converted",
}
PAGE: Final = 50
_LONGEST_TIME: Final = 13
"""Digits of a time in milliseconds; whatever is longer lies beyond 2286, and the page begins at its beginning."""


async def people(question: Ask) -> dict[str, object]:
    """Return who did the chosen thing in the period."""
    address = question.address
    deed = address.get("did")
    deed = deed if deed in DEEDS else "opened_human"
    search, after = address.get("q").strip(), address.get("after")
    ask = question.site.answers.who
    try:
        found = await ask(question.scope, deed, limit=PAGE + 1, search=search, after=after)
    except InvalidField as error:
        if error.field != "after":
            raise
        after = ""  # no place in the list: it begins at its beginning
        found = await ask(question.scope, deed, limit=PAGE + 1, search=search)
    shown = found[:PAGE]
    return {
        "deed": DEED_NAMES.get(deed, deed.replace("_", " ")),
        "rows": [
            {
                "name": one.recipient or "(not told)",
                "href": str(address.at(people_path(one.key))),
                "campaign": one.campaign,
                "campaign_href": str(address.at(campaign_path(one.campaign_id))) if one.campaign_id else "",
                "at": one.at,
                "life": str(address.at(message_path(one.message_key))),
            }
            for one in shown
        ],
        "zone": question.tenant.time_zone,
        "search": search,
        "first": str(address.with_(after=None)) if after else "",
        "next": str(address.with_(after=shown[-1].place)) if len(found) > PAGE else "",
    }


async def people_sheet(question: Ask) -> Sheet:
    """Return who did the chosen thing, all of them."""
    deed = question.address.get("did")
    deed = deed if deed in DEEDS else "opened_human"
    search, answers = question.address.get("q").strip(), question.site.answers

    async def rest(last: Who) -> AsyncIterator[list[tuple[Cell, ...]]]:
        place = last.place
        while place:
            found = await answers.who(question.scope, deed, limit=MOST_ROWS, search=search, after=place)
            yield [_who(one) for one in found]
            place = found[-1].place if len(found) == MOST_ROWS else ""

    found = await answers.who(question.scope, deed, limit=MOST_ROWS, search=search)
    head = ("recipient", "key", "campaign_id", "campaign", "at", "message_key")
    return Sheet(head, [_who(one) for one in found], rest(found[-1]) if len(found) == MOST_ROWS else None)


def _who(one: Who) -> tuple[Cell, ...]:
    return one.recipient, one.key, one.campaign_id, one.campaign, iso(one.at), one.message_key


async def person(question: Ask) -> dict[str, object]:
    """Return a person's counts, standing, and timeline by message, the latest first. Raises `NotFound`.

    The address names the person as its item: by address or identifier, or by the key from a list.
    """
    recipient = question.address.get("item")
    text = question.address.get("before")
    before = int(text) if text.isascii() and text.isdigit() and len(text) <= _LONGEST_TIME else 0
    answers, tenant = question.site.answers, question.tenant
    found = await answers.person(tenant, recipient, before=before)
    known = await answers.run(tenant, lambda: standing(answers.metrics, tenant, found.key)) if found.key else None
    by_message: dict[str, list[Happening]] = {}
    for one in found.timeline:
        by_message.setdefault(one.message_key, []).append(one)
    return {
        "who": found.recipient,
        "back": str(question.address.at("/recipients")),
        "counts": [(label, found.counts.get(key, 0)) for key, label in COUNTS.items()],
        "points": found.points,
        "formula": f"Engagement points = {_formula()}, not below 0. Machines earn none.",
        "revenue": value_text(found.revenue, "money", tenant.currency) if found.revenue else "",
        "known": _known(known, tenant.time_zone) if known else [],
        "against": _against(known, tenant.time_zone) if known else [],
        "groups": [_group(question, key, happened) for key, happened in by_message.items()],
        "newest": str(question.address.with_(before=None)) if before else "",
        "older": str(question.address.with_(before=str(found.more_before))) if found.more_before else "",
        "may_erase": question.visitor.can("erase_people") and question.site.errands is not None,
        "tenant": tenant.slug,
    }


def _formula() -> str:
    parts = [
        f"{'-' if points < 0 else '+'} {abs(points)} × {measure.removesuffix('_human').replace('_', ' ')}"
        for measure, points in ENGAGEMENT_POINTS
    ]
    return " ".join(parts).removeprefix("+ ")


def _known(one: Standing, zone: str) -> list[tuple[str, str]]:
    known = [
        ("First seen", day_time(one.first_seen, zone)),
        ("Last seen", day_time(one.last_seen, zone)),
        ("Messages", number(one.messages)),
        ("Campaigns", number(one.campaigns)),
        ("Mailbox provider", name_of("provider", one.provider) if one.provider else ""),
        ("Gateway", one.gateway.replace("_", " ").capitalize()),
        ("Back on the list", day_time(one.resubscribed, zone) if one.resubscribed else ""),
    ]
    return [(label, text) for label, text in known if text]


def _against(one: Standing, zone: str) -> list[str]:
    method = f" by {one.unsubscribe_method.replace('_', ' ')}" if one.unsubscribe_method else ""
    words = {
        "complained": f"Complained on {day_time(one.complained, zone)}",
        "unsubscribed": f"Unsubscribed{method} on {day_time(one.unsubscribed, zone)}",
        "hard_bounced": f"Bounced hard on {day_time(one.hard_bounced, zone)}, and nothing was delivered since",
    }
    return [words[key] for key in one.against]


def _group(question: Ask, key: str, happened: list[Happening]) -> dict[str, object]:
    zone = zone_info(question.tenant.time_zone)
    lines = [_line(datetime.fromtimestamp(one.at / 1000, zone), one) for one in happened]
    first = datetime.fromtimestamp(happened[-1].at / 1000, zone)
    campaign = next((one for one in happened if one.campaign), None)
    return {
        "campaign": campaign.campaign if campaign else "",
        "campaign_href": str(question.address.at(campaign_path(campaign.campaign_id))) if campaign else "",
        "subject": next((one.subject for one in happened if one.subject), ""),
        "href": str(question.address.at(message_path(key))),
        "day": when(first, "full_day"),
        "lines": [line for line in lines if line["tone"] != "machine"],
        "machines": [line for line in lines if line["tone"] == "machine"],
    }


def _line(at: datetime, one: Happening) -> dict[str, object]:
    about = [
        (name_of("bounce_class", one.bounce_class) if one.bounce_class else "", False),
        (name_of("bounce_reason", one.bounce_reason) if one.bounce_reason else "", False),
        (one.smtp_reply, True),
        (one.link_url, True),
        (one.unsubscribe_method.replace("_", " "), False),
        (one.conversion_type.replace("_", " "), False),
        (value_text(one.value, "money", one.currency) if one.value else "", False),
        (f"order {one.order_id}" if one.order_id else "", False),
        (" on ".join(part for part in (one.client, one.os) if part), False),
        (one.device, False),
        (one.country, False),
    ]
    machine = one.actor == "machine"
    return {
        "time": when(at, "near"),
        "day": when(at, "full_second"),
        "iso": at.isoformat(timespec="seconds"),
        "type": one.type,
        "title": one.type.replace("_", " ").capitalize() + (" by a machine" if machine else ""),
        "why": one.actor_reason.replace("_", " ") if machine else "",
        "tone": "machine" if machine else TONES.get(one.type, ""),
        "about": [(text, is_long) for text, is_long in about if text],
    }
