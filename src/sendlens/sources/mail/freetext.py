"""Failed recipients in the text of a bounce mail: one reader for the free-text formats of all servers.

Owns the order of evidence: addresses that are announced or labelled as failed, addresses in a sentence about a failure,
addresses whose RCPT TO was refused, and at last an address that stands alone. Later evidence is asked only where
earlier has nothing. The words are the tables of `phrases`; what makes a mail a bounce at all is decided by `bounce`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from sendlens.sources.mail import addresses, limits, phrases
from sendlens.sources.mail.report import Reported

_failure: Final = phrases.spoken(*phrases.FAILURE)
_opening: Final = phrases.spoken(phrases.OPENING)
_ENDS: Final = phrases.compiled(*phrases.ENDS)
_RETURNED: Final = phrases.compiled(*phrases.RETURNED)
_CONTACT: Final = re.compile(
    rf"(?:{phrases.compiled(phrases.CONTACT).pattern})[\s:<\"'(\[]*(?:the |mailto:)?[\s:<\"'(\[]*\Z", re.IGNORECASE
)
_A: Final = addresses.PATTERN
_ENTRY: Final = re.compile(
    rf"[\s>*•·|–-]*[\"'(\[<]*(?:smtp:|rfc822;\s?|mailto:)?[\"']?<?(?P<who>{_A})(?P<rest>.*)", re.IGNORECASE
)
_X400: Final = re.compile(rf"\s*\w=[^@]{{0,200}}?smtp=(?P<who>{_A})(?P<rest>.*)", re.IGNORECASE)
_BRACKETED: Final = re.compile(rf"\s{{0,8}}<(?P<who>{_A})>(?P<rest>(?:\s*\([^)]{{0,200}}\))?\s*(?:[:;,]|\.\.\.).*)")
_LABEL: Final = re.compile(
    rf"[\s>*•·|–-]*(?:{phrases.compiled(*phrases.LABELS).pattern})\s*(?:is\s)?[:=\s-]\s*"
    rf"[\"'(\[<]*(?:smtp:|rfc822;\s?|mailto:)?[\"']?<?(?P<who>{_A})(?P<rest>.*)",
    re.IGNORECASE,
)
_NAME: Final = re.compile(r"\s+<?(?P<who>[\w.+-]{2,64})>?(?:\s*\(.*\)|\s{2,}\S.*)?\s*")
_RCPT: Final = re.compile(rf"rcpt\s+to\s*:?\s*<?(?P<who>{_A})", re.IGNORECASE)
_REFUSED: Final = re.compile(r"(?:^|[\s:>\"'])[45]\d\d[\s-]|\b[45]\.\d{1,3}\.\d{1,3}\b")
_EXPANDED: Final = re.compile(rf"\s*\((?:expanded|generated|aliased)\s+from:?\s*<?(?P<who>{_A})", re.IGNORECASE)
_HEADERLIKE: Final = re.compile(
    r">?\s?(?:Received|Return-Path|Delivered-To|DKIM-Signature|X-Envelope-\w+):\s", re.IGNORECASE
)
_SAID: Final = re.compile(
    r"(?:<<<|said:|replied:|responded|response|reason|error|diagnostic|because|status)\W|(?<![\d.])[45]\d\d[ -]|"
    r"(?<![\d.])[45]\.\d{1,3}\.\d{1,3}",
    re.IGNORECASE,
)
_HOST: Final = re.compile(
    r"(?:host:?|server|remote mta|gave this error:|relay=|talking to|from)\s+\"?<?([a-z0-9](?:[\w-]*\.)+[a-z]{2,24})",
    re.IGNORECASE,
)
_STATUS: Final = re.compile(r"(?<![\d.])([45]\.\d{1,3}\.\d{1,3})(?![\d.])")
_SET_APART: Final = re.compile(r"[>\])\"'\s]*(?:[:;,.(\[]|$|\s{2,}|\.\.\.|-\s)")
_LONGEST_DIAGNOSTIC: Final = 1000
_MOST_LINES: Final = 5000
_MOST_SAID: Final = 200
_MOST_CONSIDERED: Final = 300
"""Addresses whose sentences are looked at: each costs a search of the words around it."""
_SHORTEST: Final = 12
_ENOUGH: Final = 30
"""Characters of a diagnostic that are worth something: below the first nothing was said, below the second little."""
_SENTENCE: Final = re.compile(r"(?<=[a-z0-9)>\"'][.!?])\s+(?=[A-Z])")
_BOILERPLATE: Final = phrases.compiled(phrases.BOILERPLATE)
_RULE: Final = re.compile(r"[=*_#|-]{3,}")
_SECTION: Final = 60
"""Lines after an opening in which addresses belong to it."""
_TOLD_BELOW: Final = 2
"""Lines from an address to the one that tells where it was forwarded from."""
_AROUND: Final = 200
"""Characters on either side of an address that make its sentence."""


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """What the mail's headers add to its text.

    `own` are the addresses of the bounce's own sender and receiver, in lower case; `domain` completes names that a
    server of that domain gives without one; `originals` are the addresses the returned message was written to.
    """

    own: frozenset[str] = frozenset()
    domain: str = ""
    originals: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    """Addresses in X-Failed-Recipients."""
    subject: str = ""


def notice(text: str) -> tuple[str, str]:
    """Return the notice of a mail and the returned message behind it, parted where the copy begins."""
    lines = text.split("\n")
    for number, line in enumerate(lines):
        # A line that parts is short, and so is one of a header; what is longer is prose.
        if len(line) < 200 and line.strip() and number and (_RETURNED.fullmatch(line) or _begins(lines, number)):
            return "\n".join(lines[:number]), "\n".join(lines[number:])
    return text, ""


def _begins(lines: list[str], number: int) -> bool:
    """Tell whether a header block starts here: two fields of a mail on top of each other."""
    following = lines[number + 1 : number + 6]
    return bool(_HEADERLIKE.match(lines[number])) and any(
        _HEADERLIKE.match(line) or line[:1] in " \t" for line in following
    )


def failures(text: str, context: Context) -> list[Reported]:
    """Return what the notice of a bounce mail says, by the best evidence there is in it."""
    text = addresses.without_urls(text[: limits.LONGEST_TEXT])
    lines = [line[:2000] for line in text.split("\n", _MOST_LINES)[:_MOST_LINES]]
    found = _unique(_announced(lines), context)
    form = "announced"
    if context.headers:
        known = {entry.who.lower(): entry for entry in found}
        found = [known.get(who.lower(), _Entry(who, _mentioning(lines, who))) for who in context.headers]
        form = "x-failed-recipients"
    for name, search in (
        ("sentence", lambda: _sentences(text, context, narrow=True)),
        ("paragraph", lambda: _sentences(text, context, narrow=False)),
        ("refused", lambda: _refused(lines)),
        ("name", lambda: _names(lines, context)),
        ("alone", lambda: _alone(lines, context)),
        ("only", lambda: _only(text, context)),
    ):
        if found:
            break
        found, form = _unique(search(), context), name
    said = said_in(lines)
    return [_reported(entry, lines, said, form) for entry in found[: limits.MOST_RECIPIENTS]]


class _Entry(msgspec.Struct, frozen=True):
    who: str
    at: int
    """Its line, or -1."""
    rest: str = ""
    """What follows the address on its line."""
    final: str = ""
    """The address that failed in the end, where `who` was forwarded to it."""


def _unique(entries: Iterable[_Entry], context: Context) -> list[_Entry]:
    """Return entries whose address can be a recipient, each once."""
    kept: dict[str, _Entry] = {}
    for entry in entries:
        who = addresses.clean(entry.who)
        if who and not (addresses.is_server(who) and who.lower() not in {each.lower() for each in context.originals}):
            kept.setdefault(who.lower(), msgspec.structs.replace(entry, who=who))
        if len(kept) >= limits.MOST_RECIPIENTS:
            break
    return list(kept.values())


def _announced(lines: list[str]) -> list[_Entry]:
    found: list[_Entry] = []
    until, previous, opened = -1, "", False
    for number, line in enumerate(lines):
        bare = line.strip()
        if not bare:
            continue
        listed = number <= until
        if (told := _BRACKETED.match(line) or _LABEL.match(line)) and not _CONTACT.search(line[: told.start("who")]):
            found.append(_entry(told, number))
        elif listed and (told := _EXPANDED.match(bare)):
            # Right below its address, or below the one line that says why.
            last = found.pop() if found and number - found[-1].at <= _TOLD_BELOW else None
            rest = " ".join(each.strip() for each in lines[last.at + 1 : number]) if last else ""
            found.append(_Entry(told["who"], number, rest, last.who if last else ""))
        elif listed and (told := _ENTRY.match(line) or _X400.match(line)) and not _continues(told["rest"]):
            found.append(_entry(told, number))
            until = number + _SECTION  # a list may be as long as it likes
        elif _ENDS.match(line) and number > until - _SECTION + 1:
            until = -1
        opens = _opens(bare)
        if opens or (not opened and _opens(f"{previous} {bare}"[-400:])):
            until = number + _SECTION
        previous, opened = bare, opens
    return found


def _continues(rest: str) -> bool:
    """Tell whether an address at the beginning of a line is the middle of a sentence."""
    return bool(re.match(r">?\s+(?:has|is|was|and|or|in|at|to|for|via|by|with|if|as)\b", rest))


def _opens(text: str) -> bool:
    """Tell whether a line, or two, say that addresses which failed will follow."""
    # What is found more quickly is asked first: most lines are neither.
    return (text.endswith((":", "to")) or _opening(text)) and _failure(text)


def _entry(found: re.Match[str], number: int) -> _Entry:
    # "<b@example.net> (expanded from <a@example.com>)": a is who was written to.
    if told := _EXPANDED.match(found["rest"].lstrip(">")):
        return _Entry(told["who"], number, found["rest"].partition(")")[2], found["who"])
    return _Entry(found["who"], number, found["rest"])


def _sentences(text: str, context: Context, *, narrow: bool) -> Iterator[_Entry]:
    """Yield addresses in a paragraph that speaks of a failure, or narrower, in a sentence that does."""
    at = considered = 0
    for paragraph in re.split(r"\n[ \t]*\n", text):
        flat = " ".join(paragraph.split())
        for sentence in _SENTENCE.split(flat) if narrow else [flat]:
            for found in addresses.ADDRESS.finditer(sentence):
                considered += 1
                if considered > _MOST_CONSIDERED:
                    return
                before = sentence[max(0, found.start() - _AROUND) : found.start()]
                after = sentence[found.end() : found.end() + _AROUND]
                if addresses.clean(found[0]).lower() in context.own or _CONTACT.search(before[-80:]):
                    continue
                if _failure(f"{before} {after}"):
                    yield _Entry(found[0], text.count("\n", 0, max(0, text.find(found[0], at))), after)
        at += len(paragraph)


def _refused(lines: list[str]) -> list[_Entry]:
    named = [_Entry(found["who"], number) for number, line in enumerate(lines) if (found := _RCPT.search(line))]
    found = [
        _Entry(each.who, each.at + 1)
        for each in named
        if any(_REFUSED.search(line) for line in lines[each.at + 1 : each.at + 4])
    ]
    if not found and len({each.who.lower() for each in named}) == 1 and any(_REFUSED.search(line) for line in lines):
        return named[:1]  # the one recipient stands among the message's facts, and the code elsewhere
    return found


def _names(lines: list[str], context: Context) -> Iterator[_Entry]:
    """Yield names without a domain that a server of the domain lists right below an announcement."""
    for number, line in enumerate(lines):
        if not _opens(line.strip()):
            continue
        for below in lines[number + 1 : number + 12]:
            if not below.strip():
                continue
            if not (found := _NAME.fullmatch(below)):
                break
            full = [each for each in context.originals if each.lower().startswith(found["who"].lower() + "@")]
            if full or context.domain:
                yield _Entry(full[0] if full else f"{found['who']}@{context.domain}", number)


def _alone(lines: list[str], context: Context) -> Iterator[_Entry]:
    """Yield addresses that have a line for themselves, or begin one as a server's list would."""
    for number, line in enumerate(lines):
        found = _ENTRY.match(line)
        if found and _SET_APART.match(found["rest"]) and addresses.clean(found["who"]).lower() not in context.own:
            yield _Entry(found["who"], number, found["rest"])


