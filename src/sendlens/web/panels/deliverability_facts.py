"""The tables of the deliverability page, each from one question of `metrics.deliverability`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

from sendlens.metrics.deliverability.authentication import AUTHENTICATION_METRICS, authentication
from sendlens.metrics.deliverability.complaints import SILENT, complaints, level_at
from sendlens.metrics.deliverability.depth import depth
from sendlens.metrics.deliverability.latency import latency
from sendlens.metrics.deliverability.list_health import HEALTH_METRICS, Health, by_age, by_segment
from sendlens.metrics.deliverability.placement import Placed, placement
from sendlens.metrics.deliverability.replies import replies
from sendlens.metrics.deliverability.transport import transport
from sendlens.metrics.figures import duration
from sendlens.metrics.filters import Filter
from sendlens.metrics.query import Metrics, Scope
from sendlens.metrics.registry import METRICS
from sendlens.metrics.thresholds import level
from sendlens.web.pages.reader import day_time, number, said, value_text
from sendlens.web.panels.facts import Column, Facts, Item, not_known
from sendlens.web.panels.figures import spark
from sendlens.web.panels.names import name_of
from sendlens.web.panels.question import Ask
from sendlens.web.panels.scopes import scope_path

_T = TypeVar("_T")
_KINDS: Final = {
    "passes": "At least half of the mails pass DMARC.",
    "forwarder": "DKIM passes and SPF does not: somebody passes the mail on.",
    "fails": "Fewer than half of the mails pass DMARC.",
}
_SHORT: Final = {
    "dmarc_mails": "Mails",
    "dmarc_pass_rate": "DMARC pass",
    "dkim_aligned_rate": "DKIM",
    "spf_aligned_rate": "SPF",
    "dmarc_refused_rate": "Refused",
    "sent": "Sent",
    "hard_bounce_rate": "Hard bounces",
    "complaint_rate": "Complaints",
    "unsubscribe_rate": "Left",
}
_NO_REPORTS: Final = (
    "No DMARC report covers this period. Publish rua=mailto: in the domain's _dmarc record and let Sendlens poll that "
    "mailbox, or post the mails to /v1/mail."
)


async def _asked(question: Ask, ask: Callable[[Metrics, Scope], _T]) -> _T:
    asking = question.site.answers
    return await asking.run(question.tenant, lambda: ask(asking.metrics, question.scope))


def _columns(*keys: str) -> tuple[Column, ...]:
    return tuple(Column(key, _SHORT.get(key, METRICS[key].label)) for key in keys)


def _provider(question: Ask, value: str) -> Item:
    path = scope_path("provider", value)
    href = str(question.address.at(path)) if path and not question.shared else ""
    return Item(value, text=name_of("provider", value), href=href)


def _narrowed(question: Ask, dimension: str, value: str) -> str:
    """Return the address of this page under one filter more; none for the holder of a shared link."""
    if question.shared:
        return ""
    return str(question.address.at("/deliverability").plus_filter(Filter("is", dimension, (value,)).text()))


def _time(question: Ask, at: int) -> str:
    return day_time(at, question.tenant.time_zone)


def _size(value: float) -> str:
    """Return a sampled quantity with at most six digits."""
    return number(float(f"{value:.6g}"))


def _empty(question: Ask, found: object, what: str, otherwise: str) -> str:
    """Return what an empty table says: that it does not know a filter, or what to do to fill it."""
    return not_known(question, what) if found is None else otherwise


async def domains(question: Ask) -> Facts:
    """Return the From domains of DMARC reports."""
    found = await _asked(question, authentication)
    rows = [
        (
            Item(
                one.domain,
                href=_narrowed(question, "sending_domain", one.domain),
                second=f"told by {', '.join(one.reporters)}",
            ),
            Item(one.policy or "none", second="testing" if one.testing else ""),
            *(Item(one.figures[key], level=level(one.figures[key])) for key in AUTHENTICATION_METRICS),
        )
        for one in (found.domains if found else [])
    ]
    head = (Column("domain", "Domain", "text"), Column("policy", "Policy", "text"), *_columns(*AUTHENTICATION_METRICS))
    return Facts("Authentication by domain", head, rows, _empty(question, found, "DMARC reports", _NO_REPORTS))


async def sources(question: Ask) -> Facts:
    """Return the sending addresses of DMARC reports, the failing ones first."""
    found = await _asked(question, authentication)
    rows = [
        (
            Item(one.source_ip, href=_narrowed(question, "source_ip", one.source_ip), second=one.domain),
            Item(one.kind, title=_KINDS[one.kind], level="bad" if one.kind == "fails" else ""),
            *(Item(one.figures[key]) for key in AUTHENTICATION_METRICS),
            Item(one.domain),
        )
        for one in (found.sources if found else [])
    ]
    head = (
        Column("source_ip", "Sending address", "text"),
        Column("kind", "Looks like", "text"),
        *_columns(*AUTHENTICATION_METRICS),
        Column("domain", "From domain", "text", file_only=True),
    )
    empty = _empty(question, found, "DMARC reports", _NO_REPORTS)
    note = "An address that fails is a service that was not set up, or somebody else who uses your name."
    return Facts("Who sends in your name", head, rows, empty, note=note)


async def reasons(question: Ask) -> Facts:
    """Return why mail bounced or was deferred."""
    found = await _asked(question, replies)

    def reply(text: str) -> str:
        # Servers repeat in it whom they refused, and the holder of a shared link is to see nobody's address.
        return "" if question.shared else text

    rows = [
        (
            Item(
                one.bounce_reason,
                text=name_of("bounce_reason", one.bounce_reason) if one.bounce_reason else "no reason told",
                second=reply(one.reply),
                title=f"{reply(one.reply)} (rule: {one.rule})".strip() if one.rule else reply(one.reply),
            ),
            Item(one.type, text="deferred" if one.type == "deferred" else one.bounce_class or "bounced"),
            _provider(question, one.provider),
            Item(one.messages),
            Item(reply(one.reply)),
            Item(one.code),
            Item(one.rule),
        )
        for one in found or []
    ]
    head = (
        Column("bounce_reason", "Reason, and what a server said", "text"),
        Column("type", "Class", "text"),
        Column("provider", "Provider", "text"),
        Column("messages", "Messages", "number"),
        *(Column(key, key, "text", file_only=True) for key in ("reply", "code", "rule")),
    )
    empty = _empty(question, found, "Replies", "Nothing bounced or was deferred in this period.")
    return Facts("Bounces and deferrals", head, rows, empty)


async def complaint_table(question: Ask) -> Facts:
    """Return complaints by provider."""
    found = await _asked(question, complaints)
    rows = [
        (
            _provider(question, row.value),
            Item(row.figures["delivered"]),
            Item(row.figures["complained"], text="not told" if _silent(row.value, row.figures["complained"].n) else ""),
            Item(
                row.figures["complaint_rate"],
                text="no feedback loop" if _silent(row.value, row.figures["complained"].n) else "",
                level=level_at(row.value, row),
            ),
        )
        for row in found.providers
    ]
    head = (
        Column("provider", "Mailbox provider", "text"),
        *(Column("delivered", "Delivered"), Column("complained", "Complained"), Column("complaint_rate", "Rate")),
    )
    worst = ", ".join(f"{row.label} ({said(row.figures['complained'])})" for row in found.campaigns[:3])
    note = (
        "Gmail has no feedback loop: what its users mark as spam is told to Postmaster Tools alone. Complaints here "
        "are an under-estimate." + (f" Most complaints: {worst}." if worst else "")
    )
    return Facts("Complaints", head, rows, "No mail was delivered in this period.", note=note)


def _silent(provider: str, complained: object) -> bool:
    return provider in SILENT and not complained


async def latencies(question: Ask) -> Facts:
    """Return how long mail takes."""
    found = await _asked(question, latency)
    rows = [
        (
            _provider(question, one.provider) if one.provider is not None else Item("", text="All providers"),
            Item(one.n),
            *(Item(seconds, text=duration(seconds)) for seconds in (one.p50, one.p90, one.p99)),
        )
        for one in found or []
    ]
    head = (
        Column("provider", "Mailbox provider", "text"),
        Column("n", "Messages", "number"),
        Column("p50_seconds", "Half within", "number"),
        Column("p90_seconds", "9 in 10 within", "number"),
        Column("p99_seconds", "99 in 100 within", "number"),
    )
    empty = _empty(
        *(question, found, "Latency"),
        "No message of this period tells its sending apart from its delivery. Send injected events, or "
        "message_sent_at with every event, to POST /v1/events.",
    )
    return Facts("Time to delivery", head, rows, empty)


async def queues(question: Ask) -> Facts:
    """Return what mail servers sampled."""
    found = await _asked(question, depth)
    rows = [
        (
            Item(
                one.name,
                second=", ".join([one.source, *(f"{key} {value}" for key, value in sorted(one.labels.items()))]),
            ),
            Item(one.latest, text=_size(one.latest), spark=spark(one.course, from_zero=True)),
            Item(one.most, text=_size(one.most)),
            Item(_time(question, one.at)),
        )
        for one in found or []
    ]
    head = (
        Column("name", "Gauge", "text"),
        Column("latest", "Now", "number"),
        Column("most", "Most", "number"),
        Column("at", "Sampled", "number"),
    )
    empty = _empty(
        *(question, found, "Gauges"),
        "No mail server told how much waits in its queues. Let Sendlens scrape its Prometheus exporter, or post "
        "samples to /v1/gauges.",
    )
    return Facts("Queues of mail servers", head, rows, empty)


async def placements(question: Ask) -> Facts:
    """Return where seeds found the tests, providers first, then tests."""
    found = await _asked(question, placement)
    providers = [_placed(_provider(question, one.key), one, "provider") for one in (found.providers if found else [])]
    tests = [
        _placed(Item(one.key, second=f"test of {_time(question, one.at)}"), one, "test")
        for one in (found.tests if found else [])
    ]
    head = (
        Column("key", "Provider or test", "text"),
        Column("of", "Of", "text", file_only=True),
        Column("inbox", "Inbox", "number"),
        Column("spam", "Spam", "number"),
        Column("missing", "Missing", "number"),
        Column("low", "In the inbox (bounds)", "number"),
        Column("high", "high", "number", file_only=True),
    )
    empty = _empty(
        *(question, found, "Seed placements"),
        "No seed test in this period. Let Sendlens look into your seed mailboxes, or post where they found a test "
        "to /v1/placements.",
    )
    note = "Missing mail may be late, blocked or lost; it is in no rate. Few seeds say little: mind the bounds."
    return Facts("Seed placement", head, [*providers, *tests], empty, note=note)


def _placed(name: Item, one: Placed, of: str) -> tuple[Item, ...]:
    low, high = one.interval or (None, None)
    counts = (Item(one.inbox), Item(one.spam), Item(one.missing, level="warning" if one.missing else ""))
    return (name, Item(of), *counts, _bounded(one, low), Item(high))


def _bounded(one: Placed, value: float | None) -> Item:
    """Return how many of the seeds that arrived were in the inbox, with the bounds of the rate; never a rate alone."""
    if one.interval is None:
        return Item(value, text="none arrived")
    low, high = (value_text(bound, "ratio") for bound in one.interval)
    return Item(value, text=f"{number(one.inbox)} of {number(one.inbox + one.spam)}", second=f"{low} to {high}")


async def transports(question: Ask) -> Facts:
    """Return sessions that could not be encrypted."""
    found = await _asked(question, transport)
    rows = [
        (
            Item(one.domain, second=f"told by {', '.join(one.reporters)}"),
            Item(one.sessions),
            Item(one.failure_rate),
            Item(", ".join(f"{cause} ({number(count)})" for cause, count in one.causes.items()) or "none"),
        )
        for one in found or []
    ]
    head = (
        Column("domain", "Domain", "text"),
        Column("sessions", "Sessions", "number"),
        Column("tls_failure_rate", "Failed"),
        Column("causes", "Causes", "text"),
    )
    empty = _empty(
        *(question, found, "TLS reports"),
        "No TLS report covers this period. Publish an _smtp._tls record with rua=mailto: and let Sendlens poll "
        "that mailbox, or post the mails to /v1/mail.",
    )
    return Facts("Encrypted transport", head, rows, empty)


async def list_health(question: Ask) -> Facts:
    """Return list health by age, then by segment."""
    ages = await _asked(question, by_age)
    segments = await _asked(question, by_segment)
    rows = [_health(Item(one.key, text=one.label), one, "age") for one in ages or []]
    rows += [
        _health(Item(one.key, href=str(question.address.at(scope_path("segment", one.key)))), one, "segment")
        for one in segments
        if one.key
    ]
    head = (
        Column("key", "On the list, or segment", "text"),
        Column("of", "Of", "text", file_only=True),
        *_columns(*HEALTH_METRICS),
    )
    empty = _empty(question, ages, "List ages", "No mail was sent to known recipients in this period.")
    note = "The age is counted from the first mail to somebody to the sending of the mail."
    return Facts("List health", head, rows, empty, note=note)


def _health(name: Item, one: Health, of: str) -> tuple[Item, ...]:
    return (name, Item(of), *(Item(one.figures[key], level=level(one.figures[key])) for key in HEALTH_METRICS))
