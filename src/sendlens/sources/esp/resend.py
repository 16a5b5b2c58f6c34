"""Resend's webhooks: one event per request, signed by Svix.

Owns Resend's mapping. The identity is `svix-id`, which all attempts to deliver one message share, with the recipient.
Without the header (events kept by a relay) the event's own fields identify it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, cast

from sendlens.model.events import EventType
from sendlens.sources import decode
from sendlens.sources.esp import reading, ses, smtp, svix
from sendlens.sources.esp.provider import Evidence, Options, Provider
from sendlens.sources.esp.reading import Json, child, items, made_id, word
from sendlens.sources.received import Mapped, Received

TYPES: Final[dict[str, EventType]] = {
    "email.sent": EventType.INJECTED,
    "email.delivered": EventType.DELIVERED,
    "email.delivery_delayed": EventType.DEFERRED,
    "email.bounced": EventType.BOUNCED,
    "email.failed": EventType.DROPPED,
    "email.suppressed": EventType.DROPPED,
    "email.opened": EventType.OPENED,
    "email.clicked": EventType.CLICKED,
    "email.complained": EventType.COMPLAINED,
}

DETAILS: Final[dict[str, str]] = {
    "email.bounced": "bounce",
    "email.failed": "failed",
    "email.suppressed": "suppressed",
    "email.opened": "open",
    "email.clicked": "click",
}
"""The member of `data` that holds what a type has to say."""

ONE_OF_THEM: Final = frozenset({EventType.OPENED, EventType.CLICKED, EventType.COMPLAINED})
"""Types that one recipient caused. With several in the message Resend does not say which, and we do not guess."""

CAMPAIGN_FROM: Final = ("metadata.campaign_id", "metadata.campaign", "broadcast_id", "headers.x-campaign-id")


def _verify(received: Received, secrets: Sequence[str], options: Options, evidence: Evidence) -> None:
    del evidence
    svix.verify(received, secrets, PROVIDER.title, reading.max_age_ms(PROVIDER, options))


def _parse(received: Received, options: Options) -> Mapped:
    return reading.judged([decode.mapping(received.body, "a Resend payload")], _read, options, received)


def _read(native: Json, options: Options, received: Received) -> Iterator[dict[str, object]]:
    name = word(native.get("type"))
    ours = TYPES.get(name, EventType.UNKNOWN)
    data = child(native, "data")
    detail = child(data, DETAILS.get(name, ""))
    metadata = _tags(data.get("tags"))
    headers = reading.named(data.get("headers"))
    facts: dict[str, object] = {**data, "metadata": metadata, "headers": headers, "tags": []}
    belonging = reading.belonging(facts, options, CAMPAIGN_FROM)
    told = " ".join(filter(None, map(word, items(detail.get("diagnosticCode"))))) or word(detail.get("message"))
    kind, subtype = word(detail.get("type")), word(detail.get("subType"))
    reason = word(detail.get("reason")) or word(detail.get("message"))
    sender = word(data.get("from"))
    occurred_at = word(detail.get("timestamp")) or native.get("created_at")
    recipients = [word(one) for one in items(data.get("to"))] or [""]
    if ours in ONE_OF_THEM and len(recipients) > 1:
        recipients = [""]
    for recipient in recipients:
        yield {
            **belonging,
            **(smtp.reply(told) if smtp.is_reply(told) else {}),
            "type": ours,
            "native_type": name,
            "id": _identity(native, data, received, recipient),
            "occurred_at": occurred_at,
            "message_id": word(data.get("email_id")),
            "message_sent_at": data.get("created_at"),
            "recipient": reading.address(recipient),
            "template_id": word(data.get("template_id")) or belonging["template_id"],
            "sender": reading.address(sender),
            "sending_domain": reading.address_domain(sender),
            "subject": word(data.get("subject")),
            "link_url": word(detail.get("link")),
            "user_agent": word(detail.get("userAgent")),
            "ip": word(detail.get("ipAddress")),
            "bounce_class": _bounce_class(kind, subtype) if ours is EventType.BOUNCED else "",
            "reason": "/".join(filter(None, (kind, subtype))) or reason,
            "metadata": metadata,
        }


def _bounce_class(kind: str, subtype: str) -> str:
    """Resend sends through Amazon SES and hands on its words."""
    return ses.BOUNCES.get((kind, subtype)) or ses.BOUNCES.get((kind, ""), "")


def _identity(native: Json, data: Json, received: Received, recipient: str) -> str:
    if told := svix.header(received, "id"):
        return made_id(told, recipient)
    message = word(data.get("email_id"))
    return made_id(native.get("type"), message, native.get("created_at"), recipient) if message else ""


def _tags(value: object) -> dict[str, object]:
    """Return tags, which are pairs at Resend, as metadata: an object in webhooks, a list of pairs in the API."""
    if isinstance(value, dict):
        return dict(cast("Json", value))
    pairs = (child(entry) for entry in items(value))
    return {word(pair.get("name")): pair.get("value") for pair in pairs if word(pair.get("name"))}


PROVIDER: Final = Provider(
    name="resend",
    title="Resend",
    campaign_from=CAMPAIGN_FROM,
    # Svix signs every attempt anew, so that an old signature is a captured one.
    max_age_minutes=5,
    secret_help="the webhook's signing secret (whsec_...)",  # noqa: S106 (help, not a secret)
    accepted_status=202,
    verify=_verify,
    parse=_parse,
)
