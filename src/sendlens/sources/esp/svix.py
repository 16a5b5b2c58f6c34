"""Svix, the sender behind several providers' webhooks: HMAC-SHA256 over id, time and body.

Owns the check and its header names, in both spellings. Leaves to the provider what a message says.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence
from typing import Final

from sendlens.errors import Unauthorized
from sendlens.sources.esp import proof
from sendlens.sources.received import Received

PREFIXES: Final = ("svix", "webhook")
SECRET_PREFIX: Final = "whsec_"  # noqa: S105 (how a secret begins)


def header(received: Received, name: str) -> str:
    """Return `svix-<name>`, or `webhook-<name>` as the standard that grew out of it calls it."""
    return next((told for prefix in PREFIXES if (told := received.headers.get(f"{prefix}-{name}", ""))), "")


def key(secret: str) -> bytes:
    """Return the key that a secret `whsec_...` stands for; empty if it is none."""
    try:
        return base64.b64decode(secret.strip().removeprefix(SECRET_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        return b""


def sign(secret: str, message_id: str, timestamp: str, body: bytes) -> str:
    """Return the base64 signature without its version."""
    covered = f"{message_id}.{timestamp}.".encode("utf-8", "replace") + body
    return base64.b64encode(hmac.new(key(secret), covered, hashlib.sha256).digest()).decode()


def verify(received: Received, secrets: Sequence[str], provider: str, max_age_ms: int) -> None:
    """Check that one of the signatures in the header was made with one of the secrets, and not long ago."""
    proof.need_secrets(secrets, provider, "signing secret")
    message_id, timestamp = header(received, "id"), header(received, "timestamp")
    given = [told.partition(",")[2] for told in header(received, "signature").split() if told.startswith("v1,")]
    if not message_id or not timestamp or not given:
        raise Unauthorized("the request is not signed")
    # TRICKY: an unreadable secret is no key; with an empty key anybody could sign.
    usable = [secret for secret in secrets if key(secret)]
    expected = [sign(secret, message_id, timestamp, received.body) for secret in usable]
    matches = [proof.same(told, expected) for told in given[:20]]
    if not any(matches):
        raise Unauthorized("the signature does not belong to this body and secret")
    if not (timestamp.isascii() and timestamp.isdecimal() and len(timestamp) < 15):
        raise Unauthorized("the signed timestamp is not a number")
    proof.fresh(int(timestamp) * 1000, received.received_at, max_age_ms)
