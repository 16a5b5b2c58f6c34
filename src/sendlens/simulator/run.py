"""A run: one batch of messages of one campaign through one source, and its events in Sendlens' words.

Owns identities and words: message ids, event ids, subjects, links, replies. Leaves what happens to `behaviour`, and
what a provider's webhook makes of it to `webhooks`.
"""

from __future__ import annotations

import dataclasses
from decimal import Decimal
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sendlens.model.events import Event, EventType
from sendlens.simulator import behaviour as b
from sendlens.simulator.clients import AGENT_NAMES, AGENTS
from sendlens.simulator.mail import BUTTON, positions
from sendlens.simulator.mailboxes import MAILBOXES
from sendlens.simulator.population import COUNTRIES, Population
from sendlens.simulator.programs import UNSUBSCRIBE, Company, Plan
from sendlens.simulator.replies import BOUNCE_CLASS, REPLIES

NATIVE: Final = "native"
SHOP: Final = "shop"
"""The source of conversions: a shop posts them itself, whoever sent the mail."""

VARIANTS: Final = ("A", "B")


class Form(NamedTuple):
    """What a source's way of telling leaves out; the truth counts only what is told."""

    tells_injected: bool = True
    tells_mx: bool = False
    methods: tuple[str, str, str] = ("", "", "")
    """The `unsubscribe_method` that arrives for link, one-click and mailto."""


FORMS: Final[dict[str, Form]] = {
    NATIVE: Form(tells_mx=True, methods=b.METHODS),
    "sendgrid": Form(methods=("link", "link", "link")),
    "ses": Form(methods=("link", "one_click", "")),
    "mailgun": Form(tells_mx=True),
    "postmark": Form(tells_injected=False),
}

_MESSAGE_IDS: Final = {
    NATIVE: "{run}.{n:06x}@{domain}",
    "sendgrid": "{run}_{n:08x}SlSimul",
    "ses": "0100{run}-{n:08x}-5e1d-4e00-8000-000000",
    "mailgun": "{run}.{n:06x}@{domain}",
    "postmark": "{run}-{n:04x}-4e00-8000-{n:012x}",
}


class Issue(NamedTuple):
    """One campaign: a plan with the facts of one mailing."""

    plan: Plan
    campaign_id: str
    name: str
    started_at: int


@dataclasses.dataclass(eq=False)
class Run:
    """Messages of one issue to `people`, all through `source`; `columns` are their events, `done` of them told.

    `variant` is 0 for A and 1 for B. `token` is unique in the world and part of every id.
    """

    token: str
    company: Company
    issue: Issue
    source: str
    population: Population
    people: NDArray[np.int64]
    variant: NDArray[np.uint8]
    tracked: NDArray[np.bool_]
    injected_at: NDArray[np.int64]
    columns: b.Columns
    done: int = 0

    def message_id(self, number: int) -> str:
        """Return the id of a message as its source gives it."""
        domain = self.company.domains[self.issue.plan.domain]
        return _MESSAGE_IDS[self.source].format(run=self.token, n=number, domain=domain)

    def upto(self, time: int) -> int:
        """Return how many events happened before a time."""
        return int(np.searchsorted(self.columns.time, time, side="left"))

    def events(self, low: int, high: int) -> list[Event]:
        """Return events number `low` to `high`, in order."""
        columns, words = self.columns, _Words(self)
        rows = zip(
            range(low, high),
            *(column[low:high].tolist() for column in columns),
            strict=True,
        )
        return [words.event(*row) for row in rows]


_TYPES: Final = {
    b.INJECTED: EventType.INJECTED,
    b.DEFERRED: EventType.DEFERRED,
    b.DELIVERED: EventType.DELIVERED,
    b.BOUNCED: EventType.BOUNCED,
    b.RETURNED: EventType.BOUNCED,
    b.DROPPED: EventType.DROPPED,
    b.OPENED: EventType.OPENED,
    b.CLICKED: EventType.CLICKED,
    b.COMPLAINED: EventType.COMPLAINED,
    b.UNSUBSCRIBED: EventType.UNSUBSCRIBED,
}
_AGENTS: Final = [AGENTS[name].user_agent for name in AGENT_NAMES]
_BUTTON_SHARE: Final = 3
"""One click in so many on the first link is on its button."""
_MX: Final = [mailbox.mx for mailbox in MAILBOXES]
_FLAGGED: Final = frozenset({"sendgrid", "mailgun"})
"""Sources that say themselves when a machine opened; they recognise what Apple prefetches, not scanners."""


def dotted(number: int) -> str:
    """Return an IPv4 address as text."""
    return f"{number >> 24}.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


