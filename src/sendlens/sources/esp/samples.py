"""One test event of every provider: a small payload in the provider's own form, signed as the provider signs.

Owns the payloads and what has to be believed for one request where only the provider has the key. The event is always
that a message of the campaign `sendlens-test` was delivered to `test@example.com`, so that it is found and told apart.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, cast

from sendlens.sources.esp import signing
from sendlens.sources.esp.provider import Options
from sendlens.sources.esp.signing import SignedRequest

CAMPAIGN: Final = "sendlens-test"
RECIPIENT: Final = "test@example.com"
_SENDER: Final = "Sendlens <news@example.com>"
_SUBJECT: Final = "A test of Sendlens"
_REPLY: Final = "250 2.0.0 OK"


@dataclass(frozen=True)
class Moment:
    """When the event happens, and what makes it one of its kind."""

    ms: int
    mark: str

    @property
    def seconds(self) -> int:
        """Return the time as a Unix time."""
        return self.ms // 1000

    @property
    def iso(self) -> str:
        """Return the time as ISO 8601."""
        return datetime.fromtimestamp(self.ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")

    @property
    def spaced(self) -> str:
        """Return the time as databases write it."""
        return datetime.fromtimestamp(self.ms // 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")


@dataclass(frozen=True)
class Sample:
    """A request to post; `secrets` and `certificate` are to be taken as the provider's, for this request alone."""

    request: SignedRequest
    secrets: tuple[str, ...] = ()
    certificate: bytes = b""


def sample(provider: str, at: Moment, secret: str, options: Options, url: str) -> Sample:
    """Return the test event of a provider, for a source with this secret and these options, posted to `url`."""
    payload = PAYLOADS[provider](at)
    return _SIGNED.get(provider, _shown)(payload, at, secret, options, url)


def _json(payload: object) -> bytes:
    return payload.encode() if isinstance(payload, str) else json.dumps(payload).encode()


def _sendgrid(at: Moment) -> object:
    return [
        {
            "event": "delivered",
            "email": RECIPIENT,
            "timestamp": at.seconds,
            "sg_event_id": at.mark,
            "sg_message_id": f"{at.mark}.recvd-1-1-1-0",
            "smtp-id": f"<{at.mark}@example.com>",
            "response": _REPLY,
            "campaign_id": CAMPAIGN,
        }
    ]


def _ses(at: Moment) -> object:
    return {
        "eventType": "Delivery",
        "mail": {
            "timestamp": at.iso,
            "messageId": at.mark,
            "source": _SENDER,
            "destination": [RECIPIENT],
            "commonHeaders": {"from": [_SENDER], "to": [RECIPIENT], "subject": _SUBJECT},
            "tags": {"campaign_id": [CAMPAIGN], "ses:from-domain": ["example.com"]},
        },
        "delivery": {"timestamp": at.iso, "recipients": [RECIPIENT], "smtpResponse": _REPLY},
    }


def _mailgun(at: Moment) -> object:
    return {
        "event": "delivered",
        "id": at.mark,
        "timestamp": at.seconds,
        "recipient": RECIPIENT,
        "message": {"headers": {"message-id": f"{at.mark}@example.com", "from": _SENDER, "subject": _SUBJECT}},
        "user-variables": {"campaign_id": CAMPAIGN},
        "delivery-status": {"code": 250, "message": "OK", "attempt-no": 1},
    }


def _postmark(at: Moment) -> object:
    return {
        "RecordType": "Delivery",
        "MessageID": at.mark,
        "MessageStream": "broadcast",
        "Recipient": RECIPIENT,
        "DeliveredAt": at.iso,
        "Details": _REPLY,
        "Tag": CAMPAIGN,
        "Metadata": {"campaign_id": CAMPAIGN},
    }


def _sparkpost(at: Moment) -> object:
    told = {
        "type": "delivery",
        "event_id": at.mark,
        "timestamp": str(at.seconds),
        "message_id": at.mark,
        "rcpt_to": RECIPIENT,
        "raw_rcpt_to": RECIPIENT,
        "campaign_id": CAMPAIGN,
        "subject": _SUBJECT,
        "friendly_from": "news@example.com",
    }
    return [{"msys": {"message_event": told}}]


