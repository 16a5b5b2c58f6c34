"""Amazon SNS: the envelope in which SES events arrive, and the proof that SNS sent it.

Owns signatures (version 1 with SHA-1, version 2 with SHA-256), the allow-list of topics and hosts, and the request to
confirm a subscription. Leaves to `ses` what a message says.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from sendlens.errors import InvalidField, Unauthorized
from sendlens.sources import decode
from sendlens.sources.esp import proof
from sendlens.sources.esp.provider import Options
from sendlens.sources.esp.reading import Json, word
from sendlens.sources.received import Received
from sendlens.sources.times import milliseconds

TITLE: Final = "Amazon SES"
NOTIFICATION: Final = "Notification"
CONFIRMATION: Final = "SubscriptionConfirmation"
FAREWELL: Final = "UnsubscribeConfirmation"

SIGNED_FIELDS: Final[dict[str, tuple[str, ...]]] = {
    NOTIFICATION: ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    CONFIRMATION: ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
    FAREWELL: ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
}
"""What the signature covers, in this order; a field that is absent is skipped."""

DIGESTS: Final[dict[str, hashes.HashAlgorithm]] = {
    "1": hashes.SHA1(),  # noqa: S303 (SNS signs with it unless the topic asks for version 2)
    "2": hashes.SHA256(),
}

_HOST: Final = re.compile(r"sns\.[a-z0-9-]{3,32}\.amazonaws\.com(\.cn)?")


def envelope(received: Received) -> Json | None:
    """Return the SNS envelope of a request, or None for raw message delivery. Raises `BadRequest`."""
    if received.headers.get("x-amz-sns-rawdelivery", "").lower() == "true":
        return None
    told = decode.mapping(received.body, "an Amazon SNS message")
    if word(told.get("Type")) in SIGNED_FIELDS and "TopicArn" in told:
        return told
    return None


def allowed_url(url: str, *, certificate: bool = False) -> bool:
    """Tell whether an address belongs to SNS itself: https, its exact host, nothing hidden in it."""
    try:
        parts = urlsplit(url)
        ours = parts.scheme == "https" and parts.port is None and not parts.username and not parts.fragment
    except ValueError:
        return False
    # TRICKY: the raw network part must match as a whole; `hostname` would forgive a user name or a trailing port.
    if not ours or not _HOST.fullmatch(parts.netloc) or any(char <= " " or char == "\\" for char in url):
        return False
    return not certificate or (parts.path.endswith(".pem") and not parts.query)


def check_topic(topic: str, options: Options) -> None:
    """Refuse a topic that the source does not name."""
    if not options.topics:
        raise Unauthorized(
            "this Amazon SES source names no topic, so that everything is refused",
            hint="Set `topics` of the source to the ARN of the SNS topic.",
        )
    if topic not in options.topics:
        raise Unauthorized("the SNS topic is not one of this source's", hint="Add its ARN to `topics` of the source.")


def certificate_url(received: Received, options: Options) -> str:
    """Return where the signing certificate is, after the topic and the address were checked; empty for raw delivery."""
    message = envelope(received)
    if message is None:
        return ""
    check_topic(word(message.get("TopicArn")), options)
    url = word(message.get("SigningCertURL")) or word(message.get("SigningCertUrl"))
    if not allowed_url(url, certificate=True):
        raise Unauthorized("the signing certificate is not at Amazon SNS")
    return url


def verify_raw(received: Received, secrets: Sequence[str], options: Options) -> None:
    """Check a raw delivery, which SNS does not sign: by topic and by the credentials in the subscription's address."""
    check_topic(received.headers.get("x-amz-sns-topic-arn", ""), options)
    proof.basic(received, secrets, TITLE)


def verify(message: Json, received: Received, certificate: bytes, options: Options, max_age_ms: int) -> None:
    """Check the signature of an envelope, the certificate's dates, and the age of the message."""
    check_topic(word(message.get("TopicArn")), options)
    digest = DIGESTS.get(word(message.get("SignatureVersion")))
    if digest is None:
        raise Unauthorized("the signature version is neither 1 nor 2")
    # Not at the top: nobody else needs certificates, and their part of the library is a large one.
    from cryptography.x509 import load_pem_x509_certificate

    try:
        signature = base64.b64decode(word(message.get("Signature")), validate=True)
        signer = load_pem_x509_certificate(certificate)
    except (binascii.Error, ValueError):
        raise Unauthorized("the signature or its certificate cannot be read") from None
    now = datetime.fromtimestamp(received.received_at / 1000, UTC)
    if not signer.not_valid_before_utc <= now <= signer.not_valid_after_utc:
        raise Unauthorized("the signing certificate is not valid today", hint="Check the clock of this server.")
    key = signer.public_key()
    if not isinstance(key, rsa.RSAPublicKey):
        raise Unauthorized("the signing certificate holds no RSA key")
    try:
        key.verify(signature, canonical(message), padding.PKCS1v15(), digest)
    except InvalidSignature:
        raise Unauthorized("the signature does not belong to this message") from None
    try:
        signed_at = milliseconds("Timestamp", word(message.get("Timestamp")), received.received_at)
    except InvalidField as error:
        raise Unauthorized("the signed timestamp cannot be read") from error
    proof.fresh(signed_at, received.received_at, max_age_ms)


def canonical(message: Json) -> bytes:
    """Return the bytes that SNS signs: name and value of each covered field, a line each."""
    told = ((name, message.get(name)) for name in SIGNED_FIELDS[word(message.get("Type"))])
    text = "".join(f"{name}\n{value}\n" for name, value in told if value is not None)
    return text.encode("utf-8", "replace")
