"""Unisender Go's webhooks: batches of events, proven by an MD5 of the body with the API key in it.

Owns Unisender Go's proof and mapping. Events have no id: job, recipient, status and time say which it is, and a batch
that was not answered 200 is posted again with the same.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from typing import Final

from sendlens.errors import BadRequest, Unauthorized
from sendlens.model.events import BounceClass, EventType
from sendlens.sources import decode
from sendlens.sources.esp import moments, proof, reading, smtp
from sendlens.sources.esp.provider import Evidence, Options, Provider
from sendlens.sources.esp.reading import Json, child, items, made_id, word
from sendlens.sources.received import Mapped, Received

TYPES: Final[dict[str, EventType]] = {
    "sent": EventType.INJECTED,
    "delivered": EventType.DELIVERED,
    "soft_bounced": EventType.BOUNCED,
    "hard_bounced": EventType.BOUNCED,
    "opened": EventType.OPENED,
    "clicked": EventType.CLICKED,
    "spam": EventType.COMPLAINED,
    "unsubscribed": EventType.UNSUBSCRIBED,
    "subscribed": EventType.RESUBSCRIBED,
}
"""`status` of a `transactional_email_status` to our type; `DELIVERY` decides first."""

DELIVERY: Final[dict[str, tuple[EventType, str]]] = {
    "err_will_retry": (EventType.DEFERRED, ""),
    "err_user_unknown": (EventType.BOUNCED, BounceClass.HARD),
    "err_user_inactive": (EventType.BOUNCED, BounceClass.HARD),
    "err_domain_inactive": (EventType.BOUNCED, BounceClass.HARD),
    "err_mailbox_full": (EventType.BOUNCED, BounceClass.SOFT),
    "err_unreachable": (EventType.BOUNCED, BounceClass.SOFT),
    "err_destination_misconfigured": (EventType.BOUNCED, BounceClass.SOFT),
    "err_spam_rejected": (EventType.BOUNCED, BounceClass.BLOCK),
    "err_blacklisted": (EventType.BOUNCED, BounceClass.BLOCK),
    "err_too_large": (EventType.BOUNCED, BounceClass.BLOCK),
    "err_delivery_failed": (EventType.BOUNCED, BounceClass.UNDETERMINED),
    "err_lost": (EventType.BOUNCED, BounceClass.UNDETERMINED),
    # Unisender Go did not try: the address failed before, the recipient left, or the sender is blocked.
    "err_mailbox_discarded": (EventType.DROPPED, ""),
    "err_unsubscribed": (EventType.DROPPED, ""),
    "err_skip_letter": (EventType.DROPPED, ""),
    "err_spam_skipped": (EventType.DROPPED, ""),
}
"""`delivery_status` of a bounce to our type and class."""

BOUNCES: Final[dict[str, str]] = {"soft_bounced": BounceClass.SOFT, "hard_bounced": BounceClass.HARD}

STATUS_EVENT: Final = "transactional_email_status"

CAMPAIGN_FROM: Final = ("metadata.campaign_id", "metadata.campaign")

_AUTH: Final = re.compile(rb'"auth"\s*:\s*"([0-9a-fA-F]{32})"')


def _verify(received: Received, secrets: Sequence[str], options: Options, evidence: Evidence) -> None:
    del options, evidence
    proof.need_secrets(secrets, PROVIDER.title, "API key")
    # On the bytes as they came: written anew, the same JSON could have other bytes.
    found = list(_AUTH.finditer(received.body))[:20]
    if not found:
        raise Unauthorized("the request holds no `auth`")
    matches = [
        proof.same(match[1].decode().lower(), [_digest(received.body, match, secret) for secret in secrets if secret])
        for match in found
    ]
    if not any(matches):
        raise Unauthorized("`auth` does not belong to this body and API key")


def _digest(body: bytes, match: re.Match[bytes], secret: str) -> str:
    covered = body[: match.start(1)] + secret.encode() + body[match.end(1) :]
    return hashlib.md5(covered, usedforsecurity=False).hexdigest()  # the provider offers nothing better


def _parse(received: Received, options: Options) -> Mapped:
    told = decode.mapping(received.body, "a Unisender Go payload")
    if "events_by_user" not in told:
        raise BadRequest("a Unisender Go payload holds its events in `events_by_user`")
    natives = [event for user in items(told["events_by_user"]) for event in items(child(user).get("events"))]
    return reading.judged(natives, _read, options, received)


def _read(native: Json, options: Options, received: Received) -> Iterator[dict[str, object]]:
    del received
    event_name, data = word(native.get("event_name")), child(native, "event_data")
    status, info = word(data.get("status")), child(data, "delivery_info")
    delivery = word(info.get("delivery_status"))
    name = status if event_name in (STATUS_EVENT, "") and status else event_name
    ours, bounce_class = _placed(name, delivery)
    metadata = child(data, "metadata")
    occurred_at = moments.utc(data.get("event_time") or data.get("block_time"))
    url, agent, ip = word(data.get("url")), word(info.get("user_agent")), word(info.get("ip"))
    recipient, job = word(data.get("email")), word(data.get("job_id"))
    identity = (event_name, job, recipient, name, delivery, occurred_at, url, agent, ip, data.get("domain"))
    yield {
        **reading.belonging({**data, "metadata": metadata, "tags": []}, options, CAMPAIGN_FROM),
        **smtp.reply(word(info.get("destination_response"))),
        "type": ours,
        "native_type": f"{name}:{delivery}" if delivery and name in BOUNCES else name,
        "id": made_id(*identity) if occurred_at else "",
        "occurred_at": occurred_at,
        "message_id": job,
        "recipient": recipient,
        "link_url": url,
        "user_agent": agent,
        "ip": ip,
        "bounce_class": bounce_class,
        "reason": delivery if delivery != "ok_delivered" else "",
        "metadata": metadata,
    }


def _placed(name: str, delivery: str) -> tuple[EventType, str]:
    if name in BOUNCES:
        return DELIVERY.get(delivery, (TYPES[name], BOUNCES[name]))
    return TYPES.get(name, EventType.UNKNOWN), ""


PROVIDER: Final = Provider(
    name="unisender",
    title="Unisender Go",
    campaign_from=CAMPAIGN_FROM,
    max_age_minutes=0,
    secret_help="the API key of the account or project that the webhook belongs to",  # noqa: S106 (help)
    verify=_verify,
    parse=_parse,
)
