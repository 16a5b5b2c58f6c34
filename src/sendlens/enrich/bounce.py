"""Why a message was refused: a class, a reason, a confidence and the rule that decided.

Owns the reading of codes and diagnostic texts and the weighing of the provider's own word. Leaves the rules themselves
to `bounce_rules` and its tables, and the finding of diagnostics inside bounce mails to `sources`.

The order of evidence: words of the server and codes with one meaning, the provider's word, general codes, weak words,
and at last the provider's class.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import Final, NamedTuple

import msgspec

from sendlens.enrich.bounce_reasons import REASONS, Rule
from sendlens.enrich.bounce_rules import CODES, RULES, TOLD, TOLD_OF_DROPPED, WEAK
from sendlens.enrich.bounce_words_block import SENDING
from sendlens.model.events import BounceClass, EventType


class BounceVerdict(msgspec.Struct, frozen=True):
    """A conclusion about one refusal: `bounce_class` is a `BounceClass` or empty, `confidence` runs from 0 to 100."""

    bounce_class: str = ""
    reason: str = ""
    confidence: int = 0
    rule: str = ""


NO_BOUNCE: Final = BounceVerdict()
JUDGED: Final = {EventType.BOUNCED, EventType.DEFERRED, EventType.DROPPED}
TOLD_WEIGHT: Final = 60
"""At this confidence and below, the provider's own class wins over the class of a rule."""

LONGEST: Final = 4_000
"""Characters that are read. Who needs more to say why has copied the message."""

_CLASSES: Final = {str(one) for one in BounceClass}
_ENHANCED: Final = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?!\.?\d)")
# At the start, or after a colon, a semicolon or a quotation mark: elsewhere three digits are just a number.
_SMTP: Final = re.compile(r"(?:^|[:;\"'>(]\s*|said:?\s|code\s|error\s)([245]\d\d)(?=[\s\-:;#]|$)")
_ADDRESS: Final = re.compile(r"[^\s<>()\[\]\"':;,=]+@[^\s<>()\[\]\"':;,]+")
_SPACE: Final = re.compile(r"\s+")
# Servers with several lines repeat the codes on each: "550-5.1.1 The mailbox 550-5.1.1 does not exist".
_REPEATED: Final = re.compile(r" (?:[245]\d\d[ -])?[245]\.\d{1,3}\.\d{1,3} | [245]\d\d-")
_NOT_LETTERS: Final = re.compile(r"[^a-z0-9]+")


class _Compiled(NamedTuple):
    rule: Rule
    plain: tuple[str, ...]
    gaps: tuple[tuple[str, re.Pattern[str]], ...]
    codes: re.Pattern[str] | None
    smtp: re.Pattern[str] | None
    near: re.Pattern[str] | None
    bounce_class: str


def _compile(rule: Rule) -> _Compiled:
    phrases = [phrase.strip().replace("_", " ") for phrase in rule.phrases.split(";") if phrase.strip()]
    gaps = tuple(
        (phrase.split(" * ")[0], re.compile(".{0,40}?".join(re.escape(part) for part in phrase.split(" * "))))
        for phrase in phrases
        if " * " in phrase
    )
    codes = "|".join(re.escape(code).replace("x", "[45]", 1).replace(r"\*", r"\d*") for code in rule.codes.split())
    smtp = "|".join(code.replace("*", r"\d\d") for code in rule.smtp.split())
    return _Compiled(
        rule,
        tuple(phrase for phrase in phrases if " * " not in phrase),
        gaps,
        re.compile(codes) if codes else None,
        re.compile(smtp) if smtp else None,
        _near(*rule.near) if rule.near else None,
        str(rule.bounce_class or REASONS[rule.reason][0]),
    )


def _near(one: str, other: str) -> re.Pattern[str]:
    first, second = (rf"(?<![a-z])(?:{pattern})(?![a-z])" for pattern in (one, other))
    return re.compile(rf"{first}[^.;!?]{{0,32}}?{second}|{second}[^.;!?]{{0,32}}?{first}")


class _Book(NamedTuple):
    rules: tuple[_Compiled, ...]
    sending: tuple[_Compiled, ...]
    codes: tuple[_Compiled, ...]
    weak: tuple[_Compiled, ...]


@cache
def _book() -> _Book:
    """Return the rules as patterns, made for the first bounce: the first page of a start does not wait for them."""
    return _Book(*(tuple(_compile(rule) for rule in rules) for rules in (RULES, SENDING, CODES, WEAK)))


