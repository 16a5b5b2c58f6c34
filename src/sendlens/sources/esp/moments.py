"""Times as some providers write them, brought into a form that the judge reads.

Owns notations that are complete only together with the provider's promise (a text without an offset that is UTC) and
the dates of HTTP headers.
"""

from __future__ import annotations

import re
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Final

from sendlens.errors import InvalidField, Unauthorized
from sendlens.sources.esp.reading import word
from sendlens.sources.times import milliseconds

_OFFSET: Final = re.compile(r"[zZ]$|[+-]\d\d:?\d\d$")
_SPACED: Final = re.compile(r"\s+([+-]\d\d:?\d\d)$")


def utc(value: object) -> object:
    """Return a time with an offset; a text without one is UTC, as its provider promises.

    >>> utc("2026-09-21 10:00:00"), utc("2026-09-21 10:00:00 +00:00"), utc(7)
    ('2026-09-21 10:00:00+00:00', '2026-09-21 10:00:00+00:00', 7)
    """
    if not isinstance(value, str) or not value.strip():
        return value if isinstance(value, int | float) or word(value) else None
    text = _SPACED.sub(r"\1", value.strip())
    if " " in text and text.endswith(" UTC"):
        text = text[:-4]
    return text if _OFFSET.search(text) or text.replace(".", "", 1).isdecimal() else f"{text}+00:00"


def signed(text: str, received_at: int) -> int:
    """Return a signed time from a header: unix time, ISO 8601, or the form of HTTP dates. Raises `Unauthorized`."""
    try:
        if text[:3].isalpha():
            moment = parsedate_to_datetime(text)
            # RFC 5322 lets "-0000" stand for a time of unknown zone; HTTP dates are always UTC.
            return int(moment.replace(tzinfo=moment.tzinfo or UTC).timestamp() * 1000)
        return milliseconds("timestamp", utc(text), received_at)
    except (InvalidField, ValueError, OverflowError):
        raise Unauthorized("the signed timestamp cannot be read") from None
