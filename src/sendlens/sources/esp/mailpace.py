"""MailPace's webhooks: one event per request, signed with Ed25519.

Owns MailPace's proof and mapping. Events have no id. A message is queued, delivered, bounced or found to be spam once,
so that its id and the type identify these; a deferral, which may come again, is told apart by when the message changed.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Sequence
from email.utils import getaddresses
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from sendlens.errors import Unauthorized
from sendlens.model.events import BounceClass, EventType
from sendlens.sources import decode
from sendlens.sources.esp import proof, reading
from sendlens.sources.esp.provider import Evidence, Options, Provider
from sendlens.sources.esp.reading import Json, child, items, made_id, word
from sendlens.sources.received import Mapped, Received

SIGNATURE: Final = "x-mailpace-signature"

TYPES: Final[dict[str, EventType]] = {
    "email.queued": EventType.INJECTED,
    "email.delivered": EventType.DELIVERED,
    "email.deferred": EventType.DEFERRED,
    "email.bounced": EventType.BOUNCED,
    # MailPace's own filter took the message for spam and did not send it; this is no complaint.
    "email.spam": EventType.DROPPED,
}

BODIES: Final = frozenset({"htmlbody", "textbody", "attachments"})
"""Parts of a payload that are the message itself; they are not kept."""

CAMPAIGN_FROM: Final = ("tags.0",)


def _verify(received: Received, secrets: Sequence[str], options: Options, evidence: Evidence) -> None:
    del options, evidence
    proof.need_secrets(secrets, PROVIDER.title, "public key")
    given = received.headers.get(SIGNATURE, "")
    if not given:
        raise Unauthorized("the request is not signed")
    try:
        signature = base64.b64decode(given, validate=True)
    except (binascii.Error, ValueError):
        raise Unauthorized("the signature is not base64") from None
    matches = [_signed_by(secret, signature, received.body) for secret in secrets if secret]
    if not any(matches):
        raise Unauthorized("the signature does not belong to this body and key")


def _signed_by(secret: str, signature: bytes, body: bytes) -> bool:
    try:
        raw = base64.b64decode(secret.strip(), validate=True)
        key = Ed25519PublicKey.from_public_bytes(raw) if len(raw) == 32 else load_der_public_key(raw)
        if not isinstance(key, Ed25519PublicKey):
            return False
        key.verify(signature, body)
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        return False
    return True


def _parse(received: Received, options: Options) -> Mapped:
    told = decode.mapping(received.body, "a MailPace payload")
    payload = {key: value for key, value in child(told, "payload").items() if key not in BODIES}
    return reading.judged([{**told, "payload": payload}], _read, options, received)


def _read(native: Json, options: Options, received: Received) -> Iterator[dict[str, object]]:
    name = word(native.get("event"))
    ours = TYPES.get(name, EventType.UNKNOWN)
    payload = child(native, "payload")
    tags = items(payload.get("tags"))
    sender, own = word(payload.get("from")), word(payload.get("id"))
    occurred_at = word(payload.get("updated_at")) or word(payload.get("created_at"))
    once = ours not in (EventType.DEFERRED, EventType.UNKNOWN)
    belonging = reading.belonging({**payload, "metadata": {}, "tags": tags}, options, CAMPAIGN_FROM)
    addresses = [word(payload.get(key)) for key in ("to", "cc", "bcc")]
    recipients = [address for _, address in getaddresses(addresses) if address] or [""]
    for recipient in dict.fromkeys(recipients):
        yield {
            **belonging,
            "type": ours,
            "native_type": name,
            "id": made_id(name, own, recipient, "" if once else occurred_at) if own else "",
            "occurred_at": occurred_at or received.received_at,
            "message_id": reading.message_id(payload.get("message_id")) or own,
            "message_sent_at": payload.get("created_at"),
            "recipient": recipient,
            "sender": reading.address(sender),
            "sending_domain": reading.address_domain(sender),
            "subject": word(payload.get("subject")),
            "bounce_class": BounceClass.HARD if ours is EventType.BOUNCED else "",
            "reason": "spam filter" if name == "email.spam" else "",
            "tags": tags,
            "metadata": {"mailpace.domain_id": payload["domain_id"]} if word(payload.get("domain_id")) else {},
        }


PROVIDER: Final = Provider(
    name="mailpace",
    title="MailPace",
    campaign_from=CAMPAIGN_FROM,
    max_age_minutes=0,
    secret_help="the domain's public key (base64), from Public Key Verification",  # noqa: S106 (help)
    verify=_verify,
    parse=_parse,
)
