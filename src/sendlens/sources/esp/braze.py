"""Braze Currents over the custom HTTP connector: batches of events, proven by a bearer token.

Owns the mapping of Currents' e-mail events. `id` is unique for an event, and Braze says itself that an event may come
twice with the same id, so that it is the identity.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, cast

from sendlens.errors import BadRequest
from sendlens.model.events import BounceClass, EventType
from sendlens.sources import decode
from sendlens.sources.esp import proof, reading, smtp
from sendlens.sources.esp.provider import Evidence, Options, Provider
from sendlens.sources.esp.reading import Json, child, word
from sendlens.sources.received import Mapped, Received

PREFIX: Final = "users.messages.email."

TYPES: Final[dict[str, EventType]] = {
    "Send": EventType.INJECTED,
    "Deferral": EventType.DEFERRED,
    "Delivery": EventType.DELIVERED,
    "Bounce": EventType.BOUNCED,
    # Braze may still deliver later; a delivery after a bounce takes the bounce back.
    "SoftBounce": EventType.BOUNCED,
    "Abort": EventType.DROPPED,
    "Open": EventType.OPENED,
    "Click": EventType.CLICKED,
    "MarkAsSpam": EventType.COMPLAINED,
    "Unsubscribe": EventType.UNSUBSCRIBED,
}
"""Event type without `users.messages.email.` to our type."""

BOUNCES: Final[dict[str, str]] = {"Bounce": BounceClass.HARD, "SoftBounce": BounceClass.SOFT}

CAMPAIGN_FROM: Final = ("campaign_id", "canvas_id")

ABOUT: Final = (
    "campaign_name",
    "canvas_name",
    "canvas_step_id",
    "canvas_step_name",
    "send_id",
    "external_user_id",
    "user_id",
    "esp",
    "device_class",
    "is_amp",
    "mailbox_provider",
)
"""What is kept as metadata, under Braze's names."""


def _verify(received: Received, secrets: Sequence[str], options: Options, evidence: Evidence) -> None:
    del options, evidence
    proof.authorization(received, secrets, PROVIDER.title)


def _parse(received: Received, options: Options) -> Mapped:
    told = decode.document(received.body)
    inner = cast("Json", told).get("events") if isinstance(told, dict) else told
    if not isinstance(inner, list):
        raise BadRequest("a Currents payload is a JSON object with the array `events`")
    return reading.judged(cast("list[object]", inner), _read, options, received)


def _read(native: Json, options: Options, received: Received) -> Iterator[dict[str, object]]:
    del received
    event_type = word(native.get("event_type"))
    name = event_type.removeprefix(PREFIX) if event_type.startswith(PREFIX) else ""
    # The connector nests what the storage export has side by side; both are read.
    facts = {**native, **child(native, "user"), **child(native, "properties")}
    dropped = name == "Bounce" and _truth(facts.get("is_drop"))
    ours = EventType.DROPPED if dropped else TYPES.get(name, EventType.UNKNOWN)
    belonging = reading.belonging({**facts, "metadata": {}, "tags": []}, options, CAMPAIGN_FROM)
    reason = word(facts.get("bounce_reason")) or word(facts.get("deferral_reason")) or word(facts.get("abort_log"))
    variant = word(facts.get("message_variation_id")) or word(facts.get("canvas_variation_id"))
    yield {
        **belonging,
        **(smtp.reply(reason) if smtp.is_reply(reason) else {}),
        "type": ours,
        "native_type": event_type,
        "id": word(native.get("id")),
        "occurred_at": facts.get("time"),
        "message_id": _message_id(facts),
        "recipient": word(facts.get("email_address"))
        or word(facts.get("external_user_id"))
        or word(facts.get("user_id")),
        "template_id": word(facts.get("message_variation_id")) or word(facts.get("canvas_step_id")),
        "variant": variant or belonging["variant"],
        "sending_domain": word(facts.get("from_domain")),
        "pool": word(facts.get("ip_pool")),
        "sending_ip": word(facts.get("sending_ip")),
        "link_url": word(facts.get("link_url")) or word(facts.get("url")),
        "link_id": word(facts.get("link_alias")) or word(facts.get("link_id")),
        "user_agent": word(facts.get("user_agent")),
        "machine": True if _truth(facts.get("machine_open")) else None,
        "bounce_class": BOUNCES.get(name, "") if ours is EventType.BOUNCED else "",
        "reason": reason or word(facts.get("abort_type")),
        "unsubscribe_method": "link" if ours is EventType.UNSUBSCRIBED else "",
        "metadata": {f"braze.{key}": value for key in ABOUT if (value := facts.get(key)) not in (None, "")},
    }


def _message_id(facts: Json) -> str:
    """Return what all events of one sending share: the dispatch, and in a Canvas the step that sent."""
    dispatch = word(facts.get("dispatch_id")) or word(facts.get("send_id"))
    step = word(facts.get("canvas_step_id"))
    return f"{dispatch}:{step}" if dispatch and step else dispatch


def _truth(value: object) -> bool:
    return value is True or word(value).lower() == "true"


PROVIDER: Final = Provider(
    name="braze",
    title="Braze Currents",
    campaign_from=CAMPAIGN_FROM,
    max_age_minutes=0,
    secret_help="the bearer token entered at the Current",  # noqa: S106 (help, not a secret)
    accepted_status=202,
    verify=_verify,
    challenge='Bearer realm="sendlens"',
    parse=_parse,
)
