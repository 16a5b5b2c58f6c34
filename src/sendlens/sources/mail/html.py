"""The text of an HTML part, line by line, as far as it matters for finding recipients and diagnostics."""

from __future__ import annotations

import html
import re
from typing import Final

_BREAK: Final = re.compile(r"<(?:br|/p|/div|/tr|/li|/h\d|hr|/td|/blockquote|/title)\b[^<>]*>", re.IGNORECASE)
_TAG: Final = re.compile(r"<[^<>]*>")
_COMMENT: Final = ("<!--", "-->")
_SILENT: Final = (_COMMENT, ("<style", "</style>"), ("<script", "</script>"))


def text_of(page: str) -> str:
    """Return the text of a page. Linear in its length, whatever is left open in it.

    >>> text_of("<p>Not delivered to<br>&lt;ada@example.com&gt;</p>").split()
    ['Not', 'delivered', 'to', '<ada@example.com>']
    """
    for begin, end in _SILENT:
        page = _without(page, begin, end)
    page = re.sub(r"[ \t\r\n]+", " ", page)
    text = html.unescape(_TAG.sub("", _BREAK.sub("\n", page))).replace("\xa0", " ")
    return "\n".join(line.strip() for line in text.split("\n"))


def _without(page: str, begin: str, end: str) -> str:
    opening, closing = (re.compile(re.escape(each), re.IGNORECASE) for each in (begin, end))
    kept: list[str] = []
    at = 0
    while found := opening.search(page, at):
        kept.append(page[at : found.start()])
        closed = closing.search(page, found.end())
        if not closed:
            return "".join(kept)
        at = closed.end()
    return "".join([*kept, page[at:]])