def _mandrill(at: Moment) -> object:
    message = {
        "ts": at.seconds,
        "_id": at.mark,
        "email": RECIPIENT,
        "sender": "news@example.com",
        "subject": _SUBJECT,
        "state": "sent",
        "tags": [CAMPAIGN],
        "metadata": {"campaign_id": CAMPAIGN},
        "smtp_events": [{"ts": at.seconds, "diag": _REPLY}],
    }
    return [{"event": "delivered", "_id": at.mark, "ts": at.seconds, "msg": message}]


def _brevo(at: Moment) -> object:
    return {
        "event": "delivered",
        "email": RECIPIENT,
        "message-id": f"<{at.mark}@example.com>",
        "ts_event": at.seconds,
        "ts_epoch": at.ms,
        "subject": _SUBJECT,
        "X-Mailin-custom": json.dumps({"campaign_id": CAMPAIGN}),
    }


def _mailjet(at: Moment) -> object:
    return {
        "event": "sent",
        "time": at.seconds,
        "MessageID": int(at.mark, 16) % 10**15,
        "Message_GUID": at.mark,
        "email": RECIPIENT,
        "customcampaign": CAMPAIGN,
        "smtp_reply": _REPLY,
    }


def _mailtrap(at: Moment) -> object:
    return [
        {
            "event": "delivery",
            "event_id": at.mark,
            "message_id": at.mark,
            "email": RECIPIENT,
            "timestamp": at.seconds,
            "category": CAMPAIGN,
            "custom_variables": {"campaign_id": CAMPAIGN},
            "sending_domain_name": "example.com",
        }
    ]


def _mailersend(at: Moment) -> object:
    email = {
        "id": at.mark,
        "from": "news@example.com",
        "subject": _SUBJECT,
        "headers": [{"name": "X-Campaign-Id", "value": CAMPAIGN}],
        "message": {"id": at.mark, "created_at": at.iso},
        "recipient": {"email": RECIPIENT},
    }
    data = {"object": "activity", "id": at.mark, "type": "delivered", "created_at": at.iso, "email": email}
    return {"type": "activity.delivered", "created_at": at.iso, "data": data}


def _resend(at: Moment) -> object:
    data = {
        "email_id": at.mark,
        "created_at": at.iso,
        "from": _SENDER,
        "to": [RECIPIENT],
        "subject": _SUBJECT,
        "tags": {"campaign_id": CAMPAIGN},
    }
    return {"type": "email.delivered", "created_at": at.iso, "data": data}


def _postal(at: Moment) -> object:
    message = {
        "id": int(at.mark, 16) % 10**9,
        "message_id": f"{at.mark}@example.com",
        "direction": "outgoing",
        "to": RECIPIENT,
        "from": _SENDER,
        "subject": _SUBJECT,
        "timestamp": at.seconds,
        "tag": CAMPAIGN,
    }
    payload = {"message": message, "timestamp": at.seconds, "status": "Sent", "output": _REPLY}
    return {"event": "MessageSent", "timestamp": at.seconds, "uuid": at.mark, "payload": payload}


def _unisender(at: Moment) -> object:
    data = {
        "job_id": at.mark,
        "metadata": {"campaign_id": CAMPAIGN},
        "email": RECIPIENT,
        "status": "delivered",
        "event_time": at.spaced,
        "delivery_info": {"delivery_status": "ok_delivered", "destination_response": _REPLY},
    }
    return [{"event_name": "transactional_email_status", "event_data": data}]


def _mailpace(at: Moment) -> object:
    payload = {
        "status": "delivered",
        "id": int(at.mark, 16) % 10**9,
        "message_id": f"<{at.mark}@example.com>",
        "domain_id": 1,
        "created_at": at.iso,
        "updated_at": at.iso,
        "from": _SENDER,
        "to": RECIPIENT,
        "subject": _SUBJECT,
        "tags": [CAMPAIGN],
    }
    return {"event": "email.delivered", "payload": payload}


