"""Checks that several providers share: shared secrets, HMACs of the body and the age of a signed request.

Every comparison of secrets takes the same time whether they differ early or late, and all secrets are tried.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence
from typing import Final

from sendlens.errors import Unauthorized
from sendlens.sources.received import Received

FUTURE_MS: Final = 300_000
"""How far ahead of ours a sender's clock may be."""


def need_secrets(secrets: Sequence[str], provider: str, what: str) -> None:
    """Refuse when the source has nothing to check a request against."""
    if not any(secrets):
        raise Unauthorized(
            f"this {provider} source has no {what}, so that no request can be checked",
            hint=f"Set the {what} of the source; until then everything is refused.",
        )


def same(given: str, expected: Sequence[str]) -> bool:
    """Tell in constant time whether a text is one of the expected ones."""
    told = given.encode("utf-8", "surrogateescape")
    matches = [hmac.compare_digest(told, one.encode()) for one in expected if one]
    return any(matches)


def basic(received: Received, secrets: Sequence[str], provider: str) -> None:
    """Check HTTP basic credentials against secrets of the form `user:password`."""
    need_secrets(secrets, provider, "user name and password")
    scheme, _, token = received.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic" or not token:
        raise Unauthorized(
            "the request carries no user name and password",
            hint="Put them into the webhook's address: https://user:password@host/hooks/...",
        )
    try:
        told = base64.b64decode(token.strip(), validate=True).decode()
    except (binascii.Error, ValueError):
        raise Unauthorized("the Authorization header cannot be read") from None
    if not same(told, secrets):
        raise Unauthorized("the user name or password is wrong")


def authorization(received: Received, secrets: Sequence[str], provider: str, *, bare: bool = False) -> None:
    """Check the Authorization header against secrets: `user:password` as Basic, a token as Bearer.

    With `bare`, the secret may also stand alone or behind another scheme's name, as some senders write it.
    """
    need_secrets(secrets, provider, "token, or user name and password")
    header = received.headers.get("authorization", "").strip()
    scheme, _, token = header.partition(" ")
    token = token.strip()
    if not header:
        raise Unauthorized(
            "the request carries no Authorization header",
            hint="Give the sender the token, or put user and password into the address.",
        )
    given: list[str] = []
    if scheme.lower() == "basic" and token:
        try:
            # Only what looks like credentials: a token without a colon must come as Bearer.
            given += [told] if ":" in (told := base64.b64decode(token, validate=True).decode()) else []
        except (binascii.Error, ValueError):
            given += []
    if scheme.lower() == "bearer" and token:
        given.append(token)
    if bare:
        given += [header, token]
    matches = [same(told, secrets) for told in given if told]
    if not any(matches):
        raise Unauthorized("the token, or the user name and password, is wrong")


def hex_hmac(given: str, covered: bytes, secrets: Sequence[str], provider: str) -> None:
    """Check a hexadecimal HMAC-SHA256 over bytes."""
    need_secrets(secrets, provider, "signing secret")
    if not given:
        raise Unauthorized("the request is not signed")
    expected = [hmac.new(secret.encode(), covered, hashlib.sha256).hexdigest() for secret in secrets if secret]
    if not same(given.strip().lower(), expected):
        raise Unauthorized("the signature does not belong to this body and secret")


def fresh(signed_at_ms: int, now_ms: int, max_age_ms: int) -> None:
    """Refuse a signed time that is too old or in the future."""
    if signed_at_ms < now_ms - max_age_ms:
        raise Unauthorized(
            f"the request was signed {(now_ms - signed_at_ms) // 60_000} minutes ago; "
            f"at most {max_age_ms // 60_000} are accepted",
            hint="A captured request may be repeated by others; max_age_minutes of the source sets the limit.",
        )
    if signed_at_ms > now_ms + FUTURE_MS:
        raise Unauthorized("the request was signed in the future", hint="Check the clock of this server.")
