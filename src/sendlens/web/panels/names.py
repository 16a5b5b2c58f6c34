"""How values of dimensions are called on the pages: `microsoft_365` as Microsoft 365.

Addresses keep the value itself.
"""

from __future__ import annotations

from typing import Final

NO_VALUE: Final = "(none)"

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


def name_of(dimension: str, value: str, label: str = "") -> str:
    """Return how a value is called; `label` is the metrics' own name for it, such as a campaign's."""
    if not value:
        return NO_VALUE
    if label and label != value:
        return label
    if dimension == "provider" and value in _PROVIDERS:
        return _PROVIDERS[value]
    if dimension == "link":
        return value.split("://", 1)[-1].split("?", 1)[0].removesuffix("/")
    if dimension in _WORDS and "." not in value:
        words = value.replace("_", " ")
        return words[:1].upper() + words[1:]
    return value
