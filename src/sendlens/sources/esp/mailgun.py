"""Mailgun's webhooks: JSON with `signature` and `event-data`, and the older form fields.

Owns Mailgun's proof and mapping. The signature covers a time and a token but not the body, so that a token is good for
one body only: a repeat of the same body passes (Mailgun repeats what was not answered with 200), another body with the
same token does not.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator, Sequence
from typing import Final
from urllib.parse import parse_qsl

from sendlens.errors import BadRequest, Unauthorized
from sendlens.model.events import BounceClass, EventType
from sendlens.sources import decode
from sendlens.sources.esp import mailgun_legacy, proof, reading
from sendlens.sources.esp.provider import Evidence, Options, Provider
from sendlens.sources.esp.reading import Json, child, items, word
from sendlens.sources.received import Mapped, Received

TYPES: Final[dict[tuple[str, str], EventType]] = {
    ("accepted", ""): EventType.INJECTED,
    ("rejected", ""): EventType.DROPPED,
    ("delivered", ""): EventType.DELIVERED,
    ("failed", "temporary"): EventType.DEFERRED,
    ("failed", "permanent"): EventType.BOUNCED,
    ("opened", ""): EventType.OPENED,
    ("clicked", ""): EventType.CLICKED,
    ("complained", ""): EventType.COMPLAINED,
    ("unsubscribed", ""): EventType.UNSUBSCRIBED,
}
"""(event, severity) to our type."""

NEVER_ATTEMPTED: Final[dict[str, str]] = {
    "suppress-bounce": "suppressed: bounced before",
    "suppress-complaint": "suppressed: complained before",
    "suppress-unsubscribe": "suppressed: unsubscribed",
}
"""Reasons of a permanent failure that Mailgun decided by itself, without a connection to the recipient's server."""

BOUNCE_REASONS: Final[dict[str, str]] = {
    "bounce": BounceClass.HARD,
    "hardfail": BounceClass.HARD,
    "espblock": BounceClass.BLOCK,
    "blocked": BounceClass.BLOCK,
    "old": BounceClass.SOFT,
    "generic": BounceClass.UNDETERMINED,
}

CAMPAIGN_FROM: Final = (
    "metadata.campaign_id",
    "metadata.campaign-id",
    "metadata.campaign",
    "campaigns.0.id",
    "tags.0",
)

FORM_TYPES: Final = frozenset({"application/x-www-form-urlencoded", "multipart/form-data"})


def _verify(received: Received, secrets: Sequence[str], options: Options, evidence: Evidence) -> None:
    proof.need_secrets(secrets, PROVIDER.title, "webhook signing key")
    told = _signature(received)
    timestamp, token = word(told.get("timestamp")), word(told.get("token"))
    given = [word(told.get("signature")), word(told.get("parent-signature"))]
    if not timestamp or not token or not any(given):
        raise Unauthorized("the request is not signed")
    covered = f"{timestamp}{token}".encode("utf-8", "replace")
    expected = [hmac.new(secret.encode(), covered, hashlib.sha256).hexdigest() for secret in secrets if secret]
    # Events of a subaccount carry the signature of the parent account beside their own.
    matches = [proof.same(signature.lower(), expected) for signature in given if signature]
    if not any(matches):
        raise Unauthorized("the signature does not belong to this key")
    if not (timestamp.isascii() and timestamp.isdecimal() and len(timestamp) < 15):
        raise Unauthorized("the signed timestamp is not a number")
    signed_at, age = int(timestamp) * 1000, reading.max_age_ms(PROVIDER, options)
    proof.fresh(signed_at, received.received_at, age)
    if evidence.tokens and not evidence.tokens.claim(f"mailgun:{token}", received.body, signed_at + age):
        raise Unauthorized("the signature's token was used for another body before")


def _signature(received: Received) -> Json:
    if _is_form(received):
        return _form(received)
    told = decode.mapping(received.body, "a Mailgun payload")
    return child(told, "signature")


def _is_form(received: Received) -> bool:
    return received.media_type in FORM_TYPES and not received.body.lstrip().startswith(b"{")


