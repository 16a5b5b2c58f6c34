"""The log in one SQLite file: durable on a laptop, with no server to run.

Owns the threads and the order of events: which appends share a commit, who is told when, what happens when the disk
fails. Leaves the SQL and the bytes of a row to `sqlite_file`. The reasons are in `docs/decisions/0002-sqlite-log.md`.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Generator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

import structlog

from sendlens.errors import SendlensError, Unavailable
from sendlens.log import sqlite_file
from sendlens.log.protocol import LATEST, READ_BYTES, CorruptBlock, Waiting
from sendlens.model.blocks import Block, StoredBlock

_logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger("sendlens.log")

FILE: Final = "log.sqlite"
"""Name of the log's file in the data directory."""
PARTITION: Final = 0
QUEUE_BYTES: Final = 64 * 1024 * 1024
# What a queued block costs beyond its body: the struct, its texts, the future.
_OVERHEAD: Final = 1024
# One commit takes no more than this, so that the first request of a group does not wait for a long tail.
_GROUP_BYTES: Final = 8 * 1024 * 1024
_TRIM_BLOCKS: Final = 256
_STATEMENT_ROWS: Final = 100
_REWRITE_BYTES: Final = 4 * 1024 * 1024


@dataclass(slots=True)
class _Append:
    row: sqlite_file.Row
    count: int
    size: int
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[tuple[int, int]]


@dataclass(slots=True)
class _Job:
    """Another change of the file. It runs in the appender's transaction, so that it shares the flush, or alone."""

    work: Callable[[sqlite3.Connection], sqlite_file.Change]
    future: Future[int]
    alone: bool = False
    size: int = 0


class _Outcome(NamedTuple):
    """What one commit did to the counters, and what each caller is to be told."""

    results: list[int]
    head: int
    records: int
    position: int


