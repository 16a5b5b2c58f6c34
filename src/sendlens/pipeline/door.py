"""The door: records that were judged go into the log, and only then is the sender told that they are safe.

Owns the step from `Mapped` to blocks, the refusal while the pipeline is too far behind, that of a tenant that has taken
its share of the room, and that of a source whose fuse has blown. Leaves authentication and HTTP to `web.intake`,
reading to `sources`, durability to `log`.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import Final, cast

import msgspec
import structlog

from sendlens.control.rejections import REQUEST, Rejections
from sendlens.errors import BadRequest, Rejection, SendlensError, Unauthorized, Unavailable
from sendlens.log.protocol import Log
from sendlens.model.blocks import Block, pack
from sendlens.model.events import Event, RecordKind
from sendlens.pipeline.disguise import Disguise
from sendlens.pipeline.fuse import Fuse
from sendlens.pipeline.limits import Shares
from sendlens.settings import Settings
from sendlens.sources.received import Mapped

BLOCK_RECORDS: Final = 10_000
"""Most records in one block, so that the pipeline can take small steps and the log small bites."""
_log = structlog.stdlib.get_logger(__name__)

_DIGITS: Final = re.compile(r"\d+")
_INLINE_RECORDS: Final = 500
"""Up to here packing takes a millisecond or two and is done at once; more goes to a thread."""


class Accepted(msgspec.Struct, frozen=True):
    """How many records of a request are on disk, and how many were refused."""

    accepted: int
    rejected: int


class Door:
    """Appends what requests bring to the log."""

    def __init__(
        self,
        log: Log,
        settings: Settings,
        fuse: Fuse | None = None,
        disguise: Disguise | None = None,
        rejections: Rejections | None = None,
        noticed: Callable[[str], None] = lambda _tenant: None,
    ) -> None:
        """Write to `log`, as long as no more than `settings.max_lag_events` wait in it and the `fuse` is whole.

        Why records were refused is told to `rejections`, and the tenant of a refused request to `noticed`.
        """
        self._noticed = noticed
        self._log = log
        self._fuse = fuse
        self._disguise = disguise
        self._rejections = rejections
        self._most_waiting = settings.max_lag_events
        self._shares = Shares(
            settings.max_lag_events, settings.max_lag_share, waiting=log.backlog, stored=log.committed
        )

    def check(self, tenant_id: str, source_id: str) -> None:
        """Raise `Unavailable` while too many records wait or the source is stopped.

        Raise `TooBusy` while too many of those that wait are the tenant's.

        It is cheap and comes before the body, which then need not be read in vain.
        """
        if self._fuse is not None:
            self._fuse.check(tenant_id, source_id)
        waiting = self._log.backlog()
        if waiting > self._most_waiting:
            raise Unavailable(
                f"{waiting} events wait to be stored, more than the {self._most_waiting} that may",
                retry_after=5,
                hint="The store is behind; send the same request again later.",
            )
        self._shares.check(tenant_id)

    async def accept(
        self, tenant_id: str, source_id: str, kind: RecordKind, mapped: Mapped, received_at: int, request_id: str = ""
    ) -> Accepted:
        """Return once every record is durable. Raises `Unavailable` when that cannot be promised now.

        Rejected records are counted in the first block, and a request whose records were all rejected leaves a block
        without records, so that the accounting can be rebuilt from the log. After an `Unavailable` some of a large
        request may be in the log; the sender repeats it, and repeated events are recognised.
        """
        for report, rows in mapped.reports.items():
            await self._accept(tenant_id, source_id, report, Mapped(records=rows), received_at, request_id)
        accepted = await self._accept(tenant_id, source_id, kind, mapped, received_at, request_id)
        if len(mapped.rejected) <= _INLINE_RECORDS:
            self._note(tenant_id, source_id, kind, mapped.rejected, received_at, request_id)
        else:
            await asyncio.to_thread(self._note, tenant_id, source_id, kind, mapped.rejected, received_at, request_id)
        return Accepted(accepted.accepted + sum(map(len, mapped.reports.values())), accepted.rejected)

    async def _accept(
        self, tenant_id: str, source_id: str, kind: RecordKind, mapped: Mapped, received_at: int, request_id: str
    ) -> Accepted:
        self.check(tenant_id, source_id)
        records, rejected = mapped.records, len(mapped.rejected)
        if not records and not rejected:
            return Accepted(0, 0)

        def blocks() -> list[Block]:
            records = mapped.records
            if self._disguise and kind is RecordKind.EVENT:
                # Before anything is written: what a disguise takes away is nowhere on disk.
                records = self._disguise.events(tenant_id, cast("list[Event]", records))
            return [
                Block(
                    tenant=tenant_id,
                    source=source_id,
                    kind=kind,
                    received_at=received_at,
                    sent_at=mapped.sent_at,
                    count=len(part := records[start : start + BLOCK_RECORDS]),
                    rejected=0 if start else rejected,
                    request_id=request_id,
                    body=pack(part),
                )
                for start in range(0, max(len(records), 1), BLOCK_RECORDS)
            ]

        packed = blocks() if len(records) <= _INLINE_RECORDS else await asyncio.to_thread(blocks)
        await self.append(packed)
        return Accepted(len(records), rejected)

    def refused(self, tenant_id: str, source_id: str, error: SendlensError, at: int, request_id: str) -> None:
        """Note that a whole request of a source was refused: its signature is wrong, or its body cannot be read."""
        # Nobody knows who sent it: its own words, and numbers that it could choose, would fill the list of reasons.
        told = error.detail if isinstance(error, BadRequest | Unauthorized) else error.title
        reason = _DIGITS.sub("…", told)
        one = Rejection(index=0, field="", error=reason, reason=reason, hint=error.hint)
        self._note(tenant_id, source_id, REQUEST, [one], at, request_id)
        self._noticed(tenant_id)

    def _note(self, tenant: str, source: str, kind: str, rejected: list[Rejection], at: int, request_id: str) -> None:
        if self._rejections is None or not rejected:
            return
        kept = self._disguise.rejections(rejected) if self._disguise else rejected
        self._rejections.note(tenant, source, kind, kept, at=at, request_id=request_id)

    async def append(self, blocks: list[Block]) -> None:
        """Return once the blocks are durable. Raises `Unavailable`; some may be in the log nevertheless."""
        for block in blocks:
            partition, offset = await self._log.append(block)
            self._shares.appended(block.tenant, block.count, partition, offset)
            # With the offsets in the line of a batch it leads from a request to its batch.
            _log.debug(
                "block appended",
                request_id=block.request_id,
                tenant=block.tenant,
                source=block.source,
                kind=str(block.kind),
                records=block.count,
                rejected=block.rejected,
                partition=partition,
                offset=offset,
            )
