"""How values of dimensions are called on the pages: `microsoft_365` as Microsoft 365.

Addresses keep the value itself.
"""

from __future__ import annotations

from typing import Final

NO_VALUE: Final = "(none)"
CLOCK_WORDS: Final = {"send": "by the time the mail was sent", "event": "by the time it happened"}

_PROVIDERS: Final = {
    "gmail": "Gmail",
    "google_workspace": "Google Workspace",
    "microsoft_consumer": "Outlook.com, Hotmail",
    "microsoft_365": "Microsoft 365",
    "yahoo_aol": "Yahoo, AOL",
    "yahoo_japan": "Yahoo Japan",
    "apple": "Apple iCloud",
    "united_internet": "GMX, WEB.DE",
    "t_online": "T-Online",
    "att": "AT&T",
    "qq": "QQ Mail",
    "mail_ru": "Mail.ru",
    "kpn": "KPN",
    "tds": "TDS",
    "sfr": "SFR",
}
_WORDS: Final = {"provider", "device", "bounce_class", "bounce_reason", "actor", "conversion_type"}
"""Dimensions whose values are words of ours, written with underscores."""
_TRACKING: Final = ("utm_source=", "utm_medium=")
"""Parameters that say nothing about where a link leads."""


def name_of(dimension: str, value: str, label: str = "") -> str:
    """Return how a value is called; `label` is the metrics' own name for it, such as a campaign's."""
    if not value:
        return NO_VALUE
    if label and label != value:
        return label
    if dimension == "provider" and value in _PROVIDERS:
        return _PROVIDERS[value]
    if dimension == "link":
        return _link(value)
    if dimension in _WORDS and "." not in value:
        words = value.replace("_", " ")
        return words[:1].upper() + words[1:]
    return value


def _link(value: str) -> str:
    """Return a link with its path first: a program's links share their host, and a narrow column cuts the end off."""
    if "://" not in value:
        return value
    host, slash, rest = value.split("://", 1)[1].partition("/")
    path, _, query = rest.partition("?")
    told = "&".join(part for part in query.split("&") if part and not part.startswith(_TRACKING))
    return f"/{path}{f'?{told}' if told else ''} – {host}" if slash and (path or told) else host
