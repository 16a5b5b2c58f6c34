"""What protects the control plane from a reader of its database: the secret key and what is derived from it.

Owns the key file, the sealing of sources' secrets and the digests of API keys. Nothing here is ever written to the
database in the clear, nor shown by `repr`.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from sendlens.errors import SettingsError
from sendlens.settings import Settings

KEY_FILE: Final = "secret.key"
_NONCE: Final = 12
_FORMAT: Final = b"\x01"


class Secret:
    """A text that does not show itself by accident: in a log line, a traceback, or JSON (msgspec refuses it)."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        """Wrap `text`."""
        self._text = text

    def reveal(self) -> str:
        """Return the text."""
        return self._text

    def __repr__(self) -> str:
        return "Secret(hidden)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(self._text.encode(), other._text.encode())

    def __hash__(self) -> int:
        return hash(self._text)


class Keyring:
    """The keys derived from one secret key, each for one purpose."""

    def __init__(self, secret_key: bytes) -> None:
        """Derive the keys; `secret_key` is 32 bytes or more, from `load_secret_key`."""
        self._digests = _derive(secret_key, b"sendlens api keys")
        self._forms = _derive(secret_key, b"sendlens forms")
        self._pseudonyms = _derive(secret_key, b"sendlens pseudonyms")
        self._sealing = AESGCM(_derive(secret_key, b"sendlens source secrets"))
        self.fingerprint: Final = _derive(secret_key, b"sendlens fingerprint").hex()
        """Tells whether two processes have the same key, without telling the key."""

    def __repr__(self) -> str:
        return "Keyring(hidden)"

    def digest(self, text: str) -> bytes:
        """Return the HMAC-SHA256 under which an API key is stored and found."""
        return hmac.new(self._digests, text.encode("utf-8", "surrogatepass"), hashlib.sha256).digest()

    def pseudonym(self, text: str) -> bytes:
        """Return the HMAC-SHA256 that stands for a recipient."""
        return hmac.new(self._pseudonyms, text.encode("utf-8", "surrogatepass"), hashlib.sha256).digest()

    def form_token(self, text: str) -> str:
        """Return the HMAC-SHA256 that proves that a form is one of ours."""
        return hmac.new(self._forms, text.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()

    def seal(self, secret: str, *owner: str) -> bytes:
        """Return `secret` encrypted so that it opens only for the same `owner`."""
        nonce = secrets.token_bytes(_NONCE)
        return _FORMAT + nonce + self._sealing.encrypt(nonce, secret.encode(), _owner(owner))

    def open(self, sealed: bytes, *owner: str) -> Secret:
        """Return what was sealed. Raises `SettingsError` if it was moved, altered, or sealed with another key."""
        nonce, rest = sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :]
        try:
            return Secret(self._sealing.decrypt(nonce, rest, _owner(owner)).decode())
        except InvalidTag as error:
            raise SettingsError(
                f"The secret of {owner[-1]} cannot be decrypted: the secret key or the database was changed.",
                hint=f"Give back the earlier SENDLENS_SECRET_KEY (or {KEY_FILE}), or rotate the secret of this source.",
            ) from error


def load_secret_key(settings: Settings) -> bytes:
    """Return the key from the settings, or from the data directory, where it is made at first start."""
    if settings.secret_key:
        return settings.secret_key.encode()
    path = settings.data / KEY_FILE
    settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not path.exists():
        _create(path)
    key = path.read_bytes().strip()
    if len(key) < 32:
        raise SettingsError(
            f"{path} holds {len(key)} bytes; a secret key has 32 or more.",
            hint="Restore the file from a backup. Without it, API keys and sources' secrets have to be made anew.",
        )
    return key


def _create(path: Path) -> None:
    """Write a new key so that of two processes one wins, and neither sees half a file."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(secrets.token_hex(32).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        path.hardlink_to(draft)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def _derive(secret_key: bytes, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose).derive(secret_key)


def _owner(parts: tuple[str, ...]) -> bytes:
    return "\x1f".join(parts).encode()
