"""What really happened: exact counts of everything that was told to Sendlens, per campaign, provider and variant.

Owns the counting of columns. It follows the same definitions as the product (a bounce after a delivery takes the
delivery back, and so on) but shares no code with it, because it is what the product is checked against.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sendlens.simulator import behaviour as b
from sendlens.simulator.clients import AGENT_NAMES, AGENTS
from sendlens.simulator.mailboxes import MAILBOXES
from sendlens.simulator.replies import REPLIES
from sendlens.simulator.run import FORMS, SHOP, VARIANTS, Run

Counts = dict[str, int]
Cell = tuple[str, str, str]
"""Campaign, mailbox provider, variant."""

_METHOD_MEASURES: Final = ("unsubscribed_link", "unsubscribed_one_click", "unsubscribed_mailto")
_CLASS_OF_REPLY: Final = {"hard": "hard", "out_of_band": "hard", "soft": "soft", "block": "block"}


@dataclasses.dataclass
class Truth:
    """Exact counts of what was told so far; two of them can be added.

    `cells` holds messages and totals by measure; `events` counts told events by type, each once; `actors` counts opens
    and clicks by true actor; `clients` by (device, client) the opens that no machine made; `hours` those opens by hour
    of the day (UTC), `first_hours` only the first of each message. Revenue is in cents (`revenue_cents`).
    """

    cells: dict[Cell, Counter[str]] = dataclasses.field(default_factory=dict[Cell, "Counter[str]"])
    events: Counter[str] = dataclasses.field(default_factory=Counter[str])
    sources: Counter[str] = dataclasses.field(default_factory=Counter[str])
    actors: Counter[tuple[str, str]] = dataclasses.field(default_factory=Counter[tuple[str, str]])
    clients: Counter[tuple[str, str]] = dataclasses.field(default_factory=Counter[tuple[str, str]])
    hours: Counter[int] = dataclasses.field(default_factory=Counter[int])
    first_hours: Counter[int] = dataclasses.field(default_factory=Counter[int])
    buyers: set[tuple[str, str]] = dataclasses.field(default_factory=set[tuple[str, str]])
    """(campaign, recipient) of conversions that name no message: each pair is one converted message of its own."""

    def total(self, measure: str, *, campaign: str = "", provider: str = "", variant: str = "") -> int:
        """Return a count over all cells that match."""
        return sum(
            counts[measure]
            for (c, p, v), counts in self.cells.items()
            if campaign in ("", c) and provider in ("", p) and variant in ("", v)
        )

    def values(self, position: int) -> list[str]:
        """Return the campaigns (0), providers (1) or variants (2) that occur, sorted."""
        return sorted({cell[position] for cell in self.cells} - {""})

    def add(self, other: Truth) -> None:
        """Take over another truth's counts."""
        for cell, counts in other.cells.items():
            self.cells.setdefault(cell, Counter()).update(counts)
        for name in ("events", "sources", "actors", "clients", "hours", "first_hours"):
            getattr(self, name).update(getattr(other, name))
        new = other.buyers - self.buyers
        for campaign, recipient in other.buyers & self.buyers:
            # Already counted: the same person bought again through the same campaign.
            provider = _provider_of_address(recipient)
            self.cells[campaign, provider, ""]["converted"] -= 1
        self.buyers |= new


def _provider_of_address(address: str) -> str:
    return _BY_DOMAIN[address.rpartition("@")[2]]


_BY_DOMAIN: Final = {m.domain: m.domain if m.business else m.provider for m in MAILBOXES}
_KIND_NAMES: Final = {
    b.INJECTED: "injected", b.DEFERRED: "deferred", b.DELIVERED: "delivered", b.BOUNCED: "bounced",
    b.RETURNED: "bounced", b.DROPPED: "dropped", b.OPENED: "opened", b.CLICKED: "clicked",
    b.COMPLAINED: "complained", b.UNSUBSCRIBED: "unsubscribed", b.CONVERTED: "converted",
}  # fmt: skip


