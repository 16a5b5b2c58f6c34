"""Places: the links of a mail in the order in which they stand in its HTML.

A link is its place and its href as the template has it, not the address that somebody ended up at: two buttons that
lead to the same page are two places. Owns the reading of the HTML, however broken, and which of its tags are layout.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from html import unescape
from typing import Final

import nh3

from sendlens.enrich import links

LINKS: Final = frozenset({"a", "area"})
MARK: Final = "data-place"
"""The attribute that carries a place's number through the cleaning of the HTML."""

NAMES: Final = (
    "data-msys-linkname",  # SparkPost
    "ses:tags",  # Amazon SES: name:value;name:value
    "data-link-id",
    "data-link-name",
    "data-name",
    "name",
    "id",
)
"""Attributes in which senders and providers write the name of a link, which then comes back with a click."""

LAYOUT: Final = frozenset((
    "a", "abbr", "address", "area", "article", "aside", "b", "bdi", "bdo", "blockquote", "br", "caption", "center",
    "cite", "code", "col", "colgroup", "dd", "del", "details", "dfn", "div", "dl", "dt", "em", "figcaption", "figure",
    "font", "footer", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "i", "img", "ins", "kbd", "li", "main",
    "map", "mark", "nav", "ol", "p", "pre", "q", "s", "samp", "section", "small", "span", "strike", "strong", "style",
    "sub", "summary", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "time", "tr", "tt", "u", "ul", "var",
    "wbr",
))  # fmt: skip
"""Tags that say how a mail looks; of all others at most the text remains."""
WITHOUT_CONTENT: Final = frozenset(
    ("script", "noscript", "iframe", "object", "embed", "template", "title", "textarea", "select", "svg", "math")
)
"""Tags that go with everything in them."""
LOOK: Final = frozenset((
    "align", "alt", "bgcolor", "border", "class", "color", "dir", "face", "height", "id", "lang", "role", "size",
    "style", "title", "valign", "width",
))  # fmt: skip
"""Attributes that say how something looks, on any tag."""
OWN: Final[dict[str, frozenset[str]]] = {
    "a": frozenset({"href"}),
    "area": frozenset({"href", "shape", "coords"}),
    "img": frozenset({"src", "usemap", "hspace", "vspace"}),
    "map": frozenset({"name"}),
    "ol": frozenset({"start", "type"}),
    "table": frozenset({"cellpadding", "cellspacing", "summary"}),
    "td": frozenset({"colspan", "rowspan", "nowrap"}),
    "th": frozenset({"colspan", "rowspan", "nowrap", "scope"}),
}
"""Attributes of one tag alone."""

MOST_PLACES: Final = 2_000
_TEXT: Final = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One link: its number from 0, its href as written, what can be read on it, and the names it goes by.

    `kind` is `unsubscribe`, `preferences` or `view_online` where the link is not content.
    """

    number: int
    href: str
    text: str
    names: tuple[str, ...]
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Marked:
    """HTML in which every link carries the number of its place, and the places."""

    html: str
    places: tuple[Place, ...]


@lru_cache(maxsize=16)
def marked(html: str) -> Marked:
    """Return the HTML with its links numbered. Links after the first `MOST_PLACES` get no number.

    It is read as browsers read it (html5ever) and comes back in its regular form; it is not safe to show yet.
    """
    regular = nh3.clean(
        html.replace("\x00", ""),
        tags=set(LAYOUT),
        clean_content_tags=set(WITHOUT_CONTENT),
        attributes={"*": {*LOOK, "href", *NAMES}} | {tag: set(names) for tag, names in OWN.items()},
        url_schemes=set(_SCHEMES),
        url_relative="pass_through",
        link_rel=None,
    )
    links_: list[tuple[str, tuple[str, ...], list[str]]] = []
    inside: list[str] | None = None
    pieces: list[str] = []
    done = 0
    for found in _TOKEN.finditer(regular):
        told = {name: unescape(value) for name, value in _ATTRIBUTE.findall(found[2] or "")}
        if found[3]:
            inside = None
        elif inside is not None:
            inside.append(f" {told.get('alt', '')} " if found[1] == "img" else "")
        if found[1] in LINKS:
            inside = None
            if told.get("href", "").strip() and len(links_) < MOST_PLACES:
                pieces += [regular[done : found.start(2)], f' {MARK}="{len(links_)}"']
                done = found.start(2)
                text = [told.get("title", "") or told.get("alt", "")] if found[1] == "area" else []
                links_.append((told["href"].strip(), _names(told), text))
                inside = text if found[1] == "a" else None
        if inside is not None and found[4]:
            inside.append(unescape(found[4]))
    pieces.append(regular[done:])
    places = tuple(
        Place(
            number=number,
            href=href,
            text=" ".join("".join(text).split())[:_TEXT],
            names=names,
            kind=links.kind(href, names[0] if names else ""),
        )
        for number, (href, names, text) in enumerate(links_)
    )
    return Marked(html="".join(pieces), places=places)


_SCHEMES: Final = frozenset(("http", "https", "mailto", "tel", "sms", "data"))
# The regular form has every value in double quotes and every "<" of a text escaped; only styles are raw, so they are
# one token that is passed over.
_TOKEN: Final = re.compile(
    r'<style(?: [\w:-]+="[^"]*")*>.*?</style>|<(a|area|img)((?: [\w:-]+="[^"]*")*)>|(</a>)|<[^>]*>|([^<]+)', re.DOTALL
)
_ATTRIBUTE: Final = re.compile(r' ([\w:-]+)="([^"]*)"')


def _names(told: dict[str, str]) -> tuple[str, ...]:
    found: list[str] = []
    for attribute in NAMES:
        value = told.get(attribute, "").strip()
        if attribute == "ses:tags":
            found += [part.partition(":")[2].strip() for part in value.split(";")]
        else:
            found.append(value)
    return tuple(dict.fromkeys(name for name in found if name))
