"""From the head of a test mail, as a seed mailbox has it, to the fields of a placement.

Owns which test a mail belongs to, and what its receiver says of SPF, DKIM and DMARC (RFC 8601).
"""

from __future__ import annotations

import re
from typing import Final

from sendlens.sources.mail import returned
from sendlens.sources.mail.mime import Headers, split
from sendlens.sources.seeds.options import SeedOptions

TEST_HEADER: Final = "x-sendlens-test"
_METHODS: Final = ("spf", "dkim", "dmarc")
_RESULT: Final = re.compile(r"\s*(spf|dkim|dmarc)\s*(?:/\d+)?\s*=\s*([A-Za-z]{2,20})\b", re.IGNORECASE)
_COMMENT: Final = re.compile(r"\([^()]*\)")
_DEEPEST: Final = 5
_MOST: Final = 10
_LONGEST: Final = 4_000


def read(head: bytes, options: SeedOptions) -> dict[str, str]:
    """Return the fields of a placement that a mail's head tells; without `test_id` it belongs to no test."""
    headers, _ = split(head.replace(b"\r\n", b"\n").rstrip(b"\n") + b"\n\n")
    about = returned.belonging(headers, options.campaign_from)
    named = next(
        (text for each in (*options.test_from, TEST_HEADER) if (text := headers.get(each.lower()).strip())), ""
    )
    campaign = str(about.get("campaign_id", ""))
    told = {
        "test_id": (named or campaign or options.in_subject(headers.get("subject")))[:256],
        "campaign_id": campaign[:256],
        "sending_domain": str(about.get("sending_domain", "")),
        **results(headers),
    }
    return {name: value for name, value in told.items() if value}


def results(headers: Headers) -> dict[str, str]:
    """Return the receiver's results of SPF, DKIM and DMARC.

    Only fields of the server that wrote the topmost one count: others were brought along. One good signature is
    enough for DKIM.
    """
    found: dict[str, str] = {}
    first = ""
    for number, value in enumerate(headers.all("authentication-results")[:_MOST]):
        pieces = _plain(value[:_LONGEST]).split(";")
        # Microsoft writes no name of the server in front.
        server = "" if "=" in pieces[0] else pieces[0].split()[0].lower() if pieces[0].split() else ""
        if number and server != first:
            break
        first = server
        for piece in pieces if not server else pieces[1:]:
            if term := _RESULT.match(piece):
                method, result = term[1].lower(), term[2].lower()
                if method not in found or (method == "dkim" and result == "pass"):
                    found[method] = result
    return {method: found[method] for method in _METHODS if method in found}


def _plain(text: str) -> str:
    """Return a text without comments, which may stand within each other."""
    for _ in range(_DEEPEST):
        text, changed = _COMMENT.subn(" ", text)
        if not changed:
            break
    return text
