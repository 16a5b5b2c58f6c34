"""Bounce mails: what makes a mail one, and which recipients it reports.

Owns the gate (a person's mail about a failure is no bounce) and the order of readers: the machine-readable part first,
the words of the notice where that is missing or has no address. Leaves the class and reason of a bounce to the
enrichment, which judges the codes and texts of all sources alike.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from sendlens.sources.mail import addresses, autoreply, dsn, freetext, html, limits, phrases, returned
from sendlens.sources.mail.limits import Budget
from sendlens.sources.mail.mime import Headers, Mail, moment, parse
from sendlens.sources.mail.report import Reported

SENDERS: Final = (
    r"mailer[-_ ]?daemon|mail[-_ ]?daemon|\bmdaemon@|post[-_ ]?master|post ?office@|"
    r"\bbounces?@|\bndr@|mailadmin|mail-?admin",
    r"(?:mail|message|smtp|e-?mail) ?(?:delivery|transfer|administrat|transport|router|gateway|system|server|"
    r"service|\w*security)\w*",
    r"delivery (?:sub)?system|system administrator|administrator@|(?:smtp|imss|interscan|anti-?virus|antispam|"
    r"listserv|lsmtp)[\w.-]*@?",
    r"microsoft ?exchange|microsoft outlook|symantec|mailmarshal|mimesweeper|ironport|barracuda|mailsweeper",
)
SUBJECTS: Final = (
    *phrases.FAILURE,
    r"return(?:ed|ing) (?:e?mail|message|to sender)|delivery (?:status|report|notification|problem|error|warning|"
    r"delay|not)|"
    r"fail(?:ure|ed) (?:notice|notification|mail|delivery)|mail (?:system|delivery|delivery system) |"
    r"(?:message|mail|delivery) (?:is |has been |was )?(?:delay\w*|undeliver\w*|fail\w*|status|error|problem|warning)|"
    r"undeliver\w*|bounce\w*|non ?remis|rejected mail|processing error|mail could not|warning: (?:message|could)|"
    r"delayed (?:mail|message|delivery)|nondeliverable|unzustellbar|rapport de non-remise|mail error|smtp error|"
    r"エラー通知|配信エラー|送信エラー|配信不能|"
    r"(?:delivery|mail) (?:notification|failure|problem)|address(?:ee)? (?:unknown|not found)|message not",
)
FALLBACK_HEADERS: Final = ("x-failed-recipients", "x-failed-recipient")

_LEAST: Final = 2
"""Signs that make a mail a bounce if it names a recipient; without one it takes more, and for what looks like an
automatic reply `_CERTAIN`."""
_CERTAIN: Final = 4
_MOST_LINES: Final = 2000
"""Lines of the notice beside a machine-readable part that are searched for its recipients."""

_sender: Final = phrases.spoken(*SENDERS)
_subject: Final = phrases.spoken(*SUBJECTS)
_failure: Final = phrases.spoken(*phrases.FAILURE)
_delay: Final = phrases.spoken(*phrases.DELAY)
_final: Final = phrases.spoken(*phrases.FINAL)
_OWN: Final = (
    "to",
    "from",
    "return-path",
    "reply-to",
    "delivered-to",
    "x-original-to",
    "envelope-to",
    "sender",
    "errors-to",
)
_ORIGINAL_TO: Final = re.compile(r"^\s*(?:>\s?)?to:\s*(.+)$", re.IGNORECASE | re.MULTILINE)


class Bounce(msgspec.Struct, frozen=True, kw_only=True):
    """A bounce mail: what it reports, and the headers of the message it returns.

    `recipients` is empty where the mail is a bounce that names nobody. `auto` is the kind of an automatic reply.
    """

    is_bounce: bool
    auto: str = ""
    recipients: list[Reported] = msgspec.field(default_factory=list[Reported])
    original: Headers
    reporting_mta: str = ""
    arrived: int = 0
    at: int = 0
    machine_readable: bool = False


def read(mail: Mail, budget: Budget) -> Bounce:
    """Return what a mail says as a bounce; whether it is one, is `is_bounce`."""
    status = dsn.read(mail)
    if not status.recipients and (inner := _forwarded(mail, budget)):
        mail, status = inner, dsn.read(inner)
    text = notice_text(mail)
    notice, behind = freetext.notice(text)
    original = returned.headers(mail, behind)
    at = moment(mail.headers.get("date"))
    if status.recipients:
        return Bounce(
            is_bounce=True,
            machine_readable=True,
            recipients=_completed(status.recipients, notice),
            original=original,
            reporting_mta=status.reporting_mta,
            arrived=status.arrived,
            at=at,
        )
    told = Bounce(is_bounce=False, auto=autoreply.kind(mail, notice), original=original, arrived=status.arrived, at=at)
    signs = _signs(mail, notice)
    if (told.auto and signs < _CERTAIN) or signs < _LEAST:
        return told
    found = freetext.failures(notice, _context(mail, original, notice))
    if not found and signs <= _LEAST:
        return told
    if is_delay(mail.headers.get("subject"), notice):
        found = [msgspec.structs.replace(each, action="delayed") for each in found]
    server = addresses.in_text(mail.headers.get("from"))
    mta = status.reporting_mta or (server[0].rpartition("@")[2].lower() if server else "")
    return msgspec.structs.replace(told, is_bounce=True, recipients=found, reporting_mta=mta)


def _forwarded(mail: Mail, budget: Budget) -> Mail | None:
    """Return the report that a gateway or a person attached to a mail of its own; not one inside that again."""
    for part in mail.of_type("message/rfc822"):
        content = part.content()
        if b"delivery-status" in content[: limits.LONGEST_HEAD].lower():
            inner = parse(content, budget)
            if dsn.parts(inner):
                return inner
    return None


def notice_text(mail: Mail) -> str:
    """Return the text a person would read: plain text parts, or where they are empty, those in HTML."""
    plain = [part.text() for part in mail.of_type("text/plain", "text")]
    texts = [text for text in plain[:3] if text.strip()]
    told = "\n".join(texts)
    if not addresses.ADDRESS.search(told):
        told = "\n".join([told, *(html.text_of(part.text()) for part in list(mail.of_type("text/html"))[:2])])
    return told.replace("\0", "\ufffd")


def is_delay(subject: str, notice: str) -> bool:
    """Tell whether the server that wrote a notice has not given up."""
    text = notice[:6000]
    if re.search(r"delay|warning: (?:message|could)|verz.gerung|retard", subject, re.IGNORECASE):
        return not re.search(r"\bgiven up|permanent|unknown", f"{subject} {text}", re.IGNORECASE)
    return _delay(text) and not _final(text)


def _signs(mail: Mail, notice: str) -> int:
    """Return how much speaks for a bounce: sender, subject, form, an empty envelope sender, and words."""
    headers = mail.headers
    sender = f"{headers.get('from')} {headers.get('sender')} "
    path = headers.get("return-path").strip()
    signs = 2 * _sender(sender) + 2 * any(name in headers for name in FALLBACK_HEADERS)
    signs += _subject(headers.get("subject"))
    signs += path == "<>" or "<>" in headers.get("from")
    signs += 2 * (mail.type == "multipart/report") + bool(dsn.parts(mail))
    if signs >= _CERTAIN:
        return signs  # enough without the words, which take longest
    return signs + (_failure(notice[:6000]) or _delay(notice[:6000]))


def _context(mail: Mail, original: Headers, notice: str) -> freetext.Context:
    own = [text for name in _OWN for text in mail.headers.all(name)[:10]]
    sender = addresses.in_text(mail.headers.get("from"))
    listed = [text for name in FALLBACK_HEADERS for text in mail.headers.all(name)]
    originals = returned.written_to(original)
    # Some servers quote only the recipient's line.
    quoted = (
        []
        if originals
        else [text for told in _ORIGINAL_TO.findall(notice[:20_000])[:5] for text in addresses.in_text(told)]
    )
    return freetext.Context(
        own=frozenset(who.lower() for who in addresses.in_text(" , ".join(own))),
        domain=_registered(sender[0].rpartition("@")[2]) if sender and addresses.is_server(sender[0]) else "",
        originals=tuple(originals or quoted),
        headers=tuple(addresses.in_text(" , ".join(listed))),
        subject=mail.headers.get("subject"),
    )


def _registered(domain: str) -> str:
    """Return the domain that names without one belong to: that of the server, without the server's own name."""
    labels = domain.lower().split(".")
    return ".".join(labels[-3:] if len(labels) > 2 and len(labels[-1]) == 2 and len(labels[-2]) <= 3 else labels[-2:])


def _completed(told: list[Reported], notice: str) -> list[Reported]:
    """Return machine-readable reports with the words of the notice where one has no diagnostic of its own."""
    if all(_is_whole(each) for each in told):
        return told
    lines = addresses.without_urls(notice).split("\n")[:_MOST_LINES]
    said = freetext.said_in(lines)
    return [each if _is_whole(each) else _with_words(each, lines, said) for each in told]


def _is_whole(told: Reported) -> bool:
    return bool(told.diagnostic) or told.action not in ("failed", "delayed")


def _with_words(told: Reported, lines: list[str], said: list[str]) -> Reported:
    who = (told.final or told.recipient).lower()
    at = next((number for number, line in enumerate(lines) if who in line.lower()), -1)
    rest = lines[at][lines[at].lower().find(who) + len(who) :] if at >= 0 else ""
    return msgspec.structs.replace(told, diagnostic=freetext.diagnostic_of(lines, said, who, at, rest))
