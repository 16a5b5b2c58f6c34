"""A mail as a flat list of parts: the reader of RFC 5322 and MIME that hostile bytes cannot hurt.

Owns the splitting of headers and parts within the bounds of `limits`, in time linear in the bytes. The standard
library's parser nests as deep as the sender likes and compares every line with every open boundary; here depth and
number are bounded, and what is broken is read as far as it makes sense. What the parts mean is the others' business.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import unquote_to_bytes

from sendlens.sources.mail import charsets, limits
from sendlens.sources.mail.limits import Budget

_FIELD: Final = re.compile(r"([!-9;-~]{1,200})[ \t]*:[ \t]?(.*)", re.DOTALL)
_BLANK: Final = re.compile(rb"\n[ \t]*\n")
_PARAMETER: Final = re.compile(r""";\s*([\w.+-]{1,60}(?:\*\d{0,2}\*?)?)\s*=\s*("(?:[^"\\]|\\.)*"|'[^']*'|[^;\s]*)""")
# A boundary that the header lost, or whose header says text/plain: a line of dashes in front of part headers.
_LOST: Final = re.compile(rb"^--([^\s].{0,69}?)[ \t]*\nContent-[A-Za-z-]{2,30}:", re.MULTILINE | re.IGNORECASE)
_NEAR: Final = 16_384
# In what calls itself plain text, only right behind a word or two about MIME: further down it is a quoted mail's.
_NEAR_IN_TEXT: Final = 400
_MBOX_FROM: Final = re.compile(rb"From [^\n]*\n")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LEAST_MS: Final = 946_684_800_000
_MOST_MS: Final = 4_102_444_800_000


class Headers:
    """The fields of one header block, by name in lower case; values are unfolded and their encoded words read."""

    def __init__(self, fields: list[tuple[str, str]]) -> None:
        """Keep the fields in their order."""
        self._fields: dict[str, list[str]] = {}
        for name, value in fields:
            self._fields.setdefault(name, []).append(value)

    def __contains__(self, name: str) -> bool:
        return name in self._fields

    def __bool__(self) -> bool:
        return bool(self._fields)

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def all(self, name: str) -> list[str]:
        """Return the values of a field in their order."""
        return self._fields.get(name, [])

    def get(self, name: str) -> str:
        """Return the first value of a field; empty if there is none."""
        return self._fields.get(name, [""])[0]

    def first(self) -> dict[str, str]:
        """Return the first value of every field."""
        return {name: values[0] for name, values in self._fields.items()}


@dataclass(frozen=True)
class Part:
    """One leaf of a mail: its type in lower case, parameters, name of the file if it has one, and encoded bytes."""

    type: str
    parameters: dict[str, str]
    headers: Headers
    body: bytes

    @property
    def filename(self) -> str:
        """The name the sender gave the file; never used as a path."""
        _, told = _typed(self.headers.get("content-disposition"))
        return told.get("filename") or self.parameters.get("name", "")

    def content(self, most: int = limits.LONGEST_MAIL) -> bytes:
        """Return the first `most` bytes of the decoded content."""
        encoding = self.headers.get("content-transfer-encoding").strip().lower()
        if encoding == "base64":
            return charsets.base64(self.body[: most * 2])[:most]
        if encoding == "quoted-printable":
            return binascii.a2b_qp(self.body[: most * 3])[:most]
        return self.body[:most]

    def text(self) -> str:
        """Return the content as text, cut to the longest that is searched."""
        return charsets.text(self.content(limits.LONGEST_TEXT), self.parameters.get("charset", ""))


@dataclass(frozen=True)
class Mail:
    """A mail's own headers, and its leaves in their order; attached messages are leaves."""

    headers: Headers
    type: str
    parameters: dict[str, str]
    parts: list[Part] = field(default_factory=list[Part])

    def of_type(self, *types: str) -> Iterator[Part]:
        """Yield the parts of the given types."""
        return (part for part in self.parts if part.type in types)


_LINE_FEED: Final = 10


def parse(data: bytes, budget: Budget) -> Mail:
    """Return a mail; whatever the bytes are, something is returned."""
    if len(data) > limits.LONGEST_MAIL:
        budget.tell(f"only the first {limits.LONGEST_MAIL // 1_000_000} MB of the mail were read")
        data = data[: limits.LONGEST_MAIL]
    data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n").lstrip(b"\n")
    if found := _MBOX_FROM.match(data):
        data = data[found.end() :]
    headers, body = split(data)
    kind, parameters = _typed(headers.get("content-type"))
    mail = Mail(headers, kind or "text/plain", parameters)
    _walk(headers, body, mail.parts, budget, 0)
    return mail


