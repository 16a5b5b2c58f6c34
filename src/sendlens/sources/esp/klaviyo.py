"""Klaviyo's system webhooks: up to 1,000 events per request, HMAC-SHA256 over body and time.

Owns Klaviyo's proof and mapping of its e-mail topics. `external_id` is the event's own id and the identity. What an
event tells beyond topic, time and profile are event properties, which Klaviyo names but does not promise.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from sendlens.errors import BadRequest, Unauthorized
from sendlens.model.events import BounceClass, EventType
from sendlens.sources import decode
from sendlens.sources.esp import moments, proof, reading, smtp
from sendlens.sources.esp.provider import Evidence, Options, Provider
from sendlens.sources.esp.reading import Json, child, items, word
from sendlens.sources.received import Mapped, Received

SIGNATURE: Final = "klaviyo-signature"
TIMESTAMP: Final = "klaviyo-timestamp"
PREFIX: Final = "event:klaviyo."

TYPES: Final[dict[str, EventType]] = {
    "received_email": EventType.DELIVERED,
    "bounced_email": EventType.BOUNCED,
    "dropped_email": EventType.DROPPED,
    "opened_email": EventType.OPENED,
    "clicked_email": EventType.CLICKED,
    "marked_email_as_spam": EventType.COMPLAINED,
    "unsubscribed_from_email_marketing": EventType.UNSUBSCRIBED,
    "clicked_email_to_unsubscribe": EventType.UNSUBSCRIBED,
    "subscribed_to_email_marketing": EventType.RESUBSCRIBED,
}
"""Topic without `event:klaviyo.` to our type."""

BOUNCES: Final[dict[str, str]] = {"hard": BounceClass.HARD, "soft": BounceClass.SOFT}

COHORT: Final = "$_cohort$message_send_cohort"
"""The property that names one sending of one message."""

CAMPAIGN_FROM: Final = ("metadata.campaign_id", "$message", "$flow")


def _verify(received: Received, secrets: Sequence[str], options: Options, evidence: Evidence) -> None:
    del evidence
    timestamp = received.headers.get(TIMESTAMP, "")
    covered = received.body + timestamp.encode("utf-8", "replace")
    proof.hex_hmac(received.headers.get(SIGNATURE, ""), covered, secrets, PROVIDER.title)
    if not timestamp:
        raise Unauthorized("the request carries no Klaviyo-Timestamp")
    signed_at = moments.signed(timestamp, received.received_at)
    proof.fresh(signed_at, received.received_at, reading.max_age_ms(PROVIDER, options))


def _parse(received: Received, options: Options) -> Mapped:
    told = decode.mapping(received.body, "a Klaviyo payload")
    if not isinstance(told.get("data"), list):
        raise BadRequest("a Klaviyo payload holds its events in the array `data`")
    return reading.judged(items(told["data"]), _read, options, received)


def _read(native: Json, options: Options, received: Received) -> Iterator[dict[str, object]]:
    del received
    topic = word(native.get("topic"))
    ours = TYPES.get(topic.removeprefix(PREFIX), EventType.UNKNOWN)
    payload = child(native, "payload")
    event = child(payload, "data") or payload
    attributes = child(event, "attributes")
    properties = child(attributes, "event_properties") or child(attributes, "properties")
    metadata = {key: value for key, value in properties.items() if not key.startswith("$")}
    belonging = reading.belonging({**properties, "metadata": metadata, "tags": []}, options, CAMPAIGN_FROM)
    reply = word(properties.get("Bounce Message")) or word(properties.get("Reason"))
    yield {
        **belonging,
        **(smtp.reply(reply) if smtp.is_reply(reply) else {}),
        "type": ours,
        "native_type": topic,
        "id": word(native.get("external_id")) or word(event.get("id")) or word(attributes.get("uuid")),
        "occurred_at": attributes.get("datetime") or attributes.get("timestamp"),
        "message_id": word(properties.get(COHORT)) or word(properties.get("$message")),
        "recipient": _recipient(payload, event, properties),
        "variant": word(properties.get("$variation")) or belonging["variant"],
        "segment": word(properties.get("List")) or belonging["segment"],
        "subject": word(properties.get("Subject")),
        "link_url": word(properties.get("URL")),
        "machine": True if _truth(properties, "machine_open") or _truth(properties, "Bot Click") else None,
        "bounce_class": BOUNCES.get(word(properties.get("Bounce Type")).lower(), "")
        if ours is EventType.BOUNCED
        else "",
        "reason": word(properties.get("Bounce Type")) or word(properties.get("Reason")),
        "unsubscribe_method": "link" if topic.endswith("clicked_email_to_unsubscribe") else "",
        "metadata": metadata,
    }


def _recipient(payload: Json, event: Json, properties: Json) -> str:
    """Return the address, or, where only the profile is named, its id."""
    for key in ("Recipient Email Address", "Email", "email"):
        if "@" in (told := word(properties.get(key))):
            return told
    for entry in items(payload.get("included")):
        if told := word(child(entry, "attributes").get("email")):
            return told
    return word(child(event, "relationships", "profile", "data").get("id"))


def _truth(properties: Json, key: str) -> bool:
    told = properties.get(key)
    return told is True or word(told).lower() == "true"


PROVIDER: Final = Provider(
    name="klaviyo",
    title="Klaviyo",
    campaign_from=CAMPAIGN_FROM,
    # Klaviyo repeats for hours and does not say whether it signs again. A replay is recognised by its event ids.
    max_age_minutes=24 * 60,
    secret_help="the secret key given when the webhook was made",  # noqa: S106 (help, not a secret)
    verify=_verify,
    parse=_parse,
)
