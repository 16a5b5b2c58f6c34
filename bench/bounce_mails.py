"""Diagnostics of real bounce mails, for the bench of the verdict.

Owns the labels and their pairing with the mails. The mails are read by the product's own reader, `sources.mail`, so
that a diagnostic it misses counts against the verdict too.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from sendlens.enrich.bounce_reasons import REASONS
from sendlens.model.events import BounceClass, EventType
from sendlens.sources.mail import dispatch
from sendlens.sources.mail.options import MailOptions

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


def raws(mails: Path = MAILS) -> list[bytes]:
    """Return every mail of the file as it came."""
    with mails.open(encoding="utf-8") as lines:
        return [base64.b64decode(json.loads(line)["raw_b64"]) for line in lines]


def diagnostic(raw: bytes) -> tuple[str, str]:
    """Return the enhanced code and the words about the first recipient; nothing where the reader finds none."""
    events = dispatch.read(raw, MailOptions(), received_at=0).events
    return (events[0].enhanced_code or "", events[0].smtp_reply or "") if events else ("", "")


def hardness(one: Told) -> set[bool]:
    """Return whether the labels of a mail call it hard; what will be tried again never is."""
    return {REASONS[reason][0] is BounceClass.HARD and one.type == EventType.BOUNCED for reason in one.reasons}
