"""Mailjet's Event API: one event or a group of them, HTTP basic credentials in the address.

Owns Mailjet's mapping. Events have no id; Mailjet posts the same JSON until it is answered 200, so that message, type,
time and what else tells two apart make an identity.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from sendlens.errors import BadRequest
from sendlens.model.events import BounceClass, EventType
from sendlens.sources import decode
from sendlens.sources.esp import proof, reading, smtp
from sendlens.sources.esp.provider import Evidence, Options, Provider
from sendlens.sources.esp.reading import Json, made_id, word
from sendlens.sources.received import Mapped, Received

TYPES: Final[dict[str, EventType]] = {
    # Mailjet's word for what the receiving server accepted; `smtp_reply` holds its 250.
    "sent": EventType.DELIVERED,
    "bounce": EventType.BOUNCED,
    "blocked": EventType.DROPPED,
    "open": EventType.OPENED,
    "click": EventType.CLICKED,
    "spam": EventType.COMPLAINED,
    "unsub": EventType.UNSUBSCRIBED,
}

ERRORS: Final[dict[str, str]] = {
    "user unknown": BounceClass.HARD,
    "mailbox inactive": BounceClass.HARD,
    "invalid domain": BounceClass.HARD,
    "no mail host": BounceClass.HARD,
    "typofix": BounceClass.HARD,
    "quota exceeded": BounceClass.SOFT,
    "greylisted": BounceClass.SOFT,
    "connection issue": BounceClass.SOFT,
    "protocol issue": BounceClass.SOFT,
    "system issue": BounceClass.SOFT,
    "relay/access denied": BounceClass.BLOCK,
    "sender blocked": BounceClass.BLOCK,
    "content blocked": BounceClass.BLOCK,
    "policy issue": BounceClass.BLOCK,
}
"""`error`, or `error_related_to` where the error is told there, to our class."""

NO_COUNTRIES: Final = frozenset({"EU", "AP", "A1", "A2"})
"""Values of `geo` that look like a country's code and are none."""

CAMPAIGN_FROM: Final = ("metadata.campaign_id", "metadata.campaign", "customcampaign", "mj_campaign_id")


def _verify(received: Received, secrets: Sequence[str], options: Options, evidence: Evidence) -> None:
    del options, evidence
    proof.basic(received, secrets, PROVIDER.title)


def _parse(received: Received, options: Options) -> Mapped:
    return reading.judged(reading.one_or_many(received.body, PROVIDER.title), _read, options, received)


def _read(native: Json, options: Options, received: Received) -> Iterator[dict[str, object]]:
    del received
    name = word(native.get("event"))
    ours = TYPES.get(name, EventType.UNKNOWN)
    metadata = _payload(native)
    # 0 stands for "no campaign".
    facts = {key: value for key, value in native.items() if key != "mj_campaign_id" or value not in (0, "0")}
    message_id = word(native.get("MessageID")) or word(native.get("Message_GUID"))
    recipient, url, ip, agent = (word(native.get(key)) for key in ("email", "url", "ip", "agent"))
    related, error = word(native.get("error_related_to")), word(native.get("error"))
    country = word(native.get("geo")).upper()
    yield {
        **reading.belonging({**facts, "metadata": metadata, "tags": []}, options, CAMPAIGN_FROM),
        **smtp.reply(word(native.get("smtp_reply")), word(native.get("comment"))),
        "type": ours,
        "native_type": name,
        "id": made_id(name, message_id, native.get("time"), recipient, url, ip, agent) if message_id else "",
        "occurred_at": native.get("time"),
        "message_id": message_id,
        "recipient": recipient,
        "segment": word(native.get("mj_list_id")),
        "link_url": url,
        "user_agent": agent,
        "ip": ip,
        "country": "" if country in NO_COUNTRIES else country,
        "bounce_class": _bounce_class(native, error, related) if ours is EventType.BOUNCED else "",
        "reason": ": ".join(filter(None, (related, error))) or word(native.get("source")),
        "unsubscribe_method": "link" if url else "",
        "metadata": {**_about(native), **metadata},
    }


def _bounce_class(native: Json, error: str, related: str) -> str:
    told = ERRORS.get(error.lower()) or ERRORS.get(related.lower())
    return told or (BounceClass.HARD if native.get("hard_bounce") is True else BounceClass.SOFT)


def _payload(native: Json) -> Json:
    """Return `CustomID` and `Payload`; a payload that is a JSON object becomes entries of its own."""
    told: dict[str, object] = {"CustomID": word(native.get("CustomID"))} if word(native.get("CustomID")) else {}
    text = word(native.get("Payload"))
    if text.startswith("{"):
        try:
            return {**decode.mapping(text.encode("utf-8", "replace"), "Payload"), **told}
        except BadRequest:
            pass
    return {**told, "Payload": text} if text else told


def _about(native: Json) -> dict[str, object]:
    told = {name: native.get(name) for name in ("Message_GUID", "mj_contact_id", "blocked", "hard_bounce", "source")}
    return {f"mailjet.{name}": value for name, value in told.items() if value not in (None, "")}


PROVIDER: Final = Provider(
    name="mailjet",
    title="Mailjet",
    campaign_from=CAMPAIGN_FROM,
    max_age_minutes=0,
    secret_help="user:password as in the webhook's address",  # noqa: S106 (help, not a secret)
    verify=_verify,
    challenge='Basic realm="sendlens"',
    parse=_parse,
)
