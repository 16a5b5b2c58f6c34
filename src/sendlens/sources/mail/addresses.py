"""Addresses as they stand in mails: in angle brackets, quotes, X.400 dress, or in the middle of a sentence.

Owns what counts as an address of a recipient. Nothing is completed or corrected: an address that was cut or blanked
out by the server is none.
"""

from __future__ import annotations

import re
from typing import Final

PATTERN: Final = (
    r"(?<![\w.!#$%&'*+/=?^`{|}~-])"
    r"(?:\"[^\"\s@]{1,64}\"|[\w.!#$%&'*+/=?^`{|}~-]{1,128})"
    r"@(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.){1,10}(?:[^\W\d_]{2,63}|xn--[a-z0-9-]{1,59})(?![\w@-])"
)
ADDRESS: Final = re.compile(PATTERN)
_URL: Final = re.compile(r"\b(?:https?|ftp|www)[:.][^\s<>\"]*", re.IGNORECASE)
# X.400 and routing names in front of an address, and what a sentence or a list puts around one.
_DRESS: Final = re.compile(r"(?:.*[;/])?(?:dda[:.])?(?:smtp|rfc-?822|e-?mail|mailto|to|rcpt|addr)=", re.IGNORECASE)
_AROUND: Final = "'`*#~|{}^?!"
# RFC 6533: a character outside ASCII as \x{code}.
_ESCAPED: Final = re.compile(r"\\x\{([0-9A-Fa-f]{2,6})\}")
_LONGEST_LOCAL: Final = 128
# In a field for an address nothing else is meant, so that names of one's own network are believed there.
_LOCAL_NETWORK: Final = re.compile(
    r"[\s<]*(?P<who>(?:\"[^\"\s@]{1,64}\"|[\w.!#$%&'*+/=?^`{|}~-]{1,128})@[^\W_](?:[\w.-]{0,251}[^\W_])?)[\s>]*"
)
_TYPED: Final = re.compile(r"\s*(?P<type>[\w-]+)\s*;\s*(?P<rest>.*)", re.DOTALL)

NEVER: Final = frozenset(
    {
        "abuse",
        "double-bounce",
        "hostmaster",
        "listserv",
        "mail-daemon",
        "mailer-daemon",
        "mailerdaemon",
        "mdaemon",
        "nobody",
        "postmaster",
    }
)
"""Local parts that speak for a mail server and are no recipients of a campaign."""


def clean(found: str) -> str:
    """Return an address without its dress; empty if it cannot be one.

    >>> clean("dda:SMTP=ada@example.com"), clean("'ada@example.com"), clean("ada...@example.com")
    ('ada@example.com', 'ada@example.com', '')
    """
    local, _, domain = found.strip().rpartition("@")
    if not local.startswith('"'):
        local = _DRESS.sub("", local).lstrip(_AROUND)
        if not local or local[0] == "." or local[-1] == "." or ".." in local or len(local) > _LONGEST_LOCAL:
            return ""
    return f"{local}@{domain}" if local and len(domain) <= 253 else ""


def in_text(text: str) -> list[str]:
    """Return the addresses of a text in their order, each once; addresses of web pages are passed over."""
    found = (clean(each) for each in ADDRESS.findall(without_urls(text)))
    return list(dict.fromkeys(address for address in found if address))


def without_urls(text: str) -> str:
    """Return a text whose web addresses are gone: what stands in one is no recipient."""
    return _URL.sub(" ", text)


def of_field(value: str) -> str:
    r"""Return the address of a report's field such as `rfc822; ada@example.com` or `utf-8; ...`; empty if none.

    >>> of_field(r"utf-8; gr\x{FC}n@example.com")
    'grün@example.com'
    >>> of_field("rfc822; <root@mailhost>")
    'root@mailhost'
    """
    typed = _TYPED.fullmatch(value)
    text = typed["rest"] if typed else value
    if "\\x{" in text:
        text = _ESCAPED.sub(_character, text)
    if found := in_text(text):
        return found[0]
    plain = _LOCAL_NETWORK.fullmatch(text)
    return clean(plain["who"]) if plain else ""


def _character(found: re.Match[str]) -> str:
    code = int(found[1], 16)
    return chr(code) if code < 0x110000 and not 0xD800 <= code < 0xE000 else "\ufffd"


def is_server(address: str) -> bool:
    """Tell whether an address speaks for a mail server."""
    return address.partition("@")[0].lower() in NEVER
