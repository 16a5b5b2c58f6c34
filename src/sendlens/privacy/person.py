"""A person as the subject of a request: the key rows are found by, and the forms in which an address can be written.

Owns the search for an address in texts and in bytes. Only addresses are looked for in texts: an identifier such as "7"
stands in many places that have nothing to do with the person.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from sendlens.errors import InvalidField
from sendlens.model.identity import normal_recipient, recipient_key

_WORD: Final = b"abcdefghijklmnopqrstuvwxyz0123456789"
_BEFORE: Final = _WORD + b"._+-"
_ENCODED: Final = re.compile(rb"%[0-9a-f]{2}\Z")


@dataclass(frozen=True)
class Person:
    """One recipient of one tenant."""

    tenant: str
    recipient: str
    key: int

    @property
    def is_address(self) -> bool:
        """Whether texts can be searched for it."""
        return "@" in self.recipient

    @property
    def pattern(self) -> str:
        """Return a regular expression that finds the address in a text, as written and as part of a link.

        It does not find joanna@example.com or anna@example.com.au when asked for anna@example.com. The store and
        Python read it alike.
        """
        return rf"(?i)(?:^|[^a-z0-9._+-]|%[0-9a-f][0-9a-f]){self._spelt}(?:$|[^a-z0-9.-]|[.](?:$|[^a-z0-9]))"

    @property
    def _spelt(self) -> str:
        return "".join(_SPELT.get(letter, letter) for letter in self.recipient)

    def taken_out(self, text: str) -> str:
        """Return a text without the address; what stands around it stays."""
        return re.sub(self.pattern, lambda found: re.sub(f"(?i){self._spelt}", "", found[0]), text)

    def erased_from(self, value: str) -> str:
        """Return a value as it was seen in a record without the person: nothing of one that is the person's name."""
        if normal_recipient(value.strip("'\"")) == self.recipient:
            return ""
        return self.taken_out(value) if self.is_address else value

    @property
    def needles(self) -> tuple[bytes, ...]:
        """Return the forms of the address as bytes, in lower case."""
        return tuple({form.lower().encode() for form in (self.recipient, quote(self.recipient, safe=""))})

    def perhaps_among(self, chunk: bytes) -> bool:
        """Return False where bytes hold the recipient for certain in no form: a quick look before a thorough one."""
        lower = chunk.lower()
        return any(needle in lower for needle in self.needles)

    def among(self, chunk: bytes) -> bool:
        """Return whether bytes hold the address by itself, and not as a part of a longer one.

        Where texts are stored with their length in front of them, that length may look like a letter: a byte that is
        the length of the address counts as a boundary.
        """
        lower = chunk.lower()
        for needle in self.needles:
            at = lower.find(needle)
            while at >= 0:
                whole = at > 0 and chunk[at - 1] == len(needle)
                if whole or (_begins(lower, at) and _ends(lower, at + len(needle))):
                    return True
                at = lower.find(needle, at + 1)
        return False


# Whatever means something in a regular expression, spelt so that it does not; no backslash, which a bound value of
# the store could read in another way.
_SPELT: Final = {letter: f"[{letter}]" for letter in ".*?()[{}|$/'\"&="} | {
    "]": "[]]",
    "\\": ".",
    "^": ".",
    "+": "(?:[+]|%2B)",
    "@": "(?:@|%40)",
}


def person_of(tenant: str, recipient: str) -> Person:
    """Return the person of a tenant with this address or identifier. Raises `InvalidField` for an empty one."""
    normal = normal_recipient(recipient)
    if not normal or len(normal) > 512:
        raise InvalidField("recipient", recipient, "must be the address or identifier the mail was sent to")
    return Person(tenant, normal, recipient_key(tenant, normal))


def _begins(lower: bytes, at: int) -> bool:
    return at == 0 or lower[at - 1] not in _BEFORE or _ENCODED.search(lower[max(at - 3, 0) : at]) is not None


def _ends(lower: bytes, end: int) -> bool:
    following = lower[end : end + 2]
    if not following or (following[0] not in _WORD and following[0] not in b".-"):
        return True
    return following[0] == ord(".") and (len(following) < 2 or following[1] not in _WORD)
