"""Tokens: what an address of the tracker says, sealed so that nobody can read, change or invent one.

Owns the form and the sealing. A token is AES-SIV (RFC 5297) over a MessagePack array, under a key derived from the
source's secret and bound to the kind of address and the source. Because it is sealed, the target of a link cannot be
replaced (there is no open redirect), and no address of a person stands in a log of a proxy. The same message gives the
same tokens each time.
"""

from __future__ import annotations

import base64
import binascii
import enum
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from sendlens.errors import InvalidField, NotFound

LONGEST_TOKEN: Final = 8192
LONGEST_URL: Final = 4096
_MAILBOX: Final = re.compile(r"[\w.+-]{1,64}@(?:[a-z0-9-]{1,63}\.)+[a-z0-9-]{2,63}", re.IGNORECASE | re.ASCII)
LEAST_SECRET: Final = 20
"""Fewest characters of a secret: a short one could be guessed by trying."""


class Kind(enum.StrEnum):
    """What an address of the tracker is for; the value is its letter in the path."""

    OPEN = "o"
    CLICK = "c"
    READ = "r"
    UNSUBSCRIBE = "u"


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """The mail to one recipient that is being tracked; texts are empty where there is nothing to say.

    `message_id` is the identifier that the other events of the message carry too, `sent_at` is UTC milliseconds.
    """

    message_id: str
    recipient: str
    campaign_id: str = ""
    variant: str = ""
    segment: str = ""
    template_id: str = ""
    stream: str = ""
    sending_domain: str = ""
    sent_at: int = 0


class Told(msgspec.Struct, frozen=True, array_like=True):
    """What a token says: the message and, for links, the target and its place. The order of fields is the format."""

    message_id: str
    recipient: str
    campaign_id: str = ""
    variant: str = ""
    segment: str = ""
    template_id: str = ""
    stream: str = ""
    sending_domain: str = ""
    sent_at: int = 0
    url: str = ""
    link_id: str = ""
    link_position: int = -1


class Tracker:
    """The addresses of one source's tracker, below `base_url`. Raises `InvalidField` for a weak secret."""

    def __init__(self, base_url: str, source_id: str, secret: str) -> None:
        """`secret` is the newest secret of the source, as `sendlens source create` printed it."""
        if not base_url.startswith(("http://", "https://")):
            raise InvalidField("base_url", base_url, "the http:// or https:// address that recipients reach")
        if len(secret) < LEAST_SECRET:
            raise InvalidField("secret", "(hidden)", f"{LEAST_SECRET} or more characters")
        self._base = base_url.rstrip("/")
        self._source = source_id
        self._secret = secret

    def address(
        self, kind: Kind, message: Message, *, url: str = "", link_id: str = "", link_position: int = -1
    ) -> str:
        """Return the address for a message; `url` is where a link leads. Raises `InvalidField` for one too long."""
        if len(url) > LONGEST_URL:
            raise InvalidField("url", f"{url[:60]}…", f"at most {LONGEST_URL} characters")
        told = Told(
            **{name: getattr(message, name) for name in message.__struct_fields__},
            url=url,
            link_id=link_id,
            link_position=link_position,
        )
        return f"{self._base}/t/{kind}/{self._source}/{self._sealed(kind, told)}"

    def mailto(self, address: str, message: Message) -> str:
        """Return the `mailto:` address by which a message's recipient leaves. Raises `InvalidField` for no address.

        The token stands in the subject, because a local part holds no more than 64 characters and some servers lower
        its case.
        """
        if not is_mailbox(address):
            raise InvalidField("unsubscribe_mail", address, "a mail address such as leave@example.com")
        told = Told(**{name: getattr(message, name) for name in message.__struct_fields__})
        return f"mailto:{address}?subject=unsubscribe%20{self._source}.{self._sealed(Kind.UNSUBSCRIBE, told)}"

    def _sealed(self, kind: Kind, told: Told) -> str:
        sealed = _cipher(self._secret).encrypt(msgspec.msgpack.encode(told), [_bound(kind, self._source)])
        return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()


def opened(kind: Kind, source_id: str, token: str, secrets: Sequence[str]) -> Told:
    """Return what a token says. Raises `NotFound` for one that none of the source's secrets has sealed."""
    unknown = NotFound("this address was not made by this tracker", hint="It may have been shortened or changed.")
    if not 0 < len(token) <= LONGEST_TOKEN:
        raise unknown
    try:
        sealed = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise unknown from None
    for secret in secrets:
        try:
            plain = _cipher(secret).decrypt(sealed, [_bound(kind, source_id)])
            return msgspec.msgpack.decode(plain, type=Told)
        except (InvalidTag, ValueError, msgspec.MsgspecError):
            continue
    raise unknown


def is_mailbox(address: str) -> bool:
    """Tell whether mails that ask to leave can be sent to an address."""
    return _MAILBOX.fullmatch(address) is not None


def _bound(kind: Kind, source_id: str) -> bytes:
    return f"{kind}\x1f{source_id}".encode()


@lru_cache(maxsize=1024)
def _cipher(secret: str) -> AESSIV:
    return AESSIV(HKDF(SHA256(), 32, None, b"sendlens tracker").derive(secret.encode()))
