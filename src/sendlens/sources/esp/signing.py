"""The senders' side: valid signed requests of every provider, for the simulator and the tests.

Owns making what `verify` checks, with keys made on the spot. Nothing in the server uses it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import formatdate
from typing import Final
from urllib.parse import urlencode

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from sendlens.sources.esp import (
    customerio,
    klaviyo,
    mailersend,
    mailpace,
    mailtrap,
    mandrill,
    postal,
    sendgrid,
    sns,
    svix,
)


@dataclass(frozen=True)
class SignedRequest:
    """What to post: the body and its headers, in lower case."""

    body: bytes
    headers: dict[str, str] = field(default_factory=dict[str, str])


class SendGridSigner:
    """Signs like SendGrid, with a P-256 key of its own."""

    def __init__(self) -> None:
        """Make a key; `public_key` is what a source takes as its secret."""
        self._key = ec.generate_private_key(ec.SECP256R1())
        public = self._key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        self.public_key = base64.b64encode(public).decode()

    def sign(self, body: bytes, now_ms: int) -> SignedRequest:
        """Return a body with SendGrid's signature headers."""
        timestamp = str(now_ms // 1000)
        signature = self._key.sign(timestamp.encode() + body, ec.ECDSA(hashes.SHA256()))
        return SignedRequest(
            body,
            {
                "content-type": "application/json",
                sendgrid.SIGNATURE: base64.b64encode(signature).decode(),
                sendgrid.TIMESTAMP: timestamp,
            },
        )


class SnsSigner:
    """Signs like Amazon SNS, with a certificate of its own."""

    def __init__(self, now_ms: int, *, region: str = "eu-west-1", days: int = 365) -> None:
        """Make a key and a self-signed certificate that is valid from a day before `now_ms` for `days` days."""
        # As in `sns`: not at the top, because the server imports this module for its samples.
        from cryptography import x509
        from cryptography.x509.oid import NameOID

        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.topic = f"arn:aws:sns:{region}:123456789012:ses-events"
        self.certificate_url = f"https://sns.{region}.amazonaws.com/SimpleNotificationService-{'0' * 32}.pem"
        self.subscribe_url = f"https://sns.{region}.amazonaws.com/?Action=ConfirmSubscription&Token=abc"
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
        now = datetime.fromtimestamp(now_ms / 1000, UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self._key.public_key())
            .serial_number(1)
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=days))
            .sign(self._key, hashes.SHA256())
        )
        self.certificate: Final = certificate.public_bytes(Encoding.PEM)

    def notification(self, message: Mapping[str, object] | str, now_ms: int, *, version: str = "2") -> SignedRequest:
        """Return a message wrapped and signed as a notification."""
        text = message if isinstance(message, str) else json.dumps(message)
        fields = {"Type": sns.NOTIFICATION, "Message": text, "Subject": "Amazon SES Email Event Notification"}
        return self.wrap(fields, now_ms, version=version)

    def confirmation(self, now_ms: int, *, version: str = "2") -> SignedRequest:
        """Return a request to confirm the subscription."""
        fields = {
            "Type": sns.CONFIRMATION,
            "Message": "Visit the SubscribeURL to confirm.",
            "SubscribeURL": self.subscribe_url,
            "Token": "abc",
        }
        return self.wrap(fields, now_ms, version=version)

    def wrap(self, fields: Mapping[str, str], now_ms: int, *, version: str = "2") -> SignedRequest:
        """Return an envelope with these fields, completed and signed."""
        moment = datetime.fromtimestamp(now_ms / 1000, UTC)
        envelope: dict[str, object] = {
            "MessageId": hashlib.md5(str(fields).encode(), usedforsecurity=False).hexdigest(),
            "TopicArn": self.topic,
            "Timestamp": moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{now_ms % 1000:03d}Z",
            "SignatureVersion": version,
            "SigningCertURL": self.certificate_url,
            **fields,
        }
        signature = self._key.sign(sns.canonical(envelope), padding.PKCS1v15(), sns.DIGESTS[version])
        envelope["Signature"] = base64.b64encode(signature).decode()
        headers = {
            "content-type": "text/plain; charset=UTF-8",
            "x-amz-sns-message-type": str(envelope["Type"]),
            "x-amz-sns-topic-arn": str(envelope["TopicArn"]),
        }
        return SignedRequest(json.dumps(envelope).encode(), headers)


def mailgun(event_data: Mapping[str, object], key: str, now_ms: int, token: str) -> SignedRequest:
    """Return a Mailgun event with its signature; a token is 50 hexadecimal digits and new for every request."""
    body = {"signature": mailgun_signature(key, now_ms, token), "event-data": event_data}
    return SignedRequest(json.dumps(body).encode(), {"content-type": "application/json"})