def _klaviyo(at: Moment) -> object:
    properties = {"Recipient Email Address": RECIPIENT, "Subject": _SUBJECT, "campaign_id": CAMPAIGN}
    attributes = {"timestamp": at.seconds, "uuid": at.mark, "event_properties": properties}
    event = {"type": "event", "id": at.mark, "attributes": attributes}
    told = {"external_id": at.mark, "topic": "event:klaviyo.received_email", "payload": {"data": event}}
    return {"data": [told], "meta": {"version": "2026-04-15"}}


def _customerio(at: Moment) -> object:
    return {
        "event_id": at.mark,
        "object_type": "email",
        "metric": "delivered",
        "timestamp": at.seconds,
        "data": {
            "identifiers": {"id": "test", "email": RECIPIENT},
            "recipient": RECIPIENT,
            "delivery_id": at.mark,
            "campaign_id": CAMPAIGN,
            "subject": _SUBJECT,
        },
    }


def _braze(at: Moment) -> object:
    properties = {"dispatch_id": at.mark, "campaign_id": CAMPAIGN, "email_address": RECIPIENT}
    event = {"event_type": "users.messages.email.Delivery", "id": at.mark, "time": at.seconds}
    return {"events": [event | {"user": {"user_id": "test"}, "properties": properties}]}


def _iterable(at: Moment) -> object:
    fields = {
        "campaignId": CAMPAIGN,
        "messageId": at.mark,
        "emailSubject": _SUBJECT,
        "createdAt": f"{at.spaced} +00:00",
    }
    return {"email": RECIPIENT, "eventName": "emailDelivered", "dataFields": fields}


def _kumomta(at: Moment) -> object:
    return {
        "type": "Delivery",
        "id": at.mark,
        "sender": "bounces@example.com",
        "recipient": RECIPIENT,
        "queue": f"{CAMPAIGN}:shop@example.com",
        "response": {"code": 250, "enhanced_code": {"class": 2, "subject": 0, "detail": 0}, "content": "OK"},
        "timestamp": at.seconds,
        "created": at.seconds,
        "num_attempts": 1,
        "meta": {"campaign_id": CAMPAIGN},
        "headers": {"Subject": _SUBJECT, "From": _SENDER, "Message-ID": f"<{at.mark}@example.com>"},
    }


def _postfix(at: Moment) -> object:
    queue = at.mark[:10].upper()
    return "\n".join(
        (
            f"{at.iso} mx1 postfix/cleanup[2]: {queue}: info: header X-Campaign-ID: {CAMPAIGN} "
            "from example.com[192.0.2.1]; from=<bounces@example.com> proto=ESMTP",
            f"{at.iso} mx1 postfix/cleanup[2]: {queue}: message-id=<{at.mark}@example.com>",
            f"{at.iso} mx1 postfix/smtp[4]: {queue}: to=<{RECIPIENT}>, relay=mx.example.com[203.0.113.1]:25, "
            f"delay=1.2, delays=0/0/1/0.2, dsn=2.0.0, status=sent ({_REPLY})",
        )
    )


def _powermta(at: Moment) -> object:
    return (
        "type,timeLogged,timeQueued,orig,rcpt,jobId,header_Message-Id,header_Subject,dsnStatus,dsnDiag\n"
        f"d,{at.spaced}+0000,{at.spaced}+0000,bounces@example.com,{RECIPIENT},{CAMPAIGN},<{at.mark}@example.com>,"
        f"{_SUBJECT},2.0.0 (success),smtp;{_REPLY}\n"
    )


PAYLOADS: Final[dict[str, Callable[[Moment], object]]] = {
    "sendgrid": _sendgrid,
    "ses": _ses,
    "mailgun": _mailgun,
    "postmark": _postmark,
    "sparkpost": _sparkpost,
    "mandrill": _mandrill,
    "brevo": _brevo,
    "mailjet": _mailjet,
    "mailtrap": _mailtrap,
    "mailersend": _mailersend,
    "resend": _resend,
    "postal": _postal,
    "unisender": _unisender,
    "mailpace": _mailpace,
    "klaviyo": _klaviyo,
    "customerio": _customerio,
    "braze": _braze,
    "iterable": _iterable,
    "kumomta": _kumomta,
    "postfix": _postfix,
    "powermta": _powermta,
}
"""In the order of `PROVIDERS`."""

