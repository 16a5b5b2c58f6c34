"""Showing a mail without trusting it: what is taken out of its HTML, and what is drawn over its links.

Three walls stand between the HTML and the reader, each sufficient by itself: nh3 (ammonia, html5ever) takes out
whatever can run, load, submit or lead away; the policy of the answer forbids it once more; the frame it is shown in has
neither scripts nor an origin. Styles stay, because a mail without them is not the mail that was sent.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from typing import Final

import nh3

from sendlens.clickmap.places import LAYOUT, LINKS, LOOK, MARK, OWN, WITHOUT_CONTENT

POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'self'"
)
"""The content security policy under which the result is served."""

_PICTURE: Final = re.compile(r"data:image/(?:png|gif|jpe?g|webp);base64,[A-Za-z0-9+/=\s]*", re.IGNORECASE)
_NUMBER: Final = re.compile(r"[0-9]{1,4}")
# The policy stops every load; taking addresses out of styles only keeps the browser's console quiet about it.
_LOADS: Final = re.compile(
    r"(?:url|image-set|src)\s*\([^)]{0,4000}\)?|@import[^;]{0,4000};?|expression\s*\(", re.IGNORECASE
)
_START: Final = re.compile(r'<(a|area)((?: [\w:-]+="[^"]*")*)>')
_MARKED: Final = re.compile(rf' {MARK}="([0-9]+)"')
_STYLE: Final = re.compile(r"(<style[^>]*>)(.*?)(</style>)", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlay:
    """What is drawn over one link: a short text, a longer one for pointing at it, and a heat from 0 to 5."""

    text: str
    title: str
    heat: int


@lru_cache(maxsize=16)
def cleaned(marked_html: str) -> str:
    """Return HTML that runs nothing, loads nothing, submits nothing and leads nowhere. Never raises."""
    fragment = nh3.clean(
        marked_html.replace("\x00", ""),
        tags=set(LAYOUT),
        clean_content_tags=set(WITHOUT_CONTENT),
        attributes={"*": set(LOOK)}
        | {tag: {*names - {"href"}, *((MARK,) if tag in LINKS else ())} for tag, names in OWN.items()},
        attribute_filter=_attribute,
        url_schemes={"data"},
        url_relative="deny",
        link_rel=None,
        strip_comments=True,
    )
    return _STYLE.sub(lambda found: found[1] + _LOADS.sub("none", found[2]) + found[3], fragment)


def document(fragment: str, overlays: Mapping[int, Overlay]) -> str:
    """Return cleaned HTML as a page of its own, with every overlay at its link."""

    def decorate(found: re.Match[str]) -> str:
        number = _MARKED.search(found[2])
        over = overlays.get(int(number[1])) if number else None
        if over is None:
            return found[0]
        about = f' class="sl-link sl-heat-{over.heat}" title="{escape(over.title)}"'
        badge = f'<span class="sl-badge sl-heat-{over.heat}">{escape(over.text)}</span>' if found[1] == "a" else ""
        return f"<{found[1]}{_OWN.sub('', found[2])}{about}>{badge}"

    body = _START.sub(decorate, fragment)
    return (
        '<!doctype html><html lang="und"><head><meta charset="utf-8"><title>The mail as sent</title>'
        f'<meta name="viewport" content="width=device-width"></head><body>{body}<style>{_CSS}</style></body></html>'
    )


_OWN: Final = re.compile(r' (?:class|title)="[^"]*"')


def _attribute(tag: str, name: str, value: str) -> str | None:
    if name == "src":
        return value if _PICTURE.fullmatch(value) else None
    if name == MARK:
        return value if _NUMBER.fullmatch(value) else None
    if name == "style":
        return _LOADS.sub("none", value)
    if name in {"class", "id"} and any(word.lower().startswith("sl-") for word in value.split()):
        return None  # only we draw badges
    return value


_CSS: Final = (
    "body{margin:0;background:#fff;color:#111;font-family:sans-serif}"
    "img:not([src]){display:inline-block;min-width:24px;min-height:24px;outline:1px dashed #9aa3b5;"
    "outline-offset:-1px;background:#eef0f5;color:#5b6275;font:12px sans-serif}"
    ".sl-link{position:relative!important;outline:2px solid var(--sl-heat)!important;outline-offset:1px;cursor:help}"
    ".sl-badge{position:absolute!important;z-index:2147483647;top:-17px;left:-6px;padding:1px 7px;border-radius:9px;"
    "background:var(--sl-heat)!important;color:var(--sl-ink)!important;font:600 12px/16px sans-serif!important;"
    "white-space:nowrap;text-decoration:none!important;letter-spacing:0;text-transform:none;box-shadow:0 1px 3px #0005}"
    ".sl-heat-0{--sl-heat:#5b6275;--sl-ink:#fff}.sl-heat-1{--sl-heat:#2f4bc7;--sl-ink:#fff}"
    ".sl-heat-2{--sl-heat:#6a3fb5;--sl-ink:#fff}.sl-heat-3{--sl-heat:#a3338f;--sl-ink:#fff}"
    ".sl-heat-4{--sl-heat:#c22f4f;--sl-ink:#fff}.sl-heat-5{--sl-heat:#a32012;--sl-ink:#fff}"
)
