"""Amazon SES: event publishing and the older notifications, delivered by Amazon SNS.

Owns what an SES message says. The envelope and its proof are `sns`. SES gives events no id, so that the identity is
made of the message, the type, the recipient, the time and, for clicks, the link.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from sendlens.errors import BadRequest
from sendlens.model.events import BounceClass, EventType
from sendlens.sources import decode
from sendlens.sources.esp import reading, sns
from sendlens.sources.esp.provider import Evidence, Options, Provider
from sendlens.sources.esp.reading import Json, child, items, made_id, word
from sendlens.sources.received import Mapped, Received

TYPES: Final[dict[str, EventType]] = {
    "Send": EventType.INJECTED,
    "Delivery": EventType.DELIVERED,
    "DeliveryDelay": EventType.DEFERRED,
    "Bounce": EventType.BOUNCED,
    "Complaint": EventType.COMPLAINED,
    "Open": EventType.OPENED,
    "Click": EventType.CLICKED,
    "Reject": EventType.DROPPED,
    "Rendering Failure": EventType.DROPPED,
    "RenderingFailure": EventType.DROPPED,
    "Subscription": EventType.UNSUBSCRIBED,
}

DETAILS: Final[dict[str, str]] = {
    "Send": "send",
    "Delivery": "delivery",
    "DeliveryDelay": "deliveryDelay",
    "Bounce": "bounce",
    "Complaint": "complaint",
    "Open": "open",
    "Click": "click",
    "Reject": "reject",
    "Rendering Failure": "failure",
    "RenderingFailure": "failure",
    "Subscription": "subscription",
}
"""The member of a message that holds what its type has to say."""

RECIPIENTS: Final[dict[str, tuple[str, ...]]] = {
    "Delivery": ("recipients",),
    "DeliveryDelay": ("delayedRecipients",),
    "Bounce": ("bouncedRecipients",),
    "Complaint": ("complainedRecipients",),
}
"""Where the recipients of a type are; other types speak of the whole message, that is of `mail.destination`."""

ONE_OF_THEM: Final = frozenset({"Open", "Click", "Subscription"})
"""Types that one recipient caused. With several in the message SES does not say which, and we do not guess."""

BOUNCES: Final[dict[tuple[str, str], str]] = {
    ("Permanent", ""): BounceClass.HARD,
    ("Permanent", "General"): BounceClass.HARD,
    ("Permanent", "NoEmail"): BounceClass.HARD,
    ("Permanent", "Suppressed"): BounceClass.HARD,
    ("Transient", ""): BounceClass.SOFT,
    ("Transient", "General"): BounceClass.SOFT,
    ("Transient", "MailboxFull"): BounceClass.SOFT,
    ("Transient", "MessageTooLarge"): BounceClass.BLOCK,
    ("Transient", "CustomTimeoutExceeded"): BounceClass.SOFT,
    ("Transient", "ContentRejected"): BounceClass.BLOCK,
    ("Transient", "AttachmentRejected"): BounceClass.BLOCK,
    ("Undetermined", ""): BounceClass.UNDETERMINED,
}
"""(bounceType, bounceSubType) to our class; an unknown subtype counts as its type alone."""

NEVER_ATTEMPTED: Final = frozenset({"OnAccountSuppressionList", "UnsubscribedRecipient"})
"""Subtypes of bounces and complaints with which SES says that it sent nothing: the account's own list, or an opt-out.

