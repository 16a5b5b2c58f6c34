"""Addresses of links: whether the address that was clicked can come from the href of a template.

Tracking parameters are nobody's content, so they are left out on both sides. What a template fills in for each
recipient stands for any text. Both are tables here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from urllib.parse import parse_qsl, urlsplit

TRACKING: Final = frozenset((
    "fbclid", "gclid", "dclid", "gbraid", "wbraid", "msclkid", "twclid", "ttclid", "yclid", "igshid", "mc_cid",
    "mc_eid", "mkt_tok", "vero_id", "vero_conv", "oly_enc_id", "oly_anon_id", "_hsenc", "_hsmi", "__hstc", "__hssc",
    "hsctatracking", "ml_subscriber", "ml_subscriber_hash", "_kx", "ck_subscriber_id", "bsft_uid", "bsft_eid",
    "bsft_clkid", "rb_clickid", "s_cid", "sc_cid", "lid",
))  # fmt: skip
"""Parameters that providers and advertisement networks add to every link."""
TRACKING_STARTS: Final = ("utm_", "pk_", "mtm_", "hsa_", "trk_")

_LONGEST: Final = 4_000
_ANY: Final = "\x00"
# Bounded and without nesting, so that a hostile href costs no more than its length.
_PLACEHOLDER: Final = re.compile(
    r"\{\{[^{}]{0,200}\}\}\}?|\{%[^%]{0,200}%\}|\*\|[^|]{0,200}\|\*|%%[^%]{0,200}%%|%[a-z_]+(?:\.[a-z_]+)?%"
    r"|\[\[[^\[\]]{0,200}\]\]|<%[^%]{0,200}%>|\$\{[^{}]{0,200}\}",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Address:
    """An address in comparable form; a zero byte stands for any text; `open` says nothing of where it leads."""

    site: str
    parameters: tuple[tuple[str, str], ...]
    fragment: str
    open: bool


@lru_cache(maxsize=65_536)
def address(text: str) -> Address:
    """Return an address, or the href of a template, in comparable form. Never raises."""
    text = _PLACEHOLDER.sub(_ANY, text.strip()[:_LONGEST].replace(_ANY, ""))
    try:
        parts = urlsplit(text)
        host = (parts.hostname or "").rstrip(".")
        port = f":{parts.port}" if parts.port and parts.port not in {80, 443} else ""
        given = parse_qsl(parts.query, keep_blank_values=True, max_num_fields=200)
    except ValueError:
        return Address(text, (), "", open=False)
    scheme = "" if parts.scheme.lower() in {"http", "https", ""} else f"{parts.scheme.lower()}:"
    site = f"{scheme}{host}{port}{parts.path.rstrip('/')}"
    kept = sorted(pair for pair in given if not _is_tracking(pair[0]))
    nowhere = not site.strip(_ANY + "/") or (bool(parts.netloc) and not host.strip(_ANY))
    return Address(site, tuple(kept), parts.fragment, open=nowhere)


def fits(template: str, clicked: str) -> bool:
    """Return whether a clicked address can come from the href of a template, tracking parameters aside."""
    wanted, told = address(template), address(clicked)
    if wanted.open or not told.site:
        return False
    if not _fits(wanted.site, told.site) or not _fits(wanted.fragment, told.fragment):
        return False
    if len(wanted.parameters) != len(told.parameters):
        return False
    return all(
        name == told_name and _fits(value, told_value)
        for (name, value), (told_name, told_value) in zip(wanted.parameters, told.parameters, strict=True)
    )


def is_pattern(one: Address) -> bool:
    """Return whether an href leads somewhere and has something in it that is filled in for each recipient."""
    texts = (one.site, one.fragment, *(value for pair in one.parameters for value in pair))
    return not one.open and any(_ANY in text for text in texts)


def beginning(one: Address) -> str:
    """Return what the site of every address begins with that can come from an href."""
    return one.site.partition(_ANY)[0]


def _is_tracking(name: str) -> bool:
    low = name.lower()
    return low in TRACKING or low.startswith(TRACKING_STARTS)


def _fits(pattern: str, text: str) -> bool:
    """Return whether a text is the pattern with something in the place of every zero byte."""
    if _ANY not in pattern:
        return pattern == text
    first, *middle, last = pattern.split(_ANY)
    if not text.startswith(first):
        return False
    at = len(first)
    for part in middle:
        found = text.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return len(text) - len(last) >= at and text.endswith(last)