class SqliteLog:
    """A `Log` with one partition in one file, written by one thread and read by any.

    `queue_bytes` bounds what may wait for the disk; beyond it `append` answers `Unavailable`.
    """

    def __init__(self, path: Path, *, queue_bytes: int = QUEUE_BYTES) -> None:
        """Open or create the file, reading back the position and the backlog."""
        self._path = path
        self._queue_bytes = queue_bytes
        self._writer: sqlite3.Connection | None = None
        self._head = self._committed = self._backlog = 0
        self._trouble = ""
        self._queued = 0
        self._queue: deque[_Append | _Job] = deque()
        self._closing = False
        self._wakes = 0
        # One lock for the queue and the counters; two conditions, because an append must not wake the readers.
        self._lock = threading.Lock()
        self._work_arrived = threading.Condition(self._lock)
        self._head_moved = threading.Condition(self._lock)
        self._rewriting = threading.Lock()
        self._idle_readers: deque[sqlite3.Connection] = deque()
        with _explained(path):
            self._open_writer()
        self._thread = threading.Thread(target=self._run, name="sendlens-log", daemon=True)
        self._thread.start()

    @property
    def trouble(self) -> str:
        """What kept the last write from succeeding; empty while all is well."""
        return self._trouble

    async def append(self, block: Block) -> tuple[int, int]:
        """Return (0, offset) after the commit that holds the block."""
        loop = asyncio.get_running_loop()
        # The row is made here, so that text which cannot be stored fails this caller and nobody else.
        row = sqlite_file.row_of(block)
        item = _Append(row, block.count, len(block.body) + _OVERHEAD, loop, loop.create_future())
        with self._lock:
            if self._closing:
                raise Unavailable("Sendlens is shutting down.", hint="Send the request again in a few seconds.")
            # A block larger than the whole queue has to get through some time: it does when nothing else waits.
            if self._queued and self._queued + item.size > self._queue_bytes:
                raise Unavailable(
                    f"{self._queued} bytes wait to be written to {self._path}; the limit is {self._queue_bytes}.",
                    hint="The disk is slower than the requests. Send this one again after the time in Retry-After.",
                )
            self._queued += item.size
            self._queue.append(item)
            self._work_arrived.notify()
        return await item.future

    def partitions(self) -> list[int]:
        """Return the only partition."""
        return [PARTITION]

    def read(
        self, partition: int, after: int, *, max_records: int, max_bytes: int = READ_BYTES, until: int | None = None
    ) -> list[StoredBlock]:
        """Return blocks newer than `after` within the limits, each checked against its checksum."""
        with self._reader() as reader, _explained(self._path):
            return sqlite_file.read(reader, self._path, after, until, max_records, max_bytes)

    def verify(self) -> list[int]:
        """Read the whole log and return the offsets of damaged blocks. Raises `CorruptBlock` if the file itself is."""
        with self._reader() as reader, _explained(self._path):
            return sqlite_file.damaged(reader)

    def discard(self, offset: int) -> bool:
        """Give up one block, so that what follows can be processed; return whether it was there."""
        return self._do(lambda writer: sqlite_file.discard(writer, offset)) > 0

    def head(self, partition: int) -> int:
        """Return the offset of the last committed append."""
        return self._head

    def wait(self, partition: int, after: int, timeout: float) -> bool:
        """Wait for the head to pass `after`."""
        with self._head_moved:
            wakes = self._wakes
            self._head_moved.wait_for(lambda: self._head > after or self._closing or self._wakes > wakes, timeout)
            return self._head > after

    def wake(self) -> None:
        """Let them go."""
        with self._head_moved:
            self._wakes += 1
            self._head_moved.notify_all()

    def commit(self, partition: int, offset: int) -> None:
        """Move the position forward, in the same flush as appends that happen to wait."""
        if offset > self._committed:
            self._do(lambda writer: sqlite_file.move(writer, offset))

    def committed(self, partition: int) -> int:
        """Return the position, from memory."""
        return self._committed

    def backlog(self) -> int:
        """Return the number of records behind the position, from memory."""
        return self._backlog

    def waiting(self, tenant: str) -> dict[str, Waiting]:
        """Ask the file; it reads no body."""
        with self._reader() as reader:
            return sqlite_file.waiting(reader, self._committed, tenant)

    def trim(self, partition: int, before_ms: int, now_ms: int = LATEST) -> int:
        """Delete in small steps, between which appends get their turn."""
        with self._reader() as reader, _explained(self._path):
            until = sqlite_file.aged(reader, before_ms, now_ms)
        dropped = 0
        while until:
            step = self._do(lambda writer: sqlite_file.trim(writer, until, _TRIM_BLOCKS))
            dropped += step
            if step < _TRIM_BLOCKS:
                break
        return dropped

    def rewrite(self, partition: int, change: Callable[[Block], Block | None], *, until: int | None = None) -> int:
        """Replace blocks in small steps up to the head of now, then empty the write-ahead file of the old ones."""
        with self._rewriting:
            replaced, after, until = 0, 0, self._head if until is None else until
            while blocks := self.read(partition, after, max_records=1 << 62, max_bytes=_REWRITE_BYTES, until=until):
                after = blocks[-1].offset
                changed = [(found.offset, new) for found in blocks if (new := change(found.block)) is not None]
                if changed:
                    replaced += self._do(lambda writer, changed=changed: sqlite_file.replace(writer, changed))
            if replaced:
                self._do(lambda writer: sqlite_file.empty_wal(writer, self._path), alone=True)
            return replaced

    def close(self) -> None:
        """Commit what waits, stop the thread and close every connection."""
        with self._lock:
            self._closing = True
            self._work_arrived.notify()
            self._head_moved.notify_all()
        self._thread.join()
        while self._idle_readers:
            self._idle_readers.pop().close()

    def _do(self, work: Callable[[sqlite3.Connection], sqlite_file.Change], *, alone: bool = False) -> int:
        """Have the appender's thread make a change; return its result once it is durable."""
        job = _Job(work, Future(), alone)
        with self._lock:
            if self._closing:
                raise Unavailable("The log is closed.")
            self._queue.append(job)
            self._work_arrived.notify()
        return job.future.result()

    def _run(self) -> None:
        while group := self._next_group():
            try:
                outcome = self._write(group)
            except Exception as error:
                # Whatever it was, this thread has to live and the callers have to hear of it.
                self._failed(group, error)
            else:
                self._succeeded(group, outcome)
        if self._writer is not None:
            self._writer.close()

    def _next_group(self) -> list[_Append | _Job]:
        """Wait for work and take as much as belongs into one commit; nothing once closed and empty."""
        group: list[_Append | _Job] = []
        with self._work_arrived:
            self._work_arrived.wait_for(lambda: self._queue or self._closing)
            size = 0
            while self._queue and size < _GROUP_BYTES:
                alone = isinstance(self._queue[0], _Job) and self._queue[0].alone
                if alone and group:
                    break
                item = self._queue.popleft()
                group.append(item)
                size += item.size
                if alone:
                    break
        return group

    def _write(self, group: list[_Append | _Job]) -> _Outcome:
        writer = self._writer or self._open_writer()
        if isinstance(group[0], _Job) and group[0].alone:
            return _Outcome([group[0].work(writer).result], 0, 0, 0)
        results: list[int] = []
        head = records = position = 0
        rows = [item.row for item in group if isinstance(item, _Append)]
        if len(rows) == len(group) <= _STATEMENT_ROWS:
            # TRICKY: one statement and not one for each row. Behind every call to SQLite this thread stands in line for
            # the interpreter's lock, and everybody in the group waits for the last of them.
            results += sqlite_file.insert(writer, rows)
            return _Outcome(results, results[-1], sum(item.count for item in group if isinstance(item, _Append)), 0)
        writer.execute("BEGIN IMMEDIATE")
        for item in group:
            if isinstance(item, _Append):
                (head,) = sqlite_file.insert(writer, [item.row])
                records += item.count
                results.append(head)
            else:
                change = item.work(writer)
                records += change.records
                position = max(position, change.position)
                results.append(change.result)
        writer.execute("COMMIT")
        return _Outcome(results, head, records, position)

    def _succeeded(self, group: list[_Append | _Job], outcome: _Outcome) -> None:
        with self._lock:
            self._queued -= sum(item.size for item in group)
            self._backlog += outcome.records
            self._committed = max(self._committed, outcome.position)
            if outcome.head > self._head:
                self._head = outcome.head
                self._head_moved.notify_all()
            if self._committed >= self._head:
                self._backlog = 0  # a block that the disk has changed may tell another number than was appended
        if self._trouble:
            self._trouble = ""
            _logger.info("log_recovered", path=str(self._path))
        answers: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[tuple[int, int]], int]]] = {}
        for item, result in zip(group, outcome.results, strict=True):
            if isinstance(item, _Append):
                answers.setdefault(item.loop, []).append((item.future, result))
            else:
                item.future.set_result(result)
        for loop, settled in answers.items():
            # A loop that is closed has nobody waiting any more.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(_settle, settled)

    def _failed(self, group: list[_Append | _Job], error: Exception) -> None:
        # After anything but a full disk nobody knows what the connection believes.
        full = isinstance(error, sqlite3.Error) and getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_FULL
        self._give_up_transaction(keep=full)
        with self._lock:
            self._queued -= sum(item.size for item in group)
        if not self._trouble:
            _logger.error("log_write_failed", path=str(self._path), error=str(error))
        self._trouble = str(error) or type(error).__name__
        for item in group:
            reason = _unavailable(self._path, error)
            if isinstance(item, _Job):
                item.future.set_exception(reason)
            else:
                with suppress(RuntimeError):
                    item.loop.call_soon_threadsafe(_refuse, item.future, reason)

    def _give_up_transaction(self, *, keep: bool) -> None:
        """Roll back; unless it is to be kept, drop the connection, so that the next group opens a fresh one."""
        writer = self._writer
        if writer is None:
            return
        try:
            if writer.in_transaction:
                writer.execute("ROLLBACK")
        except sqlite3.Error:
            keep = False
        if not keep:
            self._writer = None
            writer.close()

    def _open_writer(self) -> sqlite3.Connection:
        writer = sqlite_file.connect(self._path)
        try:
            state = sqlite_file.prepare(writer, self._path)
        except BaseException:
            writer.close()
            raise
        # An append that failed at its flush may be found in the file after all; the counters follow the file.
        with self._lock:
            self._head, self._committed, self._backlog = state
            self._head_moved.notify_all()
        self._writer = writer
        return writer

    @contextmanager
    def _reader(self) -> Generator[sqlite3.Connection]:
        try:
            reader = self._idle_readers.pop()
        except IndexError:
            reader = sqlite_file.connect_reader(self._path)
        try:
            yield reader
        except BaseException:
            reader.close()
            raise
        if self._closing:
            reader.close()
        else:
            self._idle_readers.append(reader)