`Suppressed` (SES' global list) is not among them: SES counts it as a bounce, and a table that disagrees with the
account's page would be asked why.
"""

NOT_A_COMPLAINT: Final = "not-spam"
"""The `complaintFeedbackType` with which a recipient takes a report back."""

CAMPAIGN_FROM: Final = (
    "metadata.campaign_id",
    "metadata.campaign-id",
    "metadata.campaign",
    "headers.x-campaign-id",
    "headers.x-campaign",
)

_CODE: Final = re.compile(r"(?:^|[;\s])([245]\d\d)(?=[\s-])")


def _verify(received: Received, secrets: Sequence[str], options: Options, evidence: Evidence) -> None:
    message = sns.envelope(received)
    if message is None:
        sns.verify_raw(received, secrets, options)
    else:
        sns.verify(message, received, evidence.certificate, options, reading.max_age_ms(PROVIDER, options))


def _parse(received: Received, options: Options) -> Mapped:
    message = sns.envelope(received)
    if message is None:
        return reading.judged([decode.document(received.body)], _read, options, received)
    kind = word(message.get("Type"))
    if kind == sns.CONFIRMATION:
        url = word(message.get("SubscribeURL"))
        if not sns.allowed_url(url):
            raise BadRequest("the address to confirm the subscription at is not Amazon SNS")
        return Mapped(records=[], confirm_url=url)
    if kind == sns.FAREWELL:
        return Mapped(records=[])
    return reading.judged([_content(message)], _read, options, received)


def _content(message: Json) -> Json:
    """Return what SES said, or, where it is no SES event, the envelope: SES also posts notices in plain words."""
    try:
        told = decode.mapping(word(message.get("Message")).encode("utf-8", "replace"), "an SES event")
    except BadRequest:
        return message
    return told if "mail" in told else message


def _read(native: Json, options: Options, received: Received) -> Iterator[dict[str, object]]:
    name = word(native.get("eventType")) or word(native.get("notificationType"))
    mail = child(native, "mail")
    if not mail:
        yield _notice(native, name, received)
        return
    detail = child(native, DETAILS.get(name, ""))
    common = _common(native, name, mail, detail, options)
    for recipient in _recipients(name, mail, detail):
        address = word(recipient.get("emailAddress"))
        yield {
            **common,
            **_diagnosis(name, detail, recipient),
            "recipient": address,
            "id": made_id(
                mail.get("messageId"),
                name,
                address,
                common["occurred_at"],
                detail.get("feedbackId"),
                detail.get("link"),
                detail.get("ipAddress"),
                detail.get("userAgent"),
            ),
        }


def _common(native: Json, name: str, mail: Json, detail: Json, options: Options) -> dict[str, object]:
    common_headers = child(mail, "commonHeaders")
    headers = {
        word(entry.get("name")).lower(): entry.get("value")
        for entry in map(child, items(mail.get("headers")))
        if entry.get("name")
    }
    tags = child(mail, "tags")
    metadata = {key: word(value) for key, value in tags.items()}
    facts = {**native, "metadata": metadata, "tags": tags, "headers": headers}
    ours = TYPES.get(name, EventType.UNKNOWN)
    if name == "Complaint" and word(detail.get("complaintFeedbackType")) == NOT_A_COMPLAINT:
        ours = EventType.UNKNOWN
    if {word(detail.get("bounceSubType")), word(detail.get("complaintSubType"))} & NEVER_ATTEMPTED:
        ours = EventType.DROPPED
    if name == "Subscription" and not _left(detail):
        ours = EventType.RESUBSCRIBED
    sender = word(common_headers.get("from")) or word(mail.get("source"))
    belonging = reading.belonging(facts, options, CAMPAIGN_FROM)
    opened = name in ("Open", "Click")
    return {
        **belonging,
        "type": ours,
        "native_type": name,
        # Send, Reject and Rendering Failure have no time of their own: the message's is theirs.
        "occurred_at": word(detail.get("timestamp")) or word(mail.get("timestamp")),
        "message_id": word(mail.get("messageId")),
        "message_sent_at": word(mail.get("timestamp")),
        "template_id": word(detail.get("templateName")) or belonging["template_id"],
        "sender": sender,
        "sending_domain": word(tags.get("ses:from-domain")) or reading.address_domain(sender),
        "sending_ip": word(tags.get("ses:outgoing-ip")),
        "subject": word(common_headers.get("subject")),
        "pool": word(tags.get("ses:configuration-set")),
        "ip": word(detail.get("ipAddress")) if opened else "",
        "user_agent": word(detail.get("userAgent")) if opened else "",
        "link_url": word(detail.get("link")),
        "link_id": _link_id(child(detail, "linkTags")),
        "unsubscribe_method": _method(detail) if name == "Subscription" else "",
        "mx": _host(detail.get("remoteMtaIp") or detail.get("reportingMTA")) if name == "Delivery" else "",
        "reason": _reason(name, detail),
        "metadata": metadata,
    }


def _recipients(name: str, mail: Json, detail: Json) -> list[Json]:
    told = items(detail.get(RECIPIENTS[name][0])) if name in RECIPIENTS else []
    entries = told or items(mail.get("destination"))
    if name in ONE_OF_THEM and len(entries) > 1:
        return [{}]
    recipients: list[Json] = [child(entry) or {"emailAddress": entry} for entry in entries]
    return recipients or [{}]


def _diagnosis(name: str, detail: Json, recipient: Json) -> dict[str, object]:
    reply = word(recipient.get("diagnosticCode")) or word(detail.get("smtpResponse"))
    text = reply.partition(";")[2].strip() if reply.lower().startswith("smtp;") else reply
    code = _CODE.search(f"{text} ")
    found: dict[str, object] = {
        "smtp_reply": text,
        "smtp_code": code[1] if code else None,
        "enhanced_code": word(recipient.get("status")),
    }
    if name == "Bounce" and word(detail.get("bounceSubType")) not in NEVER_ATTEMPTED:
        kind, subtype = word(detail.get("bounceType")), word(detail.get("bounceSubType"))
        found["bounce_class"] = BOUNCES.get((kind, subtype)) or BOUNCES.get((kind, ""), "")
    return found


def _reason(name: str, detail: Json) -> str:
    told = {
        "Bounce": (detail.get("bounceType"), detail.get("bounceSubType")),
        "Complaint": (detail.get("complaintFeedbackType"), detail.get("complaintSubType")),
        "DeliveryDelay": (detail.get("delayType"),),
        "Reject": (detail.get("reason"),),
        "Rendering Failure": (detail.get("errorMessage"),),
        "RenderingFailure": (detail.get("errorMessage"),),
        "Subscription": (detail.get("source"),),
    }.get(name, ())
    return "/".join(filter(None, map(word, told)))


def _left(detail: Json) -> bool:
    """Tell whether a change of subscription leaves anything unsubscribed."""
    new = child(detail, "newTopicPreferences")
    statuses = [word(child(entry).get("subscriptionStatus")) for entry in items(new.get("topicSubscriptionStatus"))]
    return new.get("unsubscribeAll") is True or "OptOut" in statuses or not statuses


def _method(detail: Json) -> str:
    source = word(detail.get("source"))
    return {"UnsubscribeHeader": "one_click", "UnsubscribeUrl": "link"}.get(source, source)


def _link_id(tags: Json) -> str:
    return ";".join(f"{key}={word(value)}" for key, value in sorted(tags.items()))[:256]


def _host(value: object) -> str:
    return word(value).partition(";")[2].strip() or word(value)


def _notice(native: Json, name: str, received: Received) -> dict[str, object]:
    return {
        "type": EventType.UNKNOWN,
        "native_type": name or word(native.get("Type")) or "notice",
        "id": word(native.get("MessageId")),
        "occurred_at": word(native.get("Timestamp")) or received.received_at,
    }


PROVIDER: Final = Provider(
    name="ses",
    title="Amazon SES",
    campaign_from=CAMPAIGN_FROM,
    # SNS signs once and then repeats for up to an hour, longer with a delivery policy of one's own.
    max_age_minutes=24 * 60,
    secret_help="user:password in the subscription's address; needed for raw message delivery only",  # noqa: S106
    accepted_status=202,
    verify=_verify,
    challenge='Basic realm="sendlens"',
    parse=_parse,
    certificate_url=sns.certificate_url,
)