def mailgun_signature(key: str, now_ms: int, token: str) -> dict[str, str]:
    """Return the three fields that prove a Mailgun request, in JSON and in forms alike."""
    timestamp = str(now_ms // 1000)
    signature = hmac.new(key.encode(), f"{timestamp}{token}".encode(), hashlib.sha256).hexdigest()
    return {"timestamp": timestamp, "token": token, "signature": signature}


def postmark(record: Mapping[str, object], credentials: str) -> SignedRequest:
    """Return a Postmark record with basic credentials (`user:password`)."""
    return SignedRequest(json.dumps(record).encode(), {"content-type": "application/json", **basic(credentials)})


class PostalSigner:
    """Signs like Postal, with an RSA key of its own."""

    def __init__(self) -> None:
        """Make a key; `public_key` is what a source takes as its secret."""
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        public = self._key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        self.public_key = base64.b64encode(public).decode()

    def sign(self, body: bytes, *, older: bool = False) -> SignedRequest:
        """Return a body with both of Postal's signatures, or with the one of versions before 3."""
        headers = {"content-type": "application/json"}
        for name, digest in postal.SIGNATURES.items():
            if not older or name == "x-postal-signature":
                headers[name] = base64.b64encode(self._key.sign(body, padding.PKCS1v15(), digest)).decode()
        return SignedRequest(body, headers)


class MailPaceSigner:
    """Signs like MailPace, with an Ed25519 key of its own."""

    def __init__(self) -> None:
        """Make a key; `public_key` is what a source takes as its secret."""
        self._key = Ed25519PrivateKey.generate()
        self.public_key = base64.b64encode(self._key.public_key().public_bytes_raw()).decode()

    def sign(self, body: bytes) -> SignedRequest:
        """Return a body with MailPace's signature."""
        signature = base64.b64encode(self._key.sign(body)).decode()
        return SignedRequest(body, {"content-type": "application/json", mailpace.SIGNATURE: signature})


def mandrill_form(events: object, key: str, url: str) -> SignedRequest:
    """Return a batch of Mandrill events as the form it posts to an address."""
    text = json.dumps(events)
    signature = hmac.new(key.encode(), f"{url}{mandrill.FIELD}{text}".encode(), hashlib.sha1).digest()
    headers = {
        "content-type": "application/x-www-form-urlencoded",
        mandrill.SIGNATURE: base64.b64encode(signature).decode(),
    }
    return SignedRequest(urlencode({mandrill.FIELD: text}).encode(), headers)


def hex_hmac(body: bytes, key: str, header: str) -> SignedRequest:
    """Return a body with its HMAC-SHA256 in a header, as MailerSend and Mailtrap sign."""
    signature = hmac.new(key.encode(), body, hashlib.sha256).hexdigest()
    return SignedRequest(body, {"content-type": "application/json", header: signature})


def mailersend_activity(activity: Mapping[str, object], key: str) -> SignedRequest:
    """Return a MailerSend activity with its signature."""
    return hex_hmac(json.dumps(activity).encode(), key, mailersend.SIGNATURE)


def mailtrap_events(events: object, key: str) -> SignedRequest:
    """Return Mailtrap events with their signature."""
    return hex_hmac(json.dumps({"events": events}).encode(), key, mailtrap.SIGNATURE)


def svix_message(body: bytes, secret: str, message_id: str, now_ms: int) -> SignedRequest:
    """Return a body with Svix' three headers."""
    timestamp = str(now_ms // 1000)
    headers = {
        "content-type": "application/json",
        "svix-id": message_id,
        "svix-timestamp": timestamp,
        "svix-signature": f"v1,{svix.sign(secret, message_id, timestamp, body)}",
    }
    return SignedRequest(body, headers)


def unisender(events: object, key: str) -> SignedRequest:
    """Return Unisender Go events with the MD5 that proves them."""
    told = {"auth": key, "events_by_user": [{"user_id": 456, "project_id": "p-1", "events": events}]}
    text = json.dumps(told, separators=(",", ":"))
    digest = hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
    body = text.replace(f'"auth":"{key}"', f'"auth":"{digest}"', 1)
    return SignedRequest(body.encode(), {"content-type": "application/json"})


def klaviyo_events(body: bytes, key: str, now_ms: int) -> SignedRequest:
    """Return a body with Klaviyo's signature over it and the time."""
    timestamp = formatdate(now_ms / 1000, usegmt=True)
    signature = hmac.new(key.encode(), body + timestamp.encode(), hashlib.sha256).hexdigest()
    headers = {"content-type": "application/json", klaviyo.SIGNATURE: signature, klaviyo.TIMESTAMP: timestamp}
    return SignedRequest(body, headers)


def customerio_event(body: bytes, key: str, now_ms: int) -> SignedRequest:
    """Return a body with Customer.io's signature over version, time and body."""
    timestamp = str(now_ms // 1000)
    signature = hmac.new(key.encode(), f"v0:{timestamp}:".encode() + body, hashlib.sha256).hexdigest()
    headers = {"content-type": "application/json", customerio.SIGNATURE: signature, customerio.TIMESTAMP: timestamp}
    return SignedRequest(body, headers)


def authorized(body: bytes, secret: str, content_type: str = "application/json") -> SignedRequest:
    """Return a body with an Authorization header: basic for `user:password`, bearer for a token."""
    shown = basic(secret) if ":" in secret else {"authorization": f"Bearer {secret}"}
    return SignedRequest(body, {"content-type": content_type, **shown})


def basic(credentials: str) -> dict[str, str]:
    """Return the header that shows `user:password`."""
    return {"authorization": f"Basic {base64.b64encode(credentials.encode()).decode()}"}
