"""Random names for things: short enough to read aloud, long enough not to be guessed where guessing would matter."""

from __future__ import annotations

import secrets
from typing import Final

_BASE32: Final = "abcdefghijklmnopqrstuvwxyz234567"
_BASE62: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def new_id(prefix: str, length: int) -> str:
    """Return `prefix_` and `length` random characters of 5 bits each."""
    return f"{prefix}_" + "".join(secrets.choice(_BASE32) for _ in range(length))


def new_token(length: int) -> str:
    """Return `length` random letters and digits, just under 6 bits each."""
    return "".join(secrets.choice(_BASE62) for _ in range(length))
