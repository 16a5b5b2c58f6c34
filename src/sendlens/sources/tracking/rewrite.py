"""Rewriting a message's HTML: links that pass the tracker, a pixel, and what else was asked for.

Owns which links are rewritten and what place each has. Everything else of the HTML stays as it is, to the letter: mail
is written for clients that no parser's output was ever tested in, so only the spans of `href` values are replaced.

The place of a link is its number among the `<a href>` and `<area href>` of the HTML as written, counted from 0,
whether or not it is rewritten. Links inside comments (which Outlook reads) are copies of visible ones and have none.
"""

from __future__ import annotations

import html as entities
import re
from bisect import insort
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Final
from urllib.parse import urlsplit

from sendlens.errors import TooLarge
from sendlens.sources.tracking.token import LONGEST_URL, Kind, Message, Tracker

LARGEST_HTML: Final = 2_000_000
"""Most characters of HTML that are taken; mail clients cut messages far below."""
UNSUBSCRIBE_MARK: Final = "{{sendlens_unsubscribe}}"
"""Replaced by the message's own unsubscribe address wherever it stands."""
HONEYPOT: Final = "honeypot"
"""The link id of the invisible link that only machines follow."""
OFF: Final = "data-sendlens-off"
"""An attribute that leaves a link as it is."""

_ATTRIBUTE: Final = re.compile(r"""([^\s"'<>/=]+)(?:\s*=\s*("[^"]*"|'[^']*'|[^\s"'>]+))?""")
_IN_COMMENT: Final = re.compile(r"<(?:a|area|v:[a-z]+)\b[^>]*>", re.IGNORECASE)
# Addresses that another program fills in after us: sealing the mark would send people to a page named after it.
_MERGE_MARKS: Final = ("{{", "}}", "{%", "%%", "*|", "[[", "<%", "${", "#{")
_HIDDEN: Final = "display:none!important;max-height:0;overflow:hidden;font-size:0;line-height:0"


@dataclass(frozen=True)
class Place:
    """A link of the HTML as written: its number, where it leads, and why it was left alone (empty if it was not)."""

    position: int
    url: str
    link_id: str = ""
    left_alone: str = ""


@dataclass(frozen=True)
class Instrumented:
    """The rewritten HTML, its links in order, and the header fields that belong to the message."""

    html: str
    places: tuple[Place, ...]
    headers: dict[str, str]


def instrument(
    html: str,
    tracker: Tracker,
    message: Message,
    *,
    pixel: bool = True,
    honeypot: bool = False,
    read_time: bool = False,
    unsubscribe_mail: str = "",
) -> Instrumented:
    """Return a message's HTML with tracked links and, if wanted, pixel, honeypot link and measured reading time.

    A link's id is its attribute `data-link-id`, if it has one. Links to anything but http and https, marks that are
    filled in later, and links with the attribute `data-sendlens-off` stay as they are. Mails to
    `unsubscribe_mail` are read by Sendlens for wishes to leave. Raises `TooLarge`, and `InvalidField` for no mailbox.
    """
    if len(html) > LARGEST_HTML:
        raise TooLarge(f"the HTML has {len(html)} characters, more than {LARGEST_HTML}", hint="Shorten the message.")
    unsubscribe = tracker.address(Kind.UNSUBSCRIBE, message)
    ways = [unsubscribe, *([tracker.mailto(unsubscribe_mail, message)] if unsubscribe_mail else [])]
    headers = {
        "List-Unsubscribe": ", ".join(f"<{way}>" for way in ways),
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
    found = _Links(html)
    edits: list[tuple[int, int, str]] = []
    for link in found.links:
        if not link.place.left_alone:
            there = tracker.address(
                Kind.CLICK,
                message,
                url=link.place.url,
                link_id=link.place.link_id,
                link_position=link.place.position,
            )
            insort(edits, (link.start, link.end, f'"{entities.escape(there)}"'))
    tail = _tail(tracker, message, pixel=pixel, honeypot=honeypot, read_time=read_time)
    insort(edits, (found.body_end, found.body_end, tail))
    made: list[str] = []
    done = 0
    for start, end, text in edits:
        made += (html[done:start], text)
        done = end
    made.append(html[done:])
    text = "".join(made).replace(UNSUBSCRIBE_MARK, entities.escape(unsubscribe))
    return Instrumented(text, tuple(link.place for link in found.links if link.place.position >= 0), headers)


def _tail(tracker: Tracker, message: Message, *, pixel: bool, honeypot: bool, read_time: bool) -> str:
    parts: list[str] = []
    if honeypot:
        trap = entities.escape(tracker.address(Kind.CLICK, message, link_id=HONEYPOT))
        parts.append(f'<a href="{trap}" style="{_HIDDEN}" tabindex="-1" aria-hidden="true"></a>')
    kinds = [kind for kind, wanted in ((Kind.OPEN, pixel), (Kind.READ, read_time)) if wanted]
    parts += [
        f'<img src="{entities.escape(tracker.address(kind, message))}" width="1" height="1" alt="" border="0">'
        for kind in kinds
    ]
    return "".join(parts)


@dataclass(frozen=True)
class _Link:
    """The span of an address in the HTML, quotes included."""

    start: int
    end: int
    place: Place


class _Links(HTMLParser):
    """Finds the links of an HTML text and the end of its body."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=False)
        self.links: list[_Link] = []
        self.body_end = len(html)
        self._count = 0
        self._lines = [0]
        self._lines += [found.end() for found in re.finditer("\n", html)]
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in {"a", "area"}:
            self._take(self._here(), self.get_starttag_text() or "", counted=True)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if tag == "body":
            self.body_end = self._here()

    def handle_comment(self, data: str) -> None:
        start = self._here() + len("<!--")
        for found in _IN_COMMENT.finditer(data):
            self._take(start + found.start(), found.group(), counted=False)

    def _here(self) -> int:
        line, column = self.getpos()
        return self._lines[line - 1] + column

    def _take(self, start: int, tag: str, *, counted: bool) -> None:
        attributes: dict[str, tuple[str, int, int]] = {}
        begin = re.match(r"<[^\s/>]+", tag)
        for found in _ATTRIBUTE.finditer(tag, begin.end() if begin else 1):
            # The first of several attributes of a name is the one that counts.
            attributes.setdefault(found[1].lower(), (found[2] or "", found.start(2), found.end(2)))
        if "href" not in attributes or attributes["href"][1] < 0:
            return
        raw, first, last = attributes["href"]
        url = entities.unescape(_unquoted(raw)).strip()
        link_id = entities.unescape(_unquoted(attributes.get("data-link-id", ("", 0, 0))[0]))[:256]
        position = self._count if counted else -1
        self._count += counted
        place = Place(position, url, link_id, "asked for" if OFF in attributes else _left_alone(url))
        self.links.append(_Link(start + first, start + last, place))


def _unquoted(value: str) -> str:
    return value[1:-1] if value[:1] in {'"', "'"} else value


def _left_alone(url: str) -> str:
    """Return why an address is not rewritten, or an empty text for one that is."""
    if any(mark in url for mark in _MERGE_MARKS):
        return "a mark to be filled in later"
    if len(url) > LONGEST_URL:
        return f"longer than {LONGEST_URL} characters"
    try:
        parts = urlsplit(url)
        reachable = parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        reachable = False
    return "" if reachable else "no http or https address"
