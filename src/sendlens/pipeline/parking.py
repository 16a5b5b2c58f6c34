"""Parking: what the log has of a stopped source waits among the dead letters, and comes back into the log in one go.

Owns who is stopped after a start, the way back after a reset, and the look whether the code of today can process what
waits. Leaves to `fuse` who is stopped and why, and to `writer` the parking itself. Blocks keep their tenant, source and
times of receipt; in the accounts they were dead, and their way back is a new receipt, as with a `replay`.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Final

import msgspec
import structlog

from sendlens.control.deadletters import DeadLetters, Wanted
from sendlens.log.protocol import Log
from sendlens.model.blocks import StoredBlock, pack
from sendlens.pipeline import batch as batches
from sendlens.pipeline.door import Door
from sendlens.pipeline.fuse import Blown, Fuse
from sendlens.pipeline.replay import whole_block
from sendlens.pipeline.rows import Rower

LOOK_SECONDS: Final = 60.0
"""How often it is tried whether the parked records can be processed by now; the first time at the start."""
SAMPLE: Final = 100
"""Records of each parked block that are tried."""
_STEP: Final = 20
_FOR_NOW: Final = 1 << 62

_log = structlog.stdlib.get_logger(__name__)


def stop_again(fuse: Fuse, letters: DeadLetters) -> None:
    """Stop the sources that have parked blocks waiting, as after a start."""
    for one in letters.parked():
        fuse.stop(Blown(one.tenant, one.source, one.batch_id, one.records, one.records, one.reason, one.at, parks=True))


class Parking:
    """Lets stopped sources in again, and brings back what was parked of them."""

    def __init__(self, door: Door, log: Log, letters: DeadLetters, fuse: Fuse, rower: Rower) -> None:
        """Bring what was parked to `door`; `rower` is what tries whether it can be processed."""
        self._door = door
        self._log = log
        self._letters = letters
        self._fuse = fuse
        self._rower = rower
        self._turn = asyncio.Lock()

    async def reset(self, tenant: str, source: str) -> Blown:
        """Let a source in again: what cannot be processed of everything that is there becomes dead letters.

        Raises `NotFound` for a source that is not stopped, and `Unavailable` while the log takes nothing; the source is
        still stopped then. A kill on the way leaves blocks that come back once more, and are found to be duplicates.
        """
        async with self._turn:
            one = self._fuse.reset(tenant, source, _FOR_NOW)
            await self._bring_back(one)
            head = await asyncio.to_thread(lambda: max(self._log.head(part) for part in self._log.partitions()))
            self._fuse.accept(one.origin, head)
            return one

    async def watch(self) -> None:
        """Let in again whose parked records can be processed by now, forever; a new version has mended the cause."""
        while True:
            try:
                await self.let_in_the_mended()
            except Exception as error:  # whatever it was, the next try may succeed, and nothing is lost meanwhile
                _log.warning("parked records wait longer", error=f"{type(error).__name__}: {error}")
            await asyncio.sleep(LOOK_SECONDS)

    async def let_in_the_mended(self) -> list[Blown]:
        """Let in the sources whose parked records can be processed by now; return them. Their fuses are new."""
        mended: list[Blown] = []
        for one in self._fuse.blown():
            if one.parks and await asyncio.to_thread(self._mended, one):
                async with self._turn:
                    self._fuse.reset(one.tenant, one.source, -1)
                    await self._bring_back(one)
                mended.append(one)
        return mended

    async def _bring_back(self, one: Blown) -> None:
        records = after = 0
        wanted = Wanted(source=one.source, parked=True)
        try:
            until = await asyncio.to_thread(self._letters.last_id, one.tenant)
            some = partial(self._letters.list, one.tenant, wanted, until=until, most=_STEP)
            while found := await asyncio.to_thread(some, after=after):
                after = found[-1].id
                for letter in found:
                    self._door.check(one.tenant, one.source)
                    await self._door.append([whole_block(letter)])
                    await asyncio.to_thread(self._letters.mark_replayed, one.tenant, [letter.id])
                    records += letter.records
        except BaseException:
            self._fuse.stop(one)
            raise
        _log.info("a source is let in again", tenant=one.tenant, source=one.source, records=records)

    def _mended(self, one: Blown) -> bool:
        """Return whether less than half of a sample of each parked block is dead, and there is a block at all."""
        after, wanted = 0, Wanted(source=one.source, parked=True)
        while found := self._letters.list(one.tenant, wanted, after=after, most=_STEP):
            after = found[-1].id
            for letter in found:
                block = whole_block(letter)
                try:
                    sample = block.records()[:SAMPLE]
                except (msgspec.MsgspecError, ValueError, RuntimeError):
                    return False
                block = msgspec.structs.replace(block, count=len(sample), body=pack(sample))
                tried = batches.prepare([StoredBlock(partition=0, offset=letter.id, block=block)], self._rower)
                if 2 * sum(dead.records for dead in tried.dead) >= len(sample):
                    return False
        return after > 0
