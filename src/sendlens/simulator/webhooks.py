"""Events in the words of the providers: what SendGrid, Amazon SES, Mailgun and Postmark would post.

Owns the inverse of the sources' mappings, as far as the simulated world needs it. Signing is `sources.esp.signing`'s;
the posts that result are sent by `sender`.
"""

from __future__ import annotations

import secrets as random_secrets
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Final, NamedTuple
from zlib import crc32

import msgspec

from sendlens.model.events import Event, EventType
from sendlens.simulator.run import NATIVE, SHOP
from sendlens.sources.esp import signing

Payload = dict[str, object]

PROVIDERS: Final = ("sendgrid", "ses", "mailgun", "postmark")
SENDGRID_BATCH: Final = 500
_TOPIC: Final = "arn:aws:sns:eu-west-1:123456789012:simulated-ses-events"


class Post(NamedTuple):
    """One request: to the native API (`target` is a path) or to a provider's hook (`target` is its name)."""

    target: str
    body: bytes
    headers: dict[str, str]
    records: int


class Keys:
    """What the simulated providers sign with; made on the spot, new in every process."""

    def __init__(self) -> None:
        """Make all keys."""
        self.sendgrid = signing.SendGridSigner()
        self.mailgun = random_secrets.token_hex(16)
        self.postmark = f"postmark:{random_secrets.token_urlsafe(18)}"
        self.ses = f"sns:{random_secrets.token_urlsafe(18)}"

    def secret(self, provider: str) -> str:
        """Return what a source of this provider must know to check what is posted."""
        return self.sendgrid.public_key if provider == "sendgrid" else str(getattr(self, provider))

    def settings(self, provider: str) -> dict[str, object]:
        """Return the settings that a source of this provider needs."""
        return {"topics": [_TOPIC]} if provider == "ses" else {}


def posts(source: str, events: Sequence[Event], keys: Keys, now_ms: int, batch: int = 1000) -> Iterator[Post]:
    """Yield the requests in which a source tells these events; what its provider never tells is left out."""
    if source in (NATIVE, SHOP):
        path = "/v1/events" if source == NATIVE else "/v1/conversions"
        for start in range(0, len(events), batch):
            part = events[start : start + batch]
            yield Post(path, msgspec.json.encode(part), {"content-type": "application/json"}, len(part))
        return
    payloads = [payload for event in events if (payload := FORMS[source](event))]
    if source == "sendgrid":
        for start in range(0, len(payloads), SENDGRID_BATCH):
            part = payloads[start : start + SENDGRID_BATCH]
            signed = keys.sendgrid.sign(msgspec.json.encode(part), now_ms)
            yield Post(source, signed.body, signed.headers, len(part))
        return
    for payload in payloads:
        if source == "mailgun":
            signed = signing.mailgun(payload, keys.mailgun, now_ms, random_secrets.token_hex(25))
        elif source == "postmark":
            signed = signing.postmark(payload, keys.postmark)
        else:
            # Raw message delivery: the certificate of a signed envelope would have to come from Amazon.
            signed = signing.SignedRequest(
                msgspec.json.encode(payload),
                {
                    "content-type": "text/plain; charset=UTF-8",
                    "x-amz-sns-rawdelivery": "true",
                    "x-amz-sns-topic-arn": _TOPIC,
                    **signing.basic(keys.ses),
                },
            )
        yield Post(source, signed.body, signed.headers, 1)


def _iso(ms: int, digits: str = "") -> str:
    return f"{datetime.fromtimestamp(ms // 1000, UTC):%Y-%m-%dT%H:%M:%S}.{ms % 1000:03d}{digits}Z"


def _labels(event: Event) -> Payload:
    names = ("campaign_id", "variant", "segment", "template_id")
    return {name: value for name in names if (value := getattr(event, name))}


_SENDGRID_NAMES: Final = {
    EventType.INJECTED: "processed", EventType.DEFERRED: "deferred", EventType.DELIVERED: "delivered",
    EventType.BOUNCED: "bounce", EventType.DROPPED: "dropped", EventType.OPENED: "open", EventType.CLICKED: "click",
    EventType.COMPLAINED: "spamreport", EventType.UNSUBSCRIBED: "unsubscribe",
}  # fmt: skip
_SENDGRID_BOUNCES: Final = {
    "hard": ("bounce", "Invalid Address"),
    "soft": ("bounce", "Mailbox Unavailable"),
    "block": ("blocked", "Reputation"),
}


