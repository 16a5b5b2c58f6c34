"""People: one person's timeline, and who did a thing."""

from __future__ import annotations

from datetime import datetime
from itertools import groupby
from typing import Final

from sendlens.metrics.figures import money
from sendlens.metrics.periods import zone_info
from sendlens.metrics.recipients import DEEDS, Happening
from sendlens.web.panels.campaign import people_path
from sendlens.web.panels.names import name_of
from sendlens.web.panels.question import Ask, campaign_path

DEED_NAMES: Final = {
    "opened_human": "opened",
    "clicked_human": "clicked",
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
_TONES: Final = {
    "bounced": "bad",
    "dropped": "bad",
    "complained": "bad",
    "unsubscribed": "bad",
    "deferred": "warn",
    "clicked": "good",
    "opened": "good",
    "replied": "good",
    "forwarded": "good",
    "shared": "good",
    "converted": "great",
}
PAGE: Final = 50


async def people(question: Ask) -> dict[str, object]:
    """Return who did the chosen thing in the period."""
    address = question.address
    deed = address.get("did")
    deed = deed if deed in DEEDS else "opened_human"
    number = max(int(address.get("page")) if address.get("page").isdecimal() else 1, 1)
    found = await question.site.answers.who(question.scope, deed, limit=PAGE + 1, offset=(number - 1) * PAGE)
    return {
        "deed": DEED_NAMES.get(deed, deed.replace("_", " ")),
        "rows": [
            {
                "name": one.recipient or "(not told)",
                "href": str(address.at(people_path(one.key))),
                "campaign": one.campaign,
                "campaign_href": str(address.at(campaign_path(one.campaign_id))) if one.campaign_id else "",
                "at": one.at,
            }
            for one in found[:PAGE]
        ],
        "zone": question.tenant.time_zone,
        "number": number,
        "before": str(address.with_(page=str(number - 1))) if number > 1 else "",
        "after": str(address.with_(page=str(number + 1))) if len(found) > PAGE else "",
    }


async def person(question: Ask, recipient: str) -> dict[str, object]:
    """Return a person's counts and timeline, the latest first. Raises `NotFound`."""
    text = question.address.get("before")
    before = int(text) if text.isdecimal() else 0
    found = await question.site.answers.person(question.tenant, recipient, before=before)
    zone = zone_info(question.tenant.time_zone)
    lines = [(datetime.fromtimestamp(one.at / 1000, zone), one) for one in found.timeline]
    return {
        "who": found.recipient,
        "counts": [(label, found.counts.get(key, 0)) for key, label in COUNTS.items()],
        "points": found.points,
        "revenue": money(found.revenue, question.tenant.currency) if found.revenue else "",
        "days": [
            {"day": f"{day:%A, %-d %B %Y}", "lines": [_line(question, at, one) for at, one in group]}
            for day, group in groupby(lines, key=lambda line: line[0].date())
        ],
        "newest": str(question.address.with_(before=None)) if before else "",
        "older": str(question.address.with_(before=str(found.more_before))) if found.more_before else "",
    }


def _line(question: Ask, at: datetime, one: Happening) -> dict[str, object]:
    about = [
        (one.subject, False),
        (name_of("bounce_class", one.bounce_class) if one.bounce_class else "", False),
        (name_of("bounce_reason", one.bounce_reason) if one.bounce_reason else "", False),
        (one.smtp_reply, True),
        (one.link_url, True),
        (one.unsubscribe_method.replace("_", " "), False),
        (one.conversion_type.replace("_", " "), False),
        (money(one.value, one.currency) if one.value else "", False),
        (f"order {one.order_id}" if one.order_id else "", False),
        (" on ".join(part for part in (one.client, one.os) if part), False),
        (one.device, False),
        (one.country, False),
    ]
    machine = one.actor == "machine"
    return {
        "time": f"{at:%H:%M:%S}",
        "iso": at.isoformat(timespec="seconds"),
        "type": one.type,
        "title": one.type.replace("_", " ").capitalize() + (" by a machine" if machine else ""),
        "why": one.actor_reason.replace("_", " ") if machine else "",
        "tone": "machine" if machine else _TONES.get(one.type, ""),
        "campaign": one.campaign,
        "campaign_href": str(question.address.at(campaign_path(one.campaign_id))) if one.campaign_id else "",
        "about": [(text, is_long) for text, is_long in about if text],
    }