def truth_of(run: Run, upto: int | None = None) -> Truth:
    """Return the counts of a run's first `upto` events (those told so far, if not given)."""
    upto = run.done if upto is None else upto
    columns = run.columns.first(upto)
    form, n = FORMS[run.source], len(run.people)
    told = np.ones(upto, dtype=np.bool_) if form.tells_injected else columns.kind != b.INJECTED
    kind, message, actor = columns.kind, columns.message, columns.actor
    truth = Truth()

    def had(selected: NDArray[np.bool_]) -> NDArray[np.bool_]:
        flags = np.zeros(n, dtype=np.bool_)
        flags[message[selected & told]] = True
        return flags

    opened, clicked = kind == b.OPENED, (kind == b.CLICKED) & (columns.link != b.UNSUBSCRIBE_LINK)
    people = actor != b.MACHINE
    refused, returned, arrived = had(kind == b.BOUNCED), had(kind == b.RETURNED), had(kind == b.DELIVERED)
    bounced = refused | returned
    orders = kind == b.CONVERTED
    named = orders & (columns.link == 1)
    messages: dict[str, NDArray[np.bool_]] = {
        "injected": had(kind == b.INJECTED),
        "deferred": had(kind == b.DEFERRED),
        "dropped": had(kind == b.DROPPED),
        "sent": arrived | bounced,
        "delivered": arrived & ~bounced,
        "tracked_delivered": arrived & ~bounced & run.tracked,
        "bounced": bounced,
        "opened": had(opened),
        "opened_human": had(opened & people),
        "clicked": had(clicked),
        "clicked_human": had(clicked & people),
        "complained": had(kind == b.COMPLAINED),
        "unsubscribed": had(kind == b.UNSUBSCRIBED),
        "converted": had(named),
    }
    classes = np.array([_CLASS_OF_REPLY.get(reply.kind, "") for reply in REPLIES])
    is_bounce = (kind == b.BOUNCED) | (kind == b.RETURNED)
    replies = np.where(is_bounce, columns.detail & 255, 0)
    for name in ("hard", "soft", "block"):
        messages[f"bounced_{name}"] = had(is_bounce & (classes[replies] == name))
    for number, method in enumerate(form.methods):
        measure = f"unsubscribed_{method}"
        if measure in _METHOD_MEASURES:
            flags = had((kind == b.UNSUBSCRIBED) & (columns.detail == number))
            messages[measure] = messages.get(measure, np.zeros(n, dtype=np.bool_)) | flags
    totals: dict[str, tuple[NDArray[np.bool_], NDArray[np.int64] | None]] = {
        "opens": (opened, None),
        "opens_human": (opened & people, None),
        "clicks": (clicked, None),
        "clicks_human": (clicked & people, None),
        "conversions": (named, None),
        "revenue_cents": (named, columns.detail),
    }

    # A cell is a mailbox domain, whether the exchanger was told for the message, and a variant.
    exchanger = (
        had((kind == b.DELIVERED) | (kind == b.BOUNCED) | (kind == b.DEFERRED))
        if form.tells_mx
        else np.zeros(n, dtype=np.bool_)
    )
    cell = (run.population.mailbox[run.people].astype(np.int64) * 2 + exchanger) * 2 + run.variant
    size = len(MAILBOXES) * 4
    campaign = run.issue.campaign_id
    for measure, flags in messages.items():
        _spread(truth, campaign, measure, np.bincount(cell[flags], minlength=size))
    for measure, (selected, weights) in totals.items():
        where = cell[message[selected]]
        sums = np.zeros(size, dtype=np.int64)
        np.add.at(sums, where, 1 if weights is None else weights[selected])
        _spread(truth, campaign, measure, sums)
    _unnamed_orders(truth, run, columns, orders & ~named)

    for number, count in enumerate(np.bincount(kind[told], minlength=11).tolist()):
        if count:
            truth.events[_KIND_NAMES[number]] += count
    truth.sources[run.source] += int((told & ~orders).sum())
    truth.sources[SHOP] += int(orders.sum())
    for name, selected in (("opened", opened), ("clicked", clicked)):
        for number, count in enumerate(np.bincount(actor[selected], minlength=4).tolist()):
            if count:
                truth.actors[name, b.ACTORS[number]] += count
    seen = opened & people
    for number, count in enumerate(np.bincount(columns.agent[seen], minlength=len(AGENT_NAMES)).tolist()):
        if count:
            agent = AGENTS[AGENT_NAMES[number]]
            truth.clients[agent.device, agent.client] += count
    first = np.unique(message[seen], return_index=True)[1]
    for found, times in ((truth.hours, columns.time[seen]), (truth.first_hours, columns.time[seen][first])):
        for hour, count in enumerate(np.bincount(times // 3_600_000 % 24, minlength=24).tolist()):
            if count:
                found[hour] += count
    return truth


def _spread(truth: Truth, campaign: str, measure: str, sums: NDArray[np.int64]) -> None:
    for number in np.flatnonzero(sums).tolist():
        mailbox = MAILBOXES[number // 4]
        known = not mailbox.business or number // 2 % 2
        provider = mailbox.provider if known else mailbox.domain
        truth.cells.setdefault((campaign, provider, VARIANTS[number % 2]), Counter())[measure] += int(sums[number])


def _unnamed_orders(truth: Truth, run: Run, columns: b.Columns, selected: NDArray[np.bool_]) -> None:
    for message, cents in zip(columns.message[selected].tolist(), columns.detail[selected].tolist(), strict=True):
        address = run.population.addresses[int(run.people[message])]
        counts = truth.cells.setdefault((run.issue.campaign_id, _provider_of_address(address), ""), Counter())
        counts["conversions"] += 1
        counts["revenue_cents"] += cents
        pair = (run.issue.campaign_id, address)
        counts["converted"] += pair not in truth.buyers
        truth.buyers.add(pair)
