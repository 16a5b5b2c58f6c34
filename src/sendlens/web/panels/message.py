"""The life of one message in words: each step, how long it took, what was said, and who is thought to have done it."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from urllib.parse import quote

from sendlens.metrics.figures import duration
from sendlens.metrics.message import Message, Messages, Step, Verdict
from sendlens.metrics.periods import zone_info
from sendlens.web.pages.reader import value_text, when
from sendlens.web.panels.campaign import people_path
from sendlens.web.panels.names import name_of
from sendlens.web.panels.question import Ask, campaign_path

TONES: Final = {
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
"""How a kind of event is coloured in a timeline."""

_FACTS: Final = {
    "subject": "Subject",
    "sender": "From",
    "sending_domain": "Sending domain",
    "stream": "Stream",
    "template_id": "Template",
    "segment": "Segment",
    "variant": "Variant",
    "provider": "Mailbox provider",
    "gateway": "Gateway",
    "mx": "Receiving host",
    "pool": "IP pool",
    "sending_ip": "Sent from",
}
_WORDS: Final = {
    "native_type": "The source calls it",
    "source": "Source",
    "link_url": "Address",
    "link_id": "Link",
    "link_position": "Place of the link",
    "link_kind": "Kind of link",
    "user_agent": "User agent",
    "ip": "IP address",
    "smtp_reply": "Reply",
    "smtp_code": "SMTP code",
    "enhanced_code": "Enhanced code",
    "bounce_class": "Bounce class",
    "bounce_reason": "Bounce reason",
    "bounce_rule": "Decided by the rule",
    "bounce_confidence": "Confidence of the rule",
    "skew_ms": "Clock corrected by (ms)",
    "attempt": "Attempt",
    "reason": "The source's reason",
    "order_id": "Order",
}
_DECIDED: Final = frozenset({"opened", "clicked", "unsubscribed"})
_ACTORS: Final = {"human": "a person", "proxy": "a proxy, on a person's behalf", "machine": "a machine"}


def message_path(key: str) -> str:
    """Return the path of a message's page."""
    return f"/messages/{quote(key, safe='')}"


async def message(question: Ask) -> dict[str, object]:
    """Return the life of the message that the address names as its item, by key or message id. Raises `NotFound`.

    Where a message id went to several recipients, the choice of one is returned instead.
    """
    answers, tenant, wanted = question.site.answers, question.tenant, question.address.get("item")
    messages = Messages(answers.metrics)
    found = await answers.run(tenant, lambda: messages.find(tenant, wanted))
    if len(found) == 1:
        return _life(question, await answers.run(tenant, lambda: messages.get(tenant, found[0].key)))
    choices = [
        {
            "href": str(question.address.at(message_path(one.key))),
            "recipient": one.recipient or "(not told)",
            "at": one.last_at,
        }
        for one in found
    ]
    return {"wanted": wanted, "choices": choices, "zone": tenant.time_zone}


def _life(question: Ask, one: Message) -> dict[str, object]:
    named = {"provider": name_of("provider", one.facts["provider"])} if "provider" in one.facts else {}
    start = one.steps[0].at if one.steps else 0
    return {
        "title": one.facts.get("subject") or one.message_id or f"Message {one.key}",
        "recipient": one.recipient or "(not told)",
        "recipient_href": str(question.address.at(people_path(one.recipient_key))),
        "campaign": one.campaign,
        "campaign_href": str(question.address.at(campaign_path(one.campaign_id))) if one.campaign_id else "",
        "facts": [
            *((label, named.get(name, one.facts[name])) for name, label in _FACTS.items() if name in one.facts),
            ("Message id", one.message_id or "(not told)"),
            ("Key", one.key),
        ],
        "verdict": _state(one),
        "steps": [_step(question, step, start) for step in one.steps],
        "complete": one.complete,
        "choices": [],
        "zone": question.tenant.time_zone,
    }


def _state(one: Message) -> tuple[str, str]:
    """Return what became of the message in words, and a tone."""
    by_type = {step.type: step for step in one.steps if not step.taken_back}
    if "bounced" in by_type:
        after = " after it was accepted" if "delivered" in by_type else ""
        return f"Bounced{after}: {_told(by_type['bounced'], 'bounce_reason') or 'no reason told'}", "bad"
    if "dropped" in by_type:
        return f"Never attempted: {_told(by_type['dropped'], 'reason') or 'no reason told'}", "bad"
    if "delivered" in by_type:
        sent = by_type.get("injected")
        took = f" in {_length(by_type['delivered'].at - sent.at)}" if sent else ""
        return f"Delivered{took}", "good"
    if "deferred" in by_type:
        return "Deferred; nothing final is known yet", "warn"
    return "Nothing is known about its delivery yet", ""


def _told(step: Step, name: str) -> str:
    value = str(step.told.get(name, ""))
    return name_of(name, value).lower() if value else ""


def _step(question: Ask, step: Step, start: int) -> dict[str, object]:
    at = datetime.fromtimestamp(step.at / 1000, zone_info(question.tenant.time_zone))
    decided = step.type in _DECIDED and step.verdict.actor != ""
    machine = step.verdict.actor == "machine"
    value = float(str(step.told.get("value") or 0))
    return {
        "when": when(at, "exact"),
        "iso": at.isoformat(timespec="milliseconds"),
        "after": f"+{_length(step.after_ms)}" if step.after_ms is not None else "",
        "since": _length(step.at - start),
        "title": step.type.replace("_", " ").capitalize(),
        "tone": "machine" if machine else TONES.get(step.type, ""),
        "taken_back": step.taken_back,
        "who": _who(step.verdict) if decided else "",
        "corrected": [_who(one) for one in step.corrected] if step.type in _DECIDED else [],
        "reply": str(step.told.get("smtp_reply", "")),
        "bounce": " · ".join(
            name_of(name, str(step.told[name])) for name in ("bounce_class", "bounce_reason") if step.told.get(name)
        ),
        "rule": str(step.told.get("bounce_rule", "")),
        "link": str(step.told.get("link_url") or step.told.get("link_id") or ""),
        "with": " on ".join(str(step.told[name]) for name in ("client", "os") if step.told.get(name)),
        "country": str(step.told.get("country", "")),
        "method": str(step.told.get("unsubscribe_method", "")).replace("_", " "),
        "worth": value_text(value, "money", str(step.told.get("currency", ""))) if value else "",
        "all": [
            (_WORDS.get(name, name.replace("_", " ").capitalize()), str(value))
            for name, value in step.told.items()
            if name != "raw"
        ],
        "raw": str(step.told.get("raw", "")),
    }


def _who(one: Verdict) -> str:
    who = _ACTORS.get(one.actor, "nobody knows whom")
    why = f": {one.reason.replace('_', ' ')}" if one.reason else ""
    sure = f", {one.confidence} % sure" if one.confidence else ""
    return f"by {who}{why}{sure}"


def _length(ms: int) -> str:
    return f"{ms} ms" if abs(ms) < 1000 else duration(ms / 1000)
