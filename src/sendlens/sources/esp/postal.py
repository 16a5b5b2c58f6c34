"""Postal's webhooks: one event per request, signed with the installation's RSA key.

Owns Postal's proof and mapping. `uuid` belongs to the webhook request that Postal keeps and repeats, so that it is the
identity; payloads of older versions have none and are identified by their fields.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Sequence
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key

from sendlens.errors import Unauthorized
from sendlens.model.events import BounceClass, EventType
from sendlens.sources import decode
from sendlens.sources.esp import proof, reading, smtp
from sendlens.sources.esp.provider import Evidence, Options, Provider
from sendlens.sources.esp.reading import Json, child, made_id, word
from sendlens.sources.received import Mapped, Received

SIGNATURES: Final[dict[str, hashes.HashAlgorithm]] = {
    "x-postal-signature-256": hashes.SHA256(),
    "x-postal-signature": hashes.SHA1(),  # noqa: S303 (versions before 3 sign with nothing else)
}
"""Header to digest, the better first; only the first that is there counts."""

TYPES: Final[dict[str, EventType]] = {
    "MessageSent": EventType.DELIVERED,
    "MessageDelayed": EventType.DEFERRED,
    "MessageDeliveryFailed": EventType.BOUNCED,
    "MessageBounced": EventType.BOUNCED,
    # Held for suppressed recipients, in development mode, or by a credential that holds everything.
    "MessageHeld": EventType.DROPPED,
    "MessageLoaded": EventType.OPENED,
    "MessageLinkClicked": EventType.CLICKED,
}

STATUSES: Final[dict[str, str]] = {
    "Sent": "MessageSent",
    "SoftFail": "MessageDelayed",
    "HardFail": "MessageDeliveryFailed",
    "Held": "MessageHeld",
}
"""`status` of a payload to the event, for versions that post the payload alone."""

BOUNCES: Final[dict[str, str]] = {"HardFail": BounceClass.HARD, "SoftFail": BounceClass.SOFT}

CAMPAIGN_FROM: Final = ("tags.0",)


def _verify(received: Received, secrets: Sequence[str], options: Options, evidence: Evidence) -> None:
    del options, evidence
    proof.need_secrets(secrets, PROVIDER.title, "public key")
    header = next((name for name in SIGNATURES if received.headers.get(name)), "")
    if not header:
        raise Unauthorized("the request is not signed")
    try:
        signature = base64.b64decode(received.headers[header], validate=True)
    except (binascii.Error, ValueError):
        raise Unauthorized("the signature is not base64") from None
    matches = [_signed_by(secret, signature, received.body, SIGNATURES[header]) for secret in secrets if secret]
    if not any(matches):
        raise Unauthorized("the signature does not belong to this body and key")


def _signed_by(secret: str, signature: bytes, body: bytes, digest: hashes.HashAlgorithm) -> bool:
    # As Postal shows it in its DNS record (`v=DKIM1; ... p=<key>;`), as base64 alone, or as PEM.
    text = secret.rpartition("p=")[2].rstrip("; \n") if "DKIM" in secret else secret
    text = "".join(line.strip() for line in text.strip().splitlines() if not line.startswith("-----"))
    try:
        key = load_der_public_key(base64.b64decode(text, validate=True))
        if not isinstance(key, rsa.RSAPublicKey):
            return False
        key.verify(signature, body, padding.PKCS1v15(), digest)
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        return False
    return True


def _parse(received: Received, options: Options) -> Mapped:
    return reading.judged([decode.mapping(received.body, "a Postal payload")], _read, options, received)


def _read(native: Json, options: Options, received: Received) -> Iterator[dict[str, object]]:
    del received
    payload = child(native, "payload") or native
    name = _name(native, payload)
    ours = TYPES.get(name, EventType.UNKNOWN)
    message = child(payload, "message") or child(payload, "original_message")
    tags = [tag] if (tag := word(message.get("tag"))) else []
    sender = word(message.get("from"))
    status, output = word(payload.get("status")), word(payload.get("output"))
    occurred_at = payload.get("timestamp") or native.get("timestamp") or child(payload, "bounce").get("timestamp")
    link, agent, ip = (word(payload.get(key)) for key in ("url", "user_agent", "ip_address"))
    told = (name, message.get("id"), message.get("token"), occurred_at, link, agent, ip)
    yield {
        **reading.belonging({**payload, "metadata": {}, "tags": tags}, options, CAMPAIGN_FROM),
        **smtp.reply(output),
        "type": ours,
        "native_type": name,
        "id": word(native.get("uuid")) or (made_id(*told) if occurred_at else ""),
        "occurred_at": occurred_at,
        "message_id": reading.message_id(message.get("message_id")) or word(message.get("token")),
        "message_sent_at": message.get("timestamp"),
        "recipient": reading.address(message.get("to")),
        "sender": reading.address(sender),
        "sending_domain": reading.address_domain(sender),
        "subject": word(message.get("subject")),
        "link_url": link,
        "user_agent": agent,
        "ip": ip,
        "bounce_class": BOUNCES.get(status, BounceClass.UNDETERMINED) if ours is EventType.BOUNCED else "",
        "reason": word(payload.get("details")) if ours not in (EventType.DELIVERED, EventType.UNKNOWN) else "",
        "tags": tags,
        "metadata": {
            f"postal.{key}": value
            for key, value in (("id", message.get("id")), ("spam_status", message.get("spam_status")))
            if value not in (None, "")
        },
    }


def _name(native: Json, payload: Json) -> str:
    if told := word(native.get("event")):
        return told
    if child(payload, "original_message"):
        return "MessageBounced"
    if "url" in payload and "message" in payload:
        return "MessageLinkClicked"
    if "user_agent" in payload and "message" in payload:
        return "MessageLoaded"
    status = word(payload.get("status"))
    return STATUSES.get(status, status) or "payload"


PROVIDER: Final = Provider(
    name="postal",
    title="Postal",
    campaign_from=CAMPAIGN_FROM,
    max_age_minutes=0,
    secret_help="the public key: what `postal default-dkim-record` prints",  # noqa: S106 (help, not a secret)
    verify=_verify,
    parse=_parse,
)
