"""What HTML is taken at all: its size, and how much work a browser's rules would make of it.

HTML mends itself by opening again what was left open, so that a small text can become a huge tree. Owns a count of what
is left open, made without a tree; a mail that was made to be read stays far below the limits.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Final

from sendlens.errors import InvalidField, TooLarge

MOST_BYTES: Final = 500_000
"""Largest HTML of one mail. Gmail shows the first 102 kB."""
MOST_OPEN: Final = 400
MOST_REOPENED: Final = 300_000

_TAG: Final = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]{0,15})")
_NO_DEPTH: Final = frozenset((
    "p", "li", "td", "th", "tr", "dt", "dd", "tbody", "thead", "tfoot", "colgroup", "option", "br", "hr", "img",
    "meta", "link", "input", "area", "base", "col", "wbr", "html", "head", "body",
))  # fmt: skip
"""Tags that need no end, or close the one before them."""
_REOPENED: Final = frozenset(
    ("a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u")
)


def checked(html: bytes) -> str:
    """Return the text of HTML. Raises `TooLarge`, or `InvalidField` for what is no UTF-8 or cannot be a mail."""
    if len(html) > MOST_BYTES:
        raise TooLarge(f"The HTML has {len(html):,} bytes; at most {MOST_BYTES:,} are taken.")
    try:
        text = html.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidField("html", f"bytes from {error.start} on", "must be UTF-8") from error
    if not text.strip():
        raise InvalidField("html", "", "must be the HTML of the mail as it was sent")
    opened: Counter[str] = Counter()
    depth = reopened = tags = most = 0
    for found in _TAG.finditer(text):
        name = found[2].lower()
        if name in _NO_DEPTH:
            tags += 1
            continue
        step = -1 if found[1] and opened[name] else 0 if found[1] else 1
        opened[name] += step
        depth += step
        if name in _REOPENED:
            reopened += step
        tags += 1
        most = max(most, reopened)
        if depth > MOST_OPEN:
            raise InvalidField(
                "html", f"at character {found.start()}", f"leaves more than {MOST_OPEN} tags open at once"
            )
    if most * tags > MOST_REOPENED and most > 2:
        raise InvalidField("html", f"{most} unclosed tags", "leaves so many of <b>, <font>, <a> … open; close them")
    return text
