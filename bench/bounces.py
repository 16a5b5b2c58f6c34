"""The bounce verdict: precision and recall per class and reason, and diagnostics per second.

Owns the counting. The labelled texts are the tests' (`tests/enrich/diagnostics.tsv`, our own words in the manner of
each receiver); the real mails of `bounce_mails` are measured where they are, and those of a folder that the command
line names (`bounce_folder`). Labels that two careful readers could give differently count as right either way.
"""

from __future__ import annotations

import csv
import time
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from bench import bounce_folder, bounce_mails
from bench.context import Context
from bench.figures import Figure, Findings, figure
from sendlens.enrich.bounce import BounceVerdict, classify
from sendlens.enrich.bounce_reasons import REASONS
from sendlens.model.events import BounceClass, EventType
from sendlens.sources.mail import dispatch
from sendlens.sources.mail.options import MailOptions

LABELLED: Final = Path(__file__).parents[1] / "tests" / "enrich" / "diagnostics.tsv"

Pair = tuple[frozenset[str], str]
"""The names that count as right, and the one that was given."""


def run(context: Context) -> Findings:
    """Return how right and how fast the verdict is."""
    findings = Findings()
    with LABELLED.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    texts = [(row["type"], row["text"]) for row in rows]
    verdicts = [classify(event, smtp_reply=text) for event, text in texts]
    classes = [
        (frozenset(row["class"].split("|")), verdict.bounce_class) for row, verdict in zip(rows, verdicts, strict=True)
    ]
    reasons = [
        (frozenset(row["reason"].split("|")), verdict.reason) for row, verdict in zip(rows, verdicts, strict=True)
    ]
    findings.figures.extend(_rates("own", "own texts", classes, reasons))
    if bounce_mails.MAILS.is_file():
        told = list(bounce_mails.told())
        seen = [classify(one.type, 0, one.enhanced_code, one.text) for one in told]
        findings.figures.extend(
            _rates(
                "real",
                "real mails",
                [(_classes(one), verdict.bounce_class) for one, verdict in zip(told, seen, strict=True)],
                [(one.reasons, verdict.reason) for one, verdict in zip(told, seen, strict=True)],
            )
        )
        findings.figures.append(_reading(bounce_mails.raws(), max(3, context.size.repetitions)))
    else:
        findings.notes.append("The real bounce mails are not on this machine; only our own texts were measured.")
    if context.mails is not None:
        findings.figures.extend(_folder(list(bounce_folder.labelled(context.mails)), findings.notes))
    findings.figures.extend(_speed(texts, max(3, context.size.repetitions)))
    return findings


def _folder(mails: list[bounce_folder.Labelled], notes: list[str]) -> Iterable[Figure]:
    """Count what the reader finds in a folder's mails, and judge what it hands on; each mistake becomes a note."""
    expected, found = sum(len(one.recipients) for one in mails), sum(one.found for one in mails)
    yield figure("bounces.folder.recipients", "folder: failed recipients", "", [expected])
    yield figure("bounces.folder.found", "folder: failed recipients found", "%", [100 * found / max(expected, 1)])
    yield figure(
        "bounces.folder.wrong", "folder: recipients told that did not fail", "", [sum(one.wrong for one in mails)]
    )
    classes: list[Pair] = []
    reasons: list[Pair] = []
    for one in mails:
        if one.found < len(one.recipients) or one.wrong:
            told = ", ".join(event.recipient for event in one.events) or "nobody"
            notes.append(f"{one.file}: told {told} instead of {', '.join(sorted(one.recipients)) or 'nobody'}")
        if not one.reasons:
            continue
        first = one.events[0] if one.events else None
        verdict = (
            classify(first.type, first.smtp_code, first.enhanced_code, first.smtp_reply) if first else BounceVerdict()
        )
        classes.append((_classes(one), verdict.bounce_class or "none"))
        reasons.append((one.reasons, verdict.reason or "none"))
        if verdict.reason not in one.reasons:
            text = first.smtp_reply[:200] if first else "no event"
            notes.append(
                f"{one.file}: {verdict.reason or 'none'} ({verdict.rule}), not {'|'.join(one.reasons)}: {text}"
            )
    if classes:
        yield from _rates("folder", "folder", classes, reasons)


def _classes(one: bounce_mails.Told | bounce_folder.Labelled) -> frozenset[str]:
    deferred = one.type == EventType.DEFERRED
    classes = (REASONS[reason][0] for reason in one.reasons)
    softened = {BounceClass.HARD, BounceClass.UNDETERMINED}
    return frozenset(str(BounceClass.SOFT if deferred and each in softened else each) for each in classes)


def _rates(name: str, what: str, classes: list[Pair], reasons: list[Pair]) -> Iterable[Figure]:
    count = len(classes)
    # A mail that was not read at all ("none") is wrong, also where the right answer is "not hard".
    hard = sum(given != "none" and (given == "hard") in {each == "hard" for each in right} for right, given in classes)
    yield figure(f"bounces.{name}.count", f"{what}: labelled", "", [count])
    yield figure(f"bounces.{name}.hard", f"{what}: hard or not hard is right", "%", [100 * hard / count])
    yield figure(f"bounces.{name}.class", f"{what}: class is right", "%", [100 * _right(classes) / count])
    yield figure(f"bounces.{name}.reason", f"{what}: reason is right", "%", [100 * _right(reasons) / count])
    for label, pairs in (("class", classes), ("reason", reasons)):
        told, hits, true = Counter[str](), Counter[str](), Counter[str]()
        for right, given in pairs:
            expected = given if given in right else min(right)
            told[given] += 1
            true[expected] += 1
            hits[given] += given == expected
        for each in sorted(true):
            precision = 100 * hits[each] / told[each] if told[each] else 0.0
            title = f"{what}: {label} {each} ({true[each]})"
            yield figure(f"bounces.{name}.{label}.{each}.precision", f"{title}, precision", "%", [precision])
            yield figure(
                f"bounces.{name}.{label}.{each}.recall", f"{title}, recall", "%", [100 * hits[each] / true[each]]
            )


def _right(pairs: list[Pair]) -> int:
    return sum(given in right for right, given in pairs)


def _reading(mails: list[bytes], repetitions: int) -> Figure:
    """Measure whole mails from bytes to verdicts, none of which was seen before, in processor time."""

    def per_second() -> float:
        classify.cache_clear()
        began = time.process_time()
        for raw in mails:
            for event in dispatch.read(raw, MailOptions(), received_at=0).events:
                classify(event.type, event.smtp_code, event.enhanced_code, event.smtp_reply)
        return len(mails) / max(time.process_time() - began, 1e-9)

    measured = [per_second() for _ in range(repetitions)]
    return figure("bounces.speed.mails", "whole mails read and judged per second of one core", "/s", measured)


def _speed(texts: list[tuple[str, str]], repetitions: int) -> Iterable[Figure]:
    """Processor time, so that a busy machine tells nearly the same as an idle one."""

    def per_second(forget: Callable[[], None]) -> float:
        forget()
        began = time.process_time()
        for event, text in texts:
            classify(event, smtp_reply=text)
        return len(texts) / max(time.process_time() - began, 1e-9)

    new = [per_second(classify.cache_clear) for _ in range(repetitions)]
    known = [per_second(lambda: None) for _ in range(repetitions)]
    yield figure("bounces.speed.new", "diagnostics per second of one core, each seen for the first time", "/s", new)
    yield figure("bounces.speed.known", "diagnostics per second of one core, all seen before", "/s", known)