def _only(text: str, context: Context) -> Iterator[_Entry]:
    """Yield the one address that is left when those of the bounce's own sender and receiver are taken away."""
    for place in (text, context.subject, " ".join(context.originals)):
        left = [
            who for who in addresses.in_text(place) if who.lower() not in context.own and not addresses.is_server(who)
        ]
        wanted = [who for who in left if who.lower() in {each.lower() for each in context.originals}] or left
        if len(wanted) == 1:
            yield _Entry(wanted[0], -1)
            return


def _mentioning(lines: list[str], who: str) -> int:
    return next((number for number, line in enumerate(lines) if who.lower() in line.lower()), -1)


def _reported(entry: _Entry, lines: list[str], said: list[str], form: str) -> Reported:
    diagnostic = diagnostic_of(lines, said, entry.who, entry.at, entry.rest)
    status = _STATUS.search(diagnostic)
    host = _HOST.search(diagnostic)
    return Reported(
        recipient=entry.who,
        final=addresses.clean(entry.final),
        status=status[1] if status else "",
        diagnostic=diagnostic,
        remote_mta=host[1].lower() if host else "",
        form=form,
    )


def said_in(lines: list[str]) -> list[str]:
    """Return the lines of a notice in which a server says something; find them once for all of its recipients."""
    return [line.strip() for line in lines[:_MOST_LINES] if _SAID.search(line)][:_MOST_SAID]


