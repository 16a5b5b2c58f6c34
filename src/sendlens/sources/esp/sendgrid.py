"""Twilio SendGrid's Event Webhook: ECDSA-signed batches of up to 1,000 events.

Fields as in SendGrid's Event Webhook reference. Unique arguments and custom arguments stand beside SendGrid's own
fields in each event, so that everything not named here is metadata.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Sequence
from typing import Final, cast

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key

from sendlens.errors import BadRequest, Unauthorized
from sendlens.model.events import BounceClass, EventType
from sendlens.sources import decode
from sendlens.sources.esp import identities, proof, reading
from sendlens.sources.esp.provider import Evidence, Options, Provider
from sendlens.sources.esp.reading import Json, word
from sendlens.sources.received import Mapped, Received

SIGNATURE: Final = "x-twilio-email-event-webhook-signature"
TIMESTAMP: Final = "x-twilio-email-event-webhook-timestamp"

TYPES: Final[dict[str, EventType]] = {
    "processed": EventType.INJECTED,
    "deferred": EventType.DEFERRED,
    "delivered": EventType.DELIVERED,
    "bounce": EventType.BOUNCED,
    # Only ever seen as `type` of a bounce in today's payloads; older accounts posted it as an event.
    "blocked": EventType.BOUNCED,
    "dropped": EventType.DROPPED,
    "open": EventType.OPENED,
    "click": EventType.CLICKED,
    "spamreport": EventType.COMPLAINED,
    "unsubscribe": EventType.UNSUBSCRIBED,
    "group_unsubscribe": EventType.UNSUBSCRIBED,
    "group_resubscribe": EventType.RESUBSCRIBED,
}

CLASSIFICATIONS: Final[dict[str, str]] = {
    "invalid address": BounceClass.HARD,
    "technical": BounceClass.SOFT,
    "technical failure": BounceClass.SOFT,
    "mailbox unavailable": BounceClass.SOFT,
    "content": BounceClass.BLOCK,
    "reputation": BounceClass.BLOCK,
    "frequency or volume too high": BounceClass.BLOCK,
    "frequency/volume": BounceClass.BLOCK,
    "unclassified": BounceClass.UNDETERMINED,
}
"""`bounce_classification`, in lower case; it is finer than the `type` of a bounce."""

BOUNCE_TYPES: Final[dict[str, str]] = {
    "bounce": BounceClass.HARD,
    "blocked": BounceClass.BLOCK,
    "expired": BounceClass.SOFT,
}

UNSUBSCRIBE_METHODS: Final[dict[str, str]] = {"unsubscribe": "link", "group_unsubscribe": "link"}

_OWN_FIELDS: Final = """
    email timestamp smtp-id event category sg_event_id sg_message_id reason status response attempt ip useragent
    url url_offset type asm_group_id newsletter tls pool cert_err unique_args custom_args bounce_classification
    sg_machine_open sg_content_type sg_user_id sg_template_id sg_template_name send_at from subject headers
"""
OWN_FIELDS: Final = frozenset(_OWN_FIELDS.split())
"""SendGrid's own fields; everything else in an event is a unique argument."""

CAMPAIGN_FROM: Final = (
    "metadata.campaign_id",
    "metadata.campaign",
    "singlesend_id",
    "marketing_campaign_id",
    "mc_auto_id",
    "category",
)

# "14c5d75ce93.dfd.64b469.filter0001.16648.5515E0B88.0": what stands before is the id the sending API returned.
_MESSAGE: Final = re.compile(r"\.(?:filter|recvd)")
_ENHANCED: Final = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")
_CODE: Final = re.compile(r"\s*([2-5]\d\d)\b")


def _verify(received: Received, secrets: Sequence[str], options: Options, evidence: Evidence) -> None:
    del evidence
    proof.need_secrets(secrets, PROVIDER.title, "verification key")
    signature, timestamp = received.headers.get(SIGNATURE, ""), received.headers.get(TIMESTAMP, "")
    if not signature or not timestamp:
        raise Unauthorized(
            "the request is not signed", hint="Switch on Signature Verification in SendGrid's Event Webhook settings."
        )
    try:
        signed = base64.b64decode(signature, validate=True)
    except ValueError:
        raise Unauthorized("the signature is not base64") from None
    covered = timestamp.encode("utf-8", "replace") + received.body
    matches = [_signed_by(secret, signed, covered) for secret in secrets if secret]
    if not any(matches):
        raise Unauthorized("the signature does not belong to this body and key")
    if not (timestamp.isascii() and timestamp.isdecimal() and len(timestamp) < 15):
        raise Unauthorized("the signed timestamp is not a number")
    proof.fresh(int(timestamp) * 1000, received.received_at, reading.max_age_ms(PROVIDER, options))