_Signed = Callable[[object, Moment, str, Options, str], Sample]


def _shown(payload: object, _at: Moment, secret: str, _options: Options, _url: str) -> Sample:
    form = "application/json" if not isinstance(payload, str) else "text/csv" if "," in payload[:9] else "text/plain"
    return Sample(signing.authorized(_json(payload), secret, form))


def _by_sendgrid(payload: object, at: Moment, _secret: str, _options: Options, _url: str) -> Sample:
    signer = signing.SendGridSigner()
    return Sample(signer.sign(_json(payload), at.ms), (signer.public_key,))


def _by_ses(payload: object, at: Moment, _secret: str, options: Options, _url: str) -> Sample:
    topic = options.topics[0] if options.topics else "arn:aws:sns:eu-west-1:123456789012:sendlens-test"
    region = topic.split(":")[3] if topic.count(":") > 3 else "eu-west-1"
    signer = signing.SnsSigner(at.ms, region=region)
    signer.topic = topic
    return Sample(signer.notification(json.dumps(payload), at.ms), (), signer.certificate)


def _by_mailgun(payload: object, at: Moment, secret: str, _options: Options, _url: str) -> Sample:
    return Sample(signing.mailgun(cast("dict[str, object]", payload), secret, at.ms, (at.mark * 2)[:50]))


def _by_mandrill(payload: object, _at: Moment, secret: str, _options: Options, url: str) -> Sample:
    return Sample(signing.mandrill_form(payload, secret, url))


def _by_mailtrap(payload: object, at: Moment, secret: str, options: Options, url: str) -> Sample:
    if ":" in secret:
        return _shown({"events": payload}, at, secret, options, url)
    return Sample(signing.mailtrap_events(payload, secret))


def _by_mailersend(payload: object, _at: Moment, secret: str, _options: Options, _url: str) -> Sample:
    return Sample(signing.hex_hmac(_json(payload), secret, signing.mailersend.SIGNATURE))


def _by_resend(payload: object, at: Moment, secret: str, _options: Options, _url: str) -> Sample:
    return Sample(signing.svix_message(_json(payload), secret, f"msg_{at.mark}", at.ms))


def _by_postal(payload: object, _at: Moment, _secret: str, _options: Options, _url: str) -> Sample:
    signer = signing.PostalSigner()
    return Sample(signer.sign(_json(payload)), (signer.public_key,))


def _by_unisender(payload: object, _at: Moment, secret: str, _options: Options, _url: str) -> Sample:
    return Sample(signing.unisender(payload, secret))


def _by_mailpace(payload: object, _at: Moment, _secret: str, _options: Options, _url: str) -> Sample:
    signer = signing.MailPaceSigner()
    return Sample(signer.sign(_json(payload)), (signer.public_key,))


def _by_klaviyo(payload: object, at: Moment, secret: str, _options: Options, _url: str) -> Sample:
    return Sample(signing.klaviyo_events(_json(payload), secret, at.ms))


def _by_customerio(payload: object, at: Moment, secret: str, _options: Options, _url: str) -> Sample:
    return Sample(signing.customerio_event(_json(payload), secret, at.ms))


_SIGNED: Final[dict[str, _Signed]] = {
    "sendgrid": _by_sendgrid,
    "ses": _by_ses,
    "mailgun": _by_mailgun,
    "mandrill": _by_mandrill,
    "mailtrap": _by_mailtrap,
    "mailersend": _by_mailersend,
    "resend": _by_resend,
    "postal": _by_postal,
    "unisender": _by_unisender,
    "mailpace": _by_mailpace,
    "klaviyo": _by_klaviyo,
    "customerio": _by_customerio,
}
"""Those that sign; the others show a password or a token."""
