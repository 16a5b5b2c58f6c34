"""Brevo's webhooks, transactional and marketing: one event or a batch, basic credentials or a bearer token.

Owns Brevo's mapping. `id` in an event is the webhook's, not the event's; identity is made of the message, our type, the
recipient, the time and the link. Our type and not Brevo's word, because the first opening is reported twice when both
`opened` and `unique_opened` are chosen, with the same time; so it is counted once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from sendlens.errors import BadRequest
from sendlens.model.events import BounceClass, EventType
from sendlens.sources import decode
from sendlens.sources.esp import proof, reading, smtp
from sendlens.sources.esp.provider import Evidence, Options, Provider
from sendlens.sources.esp.reading import Json, items, made_id, word
from sendlens.sources.received import Mapped, Received

TYPES: Final[dict[str, EventType]] = {
    "request": EventType.INJECTED,
    "delivered": EventType.DELIVERED,
    "deferred": EventType.DEFERRED,
    "soft_bounce": EventType.BOUNCED,
    "hard_bounce": EventType.BOUNCED,
    "blocked": EventType.DROPPED,
    "invalid_email": EventType.DROPPED,
    "error": EventType.DROPPED,
    "opened": EventType.OPENED,
    "unique_opened": EventType.OPENED,
    "proxy_open": EventType.OPENED,
    "unique_proxy_open": EventType.OPENED,
    "click": EventType.CLICKED,
    "complaint": EventType.COMPLAINED,
    "spam": EventType.COMPLAINED,
    "unsubscribed": EventType.UNSUBSCRIBED,
    "unsubscribe": EventType.UNSUBSCRIBED,
}

BOUNCES: Final[dict[str, str]] = {"soft_bounce": BounceClass.SOFT, "hard_bounce": BounceClass.HARD}

BY_PROXY: Final = frozenset({"proxy_open", "unique_proxy_open"})
"""Opens that Brevo puts down to a privacy proxy's fetching ahead."""

TIMES: Final = ("ts_event", "ts", "ts_epoch", "date_event", "s_epoch")
"""Unix times, the best first. `date` is in the account's zone, which is told nowhere."""

CAMPAIGN_FROM: Final = ("metadata.campaign_id", "metadata.campaign", "camp_id", "tags.0")

CUSTOM: Final = "X-Mailin-custom"


def _verify(received: Received, secrets: Sequence[str], options: Options, evidence: Evidence) -> None:
    del options, evidence
    proof.authorization(received, secrets, PROVIDER.title)


def _parse(received: Received, options: Options) -> Mapped:
    return reading.judged(reading.one_or_many(received.body, PROVIDER.title), _read, options, received)


def _read(native: Json, options: Options, received: Received) -> Iterator[dict[str, object]]:
    del received
    name = word(native.get("event"))
    ours = TYPES.get(name, EventType.UNKNOWN)
    metadata = _custom(word(native.get(CUSTOM)))
    tags = items(native.get("tags")) or items(native.get("tag"))
    belonging = reading.belonging({**native, "metadata": metadata, "tags": tags}, options, CAMPAIGN_FROM)
    occurred_at = next((told for key in TIMES if (told := native.get(key)) not in (None, "", 0)), None)
    message_id = reading.message_id(native.get("message-id"))
    recipient, reason = word(native.get("email")), word(native.get("reason"))
    link = word(native.get("link")) or word(native.get("URL"))
    agent = word(native.get("user_agent")) or word(native.get("device_used"))
    # TRICKY: `ts_epoch` has milliseconds and tells apart two clicks of one second.
    identity = (message_id, native.get("camp_id"), ours, recipient, occurred_at, native.get("ts_epoch"), link, agent)
    yield {
        **belonging,
        **(smtp.reply(reason) if smtp.is_reply(reason) else {}),
        "type": ours,
        "native_type": name,
        "id": made_id(*identity, name if ours is EventType.UNKNOWN or name in BY_PROXY else "")
        if occurred_at and recipient
        else "",
        "occurred_at": occurred_at,
        "message_id": message_id,
        "message_sent_at": native.get("ts_sent"),
        "recipient": recipient,
        "template_id": word(native.get("template_id")) or belonging["template_id"],
        "segment": belonging["segment"] or word(native.get("list_id")),
        "sender": word(native.get("sender_email")),
        "sending_domain": reading.address_domain(native.get("sender_email")),
        "subject": word(native.get("subject")),
        "sending_ip": word(native.get("sending_ip")),
        "stream": "marketing" if "camp_id" in native else "",
        "link_url": link,
        "user_agent": agent,
        "ip": word(native.get("ip")),
        "machine": True if name in BY_PROXY else None,
        "bounce_class": BOUNCES.get(name, ""),
        "reason": reason if reason != "sent" else "",
        "tags": tags,
        "metadata": {**_about(native), **metadata},
    }


def _custom(text: str) -> Json:
    """Read the custom header: a JSON object, or pairs `name:value` joined by `|`, or a word alone."""
    if not text:
        return {}
    if text.startswith("{"):
        try:
            return decode.mapping(text.encode("utf-8", "replace"), "X-Mailin-custom")
        except BadRequest:
            return {CUSTOM: text}
    pairs = [pair.partition(":") for pair in text.split("|")]
    if all(colon for _, colon, _ in pairs):
        return {name.strip(): value.strip() for name, _, value in pairs}
    return {CUSTOM: text}


def _about(native: Json) -> dict[str, object]:
    told = {name: native.get(name) for name in ("id", "contact_id", "campaign name", "mirror_link")}
    return {f"brevo.{name}": value for name, value in told.items() if value not in (None, "")}


PROVIDER: Final = Provider(
    name="brevo",
    title="Brevo",
    campaign_from=CAMPAIGN_FROM,
    max_age_minutes=0,
    secret_help="user:password as in the webhook's address, or the webhook's bearer token",  # noqa: S106 (help)
    verify=_verify,
    challenge='Basic realm="sendlens"',
    parse=_parse,
)
