"""VERP: the recipient, the campaign or the message written into the address that bounces come back to.

Owns a source's pattern and the general form `prefix-local=domain@`, which many list servers use. A pattern that is set
is believed; the general form only helps where the report names nobody.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from sendlens.errors import InvalidField
from sendlens.sources.mail import addresses

PLACES: Final[dict[str, str]] = {
    "recipient": r"[^\s@]{1,200}?=[^\s@=]{1,253}",
    "local": r"[^\s@]{1,128}?",
    "domain": r"[^\s@=]{1,253}",
    "campaign": r"[^\s@]{1,200}?",
    "message": r"[^\s@]{1,200}?",
    "any": r"[^\s@]{0,200}?",
}
"""Names in braces that a pattern may hold, and what each stands for; `recipient` has `=` in the place of `@`."""

_NAMED: Final = re.compile(r"\{(\w+)\}")
_GENERAL: Final = re.compile(
    r"[\w.]{1,60}(?:[-+_][\w.]{1,60}){0,3}[-+](?P<local>[\w.!#$%&'*/?^`{|}~+-]{1,64})=(?P<domain>(?:[\w-]+\.)+[a-z]{2,24})@",
    re.IGNORECASE,
)


@lru_cache(maxsize=256)
def compiled(pattern: str) -> re.Pattern[str]:
    """Return a pattern such as `bounce+{campaign}-{recipient}@b.example.com`, compiled.

    Raises `InvalidField` for unknown names and for patterns that are no address.
    """
    seen: set[str] = set()

    def place(found: re.Match[str]) -> str:
        name = found[1]
        if name not in PLACES or (name in seen and name != "any"):
            raise InvalidField("verp", pattern, f"{{{name}}} is not one of {', '.join(sorted(PLACES))}, each once")
        seen.add(name)
        return f"({'?:' if name == 'any' else f'?P<{name}>'}{PLACES[name]})"

    pieces = re.split(r"(\{\w+\})", pattern.strip())
    text = "".join(_NAMED.sub(place, piece) if piece.startswith("{") else re.escape(piece) for piece in pieces)
    if pattern.count("@") != 1 or len(pattern) > 300 or not seen - {"any"}:
        raise InvalidField(
            "verp", pattern, "a VERP pattern is an address with names in braces, such as b+{recipient}@example.com"
        )
    return re.compile(text, re.IGNORECASE)


def decoded(texts: Iterable[str], pattern: str) -> dict[str, str]:
    """Return what the first address that fits the pattern says: recipient, campaign_id, message_id."""
    form = compiled(pattern) if pattern else None
    for text in texts:
        for address in re.findall(r"[^\s<>\",;:]+@[^\s<>\",;:]+", text[:2000]) if form else ():
            if form and (found := form.fullmatch(address)):
                told = found.groupdict()
                recipient = told.get("recipient") or ""
                if recipient:
                    local, _, domain = recipient.rpartition("=")
                    recipient = f"{local}@{domain}"
                elif told.get("local") and told.get("domain"):
                    recipient = f"{told['local']}@{told['domain']}"
                named = {
                    "recipient": addresses.clean(recipient),
                    "campaign_id": told.get("campaign") or "",
                    "message_id": told.get("message") or "",
                }
                return {name: value for name, value in named.items() if value}
    return {}


def general(texts: Iterable[str]) -> str:
    """Return the recipient in an address of the general form; empty if there is none.

    >>> general(["<news-bounces+ada=example.com@lists.example.net>"])
    'ada@example.com'
    """
    for text in texts:
        if found := _GENERAL.search(text[:2000]):
            return addresses.clean(f"{found['local']}@{found['domain']}")
    return ""
