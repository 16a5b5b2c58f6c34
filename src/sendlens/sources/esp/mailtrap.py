"""Mailtrap's sending webhooks: `events` in one object, or a line each; HMAC-SHA256 over the body, or basic credentials.

Owns Mailtrap's proof and mapping. `event_id` identifies an event, together with its type: Mailtrap's own samples give
one id to several types.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, cast

from sendlens.errors import BadRequest
from sendlens.model.events import BounceClass, EventType
from sendlens.sources import decode
from sendlens.sources.esp import bouncecodes, proof, reading, smtp
from sendlens.sources.esp.provider import Evidence, Options, Provider
from sendlens.sources.esp.reading import Json, child, word
from sendlens.sources.received import Mapped, Received

SIGNATURE: Final = "mailtrap-signature"

TYPES: Final[dict[str, EventType]] = {
    "delivery": EventType.DELIVERED,
    # A temporary failure after which Mailtrap tries again, by its own documentation.
    "soft bounce": EventType.DEFERRED,
    "bounce": EventType.BOUNCED,
    "suspension": EventType.DROPPED,
    "reject": EventType.DROPPED,
    "open": EventType.OPENED,
    "click": EventType.CLICKED,
    "spam": EventType.COMPLAINED,
    "unsubscribe": EventType.UNSUBSCRIBED,
}

CAMPAIGN_FROM: Final = ("metadata.campaign_id", "metadata.campaign", "category")


def _verify(received: Received, secrets: Sequence[str], options: Options, evidence: Evidence) -> None:
    del options, evidence
    proof.need_secrets(secrets, PROVIDER.title, "signing secret")
    given = received.headers.get(SIGNATURE, "")
    # A signing secret is hexadecimal and never holds the colon that credentials need, so neither passes as the other.
    if not given and any(":" in secret for secret in secrets):
        proof.basic(received, [secret for secret in secrets if ":" in secret], PROVIDER.title)
        return
    proof.hex_hmac(given, received.body, [secret for secret in secrets if ":" not in secret], PROVIDER.title)


def _parse(received: Received, options: Options) -> Mapped:
    return reading.judged(_natives(received), _read, options, received)


def _natives(received: Received) -> list[object]:
    lines = decode.lines(received.body) if b"\n" in received.body.strip() else []
    if len(lines) > 1 and all(isinstance(line, dict) and "event" in line for line in lines):
        return lines
    told = decode.document(received.body)
    inner = cast("Json", told).get("events", [cast("object", told)]) if isinstance(told, dict) else None
    if not isinstance(inner, list):
        raise BadRequest("a Mailtrap payload is a JSON object with `events`, or a JSON object on each line")
    return cast("list[object]", inner)


def _read(native: Json, options: Options, received: Received) -> Iterator[dict[str, object]]:
    del received
    name = word(native.get("event"))
    ours = TYPES.get(name, EventType.UNKNOWN)
    metadata = child(native, "custom_variables")
    tags = [category] if (category := word(native.get("category"))) else []
    response = word(native.get("response"))
    reply = smtp.reply(response)
    told, category = word(native.get("event_id")), word(native.get("bounce_category"))
    yield {
        **reading.belonging({**native, "metadata": metadata, "tags": tags}, options, CAMPAIGN_FROM),
        **reply,
        "type": ours,
        "native_type": name,
        "id": f"{told}:{name}" if told else "",
        "occurred_at": native.get("timestamp"),
        "message_id": word(native.get("message_id")),
        "recipient": word(native.get("email")),
        "sending_domain": word(native.get("sending_domain_name")),
        "stream": word(native.get("sending_stream")),
        "link_url": word(native.get("url")),
        "user_agent": word(native.get("user_agent")),
        "ip": word(native.get("ip")),
        "smtp_code": native.get("response_code") or reply["smtp_code"],
        "bounce_class": (bouncecodes.of_word(category) or BounceClass.HARD) if ours is EventType.BOUNCED else "",
        "reason": category or word(native.get("reason")),
        "tags": tags,
        "metadata": metadata,
    }


PROVIDER: Final = Provider(
    name="mailtrap",
    title="Mailtrap",
    campaign_from=CAMPAIGN_FROM,
    max_age_minutes=0,
    secret_help="the webhook's signing secret, or user:password as in its address",  # noqa: S106 (help)
    verify=_verify,
    parse=_parse,
)
