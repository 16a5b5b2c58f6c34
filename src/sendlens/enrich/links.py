"""What a tracked link is for, as far as it is not content: unsubscribe, preferences, the mail on the web, a honeypot.

Owns where in an address a word counts. Leaves the words to `link_words`. Clicks on such links say nothing about
interest, so that click rates leave them out; a wrong guess would hide a real click, therefore a word counts only as a
whole path segment, a host label, a query action or a link id, never inside a slug.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final
from urllib.parse import parse_qsl, unquote, urlsplit

from sendlens.enrich.link_words import ACTIONS, ARTICLES, COMPANIONS, GENERAL, HOSTS, KINDS

HONEYPOT: Final = "honeypot"
"""The link id, and the kind, of a link that is there for machines to follow."""

_JOINTS: Final = re.compile(r"[^a-z0-9]+")
_CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_EXTENSION: Final = re.compile(r"\.(?:html?|php|aspx?|jsp|do|cgi|pl)$", re.IGNORECASE)
# `{{unsubscribe_url}}`, `*|UNSUB|*`, `%unsubscribe%`, `[[unsubscribe]]`: a template's word, unfilled or meant so.
_PLACEHOLDER: Final = re.compile(
    r"(?:\{\{?\{?|\*\||%%?|\[\[?|<%=?|\$\{)\s*[$@.]?([\w .:-]+?)\s*(?:\}\}?\}?|\|\*|%%?|\]\]?|%>)"
)
_MOST_FIELDS: Final = 50
_NO: Final = frozenset({"0", "false", "no", "off"})


@lru_cache(maxsize=65_536)
def kind(url: str, link_id: str = "") -> str:
    """Return `unsubscribe`, `preferences`, `view_online` or `honeypot`, or empty text for a link to content.

    A honeypot is a link nobody can see, which only machines follow; its link id alone says so. A link id in the
    sender's own words decides before the address does. Never raises.
    """
    if link_id == HONEYPOT:
        return HONEYPOT
    return (_of_word(link_id) if link_id else "") or (_of_url(url) if url else "")


def _of_url(url: str) -> str:
    text = url.strip()
    if placeholder := _PLACEHOLDER.fullmatch(text):
        return _of_word(placeholder[1])
    try:
        parts = urlsplit(text)
        host = (parts.hostname or "").rstrip(".")
    except ValueError:
        return ""
    if parts.scheme == "mailto":
        return _of_word(parts.path.partition("@")[0])
    if parts.scheme not in ("http", "https", ""):
        return ""
    for suffix, start, known in HOSTS:
        if (host == suffix or host.endswith("." + suffix)) and parts.path.startswith(start):
            return known
    label = host.partition(".")[0]
    by_host = "" if label in GENERAL else _of_word(label)
    return by_host or _of_path(parts.path) or _of_path(parts.fragment) or _of_query(parts.query)


def _of_path(path: str) -> str:
    segments = [unquote(segment) for segment in path.split("/") if segment]
    through_articles = False
    for place, segment in enumerate(segments):
        found = _of_word(_EXTENSION.sub("", segment))
        general = found != "" and _plain(segment) in GENERAL
        if found and not through_articles and not (general and place > 2):
            return found
        through_articles = through_articles or _plain(segment) in ARTICLES
    return ""


def _of_query(query: str) -> str:
    if not query:
        return ""
    try:
        fields = parse_qsl(query, keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError:
        return ""
    for name, value in fields:
        field = _plain(name)
        if found := (field in ACTIONS and _of_word(value)) or _exactly(f"{field}-{_plain(value)}"):
            return found
        if field not in GENERAL and value.lower() not in _NO and (found := _of_word(name)):
            return found
    return ""


def _exactly(word: str) -> str:
    return next((name for name, words in KINDS if word in words), "")


def _of_word(text: str) -> str:
    """Return the kind that a word or a few joined words name, if all the others are mere companions."""
    if not text or len(text) > 64:
        return ""
    word = _plain(text)
    if found := _exactly(word):
        return found
    parts = word.split("-")
    if len(parts) < 2 or len(parts) > 8:
        return ""
    for name, words in KINDS:
        # The longest run of parts that is a known word, with nothing but companions around it.
        for start in range(len(parts)):
            for end in range(len(parts), start, -1):
                rest = parts[:start] + parts[end:]
                if "-".join(parts[start:end]) in words and all(part in COMPANIONS for part in rest):
                    return name
    return ""


def _plain(text: str) -> str:
    """Return lower case without accents, with `-` between words, also where only capitals part them."""
    if not text.isascii():
        text = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    whole = _JOINTS.sub("-", text.lower()).strip("-")
    split = _JOINTS.sub("-", _CAMEL.sub("-", text).lower()).strip("-")
    return whole if _exactly(whole) else split
