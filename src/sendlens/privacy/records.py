"""Records of the log and dead letters without a person: what is left of an event, and whether it names somebody."""

from __future__ import annotations

import re
from collections.abc import Callable

import msgspec

from sendlens.model.blocks import Block, pack
from sendlens.model.events import Event, RecordKind
from sendlens.model.identity import normal_recipient
from sendlens.privacy.person import Person
from sendlens.privacy.search import is_packed, unpacked_or_as_it_is

UNREADABLE = (msgspec.MsgspecError, ValueError, RuntimeError)
"""What reading the bytes of a damaged or outdated record raises."""


def concerns(event: Event, person: Person) -> bool:
    """Return whether an event is about a person, or its texts name them."""
    if normal_recipient(event.recipient) == person.recipient:
        return True
    return person.is_address and re.search(person.pattern, msgspec.json.encode(event).decode()) is not None


def anonymous(event: Event, person: Person) -> Event:
    """Return an event without what tells who it was about."""
    if normal_recipient(event.recipient) == person.recipient:
        event = msgspec.structs.replace(
            event,
            recipient="",
            message_id="",
            subject="",
            ip="",
            user_agent="",
            link_url=re.split("[?#]", event.link_url, maxsplit=1)[0],
            smtp_reply="",
            order_id="",
            metadata={},
            raw="",
        )
    if not person.is_address:
        return event
    named = re.compile(person.pattern).search
    texts = {
        name: "" for name in Event.__struct_fields__ if isinstance(text := getattr(event, name), str) and named(text)
    }
    return msgspec.structs.replace(
        event,
        **texts,
        tags=tuple(tag for tag in event.tags if not named(tag)),
        metadata={name: text for name, text in event.metadata.items() if not named(name) and not named(text)},
    )


def anonymiser(person: Person) -> Callable[[Block], Block | None]:
    """Return what `Log.rewrite` needs: the block without the person, or None where they are not in it.

    The number of records stays, so that the accounts can still be read from the log.
    """

    def change(block: Block) -> Block | None:
        if block.tenant != person.tenant or block.kind is not RecordKind.EVENT:
            return None
        if not is_packed(block.body):
            return emptied(block)  # a damaged body can still hold anybody, and nobody can look
        if not person.perhaps_among(unpacked_or_as_it_is(block.body)):
            return None
        try:
            events = block.records()
        except UNREADABLE:
            # Its bytes became a dead letter, which goes too; nothing will read this copy again.
            return emptied(block) if person.among(unpacked_or_as_it_is(block.body)) else None
        if not any(concerns(event, person) for event in events if isinstance(event, Event)):
            return None
        changed = [anonymous(event, person) for event in events if isinstance(event, Event)]
        return msgspec.structs.replace(block, body=pack(changed))

    return change


def without(block: Block, person: Person) -> Block | None:
    """Return a block that waits as a dead letter without the records about a person; None if none is left."""
    try:
        events = [event for event in block.records() if isinstance(event, Event) and not concerns(event, person)]
    except UNREADABLE:
        return None
    return msgspec.structs.replace(block, body=pack(events), count=len(events)) if events else None


def emptied(block: Block) -> Block:
    """Return a block that counts the same and says nothing."""
    return msgspec.structs.replace(block, body=pack(list[Event]()))
