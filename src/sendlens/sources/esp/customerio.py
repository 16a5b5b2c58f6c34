"""Customer.io's reporting webhooks: one event per request, HMAC-SHA256 over version, time and body.

Owns Customer.io's proof and mapping of e-mail metrics and of customers' subscriptions. `event_id` is the identity; it
stays the same over the seven days in which a failed call is repeated.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from sendlens.errors import Unauthorized
from sendlens.model.events import EventType
from sendlens.sources import decode
from sendlens.sources.esp import moments, proof, reading, smtp
from sendlens.sources.esp.provider import Evidence, Options, Provider
from sendlens.sources.esp.reading import Json, child, word
from sendlens.sources.received import Mapped, Received

SIGNATURE: Final = "x-cio-signature"
TIMESTAMP: Final = "x-cio-timestamp"

TYPES: Final[dict[tuple[str, str], EventType]] = {
    ("email", "sent"): EventType.INJECTED,
    # Could not be handed over for now; Customer.io tries again.
    ("email", "attempted"): EventType.DEFERRED,
    ("email", "deferred"): EventType.DEFERRED,
    ("email", "delivered"): EventType.DELIVERED,
    ("email", "bounced"): EventType.BOUNCED,
    ("email", "dropped"): EventType.DROPPED,
    ("email", "failed"): EventType.DROPPED,
    ("email", "undeliverable"): EventType.DROPPED,
    ("email", "opened"): EventType.OPENED,
    ("email", "clicked"): EventType.CLICKED,
    ("email", "spammed"): EventType.COMPLAINED,
    ("email", "unsubscribed"): EventType.UNSUBSCRIBED,
    ("email", "converted"): EventType.CONVERTED,
    ("customer", "unsubscribed"): EventType.UNSUBSCRIBED,
    ("customer", "subscribed"): EventType.RESUBSCRIBED,
}
"""(object_type, metric) to our type. `human_opened` and `human_clicked` repeat an open or click and stay unknown."""

CAMPAIGN_FROM: Final = ("campaign_id", "broadcast_id", "newsletter", "transactional_message")
"""Campaigns and broadcasts share their numbers; newsletters and transactional messages count for themselves, so that
theirs become `newsletter-7` and `transactional-7`."""


def _verify(received: Received, secrets: Sequence[str], options: Options, evidence: Evidence) -> None:
    del evidence
    timestamp = received.headers.get(TIMESTAMP, "")
    covered = f"v0:{timestamp}:".encode("utf-8", "replace") + received.body
    proof.hex_hmac(received.headers.get(SIGNATURE, ""), covered, secrets, PROVIDER.title)
    if not timestamp:
        raise Unauthorized("the request carries no X-CIO-Timestamp")
    signed_at = moments.signed(timestamp, received.received_at)
    proof.fresh(signed_at, received.received_at, reading.max_age_ms(PROVIDER, options))


def _parse(received: Received, options: Options) -> Mapped:
    return reading.judged([decode.mapping(received.body, "a Customer.io payload")], _read, options, received)


def _read(native: Json, options: Options, received: Received) -> Iterator[dict[str, object]]:
    del received
    kind, metric = word(native.get("object_type")), word(native.get("metric"))
    ours = TYPES.get((kind, metric), EventType.UNKNOWN)
    data = child(native, "data")
    identifiers = child(data, "identifiers")
    # 0 stands for "none of these".
    facts: dict[str, object] = {**{key: told for key, told in data.items() if told != 0}, "metadata": {}, "tags": []}
    for key, name in (("newsletter", "newsletter_id"), ("transactional", "transactional_message_id")):
        if told := word(data.get(name)):
            facts["newsletter" if key == "newsletter" else "transactional_message"] = f"{key}-{told}"
    belonging = reading.belonging(facts, options, CAMPAIGN_FROM)
    failure = word(data.get("failure_message"))
    yield {
        **belonging,
        **(smtp.reply(failure) if smtp.is_reply(failure) else {}),
        "type": ours,
        "native_type": f"{kind}:{metric}" if kind else metric,
        "id": word(native.get("event_id")),
        "occurred_at": native.get("timestamp"),
        "message_id": word(data.get("delivery_id")),
        "recipient": _recipient(data, identifiers),
        "template_id": word(data.get("content_id")) or word(data.get("action_id")) or belonging["template_id"],
        "subject": word(data.get("subject")),
        "stream": "transactional" if word(data.get("transactional_message_id")) else "",
        "link_url": word(data.get("href")),
        "link_id": word(data.get("link_id")),
        "user_agent": word(data.get("user_agent")),
        "ip": word(data.get("ip")),
        # A prefetched image was loaded before anyone could have read.
        "machine": True if data.get("prefetched") is True or data.get("machine") is True else None,
        "reason": failure,
        "metadata": _about(data, identifiers),
    }


def _recipient(data: Json, identifiers: Json) -> str:
    told = (data.get("recipient"), data.get("email_address"), identifiers.get("email"), data.get("customer_id"))
    return next((text for value in told if (text := word(value))), "") or word(identifiers.get("id"))


def _about(data: Json, identifiers: Json) -> dict[str, object]:
    told = {name: data.get(name) for name in ("action_id", "journey_id", "parent_action_id", "proxied", "prefetched")}
    told["customer_id"] = data.get("customer_id") or identifiers.get("id")
    return {f"customerio.{name}": value for name, value in told.items() if value not in (None, "")}


PROVIDER: Final = Provider(
    name="customerio",
    title="Customer.io",
    campaign_from=CAMPAIGN_FROM,
    # Customer.io repeats for seven days and does not say whether it signs again. A replay is recognised by its id.
    max_age_minutes=8 * 24 * 60,
    secret_help="the webhook's signing key",  # noqa: S106 (help, not a secret)
    accepted_status=202,
    verify=_verify,
    parse=_parse,
)