def sendgrid(event: Event) -> Payload:
    """Return an event as one element of SendGrid's array."""
    told: Payload = {
        "email": event.recipient,
        "timestamp": event.occurred_at // 1000,
        "event": _SENDGRID_NAMES[event.type],
        "sg_event_id": event.id,
        "sg_message_id": f"{event.message_id}.recvd-5d8f7c-x2x7k-1-6A1E0B55-22.0",
        "smtp-id": f"<{event.message_id}@geopod-ismtpd-5>",
        "category": [event.stream],
        **_labels(event),
    }
    match event.type:
        case EventType.DEFERRED:
            told |= {"response": event.smtp_reply, "attempt": str(event.attempt)}
        case EventType.DELIVERED:
            told |= {"response": "250 2.0.0 OK", "tls": 1}
        case EventType.BOUNCED:
            kind, classification = _SENDGRID_BOUNCES[event.bounce_class]
            told |= {"type": kind, "status": event.enhanced_code, "reason": event.smtp_reply,
                     "bounce_classification": classification}  # fmt: skip
        case EventType.DROPPED:
            told["reason"] = "Bounced Address"
        case EventType.OPENED:
            told |= {"useragent": event.user_agent, "ip": event.ip, "sg_machine_open": event.machine is True}
        case EventType.CLICKED:
            told |= {"useragent": event.user_agent, "ip": event.ip, "url": event.link_url,
                     "url_offset": {"index": event.link_position, "type": "html"}}  # fmt: skip
        case _:
            pass
    return told


_SES_NAMES: Final = {
    EventType.INJECTED: "Send", EventType.DEFERRED: "DeliveryDelay", EventType.DELIVERED: "Delivery",
    EventType.BOUNCED: "Bounce", EventType.DROPPED: "Reject", EventType.OPENED: "Open", EventType.CLICKED: "Click",
    EventType.COMPLAINED: "Complaint", EventType.UNSUBSCRIBED: "Subscription",
}  # fmt: skip
_SES_BOUNCES: Final = {
    "hard": ("Permanent", "General"),
    "soft": ("Transient", "MailboxFull"),
    "block": ("Transient", "ContentRejected"),
}
_SES_LEFT: Final = {"link": "UnsubscribeUrl", "one_click": "UnsubscribeHeader", "mailto": "UnsubscribeMail"}


def ses(event: Event) -> Payload:
    """Return an event as SES publishes it (before SNS wraps it)."""
    sender = f"hello@{event.sending_domain}"
    tags = {name: [value] for name, value in _labels(event).items()}
    name = _SES_NAMES[event.type]
    at = _iso(event.occurred_at)
    whom: Payload = {"emailAddress": event.recipient}
    diagnosis: Payload = {"status": event.enhanced_code, "diagnosticCode": f"smtp; {event.smtp_reply}"}
    detail: Payload
    match event.type:
        case EventType.DEFERRED:
            detail = {"timestamp": at, "delayType": "General", "delayedRecipients": [whom | diagnosis]}
        case EventType.DELIVERED:
            detail = {"timestamp": at, "recipients": [event.recipient], "smtpResponse": "250 2.0.0 OK",
                      "reportingMTA": "b224-9.smtp-out.eu-west-1.amazonses.com"}  # fmt: skip
        case EventType.BOUNCED:
            kind, subtype = _SES_BOUNCES[event.bounce_class]
            detail = {"timestamp": at, "bounceType": kind, "bounceSubType": subtype, "feedbackId": event.id,
                      "bouncedRecipients": [whom | diagnosis | {"action": "failed"}]}  # fmt: skip
        case EventType.DROPPED:
            detail = {"reason": "Suppressed"}
        case EventType.OPENED:
            detail = {"timestamp": at, "userAgent": event.user_agent, "ipAddress": event.ip}
        case EventType.CLICKED:
            detail = {"timestamp": at, "userAgent": event.user_agent, "ipAddress": event.ip, "link": event.link_url,
                      "linkTags": {"name": [event.link_id]}}  # fmt: skip
        case EventType.COMPLAINED:
            detail = {"timestamp": at, "feedbackId": event.id, "complainedRecipients": [whom],
                      "complaintFeedbackType": "abuse"}  # fmt: skip
        case EventType.UNSUBSCRIBED:
            detail = {"timestamp": at, "contactList": event.segment, "source": _SES_LEFT[event.unsubscribe_method],
                      "newTopicPreferences": {"unsubscribeAll": True}}  # fmt: skip
        case _:
            detail = {}
    mail: Payload = {
        "timestamp": _iso(event.message_sent_at or event.occurred_at),
        "messageId": event.message_id,
        "source": sender,
        "destination": [event.recipient],
        "commonHeaders": {"from": [sender], "to": [event.recipient], "subject": event.subject},
        "tags": {**tags, "ses:from-domain": [event.sending_domain], "ses:configuration-set": [event.stream]},
    }
    return {"eventType": name, "mail": mail, name[0].lower() + name[1:]: detail}


_MAILGUN_NAMES: Final = {
    EventType.INJECTED: "accepted", EventType.DEFERRED: "failed", EventType.DELIVERED: "delivered",
    EventType.BOUNCED: "failed", EventType.DROPPED: "failed", EventType.OPENED: "opened", EventType.CLICKED: "clicked",
    EventType.COMPLAINED: "complained", EventType.UNSUBSCRIBED: "unsubscribed",
}  # fmt: skip
_MAILGUN_REASONS: Final = {"hard": "bounce", "soft": "old", "block": "espblock"}


