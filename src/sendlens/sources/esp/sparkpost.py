"""SparkPost's event webhooks: batches of events in `msys` envelopes, HTTP basic credentials or a bearer token.

Owns SparkPost's mapping. SparkPost signs nothing. Each event has an `event_id` that stays the same when a batch is
posted again, so that it is the identity.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, cast

from sendlens.errors import BadRequest
from sendlens.model.events import EventType
from sendlens.sources import decode
from sendlens.sources.esp import bouncecodes, proof, reading, smtp
from sendlens.sources.esp.provider import Evidence, Options, Provider
from sendlens.sources.esp.reading import Json, child, items, made_id, word
from sendlens.sources.received import Mapped, Received

TYPES: Final[dict[str, EventType]] = {
    "injection": EventType.INJECTED,
    "delivery": EventType.DELIVERED,
    "delay": EventType.DEFERRED,
    "bounce": EventType.BOUNCED,
    "out_of_band": EventType.BOUNCED,
    "policy_rejection": EventType.DROPPED,
    "generation_failure": EventType.DROPPED,
    "generation_rejection": EventType.DROPPED,
    "open": EventType.OPENED,
    "initial_open": EventType.OPENED,
    "amp_open": EventType.OPENED,
    "amp_initial_open": EventType.OPENED,
    "click": EventType.CLICKED,
    "amp_click": EventType.CLICKED,
    "spam_complaint": EventType.COMPLAINED,
    "list_unsubscribe": EventType.UNSUBSCRIBED,
    "link_unsubscribe": EventType.UNSUBSCRIBED,
}

UNSUBSCRIBE_METHODS: Final[dict[str, str]] = {"link_unsubscribe": "link", "list_unsubscribe": "list_unsubscribe"}
"""SparkPost does not say whether a header's link or its address was used, so that its own word stays."""

STREAMS: Final[dict[str, str]] = {"1": "transactional", "0": "marketing"}

CAMPAIGN_FROM: Final = ("campaign_id", "metadata.campaign_id", "metadata.campaign")

BY_RECIPIENT: Final = frozenset({EventType.OPENED, EventType.CLICKED, EventType.UNSUBSCRIBED})
"""Types whose `ip_address` is the recipient's; on others it is the receiving server's."""


def _verify(received: Received, secrets: Sequence[str], options: Options, evidence: Evidence) -> None:
    del options, evidence
    proof.authorization(received, secrets, PROVIDER.title)


def _parse(received: Received, options: Options) -> Mapped:
    told = decode.document(received.body)
    if not isinstance(told, list | dict):
        raise BadRequest("a SparkPost payload is a JSON array of events")
    entries = cast("list[object]", told) if isinstance(told, list) else [cast("object", told)]
    return reading.judged([event for entry in entries for event in _unwrapped(entry)], _read, options, received)


def _unwrapped(entry: object) -> list[object]:
    """Return the event inside its envelope; an empty envelope is SparkPost's trial post and holds none."""
    if isinstance(entry, dict) and "msys" in entry:
        return list(child(cast("Json", entry), "msys").values())
    return [entry]


def _read(native: Json, options: Options, received: Received) -> Iterator[dict[str, object]]:
    del received
    name = word(native.get("type"))
    ours = TYPES.get(name, EventType.UNKNOWN)
    metadata, tags = child(native, "rcpt_meta"), items(native.get("rcpt_tags"))
    belonging = reading.belonging({**native, "metadata": metadata, "tags": tags}, options, CAMPAIGN_FROM)
    sender = word(native.get("friendly_from")) or word(native.get("msg_from"))
    reply = smtp.reply(word(native.get("raw_reason")), word(native.get("reason")))
    by_recipient = ours in BY_RECIPIENT
    agent = child(native, "user_agent_parsed")
    event_id = word(native.get("event_id"))
    yield {
        **belonging,
        **reply,
        "type": ours,
        "native_type": name,
        # SparkPost's sample batches give one id to events of different types.
        "id": made_id(name, event_id, native.get("message_id")) if event_id else "",
        "occurred_at": native.get("timestamp"),
        "message_id": word(native.get("message_id")) or word(native.get("transmission_id")),
        "message_sent_at": native.get("injection_time"),
        "recipient": word(native.get("raw_rcpt_to")) or word(native.get("rcpt_to")),
        "template_id": word(native.get("template_id")) or belonging["template_id"],
        "variant": word(native.get("ab_test_version")) or belonging["variant"],
        "sender": sender,
        "sending_domain": word(native.get("sending_domain")) or reading.address_domain(sender),
        "subject": word(native.get("subject")),
        "pool": word(native.get("ip_pool")),
        "sending_ip": word(native.get("sending_ip")),
        "stream": STREAMS.get(word(native.get("transactional")), ""),
        "untracked": True if native.get("open_tracking") is False else None,
        "link_url": word(native.get("target_link_url")),
        "link_id": word(native.get("target_link_name")),
        "user_agent": word(native.get("user_agent")),
        "ip": word(native.get("ip_address")) if by_recipient else "",
        "country": word(child(native, "geo_ip").get("country")),
        # A prefetching client loads images whether or not anyone reads.
        "machine": True if agent.get("is_prefetched") is True else None,
        "mx": "" if by_recipient else word(native.get("ip_address")),
        "smtp_code": native.get("error_code") or reply["smtp_code"],
        "bounce_class": bouncecodes.NUMERIC.get(word(native.get("bounce_class")), "")
        if ours is EventType.BOUNCED
        else "",
        "reason": word(native.get("reason")) or word(native.get("fbtype")) or word(native.get("error")),
        "attempt": _attempt(native.get("num_retries")),
        "unsubscribe_method": UNSUBSCRIBE_METHODS.get(name, ""),
        "tags": tags,
        "metadata": {**_about(native, agent), **metadata},
    }


def _attempt(retries: object) -> int | None:
    told = word(retries)
    return int(told) + 1 if told.isdecimal() and len(told) < 6 else None


def _about(native: Json, agent: Json) -> dict[str, object]:
    told = {name: native.get(name) for name in ("transmission_id", "subaccount_id", "bounce_class", "mailbox_provider")}
    told |= {name: agent.get(name) for name in ("is_proxy", "is_prefetched")}
    return {f"sparkpost.{name}": value for name, value in told.items() if value not in (None, "")}


PROVIDER: Final = Provider(
    name="sparkpost",
    title="SparkPost",
    campaign_from=CAMPAIGN_FROM,
    max_age_minutes=0,
    secret_help="user:password as in the webhook's basic authentication, or a bearer token",  # noqa: S106 (help)
    verify=_verify,
    challenge='Basic realm="sendlens"',
    parse=_parse,
)
