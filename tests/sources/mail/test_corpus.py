"""Real bounce mails, where they are at hand: how many failed recipients are found, how well the words are judged."""

import base64
import csv
import hashlib
import json
from collections import defaultdict

import pytest

from bench import bounce_mails
from sendlens.enrich.bounce import classify
from sendlens.sources.mail import dispatch
from sendlens.sources.mail.options import MailOptions
from tests.sources.mail.letters import NOW

pytestmark = pytest.mark.skipif(
    not bounce_mails.MAILS.is_file(), reason="the real bounce mails are not part of the repository"
)


def mails() -> dict[bytes, dict[bool, set[str]]]:
    """Return each mail with its failed recipients, by whether the server has not given up."""
    found: dict[bytes, dict[bool, set[str]]] = defaultdict(lambda: defaultdict(set))
    for line in bounce_mails.MAILS.read_text(encoding="utf-8").splitlines():
        case = json.loads(line)
        found[base64.b64decode(case["raw_b64"])][case["temporary"]] |= {who.lower() for who in case["recipients"]}
    return found


def test_failed_recipients_are_found_and_no_others() -> None:
    expected = right = found = 0
    for raw, cases in mails().items():
        told = dispatch.read(raw, MailOptions(), NOW).events
        # One failure is one event, under the address that was written to; the one it ended at is kept beside it.
        names = [
            (
                event.type == "deferred",
                {event.recipient.lower(), event.metadata.get("mail.final_recipient", "").lower()},
            )
            for event in told
        ]
        for temporary, recipients in cases.items():
            expected += len(recipients)
            right += sum(any(waits is temporary and who in both for waits, both in names) for who in recipients)
        wanted = set[str]().union(*cases.values())
        found += sum(not both & wanted for _, both in names)
    assert right / expected >= 0.95
    assert found <= 2, "addresses that did not fail"


def test_the_words_handed_on_are_judged_as_well_as_the_bars_ask() -> None:
    with bounce_mails.LABELS.open(encoding="utf-8", newline="") as file:
        labels = {row["digest"]: row for row in csv.DictReader(file, delimiter="\t")}
    hard = reasons = judged = 0
    for raw in mails():
        row = labels.get(hashlib.sha256(raw).hexdigest()[:16])
        events = dispatch.read(raw, MailOptions(), NOW).events
        if not row or not events:
            continue
        first = events[0]
        verdict = classify(first.type, first.smtp_code, first.enhanced_code, first.smtp_reply)
        told = bounce_mails.Told("", row["type"], frozenset(row["reason"].split("|")), "", "")
        judged += 1
        hard += (verdict.bounce_class == "hard") in bounce_mails.hardness(told)
        reasons += verdict.reason in told.reasons
    assert judged > 100
    assert hard / judged >= 0.92
    assert reasons / judged >= 0.80
