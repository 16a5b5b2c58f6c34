"""Bounce mails in a folder of your own, for the bench of the verdict.

Owns the labels beside them and how many failed recipients are found. The mails are read by the product's own reader;
what they say of their recipients is judged by `bounces` like every other set.

The folder holds one mail a file and `labels.tsv` with the columns `file`, `type` (`bounced`, `deferred`, or `none` for
a mail that reports no failure), `recipients` (with blanks between them; empty where they are not labelled) and `reason`
(`a|b` where careful readers may differ; empty where it is not labelled).
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from sendlens.model.events import Event
from sendlens.sources.mail import dispatch
from sendlens.sources.mail.options import MailOptions

LABELS: Final = "labels.tsv"


class Labelled(NamedTuple):
    """One mail: what people say of it, and the events that the reader makes of it."""

    file: str
    type: str
    recipients: frozenset[str]
    reasons: frozenset[str]
    events: list[Event]

    @property
    def found(self) -> int:
        """How many of the labelled recipients the reader tells."""
        return len(self.recipients & {name for event in self.events for name in _names(event)})

    @property
    def wrong(self) -> int:
        """How many recipients the reader tells that did not fail; none where recipients are not labelled."""
        if not self.recipients and self.type != "none":
            return 0
        return sum(not _names(event) & self.recipients for event in self.events)


def labelled(folder: Path) -> Iterator[Labelled]:
    """Yield every mail of a folder that has a label. Raises `OSError` for a folder without labels or a missing mail."""
    with (folder / LABELS).open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            events = dispatch.read((folder / row["file"]).read_bytes(), MailOptions(), received_at=0).events
            yield Labelled(
                row["file"],
                row["type"],
                frozenset(row["recipients"].lower().split()),
                frozenset(one for one in row["reason"].split("|") if one),
                events,
            )


def _names(event: Event) -> set[str]:
    """Return both addresses of a failure: the one that was written to and the one it ended at."""
    both = {event.recipient.lower(), event.metadata.get("mail.final_recipient", "").lower()}
    return both - {""}
