"""Bytes of a mail as text, whatever their charset is or claims to be.

Owns which charsets are believed and how encoded words in headers are read. Nothing here raises for any input.
"""

from __future__ import annotations

import binascii
import re
from typing import Final

# Names outside these families are no charsets of mail; some codecs of Python (punycode, unicode_escape) are slow.
_BELIEVED: Final = re.compile(
    r"(?:utf|iso|latin|windows|cp\d|ibm|koi8|big5|gb|euc|shift|sjis|ms932|us-ascii|ascii|mac|tis|hz|ks_c)[\w.:-]*",
    re.IGNORECASE,
)
_ENCODED: Final = re.compile(r"=\?([\w*.:-]{1,60})\?([bBqQ])\?([^?\n]*)\?=")
_BETWEEN: Final = re.compile(r"(\?=)[ \t\r\n]+(=\?[\w*.:-]{1,60}\?[bBqQ]\?)")
_OTHER_NAMES: Final = {"cn-gb": "gb18030", "gb2312": "gb18030", "x-gbk": "gb18030", "iso-8859-8-i": "iso-8859-8"}


def text(data: bytes, charset: str = "") -> str:
    r"""Return bytes as text: by the charset they claim if it fits, else as UTF-8, else as Windows-1252.

    >>> text(b"M\xfcller", "utf-8")
    'Müller'
    """
    name = charset.strip().strip("\"'").lower()
    name = _OTHER_NAMES.get(name, name)
    for each in ([name] if _BELIEVED.fullmatch(name) else []) + ["utf-8", "cp1252"]:
        try:
            return data.decode(each)
        except (LookupError, UnicodeError):
            continue
    return data.decode("latin-1")


def header(value: str) -> str:
    """Return a header's value with its encoded words (RFC 2047) read.

    >>> header("=?utf-8?q?Gr=C3=BC?= =?utf-8?b?w59l?= from me")
    'Grüße from me'
    """
    return _ENCODED.sub(_word, _BETWEEN.sub(r"\1\2", value)) if "=?" in value else value


def _word(found: re.Match[str]) -> str:
    charset, form, content = found[1].partition("*")[0], found[2].lower(), found[3]
    data = content.encode("utf-8", "replace")
    return text(base64(data) if form == "b" else binascii.a2b_qp(data, header=True), charset)


def base64(data: bytes) -> bytes:
    """Return what can be decoded of base64; whatever is no base64 in between is passed over."""
    clean = re.sub(rb"[^A-Za-z0-9+/]", b"", data)
    # A single character at the end carries no whole byte.
    clean = clean[:-1] if len(clean) % 4 == 1 else clean
    return binascii.a2b_base64(clean + b"=" * (-len(clean) % 4))