def _form(received: Received) -> dict[str, object]:
    if received.media_type == "multipart/form-data":
        return mailgun_legacy.multipart(received)
    if not received.body.strip():
        raise BadRequest("the body is empty")
    try:
        pairs = parse_qsl(received.body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=1000)
    except ValueError as error:
        raise BadRequest(f"the form cannot be read: {error}") from None
    return mailgun_legacy.gather(pairs)


def _parse(received: Received, options: Options) -> Mapped:
    if _is_form(received):
        return reading.judged([mailgun_legacy.modern(_form(received))], _read, options, received)
    told = decode.mapping(received.body, "a Mailgun payload")
    if "event-data" not in told:
        raise BadRequest("a Mailgun payload holds its event in `event-data`")
    return reading.judged([told["event-data"]], _read, options, received)


def _read(native: Json, options: Options, received: Received) -> Iterator[dict[str, object]]:
    del received
    name, severity, reason = (word(native.get(key)) for key in ("event", "severity", "reason"))
    ours = TYPES.get((name, severity)) or TYPES.get((name, ""), EventType.UNKNOWN)
    if ours is EventType.BOUNCED and reason in NEVER_ATTEMPTED:
        ours = EventType.DROPPED
    status, envelope, client = (child(native, key) for key in ("delivery-status", "envelope", "client-info"))
    headers = {key.lower(): value for key, value in child(native, "message", "headers").items()}
    variables, tags = child(native, "user-variables"), items(native.get("tags"))
    facts = {**native, "metadata": variables, "tags": tags, "headers": headers}
    belonging = reading.belonging(facts, options, CAMPAIGN_FROM)
    sender = word(headers.get("from")) or word(envelope.get("sender"))
    yield {
        **belonging,
        "type": ours,
        "native_type": f"{name}:{severity}" if severity else name,
        "id": _identity(native),
        "occurred_at": native.get("timestamp"),
        "message_id": reading.message_id(headers.get("message-id")),
        "recipient": word(native.get("recipient")),
        "template_id": word(child(native, "template").get("name")) or belonging["template_id"],
        "sender": sender,
        "sending_domain": word(child(native, "domain").get("name")) or reading.address_domain(sender),
        "subject": word(headers.get("subject")),
        "sending_ip": word(envelope.get("sending-ip")),
        "link_url": word(native.get("url")),
        "user_agent": word(client.get("user-agent")),
        "ip": word(native.get("ip")),
        "country": word(child(native, "geolocation").get("country")),
        # Mailgun names the bot ("apple", "gmail", "generic") and leaves the field empty for people.
        "machine": True if word(client.get("bot")) else None,
        "mx": word(status.get("mx-host")),
        "smtp_code": status.get("code"),
        "enhanced_code": word(status.get("enhanced-code")),
        "smtp_reply": word(status.get("message")) or word(status.get("description")),
        "bounce_class": BOUNCE_REASONS.get(reason, "") if ours is EventType.BOUNCED else "",
        "reason": reason or word(child(native, "reject").get("reason")),
        "attempt": status.get("attempt-no"),
        "tags": tags,
        "metadata": variables,
    }


def _identity(native: Json) -> str:
    """Return the id under which Mailgun's repeats are recognised.

    `event-data.id` is promised to be unique within a day only, and is the same in a repeat; type, reason and time are
    too, and keep ids of different days apart. The signature's token would not do: nothing says a repeat keeps it.
    """
    told = word(native.get("id"))
    if not told:
        return ""
    parts = [native.get(key) for key in ("event", "severity", "reason", "timestamp")]
    return ":".join([told, *filter(None, map(word, parts))])[:256]


PROVIDER: Final = Provider(
    name="mailgun",
    title="Mailgun",
    campaign_from=CAMPAIGN_FROM,
    # Mailgun repeats for eight hours and, as far as observed, with the first signature. A shorter window would lose
    # the events of an outage; a captured signature is useless meanwhile, since its token is bound to its body.
    max_age_minutes=9 * 60,
    secret_help="the HTTP webhook signing key",  # noqa: S106 (help, not a secret)
    verify=_verify,
    parse=_parse,
)
