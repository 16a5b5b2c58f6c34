"""KumoMTA's log records as its log hook posts them: a JSON object, an array, or a record on each line.

Owns the record types. `id` is the message's place in the spool; with type, recipient, time and attempt it says which
record it is, and a hook that is tried again posts the same record.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final, cast

from sendlens.errors import BadRequest
from sendlens.model.events import BounceClass, EventType
from sendlens.sources import decode
from sendlens.sources.esp import bouncecodes, proof, reading, smtp
from sendlens.sources.esp.provider import Evidence, Options, Provider
from sendlens.sources.esp.reading import Json, child, items, made_id, word
from sendlens.sources.received import Mapped, Received

TYPES: Final[dict[str, EventType]] = {
    "Reception": EventType.INJECTED,
    "TransientFailure": EventType.DEFERRED,
    "Delivery": EventType.DELIVERED,
    "Bounce": EventType.BOUNCED,
    "OOB": EventType.BOUNCED,
    "Expiration": EventType.BOUNCED,
    "AdminBounce": EventType.DROPPED,
    "Feedback": EventType.COMPLAINED,
}
"""Record type to ours. `Rejection` (KumoMTA refused what came in) and `Delay` (it waits by its own shaping) speak of no
receiving server and stay unknown."""

CAMPAIGN_FROM: Final = (
    "metadata.campaign_id",
    "metadata.campaign",
    "headers.x-campaign-id",
    "headers.x-campaign",
    "queue_campaign",
)

UNCLASSIFIED: Final = frozenset({"", "Uncategorized"})

_ORIGINAL_ID: Final = re.compile(r"^message-id:\s*<?([^>\s]+)", re.IGNORECASE | re.MULTILINE)


def _verify(received: Received, secrets: Sequence[str], options: Options, evidence: Evidence) -> None:
    del options, evidence
    proof.authorization(received, secrets, PROVIDER.title)


def _parse(received: Received, options: Options) -> Mapped:
    lines = decode.lines(received.body) if b"\n" in received.body.strip() else []
    if len(lines) > 1 and all(isinstance(line, dict) for line in lines):
        return reading.judged(lines, _read, options, received)
    told = decode.document(received.body)
    if not isinstance(told, list | dict):
        raise BadRequest("a KumoMTA log record is a JSON object")
    natives = cast("list[object]", told) if isinstance(told, list) else [cast("object", told)]
    return reading.judged(natives, _read, options, received)


def _read(native: Json, options: Options, received: Received) -> Iterator[dict[str, object]]:
    del received
    name = word(native.get("type"))
    ours = TYPES.get(name, EventType.UNKNOWN)
    headers, metadata = reading.named(native.get("headers")), child(native, "meta")
    facts: dict[str, object] = {
        **native,
        "headers": headers,
        "metadata": metadata,
        "tags": [],
        "queue_campaign": _queue_campaign(word(native.get("queue"))),
    }
    belonging = reading.belonging(facts, options, CAMPAIGN_FROM)
    response, peer = child(native, "response"), child(native, "peer_address")
    envelope, category = word(native.get("sender")), word(native.get("bounce_classification"))
    sender = reading.address(headers.get("from"))
    report = child(native, "feedback_report")
    own = word(native.get("id"))
    message_id = reading.message_id(headers.get("message-id")) or _original_id(report) or own
    times = (native.get("event_time"), native.get("timestamp"))
    occurred_at = next((told for told in times if told not in (None, "")), None)
    incoming = ours in (EventType.INJECTED, EventType.COMPLAINED)
    content = word(response.get("content"))
    for recipient in _recipients(native, report):
        yield {
            **belonging,
            **(smtp.reply(content) if response else {}),
            "type": ours,
            "native_type": name,
            "id": made_id(name, own, recipient, occurred_at, native.get("num_attempts")) if own else "",
            "occurred_at": occurred_at,
            "message_id": message_id,
            "message_sent_at": native.get("created"),
            "recipient": recipient,
            "sender": sender,
            "sending_domain": reading.address_domain(sender) or reading.address_domain(envelope),
            "subject": word(headers.get("subject")),
            "pool": word(native.get("egress_pool")),
            "sending_ip": _ip(child(native, "source_address").get("address")),
            "mx": "" if incoming else word(peer.get("name")).rstrip("."),
            "smtp_code": response.get("code"),
            "enhanced_code": _enhanced(child(response, "enhanced_code")) or smtp.reply(content)["enhanced_code"],
            "bounce_class": _bounce_class(name, category) if ours is EventType.BOUNCED else "",
            "reason": ("" if category in UNCLASSIFIED else category) or word(report.get("feedback_type")),
            "attempt": native.get("num_attempts"),
            "metadata": {**_about(native), **metadata},
        }


def _recipients(native: Json, report: Json) -> list[str]:
    """Return whom a record speaks of: a batch of recipients since 2025, and those of the reported message."""
    if report:
        traced = word(child(report, "supplemental_trace").get("recipient"))
        told = report.get("original_rcpto_to") or report.get("original_rcpt_to")
        reported = [word(one).strip("<>") for one in items(told)]
        return [traced] if traced else reported or [""]
    return [word(one) for one in items(native.get("recipient"))] or [""]


def _original_id(report: Json) -> str:
    found = _ORIGINAL_ID.search(word(report.get("original_message"))[:20_000])
    return found[1] if found else ""


def _queue_campaign(queue: str) -> str:
    """Return the campaign in a queue's name `campaign:tenant@domain`."""
    campaign, colon, _ = queue.partition("@")[0].partition(":")
    return campaign if colon else ""


def _enhanced(code: Json) -> str:
    parts = [word(code.get(name)) for name in ("class", "subject", "detail")]
    return ".".join(parts) if all(parts) else ""


def _ip(value: object) -> str:
    """Return an address without its port: `192.0.2.1:25`, `[2001:db8::1]:25`."""
    told = word(value)
    if told.startswith("["):
        return told[1:].partition("]")[0]
    return told.rpartition(":")[0] if told.count(":") == 1 else told


def _bounce_class(name: str, category: str) -> str:
    return bouncecodes.of_word(category) or (BounceClass.SOFT if name == "Expiration" else "")


def _about(native: Json) -> dict[str, object]:
    told = {name: native.get(name) for name in ("queue", "egress_source", "nodeid", "delivery_protocol")}
    return {f"kumomta.{name}": value for name, value in told.items() if value not in (None, "")}


PROVIDER: Final = Provider(
    name="kumomta",
    title="KumoMTA",
    campaign_from=CAMPAIGN_FROM,
    max_age_minutes=0,
    secret_help="user:password or a token of your own choice, as the log hook sends it",  # noqa: S106 (help)
    verify=_verify,
    challenge='Basic realm="sendlens"',
    parse=_parse,
)