def diagnostic_of(lines: list[str], said: list[str], who: str, at: int, rest: str = "") -> str:
    """Return what the notice says of one address: what follows it, else what a server said, else the notice itself.

    `said` is what `said_in` found in the lines, `at` the address's line or -1, `rest` what follows it there.
    """
    own = [rest.strip(" \t>)]:;,-\"'")]
    for line in lines[at + 1 : at + 15] if at >= 0 else []:
        told = line.strip()
        so_far = " ".join(own).strip()
        entry = _ENTRY.match(line)
        if (
            entry
            and addresses.clean(entry["who"]).lower() != who.lower()
            and entry["rest"][:2].strip() in ("", ":", ">", ">:")
        ):
            break
        # An empty line ends it, unless what was said so far only announces.
        if (
            len(so_far) >= _SHORTEST
            and not so_far.endswith(":")
            and (not told or (_ENDS.match(line) and not _SAID.search(line)))
        ):
            break
        own.append(told)
    near = _plain(own)
    coded = [line for line in said if _REFUSED.search(line)]
    if _REFUSED.search(near) or (_SAID.search(near) and not coded):
        return near[:_LONGEST_DIAGNOSTIC]
    # Elsewhere: lines that mention the address with a code, or what the other server said.
    words = _plain(([line for line in coded if who.lower() in line.lower()] or coded)[:6])
    if not words and (said or len(near) < _ENOUGH):
        # Prose runs over several lines, so that one of them says nothing.
        words = _plain(lines[:40])
    return (near if words in near else f"{near} {words}".strip())[:_LONGEST_DIAGNOSTIC]


def _plain(lines: list[str]) -> str:
    """Return lines as one, without rules and without sentences that every notice has."""
    told = [_RULE.sub(" ", line).strip() for line in lines]
    return " ".join(" ".join(line for line in told if line and not _BOILERPLATE.fullmatch(line)).split())