class _Words:
    """Turns rows into events; everything that is the same for the whole run is made once."""

    def __init__(self, run: Run) -> None:
        plan, company = run.issue.plan, run.company
        self.run = run
        self.addresses = run.population.addresses
        self.mailboxes = run.population.mailbox
        self.countries = run.population.country
        domain = company.domains[plan.domain]
        self.domain, self.sender = domain, f"hello@{domain}"
        self.pool = "transactional" if plan.stream == "transactional" else "bulk"
        self.sending_ip = f"203.0.113.{20 + plan.domain}"
        query = f"?utm_source=email&utm_campaign={run.issue.campaign_id}"
        self.links = {n: (f"{company.shop}{link.path}{query}", link.name) for n, link in enumerate(plan.links)}
        self.links[b.UNSUBSCRIBE_LINK] = (f"{company.shop}{UNSUBSCRIBE.path}{query}", UNSUBSCRIBE.name)
        _, self.button, self.last_link = positions(plan)
        self.message_ids = _MESSAGE_IDS[run.source]
        self.flags = run.source in _FLAGGED
        # SES repeats on every event when the message was sent.
        self.sent = run.injected_at if run.source == "ses" else None

    def event(
        self, seq: int, time: int, kind: int, message: int, agent: int, ip: int, link: int, actor: int, detail: int
    ) -> Event:
        run, issue = self.run, self.run.issue
        person = int(run.people[message])
        if kind == b.CONVERTED:
            return self._order(seq, time, message, person, agent, link, detail)
        plan, variant = issue.plan, int(run.variant[message])
        common: dict[str, object] = {
            "type": _TYPES[kind],
            "id": f"{run.token}-{seq:x}",
            "occurred_at": time,
            "message_id": self.message_ids.format(run=run.token, n=message, domain=self.domain),
            "campaign_id": issue.campaign_id,
            "recipient": self.addresses[person],
            "template_id": plan.template,
            "segment": plan.segment,
            "variant": VARIANTS[variant],
            "sending_domain": self.domain,
            "stream": plan.stream,
        }
        if self.sent is not None:
            common["message_sent_at"] = int(self.sent[message])
        if kind == b.INJECTED or kind == b.DELIVERED or kind == b.DROPPED:
            if kind == b.INJECTED:
                common.update(
                    subject=plan.subjects[variant], sender=self.sender, pool=self.pool, sending_ip=self.sending_ip
                )
                if not run.tracked[message]:
                    common["untracked"] = True
            elif kind == b.DELIVERED:
                common.update(mx=_MX[int(self.mailboxes[person])], smtp_code=250)
            else:
                common["reason"] = REPLIES[detail].reason
        elif kind == b.OPENED or kind == b.CLICKED or kind == b.UNSUBSCRIBED:
            common.update(user_agent=_AGENTS[agent], ip=dotted(ip))
            if actor != b.MACHINE:
                common["country"] = COUNTRIES[self.countries[person]]
            if kind == b.CLICKED:
                url, name = self.links[link]
                position = self.last_link if link == b.UNSUBSCRIBE_LINK else link
                if link == 0 and seq % _BUTTON_SHARE == 0:  # the same address, at the button instead of the picture
                    name, position = name + BUTTON, self.button
                common.update(link_url=url, link_id=name, link_position=position)
            elif kind == b.UNSUBSCRIBED:
                common["unsubscribe_method"] = b.METHODS[detail]
            elif self.flags and AGENT_NAMES[agent] == "apple_prefetch":
                common["machine"] = True
        elif kind != b.COMPLAINED:
            reply = REPLIES[detail & 255]
            common.update(smtp_code=reply.smtp_code, enhanced_code=reply.enhanced_code, reason=reply.reason)
            common["smtp_reply"] = f"{reply.smtp_code} {reply.enhanced_code} {reply.text}"
            if kind == b.DEFERRED:
                common["attempt"] = detail >> 8
            else:
                common["bounce_class"] = BOUNCE_CLASS[reply.kind]
            if kind != b.RETURNED:
                common["mx"] = _MX[int(self.mailboxes[person])]
        return Event(**common)  # pyright: ignore[reportArgumentType] - the fields are this module's own literals

    def _order(self, seq: int, time: int, message: int, person: int, product: int, named: int, cents: int) -> Event:
        run, company = self.run, self.run.company
        order = f"{run.token}-o{seq:x}"
        return Event(
            type=EventType.CONVERTED,
            id=order,
            occurred_at=time,
            message_id=run.message_id(message) if named else "",
            campaign_id=run.issue.campaign_id,
            recipient=self.addresses[person],
            conversion_type="purchase",
            value=Decimal(cents).scaleb(-2),
            currency="USD",
            order_id=order,
            product_id=f"sku-{product:03d}",
            category=company.categories[product % len(company.categories)],
            quantity=1 + product % 3,
        )
