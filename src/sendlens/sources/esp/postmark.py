"""Postmark's webhooks: one JSON object per request, HTTP basic credentials in the webhook's address.

Owns Postmark's mapping. Only bounces and complaints carry an id of their own, and Postmark's test posts reuse it, so
that every identity is made of the message, the kind of record, the recipient, the time and what else tells two apart.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from sendlens.model.events import BounceClass, EventType
from sendlens.sources import decode
from sendlens.sources.esp import proof, reading
from sendlens.sources.esp.provider import Evidence, Options, Provider
from sendlens.sources.esp.reading import Json, child, made_id, word
from sendlens.sources.received import Mapped, Received

TYPES: Final[dict[str, EventType]] = {
    "Delivery": EventType.DELIVERED,
    "Bounce": EventType.BOUNCED,
    "Open": EventType.OPENED,
    "Click": EventType.CLICKED,
    "SpamComplaint": EventType.COMPLAINED,
}

BOUNCES: Final[dict[str, tuple[int, EventType, str]]] = {
    "HardBounce": (1, EventType.BOUNCED, BounceClass.HARD),
    "Transient": (2, EventType.DEFERRED, ""),
    "Unsubscribe": (16, EventType.UNSUBSCRIBED, ""),
    "Subscribe": (32, EventType.RESUBSCRIBED, ""),
    "AutoResponder": (64, EventType.UNKNOWN, ""),
    "AddressChange": (128, EventType.UNKNOWN, ""),
    "DnsError": (256, EventType.BOUNCED, BounceClass.SOFT),
    "SpamNotification": (512, EventType.BOUNCED, BounceClass.BLOCK),
    "OpenRelayTest": (1024, EventType.UNKNOWN, ""),
    "Unknown": (2048, EventType.BOUNCED, BounceClass.UNDETERMINED),
    "SoftBounce": (4096, EventType.BOUNCED, BounceClass.SOFT),
    "VirusNotification": (8192, EventType.BOUNCED, BounceClass.BLOCK),
    "ChallengeVerification": (16384, EventType.UNKNOWN, ""),
    "BadEmailAddress": (100000, EventType.BOUNCED, BounceClass.HARD),
    "SpamComplaint": (100001, EventType.COMPLAINED, ""),
    "ManuallyDeactivated": (100002, EventType.DROPPED, ""),
    "Unconfirmed": (100003, EventType.UNKNOWN, ""),
    "Blocked": (100006, EventType.BOUNCED, BounceClass.BLOCK),
    "SMTPApiError": (100007, EventType.DROPPED, ""),
    "InboundError": (100008, EventType.UNKNOWN, ""),
    "DMARCPolicy": (100009, EventType.BOUNCED, BounceClass.BLOCK),
    "TemplateRenderingFailed": (100010, EventType.DROPPED, ""),
}
"""`Type` of a bounce to its `TypeCode`, our type and our class. What is no failed delivery is no bounce here."""

SUPPRESSIONS: Final[dict[str, tuple[EventType, str]]] = {
    "ManualSuppression": (EventType.UNSUBSCRIBED, ""),
    "HardBounce": (EventType.BOUNCED, BounceClass.HARD),
    "SpamComplaint": (EventType.COMPLAINED, ""),
}
"""Why an address was suppressed. A bounce or complaint is reported by a record of its own as well; both speak of the
same message, so that it is counted once, and nobody who bounced is counted as having unsubscribed."""

TYPE_CODES: Final = {code: name for name, (code, _, _) in BOUNCES.items()}

TIMES: Final = ("DeliveredAt", "BouncedAt", "ReceivedAt", "ChangedAt")

CAMPAIGN_FROM: Final = ("metadata.campaign_id", "metadata.campaign-id", "metadata.campaign", "tags.0")

_CODE: Final = re.compile(r"(?:^|smtp;\s*|\s)([245]\d\d)[\s-]")
_ENHANCED: Final = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")


def _verify(received: Received, secrets: Sequence[str], options: Options, evidence: Evidence) -> None:
    del options, evidence
    proof.basic(received, secrets, PROVIDER.title)


def _parse(received: Received, options: Options) -> Mapped:
    return reading.judged([decode.mapping(received.body, "a Postmark payload")], _read, options, received)


def _read(native: Json, options: Options, received: Received) -> Iterator[dict[str, object]]:
    del received
    record = word(native.get("RecordType")) or ("Bounce" if "BouncedAt" in native else "")
    ours, bounce_class, kind = _placed(native, record)
    metadata, geo = child(native, "Metadata"), child(native, "Geo")
    tags = [tag] if (tag := word(native.get("Tag"))) else []
    facts = {**native, "metadata": metadata, "tags": tags}
    recipient = word(native.get("Recipient")) or word(native.get("Email"))
    occurred_at = next((told for key in TIMES if (told := word(native.get(key)))), "")
    details = word(native.get("Details"))
    code, enhanced = _CODE.search(f"{details} "), _ENHANCED.search(details)
    sender = word(native.get("From"))
    yield {
        **reading.belonging(facts, options, CAMPAIGN_FROM),
        "type": ours,
        "native_type": f"{record}:{kind}" if kind else record,
        "id": made_id(
            record,
            native.get("ID"),
            native.get("MessageID"),
            recipient,
            occurred_at,
            kind,
            native.get("OriginalLink"),
            native.get("ClickLocation"),
            native.get("UserAgent"),
            geo.get("IP"),
        )
        if occurred_at
        else "",
        "occurred_at": occurred_at or None,
        "message_id": word(native.get("MessageID")),
        "recipient": recipient,
        "sender": sender,
        "sending_domain": reading.address_domain(sender),
        "subject": word(native.get("Subject")),
        "stream": word(native.get("MessageStream")),
        "link_url": word(native.get("OriginalLink")),
        "link_id": word(native.get("ClickLocation")),
        "user_agent": word(native.get("UserAgent")),
        "ip": word(geo.get("IP")),
        "country": word(geo.get("CountryISOCode")),
        "smtp_reply": details if record in ("Bounce", "Delivery") else "",
        "smtp_code": code[1] if code else None,
        "enhanced_code": enhanced[1] if enhanced else "",
        "bounce_class": bounce_class,
        "reason": kind or word(native.get("SuppressionReason")),
        "unsubscribe_method": word(native.get("Origin")).lower() if ours is EventType.UNSUBSCRIBED and not kind else "",
        "tags": tags,
        "metadata": {**_about(native), **metadata},
    }


def _placed(native: Json, record: str) -> tuple[EventType, str, str]:
    """Return our type, our bounce class and Postmark's kind of bounce."""
    if record == "Bounce":
        kind = word(native.get("Type")) or TYPE_CODES.get(_number(native.get("TypeCode")), "")
        _, ours, bounce_class = BOUNCES.get(kind, (0, EventType.UNKNOWN, ""))
        return ours, bounce_class, kind
    if record == "SubscriptionChange":
        if native.get("SuppressSending") is False:
            return EventType.RESUBSCRIBED, "", ""
        ours, bounce_class = SUPPRESSIONS.get(word(native.get("SuppressionReason")), (EventType.UNSUBSCRIBED, ""))
        return ours, bounce_class, ""
    return TYPES.get(record, EventType.UNKNOWN), "", ""


def _number(value: object) -> int:
    return value if isinstance(value, int) else -1


def _about(native: Json) -> dict[str, object]:
    """Return what Postmark tells beyond our fields, under Postmark's names."""
    told = {
        "FirstOpen": native.get("FirstOpen"),
        "Platform": native.get("Platform"),
        "Client": child(native, "Client").get("Name"),
        "OS": child(native, "OS").get("Name"),
        "ReadSeconds": native.get("ReadSeconds"),
        "ServerID": native.get("ServerID"),
        "Inactive": native.get("Inactive"),
    }
    return {f"postmark.{key}": value for key, value in told.items() if value is not None}


PROVIDER: Final = Provider(
    name="postmark",
    title="Postmark",
    campaign_from=CAMPAIGN_FROM,
    max_age_minutes=0,
    secret_help="user:password as in the webhook's address",  # noqa: S106 (help, not a secret)
    verify=_verify,
    challenge='Basic realm="sendlens"',
    parse=_parse,
)