def mailgun(event: Event) -> Payload:
    """Return an event as Mailgun's `event-data`."""
    told: Payload = {
        "event": _MAILGUN_NAMES[event.type],
        "id": event.id,
        # Mailgun tells microseconds; those behind ours keep a rounded float from falling into the millisecond before.
        "timestamp": event.occurred_at / 1000 + 0.0004,
        "recipient": event.recipient,
        "recipient-domain": event.recipient.rpartition("@")[2],
        "message": {"headers": {"message-id": event.message_id, "from": f"hello@{event.sending_domain}",
                                "subject": event.subject}},
        "domain": {"name": event.sending_domain},
        "tags": [event.stream],
        "user-variables": _labels(event),
    }  # fmt: skip
    status: Payload = {"attempt-no": event.attempt or 1, "code": event.smtp_code, "enhanced-code": event.enhanced_code,
                       "message": event.smtp_reply or "OK", "mx-host": event.mx}  # fmt: skip
    match event.type:
        case EventType.DELIVERED:
            told["delivery-status"] = status
        case EventType.DEFERRED:
            told |= {"severity": "temporary", "reason": "generic", "delivery-status": status}
        case EventType.BOUNCED:
            told |= {"severity": "permanent", "reason": _MAILGUN_REASONS[event.bounce_class], "delivery-status": status}
        case EventType.DROPPED:
            told |= {"severity": "permanent", "reason": "suppress-bounce", "delivery-status":
                     {"code": 605, "description": "Not delivering to previously bounced address"}}  # fmt: skip
        case EventType.OPENED | EventType.CLICKED | EventType.UNSUBSCRIBED:
            client: Payload = {"user-agent": event.user_agent, "bot": "apple" if event.machine else ""}
            told |= {"ip": event.ip, "client-info": client}
            if event.country:
                told["geolocation"] = {"country": event.country}
            if event.link_url:
                told["url"] = event.link_url
        case _:
            pass
    return told


_POSTMARK_BOUNCES: Final = {"hard": ("HardBounce", 1), "soft": ("SoftBounce", 4096), "block": ("Blocked", 100006)}


def postmark(event: Event) -> Payload | None:
    """Return an event as a Postmark record, or None: Postmark says nothing when it accepts a message."""
    told: Payload = {
        "MessageID": event.message_id,
        "MessageStream": event.stream,
        "Metadata": _labels(event),
        "ServerID": 23,
        "Tag": event.template_id,
    }
    at = _iso(event.occurred_at, "4000")
    sender = f"hello@{event.sending_domain}"
    bounce: Payload = {"RecordType": "Bounce", "Email": event.recipient, "From": sender, "BouncedAt": at,
                       "ID": crc32(event.id.encode()), "Details": f"smtp;{event.smtp_reply}"}  # fmt: skip
    visit: Payload = {"Recipient": event.recipient, "ReceivedAt": at, "UserAgent": event.user_agent,
                      "Geo": {"IP": event.ip, "CountryISOCode": event.country}}  # fmt: skip
    match event.type:
        case EventType.DELIVERED:
            return told | {"RecordType": "Delivery", "Recipient": event.recipient, "DeliveredAt": at,
                           "Details": "smtp;250 2.0.0 OK"}  # fmt: skip
        case EventType.DEFERRED:
            return told | bounce | {"Type": "Transient", "TypeCode": 2}
        case EventType.BOUNCED:
            name, code = _POSTMARK_BOUNCES[event.bounce_class]
            return told | bounce | {"Type": name, "TypeCode": code}
        case EventType.DROPPED:
            return told | bounce | {"Type": "ManuallyDeactivated", "TypeCode": 100002, "Details": ""}
        case EventType.OPENED:
            return told | visit | {"RecordType": "Open", "FirstOpen": False}
        case EventType.CLICKED:
            return told | visit | {"RecordType": "Click", "OriginalLink": event.link_url, "ClickLocation": "HTML"}
        case EventType.COMPLAINED:
            return (
                told
                | bounce
                | {"RecordType": "SpamComplaint", "Type": "SpamComplaint", "TypeCode": 100001, "Details": ""}
            )
        case EventType.UNSUBSCRIBED:
            return told | {"RecordType": "SubscriptionChange", "Recipient": event.recipient, "ChangedAt": at,
                           "Origin": "Recipient", "SuppressSending": True,
                           "SuppressionReason": "ManualSuppression"}  # fmt: skip
        case _:
            return None


FORMS: Final[dict[str, Callable[[Event], Payload | None]]] = {
    "sendgrid": sendgrid,
    "ses": ses,
    "mailgun": mailgun,
    "postmark": postmark,
}
