"""Diagnostics of real bounce mails, as far as the bench of the verdict needs them.

Owns a plain reading: the diagnostic of the delivery-status part where there is one, otherwise the text above the copy
of the message. Recipients, forgeries and hostile input are the product's own parser's matter, not this file's.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import html
import json
import re
from collections.abc import Iterator
from email import message_from_bytes
from email.message import Message
from pathlib import Path
from typing import Final, NamedTuple, cast

from sendlens.enrich.bounce_reasons import REASONS
from sendlens.model.events import BounceClass, EventType

MAILS: Final = next(
    (
        path
        for folder in Path(__file__).resolve().parents
        if (path := folder / "shared" / "data" / "bounces" / "development.jsonl").is_file()
    ),
    Path("development.jsonl"),
)
"""The real mails; they are no part of the repository."""

LABELS: Final = Path(__file__).with_name("bounce_labels.tsv")
"""Digest of a mail, type of event, reason; `a|b` where careful readers may differ."""

# The refused message, or the part of it that was sent back, begins at such a line.
_COPY: Final = re.compile(
    r"(?im)^\W*(?:(?:this is |below .*|included is )?a? ?copy (?:of the|is)\b.*"
    r"|.*\b(?:original|unsent|returned) message\b.*"
    r"|message (?:header|body|headers|text) .*|received: .*|return-path:.*|your message reads.*|mensaje original.*"
    r"|.*top \d+ lines.*|.*first \d+ lines.*)$"
)
_TAG: Final = re.compile(
    r"<!--.*?-->|<(?:style|script|title)\b.*?</(?:style|script|title)>|</?[a-z!][^@>]*>", re.IGNORECASE | re.DOTALL
)


class Told(NamedTuple):
    """What one mail tells of its first recipient."""

    digest: str
    type: str
    reasons: frozenset[str]
    enhanced_code: str
    text: str


def told(mails: Path = MAILS, labels: Path = LABELS) -> Iterator[Told]:
    """Yield every labelled mail of the file."""
    with labels.open(encoding="utf-8", newline="") as file:
        known = {row["digest"]: row for row in csv.DictReader(file, delimiter="\t")}
    with mails.open(encoding="utf-8") as lines:
        for line in lines:
            raw = base64.b64decode(json.loads(line)["raw_b64"])
            digest = hashlib.sha256(raw).hexdigest()[:16]
            if row := known.pop(digest, None):
                code, text = diagnostic(raw)
                yield Told(digest, row["type"], frozenset(row["reason"].split("|")), code, text)


def diagnostic(raw: bytes) -> tuple[str, str]:
    """Return the enhanced code and the words of a bounce mail about its first recipient."""
    mail = message_from_bytes(raw)
    texts: list[str] = []
    for part in mail.walk():
        kind = part.get_content_type()
        if kind == "message/delivery-status":
            code, words = _status(part)
            if words:
                return code, words
            if texts or code:
                return code, "\n".join(texts)
        elif kind in ("text/plain", "text/html"):
            text = _decoded(part)
            texts.append(_COPY.split(html.unescape(_TAG.sub(" ", text)) if kind == "text/html" else text)[0])
    return "", "\n".join(texts)


def _status(part: Message) -> tuple[str, str]:
    payload = part.get_payload()
    for block in cast("list[Message]", payload) if isinstance(payload, list) else []:
        if block["action"] or block["status"]:
            status = str(block["status"] or "")
            code, _, comment = status.partition(" ")
            words = str(block["diagnostic-code"] or "").partition(";")[2].strip() or comment.strip("() ")
            return code, words
    return "", ""


def _decoded(part: Message) -> str:
    raw = part.get_payload(decode=True)
    if not isinstance(raw, bytes):
        return ""
    try:
        return raw.decode(part.get_content_charset("utf-8"), "replace")
    except LookupError:
        return raw.decode("latin-1")


def hardness(one: Told) -> set[bool]:
    """Return whether the labels of a mail call it hard; what will be tried again never is."""
    return {REASONS[reason][0] is BounceClass.HARD and one.type == EventType.BOUNCED for reason in one.reasons}