def _signed_by(secret: str, signature: bytes, covered: bytes) -> bool:
    text = "".join(line for line in secret.strip().splitlines() if not line.startswith("-----"))
    try:
        key = load_der_public_key(base64.b64decode(text, validate=True))
        if not isinstance(key, ec.EllipticCurvePublicKey):
            return False
        key.verify(signature, covered, ec.ECDSA(hashes.SHA256()))
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        return False
    return True


def _parse(received: Received, options: Options) -> Mapped:
    told = decode.document(received.body)
    natives = cast("list[object]", told) if isinstance(told, list) else [told]
    if not isinstance(told, list | dict):
        raise BadRequest("a SendGrid payload is a JSON array of events")
    return reading.judged(natives, _read, options, received)


def _read(native: Json, options: Options, received: Received) -> Iterator[dict[str, object]]:
    del received
    name = word(native.get("event"))
    ours = TYPES.get(name, EventType.UNKNOWN)
    metadata = {
        **{key: value for key, value in native.items() if key not in OWN_FIELDS},
        **reading.child(native.get("custom_args")),
        **reading.child(native.get("unique_args")),
    }
    categories = reading.items(native.get("category"))
    facts = {**native, "metadata": metadata, "tags": categories, "category": categories}
    reply = word(native.get("response")) or (word(native.get("reason")) if ours is EventType.BOUNCED else "")
    status = word(native.get("status"))
    code = _CODE.match(reply)
    enhanced = _ENHANCED.search(status) or _ENHANCED.search(reply)
    offset = reading.child(native.get("url_offset"))
    belonging = reading.belonging(facts, options, CAMPAIGN_FROM)
    yield {
        **belonging,
        "type": ours,
        "native_type": name,
        "id": _identity(native, name),
        "occurred_at": native.get("timestamp"),
        "message_id": _message_id(native),
        "recipient": word(native.get("email")),
        "template_id": word(native.get("sg_template_id")) or belonging["template_id"],
        "pool": word(native.get("pool")) or word(reading.child(native.get("pool")).get("name")),
        "sending_ip": word(native.get("ip")) if ours not in (EventType.OPENED, EventType.CLICKED) else "",
        "ip": word(native.get("ip")) if ours in (EventType.OPENED, EventType.CLICKED) else "",
        "subject": word(native.get("subject")),
        "link_url": word(native.get("url")),
        "link_position": offset.get("index"),
        "user_agent": word(native.get("useragent")),
        "machine": native.get("sg_machine_open"),
        "smtp_code": code[1] if code else None,
        "enhanced_code": enhanced[0] if enhanced else "",
        "smtp_reply": reply,
        "bounce_class": _bounce_class(native) if ours is EventType.BOUNCED else "",
        "reason": word(native.get("bounce_classification")) or word(native.get("reason")),
        "attempt": native.get("attempt"),
        "unsubscribe_method": UNSUBSCRIBE_METHODS.get(name, ""),
        "tags": categories,
        "metadata": {**metadata, "asm_group_id": native.get("asm_group_id")},
    }


def _identity(native: Json, name: str) -> str:
    """Return the id under which SendGrid's repeated deliveries are recognised.

    `sg_event_id` is meant to be unique, yet SendGrid's own examples and test posts give one id to events of different
    types; with the type (and a bounce's `type`) added, those stay apart and a repeat still matches.
    """
    told = word(native.get("sg_event_id"))
    kind = word(native.get("type"))
    return ":".join(part for part in (told, name, kind) if part) if told else ""


def _message_id(native: Json) -> str:
    """Return the id that all events of a message share.

    Delayed bounces carry no `sg_message_id`, but the `smtp-id` that SendGrid made begins with the same text.
    """
    if told := word(native.get("sg_message_id")):
        return _MESSAGE.split(told, maxsplit=1)[0]
    return identities.known_id(reading.message_id(native.get("smtp-id")))


def _bounce_class(native: Json) -> str:
    told = CLASSIFICATIONS.get(word(native.get("bounce_classification")).lower(), "")
    if told and told != BounceClass.UNDETERMINED:
        return told
    kind = "blocked" if native.get("event") == "blocked" else word(native.get("type"))
    return BOUNCE_TYPES.get(kind, told)


PROVIDER: Final = Provider(
    name="sendgrid",
    title="SendGrid",
    campaign_from=CAMPAIGN_FROM,
    # SendGrid repeats a failed post for up to 24 hours and does not say whether it signs it again. A replay within
    # that time is recognised by its event ids.
    max_age_minutes=25 * 60,
    secret_help="the verification key of the signed Event Webhook (base64)",  # noqa: S106 (help, not a secret)
    accepted_status=202,
    verify=_verify,
    parse=_parse,
)
