"""Syslog lines: when, where, who, and the text; in the old form (RFC 3164), the new (RFC 5424) and rsyslog's ISO form.

Owns the three headers. What a program says in its text is the business of whoever asked.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from sendlens.errors import InvalidField
from sendlens.sources.esp.provider import Options
from sendlens.sources.mta import localtime
from sendlens.sources.times import milliseconds

LONGEST: Final = 8192
"""Characters of a line that are read; syslog cuts lines long before."""


class Line(NamedTuple):
    """One line: its time in UTC milliseconds, host, program (such as `postfix/smtp`) and text."""

    at: int
    host: str
    program: str
    text: str


_PRIORITY: Final = r"(?:<\d{1,3}>)?"
_TAG: Final = r"(?P<program>[^\s:\[]+)(?:\[\d*\])?: ?(?P<text>.*)"
_OLD: Final = re.compile(
    rf"{_PRIORITY}(?P<month>[A-Z][a-z]{{2}}) {{1,2}}(?P<day>\d{{1,2}}) (?P<clock>\d\d:\d\d:\d\d(?:\.\d{{1,6}})?) "
    rf"(?P<host>\S+) {_TAG}"
)
_ISO: Final = re.compile(rf"{_PRIORITY}(?P<time>\d{{4}}-\d\d-\d\dT\S+) (?P<host>\S+) {_TAG}")
_NEW: Final = re.compile(
    r"<\d{1,3}>1 (?P<time>\S+) (?P<host>\S+) (?P<program>\S+) \S+ \S+ (?:-|\[[^\n]*?\])(?: (?P<text>.*))?"
)


def read(line: str, options: Options, received_at: int) -> Line | None:
    """Return a line's parts, or None for what is no syslog line or has no sensible time."""
    text = line[:LONGEST].rstrip("\r\n")
    for form in (_NEW, _ISO, _OLD):
        if found := form.fullmatch(text):
            break
    else:
        return None
    told = found.groupdict()
    if form is _OLD:
        at = localtime.without_year(told["month"], told["day"], told["clock"], options, received_at)
    else:
        try:
            at = milliseconds("time", localtime.with_zone(told["time"], options), received_at)
        except InvalidField:
            at = 0
    return Line(at, told["host"], told["program"], (told["text"] or "").removeprefix("\ufeff")) if at else None
