"""Replay: dead letters go back into the log, to be read again by the code of today.

Owns how a letter becomes a block again. The block carries the tenant, the source and the times of the first receipt, so
that each event has the time and the key it would have had; whatever was stored in the meantime is then a duplicate, and
replaying twice counts once. In the accounts a replay is a new receipt, in the minute of the first one: the first ended
as dead and the second ends as whatever becomes of it, so that the sum holds at every moment.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from functools import partial
from typing import Final

import msgspec
import structlog

from sendlens.control.deadletters import DeadLetter, DeadLetters, Wanted
from sendlens.model.blocks import Block, pack
from sendlens.model.events import Event, RecordKind
from sendlens.pipeline.door import BLOCK_RECORDS, Door

REQUEST: Final = "replay-"
"""How the request ids of replayed blocks begin; the id of the block's first letter follows."""
_STEP: Final = 1000
_MOST_NAMED: Final = 100

_log = structlog.stdlib.get_logger(__name__)


class Unreadable(msgspec.Struct, frozen=True):
    """A letter whose bytes cannot be read; it stays where it is."""

    id: int
    error: str


class Replayed(msgspec.Struct, frozen=True):
    """What a replay did: records that are in the log again, letters that are settled, and those that cannot be read."""

    records: int
    letters: int
    unreadable: int
    examples: list[Unreadable]


class Replay:
    """Replays the dead letters of a tenant, one request at a time."""

    def __init__(self, door: Door, letters: DeadLetters) -> None:
        """Bring what is replayed to `door`."""
        self._door = door
        self._letters = letters
        self._turn = asyncio.Lock()

    async def replay(self, tenant: str, wanted: Wanted) -> Replayed:
        """Append the letters that wait to the log and settle them; those that die again become new letters.

        Raises `Unavailable` while their source is stopped or the log takes nothing; letters that are in the log by
        then are settled, the others wait. A kill between the two steps leaves letters that are replayed once more, and
        found to be duplicates within the days of de-duplication.
        """
        # What is parked comes back with its source, and must not keep the others from being replayed.
        wanted = msgspec.structs.replace(wanted, parked=False)
        async with self._turn:
            # Letters that die again while this runs are newer than the newest of now.
            until = await asyncio.to_thread(self._letters.last_id, tenant)
            records = letters = after = 0
            broken: list[Unreadable] = []
            some = partial(self._letters.list, tenant, wanted, until=until, most=_STEP)
            while found := await asyncio.to_thread(some, after=after):
                after = found[-1].id
                blocks, unreadable = await asyncio.to_thread(blocks_of, found)
                broken += unreadable
                for block, ids in blocks:
                    self._door.check(block.tenant, block.source)
                    await self._door.append([block])
                    letters += await asyncio.to_thread(self._letters.mark_replayed, tenant, ids)
                    records += block.count
            if records or broken:
                _log.info(
                    "dead letters replayed", tenant=tenant, letters=letters, records=records, unreadable=len(broken)
                )
            return Replayed(records, letters, len(broken), broken[:_MOST_NAMED])


def blocks_of(letters: list[DeadLetter]) -> tuple[list[tuple[Block, list[int]]], list[Unreadable]]:
    """Return the blocks that letters make, each with the ids of its letters, and the letters that cannot be read."""
    blocks: list[tuple[Block, list[int]]] = []
    broken: list[Unreadable] = []
    # Records that came in together go back together: what a block says of its records is then true of each.
    alike: dict[tuple[str, str, int, int], list[tuple[int, Event]]] = defaultdict(list)
    for letter in letters:
        try:
            if letter.is_block:
                block = whole_block(letter)
                blocks.append((msgspec.structs.replace(block, count=len(block.records())), [letter.id]))
            else:
                key = (letter.tenant, letter.source, letter.received_at, letter.sent_at)
                alike[key].append((letter.id, msgspec.json.decode(letter.body, type=Event)))
        except (msgspec.MsgspecError, ValueError, RuntimeError) as error:
            broken.append(Unreadable(letter.id, f"{type(error).__name__}: {error}"[:500]))
    by_id = {letter.id: letter for letter in letters}
    for events in alike.values():
        for start in range(0, len(events), BLOCK_RECORDS):
            part = events[start : start + BLOCK_RECORDS]
            block = _block(by_id[part[0][0]], len(part), pack([event for _, event in part]))
            blocks.append((block, [number for number, _ in part]))
    # In the order of the letters, so that what came first is stored first.
    return sorted(blocks, key=lambda one: one[1][0]), broken


def whole_block(letter: DeadLetter) -> Block:
    """Return the block that a letter is."""
    return _block(letter, letter.records, letter.body)


def _block(letter: DeadLetter, count: int, body: bytes) -> Block:
    return Block(
        tenant=letter.tenant,
        source=letter.source,
        kind=RecordKind(letter.kind),
        received_at=letter.received_at,
        sent_at=letter.sent_at,
        count=count,
        request_id=f"{REQUEST}{letter.id}",
        body=body,
    )
