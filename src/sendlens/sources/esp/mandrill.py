"""Mandrill, now Mailchimp Transactional: batches in a form field, signed together with the webhook's address.

Owns Mandrill's proof and mapping. The signature covers the address as it was entered at Mandrill, so that the server
must know its public address. Events have no id of their own: message, type, time and what else tells two apart are the
same in every repeated batch.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterator, Sequence
from typing import Final, cast
from urllib.parse import parse_qsl

from sendlens.errors import BadRequest, Unauthorized
from sendlens.model.events import BounceClass, EventType
from sendlens.sources import decode
from sendlens.sources.esp import bouncecodes, proof, reading, smtp
from sendlens.sources.esp.provider import Evidence, Options, Provider
from sendlens.sources.esp.reading import Json, child, items, made_id, word
from sendlens.sources.received import Mapped, Received

SIGNATURE: Final = "x-mandrill-signature"
FIELD: Final = "mandrill_events"

TYPES: Final[dict[str, EventType]] = {
    "send": EventType.INJECTED,
    "delivered": EventType.DELIVERED,
    "deferral": EventType.DEFERRED,
    "soft_bounce": EventType.BOUNCED,
    "hard_bounce": EventType.BOUNCED,
    "reject": EventType.DROPPED,
    "open": EventType.OPENED,
    "click": EventType.CLICKED,
    "spam": EventType.COMPLAINED,
    "unsub": EventType.UNSUBSCRIBED,
}

BOUNCES: Final[dict[str, str]] = {"hard_bounce": BounceClass.HARD, "soft_bounce": BounceClass.SOFT}

CAMPAIGN_FROM: Final = ("metadata.campaign_id", "metadata.campaign", "tags.0")


def _verify(received: Received, secrets: Sequence[str], options: Options, evidence: Evidence) -> None:
    del options, evidence
    proof.need_secrets(secrets, PROVIDER.title, "webhook authentication key")
    given = received.headers.get(SIGNATURE, "")
    if not given:
        raise Unauthorized("the request is not signed")
    fields = "".join(name + value for name, value in sorted(_pairs(received)))
    # The address may have been entered with a slash at its end, which routing forgives and the signature does not.
    covered = [f"{url}{fields}".encode("utf-8", "replace") for url in (received.url, f"{received.url}/")]
    expected = [
        base64.b64encode(hmac.new(secret.encode(), text, hashlib.sha1).digest()).decode()
        for secret in secrets
        if secret
        for text in covered
    ]
    if not proof.same(given, expected):
        raise Unauthorized(
            "the signature does not belong to this address, form and key",
            hint="The address at Mandrill must be this server's public one; SENDLENS_PUBLIC_URL tells it.",
        )


def _pairs(received: Received) -> list[tuple[str, str]]:
    try:
        return parse_qsl(received.body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=1000)
    except ValueError as error:
        raise BadRequest(f"the form cannot be read: {error}") from None


def _parse(received: Received, options: Options) -> Mapped:
    told = _events(received)
    if not isinstance(told, list):
        raise BadRequest(f"a Mandrill payload is a form whose `{FIELD}` is a JSON array")
    return reading.judged(cast("list[object]", told), _read, options, received)


def _events(received: Received) -> object:
    if received.body.lstrip()[:1] not in (b"{", b"["):
        return decode.document(dict(_pairs(received)).get(FIELD, "").encode("utf-8", "replace"))
    # As JSON when batches were kept by a relay.
    told = decode.document(received.body)
    inner = cast("Json", told).get(FIELD) if isinstance(told, dict) else told
    return decode.document(inner.encode("utf-8", "replace")) if isinstance(inner, str) else inner


def _read(native: Json, options: Options, received: Received) -> Iterator[dict[str, object]]:
    del received
    name = word(native.get("event")) or word(native.get("type"))
    ours = TYPES.get(name, EventType.UNKNOWN)
    message = child(native, "msg")
    metadata, tags = child(message, "metadata"), items(message.get("tags"))
    belonging = reading.belonging({**message, "metadata": metadata, "tags": tags}, options, CAMPAIGN_FROM)
    sender = word(message.get("sender"))
    attempts = [child(entry) for entry in items(message.get("smtp_events"))]
    last: Json = attempts[-1] if attempts else {}
    message_id = word(message.get("_id")) or word(native.get("_id"))
    url, agent, ip = (word(native.get(key)) for key in ("url", "user_agent", "ip"))
    yield {
        **belonging,
        **smtp.reply(word(message.get("diag")), word(last.get("diag"))),
        "type": ours,
        "native_type": name,
        "id": made_id(name, message_id, native.get("ts"), message.get("email"), url, ip, agent) if message_id else "",
        "occurred_at": native.get("ts"),
        "message_id": message_id,
        "message_sent_at": message.get("ts"),
        "recipient": word(message.get("email")),
        "template_id": word(message.get("template")) or belonging["template_id"],
        "sender": sender,
        "sending_domain": reading.address_domain(sender),
        "subject": word(message.get("subject")),
        "sending_ip": word(last.get("source_ip")),
        "link_url": url,
        "user_agent": agent,
        "ip": ip,
        "country": word(child(native, "location").get("country_short")),
        "mx": word(last.get("destination_ip")),
        "bounce_class": _bounce_class(name, message),
        "reason": word(message.get("bounce_description")) or _rejected(message.get("reject")),
        "attempt": len(attempts) or None,
        "unsubscribe_method": "link" if ours is EventType.UNSUBSCRIBED else "",
        "tags": tags,
        "metadata": {**_about(native, message), **metadata},
    }


def _bounce_class(name: str, message: Json) -> str:
    """Return our class: by Mandrill's reason where it gives one that says more than hard or soft."""
    if name not in BOUNCES:
        return ""
    told = bouncecodes.of_word(word(message.get("bounce_description")))
    told = told or bouncecodes.NUMERIC.get(word(message.get("bgtools_code")), "")
    return told if told and told != BounceClass.UNDETERMINED else BOUNCES[name]


def _rejected(value: object) -> str:
    return word(child(value).get("reason")) or word(value)


def _about(native: Json, message: Json) -> dict[str, object]:
    told = {
        "state": message.get("state"),
        "subaccount": message.get("subaccount"),
        "mobile": child(native, "user_agent_parsed").get("mobile"),
    }
    return {f"mandrill.{name}": value for name, value in told.items() if value not in (None, "")}


PROVIDER: Final = Provider(
    name="mandrill",
    title="Mandrill",
    campaign_from=CAMPAIGN_FROM,
    max_age_minutes=0,
    secret_help="the webhook's authentication key, shown in Mandrill's list of webhooks",  # noqa: S106 (help)
    verify=_verify,
    parse=_parse,
)