def split(data: bytes) -> tuple[Headers, bytes]:
    """Return the header block at the beginning of `data` (lines end with LF), and what follows it."""
    if data.startswith(b"\n"):
        return Headers([]), data[1:]
    found = _BLANK.search(data, 0, limits.LONGEST_HEAD)
    head, body = (data[: found.start()], data[found.end() :]) if found else (data[: limits.LONGEST_HEAD], b"")
    fields = read_fields(charsets.text(head))
    # A body without headers is a text, and no header block that happens to be unreadable.
    return (Headers(fields), body) if fields else (Headers([]), data)


def read_fields(head: str) -> list[tuple[str, str]]:
    """Return the fields of a header block, or of one group of a report; lines that are no fields are passed over."""
    fields: list[list[str]] = []
    for line in head.split("\n"):
        if line[:1] in (" ", "\t"):
            if fields and len(fields[-1][1]) < limits.LONGEST_VALUE:
                fields[-1][1] += " " + line.strip()
        elif (found := _FIELD.match(line)) and len(fields) < limits.MOST_HEADERS:
            fields.append([found[1].lower(), found[2].strip()])
    return [(name, charsets.header(value[: limits.LONGEST_VALUE])) for name, value in fields]


def moment(value: str) -> int:
    """Return the UTC milliseconds of a date in RFC 5322 form; 0 for what is no date, or one no event can have."""
    try:
        told = parsedate_to_datetime(value[:100])
        told = told if told.tzinfo else told.replace(tzinfo=UTC)
        ms = int((told - _EPOCH).total_seconds()) * 1000
    except (ValueError, TypeError, IndexError, OverflowError):
        return 0
    return ms if _LEAST_MS <= ms <= _MOST_MS else 0


def _walk(headers: Headers, body: bytes, leaves: list[Part], budget: Budget, depth: int) -> None:
    kind, parameters = _typed(headers.get("content-type"))
    boundary = parameters.get("boundary", "").encode("latin-1", "replace") if kind.startswith("multipart/") else b""
    if boundary and b"--" + boundary not in body:
        boundary = b""
    if not boundary and (kind.startswith("multipart/") or kind in ("", "text/plain")):
        lost = _LOST.search(body, 0, _NEAR if kind.startswith("multipart/") else _NEAR_IN_TEXT)
        boundary = lost[1] if lost else b""
    if boundary and depth >= limits.MOST_DEPTH:
        budget.tell(f"parts deeper than {limits.MOST_DEPTH} levels were not read")
        return
    if not boundary:
        if budget.parts <= 0:
            budget.tell(f"only {limits.MOST_PARTS} parts were read")
            return
        budget.parts -= 1
        plain = not kind or kind.startswith("multipart/")
        leaves.append(Part("text/plain" if plain else kind, parameters, headers, body))
        return
    for piece in _pieces(body, boundary):
        if budget.parts <= 0:
            budget.tell(f"only {limits.MOST_PARTS} parts were read")
            return
        _walk(*split(piece), leaves, budget, depth + 1)


def _pieces(body: bytes, boundary: bytes) -> Iterator[bytes]:
    # By hand: a pattern would have to be compiled for every boundary, which takes longer than most mails.
    mark, start, at = b"--" + boundary, -1, -1
    while (at := body.find(mark, at + 1)) >= 0:
        if at and body[at - 1] != _LINE_FEED:
            continue
        end = body.find(b"\n", at)
        rest = body[at + len(mark) : end if end >= 0 else len(body)]
        last = rest.startswith(b"--")
        if rest[2 * last :].strip(b" \t"):
            continue
        if start >= 0:
            yield body[start:at].removesuffix(b"\n")
        if last:
            return
        start = end + 1 if end >= 0 else len(body)
    if 0 <= start < len(body):
        yield body[start:]


def _typed(value: str) -> tuple[str, dict[str, str]]:
    """Return the type and the parameters of a Content-Type or Content-Disposition."""
    kind, _, _ = value.partition(";")
    parameters: dict[str, str] = {}
    for found in _PARAMETER.finditer(value, 0, limits.LONGEST_VALUE):
        name, star, more = found[1].lower().partition("*")
        told = found[2]
        if told[:1] in "\"'" and len(told) > 1 and told[-1] == told[0]:
            told = re.sub(r"\\(.)", r"\1", told[1:-1])
        if star and more in ("", "0*"):
            charset, quote, rest = told.partition("''")
            told = charsets.text(unquote_to_bytes(rest), charset) if quote else told
        # A long value is cut into name*0, name*1, …
        parameters[name] = parameters.get(name, "") + told if more.rstrip("*") not in ("", "0") else told
    # Some programs forget the semicolon in front of the first parameter.
    return "".join(kind.split(maxsplit=1)[:1]).lower(), parameters
