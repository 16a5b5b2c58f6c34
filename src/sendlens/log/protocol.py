"""What every log promises: the only thing the door and the pipeline know of it.

Owns the protocol and the error for damaged data. Each implementation has a module of its own and inherits the
contract suite of `tests/log/contract.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple, Protocol

from sendlens.errors import SendlensError
from sendlens.model.blocks import Block, StoredBlock

READ_BYTES: Final = 64 * 1024 * 1024
"""How many bytes of bodies one read returns at most, unless a single block is larger."""

LATEST: Final = 1 << 62
"""A time later than any that a block can have."""


class CorruptBlock(SendlensError):
    """A block that was once acknowledged can no longer be read, not even whose it is.

    `partition` and `offset` say which one; `offset` is 0 where the damage hides even that.
    """

    status, kind, title = 500, "corrupt-block", "The log is damaged"

    def __init__(self, detail: str, *, partition: int, offset: int, hint: str = "") -> None:
        """Name the place of the damage."""
        super().__init__(detail, hint=hint, extra={"partition": partition, "offset": offset})
        self.partition = partition
        self.offset = offset


class Waiting(NamedTuple):
    """What waits of one source: how many records, and when the first of their blocks was received (UTC ms)."""

    records: int
    oldest: int


class Log(Protocol):
    """An append-only sequence of blocks in one or more partitions, with one consumer position per partition.

    Offsets start at 1, grow within a partition and are never used twice. All methods but `append` are synchronous
    and may be called from any thread.
    """

    async def append(self, block: Block) -> tuple[int, int]:
        """Return the block's (partition, offset) as soon as it would survive a power cut, and not before.

        Raises `Unavailable` with `retry_after` where that cannot be promised: too much is waiting to be written, the
        disk is full, or it reports errors. The block may nevertheless be in the log then; the sender will repeat the
        request, and repeated events are recognised.
        """
        ...

    def partitions(self) -> list[int]:
        """Return the partitions this process reads."""
        ...

    def read(
        self, partition: int, after: int, *, max_records: int, max_bytes: int = READ_BYTES, until: int | None = None
    ) -> list[StoredBlock]:
        """Return the blocks with `after` < offset (<= `until`), in order: as many whole blocks as fit both limits.

        The first block is returned whatever its size. One that is not as it was written is marked as `damaged`. Raises
        `CorruptBlock` where even what it says of itself makes no sense, and only if that is the first block: those in
        front of it are returned first.
        """
        ...

    def head(self, partition: int) -> int:
        """Return the offset of the last durable block; 0 if there was never one."""
        ...

    def wait(self, partition: int, after: int, timeout: float) -> bool:
        """Block the calling thread for up to `timeout` seconds; return whether there is something newer than `after`.

        Returns at once when the log is closed.
        """
        ...

    def wake(self) -> None:
        """Let those who wait go on at once, as if their time were over."""
        ...

    def commit(self, partition: int, offset: int) -> None:
        """Record durably that everything up to `offset` is stored elsewhere; never moves back, nor beyond the head."""
        ...

    def committed(self, partition: int) -> int:
        """Return the offset last committed; 0 at the beginning."""
        ...

    def backlog(self) -> int:
        """Return how many records were appended and not yet committed, from memory."""
        ...

    def waiting(self, tenant: str) -> dict[str, Waiting]:
        """Return what was appended for a tenant and not yet committed, by source."""
        ...

    def trim(self, partition: int, before_ms: int, now_ms: int = LATEST) -> int:
        """Drop committed blocks received before `before_ms`, from the oldest on; return how many blocks went.

        One that says it was received later than `now_ms` goes with those behind it: the clock was ahead then.
        """
        ...

    def rewrite(self, partition: int, change: Callable[[Block], Block | None], *, until: int | None = None) -> int:
        """Put the result of `change` in the place of every block (up to `until`); None leaves a block as it is.

        Nothing of a replaced body can be found in the files afterwards. Returns how many blocks were replaced.
        """
        ...

    def close(self) -> None:
        """Write what is waiting, refuse what comes later, and let go of the files."""
        ...
