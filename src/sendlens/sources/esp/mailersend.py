"""MailerSend's webhooks: one activity per request, HMAC-SHA256 over the body.

Owns MailerSend's proof and mapping. `data.id` identifies an activity. The first open and the first click are reported
twice when both kinds are chosen (`opened` and `opened_unique`) and share the id of the happening in `data.morph`, which
is therefore the identity of opens and clicks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from sendlens.model.events import BounceClass, EventType
from sendlens.sources import decode
from sendlens.sources.esp import proof, reading, smtp
from sendlens.sources.esp.provider import Evidence, Options, Provider
from sendlens.sources.esp.reading import Json, child, items, word
from sendlens.sources.received import Mapped, Received

SIGNATURE: Final = "signature"

TYPES: Final[dict[str, EventType]] = {
    "activity.sent": EventType.INJECTED,
    "activity.delivered": EventType.DELIVERED,
    "activity.deferred": EventType.DEFERRED,
    "activity.soft_bounced": EventType.BOUNCED,
    "activity.hard_bounced": EventType.BOUNCED,
    "activity.opened": EventType.OPENED,
    "activity.opened_unique": EventType.OPENED,
    "activity.clicked": EventType.CLICKED,
    "activity.clicked_unique": EventType.CLICKED,
    "activity.unsubscribed": EventType.UNSUBSCRIBED,
    "activity.spam_complaint": EventType.COMPLAINED,
}

BOUNCES: Final[dict[str, str]] = {
    "activity.soft_bounced": BounceClass.SOFT,
    "activity.hard_bounced": BounceClass.HARD,
}

CAMPAIGN_FROM: Final = ("headers.x-campaign-id", "headers.x-campaign", "tags.0")


def _verify(received: Received, secrets: Sequence[str], options: Options, evidence: Evidence) -> None:
    del options, evidence
    proof.hex_hmac(received.headers.get(SIGNATURE, ""), received.body, secrets, PROVIDER.title)


def _parse(received: Received, options: Options) -> Mapped:
    return reading.judged([decode.mapping(received.body, "a MailerSend payload")], _read, options, received)


def _read(native: Json, options: Options, received: Received) -> Iterator[dict[str, object]]:
    del received
    name = word(native.get("type"))
    ours = TYPES.get(name, EventType.UNKNOWN)
    data = child(native, "data")
    email, morph = child(data, "email"), child(data, "morph")
    tags = items(email.get("tags"))
    headers = reading.named(email.get("headers"))
    belonging = reading.belonging({**data, "headers": headers, "tags": tags, "metadata": {}}, options, CAMPAIGN_FROM)
    sender, reason = word(email.get("from")), word(morph.get("reason"))
    happening = word(morph.get("id")) if ours in (EventType.OPENED, EventType.CLICKED) else ""
    activity = word(data.get("id"))
    yield {
        **belonging,
        **(smtp.reply(reason) if smtp.is_reply(reason) else {}),
        "type": ours,
        "native_type": name,
        "id": f"{ours}:{happening}" if happening else f"{activity}:{name}" if activity else "",
        "occurred_at": word(morph.get("created_at")) or word(data.get("created_at")) or native.get("created_at"),
        "message_id": word(child(email, "message").get("id")) or word(email.get("id")),
        "message_sent_at": child(email, "message").get("created_at"),
        "recipient": word(child(email, "recipient").get("email")),
        "template_id": word(data.get("template_id")) or belonging["template_id"],
        "sender": sender,
        "sending_domain": reading.address_domain(sender),
        "subject": word(email.get("subject")),
        "link_url": word(morph.get("url")),
        "user_agent": word(morph.get("user_agent")),
        "ip": word(morph.get("ip")),
        "bounce_class": BOUNCES.get(name, ""),
        "reason": reason,
        "unsubscribe_method": "link" if ours is EventType.UNSUBSCRIBED else "",
        "tags": tags,
        "metadata": {f"mailersend.{key}": told for key in ("domain_id", "webhook_id") if (told := native.get(key))},
    }


PROVIDER: Final = Provider(
    name="mailersend",
    title="MailerSend",
    campaign_from=CAMPAIGN_FROM,
    max_age_minutes=0,
    secret_help="the webhook's signing secret",  # noqa: S106 (help, not a secret)
    verify=_verify,
    parse=_parse,
)