def _settle(settled: list[tuple[asyncio.Future[tuple[int, int]], int]]) -> None:
    for future, offset in settled:
        # A caller that was cancelled in the meantime does not care; its block is in the log all the same.
        if not future.done():
            future.set_result((PARTITION, offset))


def _refuse(future: asyncio.Future[tuple[int, int]], reason: SendlensError) -> None:
    if not future.done():
        future.set_exception(reason)


def _unavailable(path: Path, error: Exception) -> SendlensError:
    if isinstance(error, SendlensError):
        return error
    name = getattr(error, "sqlite_errorname", type(error).__name__)
    hint = (
        f"Free space on the disk of {path.parent}; Sendlens goes on by itself."
        if name == "SQLITE_FULL"
        else f"Look at the disk of {path.parent} and the system's log; Sendlens goes on by itself once writes work."
    )
    return Unavailable(f"The log {path} cannot be written: {error} ({name}).", retry_after=5, hint=hint)


@contextmanager
def _explained(path: Path) -> Generator[None]:
    """Turn SQLite's errors while opening and reading into ours."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            raise CorruptBlock(
                f"{path} is damaged beyond single blocks: {error}.",
                partition=PARTITION,
                offset=0,
                hint="Restore the file from a backup. If there is none, move it away: what ClickHouse has stays there.",
            ) from error
        raise _unavailable(path, error) from error
