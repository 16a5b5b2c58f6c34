"""What can be read off the text of an SMTP reply: its code and its enhanced status code.

Owns the two patterns, so that providers that hand on the server's words agree on what is a code. A reply is never
classified here; that is the enrichment's work.
"""

from __future__ import annotations

import re
from typing import Final

# Not inside a longer number or an address: "from 203.0.113.250" holds no code.
_CODE: Final = re.compile(r"(?<![\d.])([245]\d\d)(?=[\s;:-]|$)")
_ENHANCED: Final = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?!\.?\d)")


def reply(*texts: str) -> dict[str, object]:
    """Return the fields of the first text that is not empty, read as an SMTP reply.

    >>> reply("", "smtp;550-5.1.1 no such user")["enhanced_code"]
    '5.1.1'
    """
    told = next((text for text in texts if text), "")
    code, enhanced = _CODE.search(told[:500]), _ENHANCED.search(told[:500])
    return {
        "smtp_reply": told,
        "smtp_code": code[1] if code else None,
        "enhanced_code": enhanced[1] if enhanced else "",
    }


def is_reply(text: str) -> bool:
    """Tell whether a text holds a code, that is, whether a mail server seems to have said it."""
    return bool(_CODE.search(text[:500]) or _ENHANCED.search(text[:500]))
