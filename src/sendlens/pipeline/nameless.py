"""Complaints and unsubscriptions that name a message and not its recipient: whom that message went to.

Owns the look-up. Feedback loops blank the recipient out as a rule and leave the Message-ID; without a recipient such a
report would be a message of its own, beside the one it speaks of. What a message's other events say is believed where
they all say the same: who gives one Message-ID to many recipients learns nothing here, and nothing is guessed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final, Protocol

import msgspec

from sendlens.model.events import EventType
from sendlens.model.identity import normal_recipient
from sendlens.pipeline.portion import Portion

TYPES: Final = frozenset({EventType.COMPLAINED, EventType.UNSUBSCRIBED})
"""What is told without a recipient and is about one all the same."""
DAYS: Final = 90
"""How far back the message is looked for. Feedback comes within days, seldom within weeks."""
_DAY_MS: Final = 86_400_000

Message = tuple[str, str]
"""A tenant and a Message-ID."""


class NamingStore(Protocol):
    """Where the events of earlier batches are."""

    def recipients_of(
        self, tenants: Sequence[str], messages: Sequence[str], partition: int, since_ms: int, not_batch: int
    ) -> Mapping[Message, Sequence[str]]:
        """Return recipients of messages, two at most of each, as events of the partition since a time tell them."""
        ...


def places(portion: Portion) -> list[int]:
    """Return where a portion has events whose recipient is to be looked for."""
    # An event without an id is recognised by its fields, the recipient among them, and stays as it is.
    return [
        place
        for place, event in enumerate(portion.events)
        if event.type in TYPES and event.message_id and event.id and not event.recipient
    ]


def named(
    portion: Portion, nameless: Sequence[int], store: NamingStore, *, partition: int, not_batch: int
) -> Portion | None:
    """Return the portion with the recipients that could be found, or None where there was none to be found."""
    wanted = {place: (portion.block(place).tenant, portion.events[place].message_id) for place in nameless}
    since = min(portion.block(place).received_at for place in nameless) - DAYS * _DAY_MS
    known = _within(portion, set(wanted.values()))
    told = store.recipients_of(
        sorted({tenant for tenant, _ in wanted.values()}),
        sorted({message for _, message in wanted.values()}),
        partition,
        max(since, 0),
        not_batch,
    )
    events = list(portion.events)
    found = False
    for place, message in wanted.items():
        recipients = known[message].union(told.get(message, ()))
        if len(recipients) == 1:
            # The reporter stood in for the exchanger that the recipient's domain tells from now on.
            events[place] = msgspec.structs.replace(events[place], recipient=recipients.pop(), mx="")
            found = True
    return replace(portion, events=events) if found else None


def _within(portion: Portion, wanted: set[Message]) -> defaultdict[Message, set[str]]:
    """Return what other events of the same portion tell."""
    known: defaultdict[Message, set[str]] = defaultdict(set)
    messages = {message for _, message in wanted}
    for place, event in enumerate(portion.events):
        if event.message_id in messages and event.recipient:
            known[portion.block(place).tenant, event.message_id].add(normal_recipient(event.recipient))
    return known
