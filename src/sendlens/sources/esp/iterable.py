"""Iterable's system webhooks: one event per request, proven by the Authorization header that the project sets.

Owns the mapping of Iterable's e-mail events. Events have no id; message, type, time, link and agent identify them, and
stay the same in the attempts that Iterable makes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from sendlens.model.events import BounceClass, EventType
from sendlens.sources import decode
from sendlens.sources.esp import moments, proof, reading, smtp
from sendlens.sources.esp.provider import Evidence, Options, Provider
from sendlens.sources.esp.reading import Json, child, items, made_id, word
from sendlens.sources.received import Mapped, Received

TYPES: Final[dict[str, EventType]] = {
    "emailsend": EventType.INJECTED,
    "emailsendskip": EventType.DROPPED,
    "emaildelivered": EventType.DELIVERED,
    "emailbounce": EventType.BOUNCED,
    "emailopen": EventType.OPENED,
    "emailclick": EventType.CLICKED,
    "emailcomplaint": EventType.COMPLAINED,
    "emailunsubscribe": EventType.UNSUBSCRIBED,
    "emailsubscribe": EventType.RESUBSCRIBED,
    "hostedunsubscribeclick": EventType.UNSUBSCRIBED,
}
"""`eventName` in lower case, because Iterable writes both `emailUnSubscribe` and `emailUnsubscribe`."""

BOUNCES: Final[dict[str, str]] = {"hardbounce": BounceClass.HARD, "softbounce": BounceClass.SOFT}
"""`recipientState` in lower case."""

CAMPAIGN_FROM: Final = ("campaignId", "workflowId")

ABOUT: Final = (
    "campaignName",
    "workflowId",
    "workflowName",
    "templateName",
    "channelId",
    "messageTypeId",
    "experimentId",
    "proxySource",
    "userId",
)


def _verify(received: Received, secrets: Sequence[str], options: Options, evidence: Evidence) -> None:
    del options, evidence
    # Older webhooks write the token without a scheme, others behind the scheme's name.
    proof.authorization(received, secrets, PROVIDER.title, bare=True)


def _parse(received: Received, options: Options) -> Mapped:
    return reading.judged([decode.mapping(received.body, "an Iterable payload")], _read, options, received)


def _read(native: Json, options: Options, received: Received) -> Iterator[dict[str, object]]:
    del received
    name = word(native.get("eventName"))
    ours = TYPES.get(name.lower(), EventType.UNKNOWN)
    data = {**native, **child(native, "dataFields")}
    tags = items(data.get("labels"))
    belonging = reading.belonging({**data, "metadata": {}, "tags": tags}, options, CAMPAIGN_FROM)
    recipient = word(native.get("email")) or word(data.get("email")) or word(data.get("userId"))
    occurred_at = moments.utc(data.get("createdAt"))
    message_id = word(data.get("messageId")) or word(data.get("emailId"))
    url = word(data.get("url")) or word(data.get("hrefIndex"))
    agent, ip = word(data.get("userAgent")), word(data.get("ip"))
    bounce = word(data.get("bounceMessage"))
    yield {
        **belonging,
        **smtp.reply(bounce),
        "type": ours,
        "native_type": name,
        "id": made_id(name.lower(), message_id, recipient, occurred_at, url, agent, ip) if occurred_at else "",
        "occurred_at": occurred_at,
        "message_id": message_id,
        "recipient": recipient,
        "template_id": word(data.get("templateId")) or belonging["template_id"],
        "variant": word(data.get("expVersion")) or word(data.get("experimentId")),
        "subject": word(data.get("emailSubject")),
        "link_url": word(data.get("url")),
        "link_position": data.get("hrefIndex"),
        "user_agent": agent,
        "ip": ip,
        "country": _country(data.get("country")),
        "machine": True if data.get("isBot") is True else None,
        "bounce_class": BOUNCES.get(word(data.get("recipientState")).lower(), "") if ours is EventType.BOUNCED else "",
        "reason": word(data.get("recipientState")) or word(data.get("reason")),
        "unsubscribe_method": word(data.get("unsubSource")) if ours is EventType.UNSUBSCRIBED else "",
        "tags": tags,
        "metadata": {f"iterable.{key}": value for key in ABOUT if (value := data.get(key)) not in (None, "")},
    }


def _country(value: object) -> str:
    told = word(value)
    return told if len(told) == 2 else ""


PROVIDER: Final = Provider(
    name="iterable",
    title="Iterable",
    campaign_from=CAMPAIGN_FROM,
    max_age_minutes=0,
    secret_help="the webhook's auth token, or user:password",  # noqa: S106 (help, not a secret)
    verify=_verify,
    challenge='Basic realm="sendlens"',
    parse=_parse,
)
