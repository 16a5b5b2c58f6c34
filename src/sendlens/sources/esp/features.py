"""The feature matrix: what each provider tells, as data.

Owns the tables of `docs/providers/index.md`, which are made from it (`python -m sendlens.sources.esp.features` prints
them), and what the contract tests hold each parser to: a type or detail is listed if, and only if, a test shows the
parser yielding it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from sendlens.model.events import EventType

DETAILS: Final[dict[str, tuple[str, ...]]] = {
    "bounce class": ("bounce_class",),
    "server's reply": ("smtp_reply",),
    "reason": ("reason",),
    "machine verdict": ("machine",),
    "user agent": ("user_agent",),
    "IP": ("ip",),
    "country": ("country",),
    "link's place or name": ("link_position", "link_id"),
    "campaign": ("campaign_id",),
    "template": ("template_id",),
    "subject": ("subject",),
    "sender": ("sender",),
    "sending IP or pool": ("sending_ip", "pool"),
    "tags": ("tags",),
    "metadata": ("metadata",),
}
"""Column of the matrix to the fields of an event, of which one is enough. Metadata are those the sender gave."""


@dataclass(frozen=True)
class Features:
    """What one provider tells: how it proves itself, which types come, and what they carry."""

    proof: str
    types: frozenset[EventType]
    details: frozenset[str]


def _of(proof: str, types: str, details: str) -> Features:
    told = frozenset(details.split(", "))
    if unknown := told - DETAILS.keys():
        raise ValueError(f"no such detail: {', '.join(sorted(unknown))}")
    return Features(proof, frozenset(EventType(name) for name in types.split()), told)


FEATURES: Final[dict[str, Features]] = {
    "sendgrid": _of(
        "ECDSA signature over time and body",
        "injected deferred delivered bounced dropped opened clicked complained unsubscribed resubscribed",
        "bounce class, server's reply, reason, machine verdict, user agent, IP, link's place or name, "
        "campaign, template, sending IP or pool, tags, metadata",
    ),
    "ses": _of(
        "signature of Amazon SNS",
        "injected deferred delivered bounced dropped opened clicked complained unsubscribed resubscribed",
        "bounce class, server's reply, reason, user agent, IP, link's place or name, campaign, template, "
        "subject, sender, sending IP or pool, metadata",
    ),
    "mailgun": _of(
        "HMAC over time and token",
        "injected deferred delivered bounced dropped opened clicked complained unsubscribed",
        "bounce class, server's reply, reason, machine verdict, user agent, IP, country, campaign, "
        "template, subject, sender, sending IP or pool, tags, metadata",
    ),
    "postmark": _of(
        "HTTP basic",
        "deferred delivered bounced dropped opened clicked complained unsubscribed resubscribed",
        "bounce class, server's reply, reason, user agent, IP, country, link's place or name, campaign, "
        "subject, sender, tags, metadata",
    ),
    "sparkpost": _of(
        "HTTP basic, or a bearer token",
        "injected deferred delivered bounced dropped opened clicked complained unsubscribed",
        "bounce class, server's reply, reason, machine verdict, user agent, IP, country, link's place or "
        "name, campaign, template, subject, sender, sending IP or pool, tags, metadata",
    ),
    "mandrill": _of(
        "HMAC over address and form",
        "injected deferred delivered bounced dropped opened clicked complained unsubscribed",
        "bounce class, server's reply, reason, user agent, IP, country, campaign, template, subject, "
        "sender, sending IP or pool, tags, metadata",
    ),
    "brevo": _of(
        "HTTP basic, or a bearer token",
        "injected deferred delivered bounced dropped opened clicked complained unsubscribed",
        "bounce class, server's reply, reason, machine verdict, user agent, IP, campaign, template, "
        "subject, sending IP or pool, tags, metadata",
    ),
    "mailjet": _of(
        "HTTP basic",
        "delivered bounced dropped opened clicked complained unsubscribed",
        "bounce class, server's reply, reason, user agent, IP, country, campaign, metadata",
    ),
    "mailtrap": _of(
        "HMAC over the body, or HTTP basic",
        "deferred delivered bounced dropped opened clicked complained unsubscribed",
        "bounce class, server's reply, reason, user agent, IP, campaign, tags, metadata",
    ),
    "mailersend": _of(
        "HMAC over the body",
        "injected deferred delivered bounced opened clicked complained unsubscribed",
        "bounce class, server's reply, reason, IP, campaign, template, subject, sender, tags",
    ),
    "resend": _of(
        "HMAC over id, time and body (Svix)",
        "injected deferred delivered bounced dropped opened clicked complained",
        "bounce class, server's reply, reason, user agent, IP, campaign, template, subject, sender, metadata",
    ),
    "postal": _of(
        "RSA signature over the body",
        "deferred delivered bounced dropped opened clicked",
        "bounce class, server's reply, reason, user agent, IP, campaign, subject, sender, tags",
    ),
    "unisender": _of(
        "MD5 over the body with the API key",
        "injected deferred delivered bounced dropped opened clicked complained unsubscribed resubscribed",
        "bounce class, server's reply, reason, user agent, IP, campaign, metadata",
    ),
    "mailpace": _of(
        "Ed25519 signature over the body",
        "injected deferred delivered bounced dropped",
        "bounce class, reason, campaign, subject, sender, tags",
    ),
    "klaviyo": _of(
        "HMAC over body and time",
        "delivered bounced dropped opened clicked complained unsubscribed resubscribed",
        "bounce class, server's reply, reason, machine verdict, campaign, subject, metadata",
    ),
    "customerio": _of(
        "HMAC over time and body",
        "injected deferred delivered bounced dropped opened clicked complained unsubscribed resubscribed converted",
        "server's reply, reason, machine verdict, link's place or name, campaign, template, subject",
    ),
    "braze": _of(
        "a bearer token",
        "injected deferred delivered bounced dropped opened clicked complained unsubscribed",
        "bounce class, server's reply, reason, machine verdict, user agent, link's place or name, campaign, "
        "template, sending IP or pool",
    ),
    "iterable": _of(
        "a token in the Authorization header, or HTTP basic",
        "injected delivered bounced dropped opened clicked complained unsubscribed resubscribed",
        "bounce class, server's reply, reason, machine verdict, user agent, IP, country, link's place or "
        "name, campaign, template, subject, tags",
    ),
    "kumomta": _of(
        "HTTP basic, or a bearer token",
        "injected deferred delivered bounced dropped complained",
        "bounce class, server's reply, reason, campaign, subject, sender, sending IP or pool, metadata",
    ),
    "postfix": _of(
        "HTTP basic, or a bearer token",
        "injected deferred delivered bounced",
        "bounce class, server's reply, campaign, subject, sender",
    ),
    "powermta": _of(
        "HTTP basic, or a bearer token",
        "injected deferred delivered bounced complained",
        "bounce class, server's reply, reason, campaign, subject, sender, sending IP or pool",
    ),
}
"""In the order of `PROVIDERS`."""


def markdown() -> str:
    """Return the two tables of the matrix: which events come, and what they carry."""
    types = [one for one in EventType if any(one in told.types for told in FEATURES.values())]
    events = _table(["proof", *types], lambda told: [told.proof, *(_mark(one in told.types) for one in types)])
    details = _table(list(DETAILS), lambda told: [_mark(one in told.details) for one in DETAILS])
    return f"{events}\n{details}"


def _table(columns: Sequence[str], cells: Callable[[Features], list[str]]) -> str:
    from sendlens.sources.esp import PROVIDERS

    lines = [["provider", *columns], ["---", *("---" for _ in columns)]]
    lines += [[f"[{PROVIDERS[name].title}]({name}.md)", *cells(told)] for name, told in FEATURES.items()]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _mark(yes: bool) -> str:
    return "yes" if yes else ""


if __name__ == "__main__":
    sys.stdout.write(markdown())