@lru_cache(maxsize=32_768)
def classify(
    type: str,
    smtp_code: int = 0,
    enhanced_code: str = "",
    smtp_reply: str = "",
    told_class: str = "",
    told_reason: str = "",
) -> BounceVerdict:
    """Return why a message was refused, put off or never attempted; `NO_BOUNCE` for every other type of event.

    `told_class` and `told_reason` are the provider's own. A dropped message keeps the class it was told, because
    nobody was asked; its reason is still read.
    """
    if type not in JUDGED:
        return NO_BOUNCE
    told = told_class if told_class in _CLASSES else ""
    line = _line(smtp_reply)
    enhanced, smtp = _read_codes(smtp_code, enhanced_code, line)
    text = _without_repeats(line)
    dropped = type == EventType.DROPPED
    verdict = _weigh(text, enhanced, smtp, told_reason, dropped=dropped)
    if dropped:
        return msgspec.structs.replace(verdict, bounce_class=told)
    if told and verdict.confidence <= TOLD_WEIGHT and verdict.bounce_class != told:
        agrees = verdict.reason in REASONS and REASONS[verdict.reason][0] == told
        return BounceVerdict(told, verdict.reason if agrees else "unknown", 50, "told_class")
    if type == EventType.DEFERRED and verdict.bounce_class in (BounceClass.HARD, BounceClass.UNDETERMINED):
        # It will be tried again, so whatever the words say, nobody called it final.
        return msgspec.structs.replace(verdict, bounce_class="soft", confidence=min(verdict.confidence, 60))
    return verdict


def _weigh(text: str, enhanced: str, smtp: str, told_reason: str, *, dropped: bool) -> BounceVerdict:
    book = _book()
    word = _without_repeats(_line(told_reason))
    if dropped and (found := _first(book.sending, text, "", "") or _first(book.sending, word, "", "")):
        return found
    if found := _first(book.rules, text, enhanced, smtp):
        return found
    known = (TOLD_OF_DROPPED if dropped else TOLD).get(_NOT_LETTERS.sub("", word), "unknown")
    if known != "unknown":
        return BounceVerdict(str(REASONS[known][0]), known, 75, "told_reason")
    if word and (found := _first(book.rules, word, "", "")):
        return msgspec.structs.replace(found, confidence=found.confidence - 10)
    return (
        _first(book.codes, "", enhanced, smtp)
        or _first(book.weak, text, enhanced, smtp)
        or (_first(book.weak, word, "", "") if word else None)
        or BounceVerdict(str(BounceClass.UNDETERMINED), "unknown", 0, "none")
    )


def _first(rules: tuple[_Compiled, ...], text: str, enhanced: str, smtp: str) -> BounceVerdict | None:
    for one in rules:
        if _matches(one, text, enhanced, smtp):
            return BounceVerdict(one.bounce_class, one.rule.reason, one.rule.confidence, one.rule.name)
    return None


def _matches(one: _Compiled, text: str, enhanced: str, smtp: str) -> bool:
    if one.codes is not None and not (enhanced and one.codes.fullmatch(enhanced)):
        return False
    if one.smtp is not None and not one.smtp.fullmatch(smtp):
        return False
    if not one.rule.phrases and one.near is None:
        return True
    for phrase in one.plain:
        if phrase in text:
            return True
    if any(start in text and pattern.search(text) for start, pattern in one.gaps):
        return True
    return one.near is not None and one.near.search(text) is not None


def _line(text: str) -> str:
    """Return the beginning of the text in one line and lower case, without mail addresses."""
    if not text:
        return ""
    return _SPACE.sub(" ", _ADDRESS.sub("@", text[:LONGEST].lower()).replace("\u2019", "'").replace("_", " ")).strip()


def _without_repeats(line: str) -> str:
    """Return the line without the codes that continue a reply, so that phrases are whole."""
    return line[:12] + _REPEATED.sub(" ", line[12:])


def _read_codes(smtp_code: int, enhanced_code: str, text: str) -> tuple[str, str]:
    """Return the codes as told, or as found in the text; "0" stands for no SMTP code."""
    found = _ENHANCED.search(enhanced_code) or _ENHANCED.search(text)
    enhanced = ".".join(str(int(part)) for part in found.groups()) if found else ""
    if 400 <= smtp_code <= 599:
        smtp = str(smtp_code)
    else:
        match = _SMTP.search(text)
        smtp = match[1] if match else "0"
    return enhanced, smtp
