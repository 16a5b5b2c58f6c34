"""The SQLite file of the log: its tables, and every statement on it.

Owns the file format and how a block becomes a row with a checksum. Knows nothing of threads; whoever calls brings the
connection and, for changes, the transaction.
"""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final, NamedTuple
from zlib import crc32

import msgspec

from sendlens.errors import SendlensError
from sendlens.log.protocol import CorruptBlock, Waiting
from sendlens.model.blocks import Block, StoredBlock

FORMAT: Final = 1
# The body comes last: SQLite then finds every other column without reading the pages of a long body.
_SCHEMA: Final = """
    PRAGMA page_size = 8192;
    BEGIN;
    CREATE TABLE IF NOT EXISTS blocks (
        offset INTEGER PRIMARY KEY AUTOINCREMENT,
        received_at INTEGER NOT NULL,
        sent_at INTEGER NOT NULL,
        count INTEGER NOT NULL,
        rejected INTEGER NOT NULL,
        tenant TEXT NOT NULL,
        source TEXT NOT NULL,
        kind TEXT NOT NULL,
        request_id TEXT NOT NULL,
        checksum INTEGER NOT NULL,
        body BLOB NOT NULL
    ) STRICT;
    CREATE TABLE IF NOT EXISTS position (only INTEGER PRIMARY KEY CHECK (only = 1), offset INTEGER NOT NULL) STRICT;
    INSERT OR IGNORE INTO position VALUES (1, 0);
    COMMIT;
"""
_COLUMNS: Final = "received_at, sent_at, count, rejected, tenant, source, kind, request_id, checksum, body"
_INSERT: Final = f"INSERT INTO blocks ({_COLUMNS}) VALUES "  # noqa: S608 - constants only
_VALUES: Final = f"({', '.join('?' * 10)})"
_SELECT: Final = f"SELECT offset, {_COLUMNS} FROM blocks WHERE offset > ? AND offset <= ? ORDER BY offset"  # noqa: S608 - constants only
_LAST_OFFSET: Final = (1 << 63) - 1
# What a damaged block may say of itself and be believed: no request has more records, and its time is of this century.
_MOST_RECORDS: Final = 1 << 20
_NAME: Final = re.compile(r"[A-Za-z0-9_.-]+")
_EARLIEST: Final = 946_684_800_000
_LATEST: Final = 4_102_444_800_000

Row = tuple[int, int, int, int, str, str, str, str, int, bytes]


class State(NamedTuple):
    """What the counters in memory start from."""

    head: int
    committed: int
    backlog: int


class Change(NamedTuple):
    """What a change did: its result for the caller, what it adds to the backlog, and a new position if it set one."""

    result: int
    records: int = 0
    position: int = 0


def connect(path: Path) -> sqlite3.Connection:
    """Open a connection that leaves transactions to us and flushes the write-ahead file at every commit."""
    connection = sqlite3.connect(path, timeout=10, isolation_level=None, check_same_thread=False)
    # fullfsync matters on macOS alone, where a plain fsync stops at the drive's cache.
    for pragma in ("synchronous = FULL", "fullfsync = ON", "secure_delete = ON", "wal_autocheckpoint = 1000"):
        connection.execute(f"PRAGMA {pragma}")
    return connection


def connect_reader(path: Path) -> sqlite3.Connection:
    """Open a connection that cannot change anything."""
    connection = sqlite3.connect(path, timeout=10, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA query_only = ON")
    # Text that the disk has changed is read, too, and then has another checksum.
    connection.text_factory = _text
    return connection


def _text(raw: bytes) -> str:
    return raw.decode(errors="replace")


def prepare(connection: sqlite3.Connection, path: Path) -> State:
    """Create what is missing, bring the write-ahead file home, and return where the log stands."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > FORMAT:
        raise SendlensError(
            f"{path} has format {version}; this version of Sendlens reads up to {FORMAT}.",
            hint="Start the version that wrote it, or a newer one.",
        )
    if version < FORMAT:
        connection.executescript(_SCHEMA)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA user_version = {FORMAT}")
        _sync_directory(path.parent)
    # TRICKY: not for tidiness. After a failed fsync the kernel may hold pages of the write-ahead file that it believes
    # to be on disk and that are not. Copying the contents into the main file writes and flushes them anew; without it,
    # a commit that succeeds afterwards could stand behind a hole, and a power cut would lose it.
    empty_wal(connection, path)
    (committed,) = connection.execute("SELECT offset FROM position").fetchone()
    return State(_head(connection), committed, records(connection, committed, _LAST_OFFSET))


def empty_wal(connection: sqlite3.Connection, path: Path) -> Change:
    """Copy the write-ahead file into the main file and cut it to nothing."""
    (busy, _, _) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    if busy:
        raise sqlite3.OperationalError(f"a long read keeps {path.name}-wal from being emptied")
    return Change(0)


def row_of(block: Block) -> Row:
    """Return the row of a block. Raises `UnicodeEncodeError` for text that cannot be stored, before anything is."""
    row = (
        block.received_at,
        block.sent_at,
        block.count,
        block.rejected,
        block.tenant,
        block.source,
        block.kind.value,
        block.request_id,
    )
    return (*row, _checksum(row, block.body), block.body)


def insert(connection: sqlite3.Connection, rows: Sequence[Row]) -> range:
    """Insert rows by one statement and return their offsets; outside of a transaction it is one by itself."""
    values = ", ".join([_VALUES] * len(rows))
    last = connection.execute(_INSERT + values, [cell for row in rows for cell in row]).lastrowid
    if last is None:
        raise sqlite3.OperationalError("SQLite gave the new block no offset")
    # Whoever counts up by itself gives the rows of one statement numbers in a row.
    return range(last - len(rows) + 1, last + 1)


def read(
    connection: sqlite3.Connection, path: Path, after: int, until: int | None, max_records: int, max_bytes: int
) -> list[StoredBlock]:
    """Return whole blocks within the limits, at least one if there is one."""
    found: list[StoredBlock] = []
    count = size = 0
    for offset, *row in connection.execute(_SELECT, (after, _LAST_OFFSET if until is None else until)):
        block = _block(row)
        sound = block is not None
        if block is None:
            block = _plausible(row)
        if block is None:
            if found:
                return found
            raise CorruptBlock(
                f"Block {offset} of {path} is damaged: it does not have the checksum it was written with, and "
                "what it says of itself makes no sense.",
                partition=0,
                offset=offset,
                hint=f"Restore the file from a backup, or give up this one block: sendlens log discard {offset}",
            )
        count += block.count
        size += len(block.body)
        if found and (count > max_records or size > max_bytes):
            return found
        found.append(StoredBlock(partition=0, offset=offset, block=block, damaged=not sound))
    return found


def damaged(connection: sqlite3.Connection) -> list[int]:
    """Return the offsets of rows whose checksum is wrong."""
    return [offset for offset, *row in connection.execute(_SELECT, (0, _LAST_OFFSET)) if _block(row) is None]


def records(connection: sqlite3.Connection, after: int, until: int) -> int:
    """Return how many records the blocks after `after` up to `until` hold."""
    query = "SELECT coalesce(sum(min(max(count, 0), ?)), 0) FROM blocks WHERE offset > ? AND offset <= ?"
    (count,) = connection.execute(query, (_MOST_RECORDS, after, until)).fetchone()
    return count


def move(connection: sqlite3.Connection, offset: int) -> Change:
    """Set the position, unless it is there or beyond; the end of the log is the furthest it goes."""
    before = _position(connection)
    offset = min(offset, _head(connection))
    if offset <= before:
        return Change(0, position=before)
    connection.execute("UPDATE position SET offset = ?", (offset,))
    return Change(1, -records(connection, before, offset), offset)


def aged(connection: sqlite3.Connection, before_ms: int, now_ms: int) -> int:
    """Return the offset up to which blocks are past their time: none behind one received from `before_ms` to `now_ms`.

    A time later than now was written while the clock was ahead and says nothing. Such a block was there before those
    behind it, so that it is past its time when one of them is.
    """
    young = connection.execute(
        "SELECT offset FROM blocks WHERE offset <= ? AND received_at BETWEEN ? AND ? ORDER BY offset LIMIT 1",
        (position := _position(connection), before_ms, now_ms),
    ).fetchone()
    old = connection.execute(
        "SELECT offset FROM blocks WHERE offset <= ? AND received_at < ? ORDER BY offset DESC LIMIT 1",
        (young[0] - 1 if young else position, before_ms),
    ).fetchone()
    return old[0] if old else 0


def trim(connection: sqlite3.Connection, until: int, most: int) -> Change:
    """Delete the oldest blocks up to an offset, at most `most`."""
    deleted = connection.execute(
        "DELETE FROM blocks WHERE offset IN (SELECT offset FROM blocks WHERE offset <= ? ORDER BY offset LIMIT ?)",
        (until, most),
    )
    return Change(deleted.rowcount)


def replace(connection: sqlite3.Connection, changed: Iterable[tuple[int, Block]]) -> Change:
    """Put other blocks under the same offsets; offsets that were trimmed in the meantime are left out."""
    position = _position(connection)
    number = difference = 0
    for offset, block in changed:
        old = connection.execute("SELECT count FROM blocks WHERE offset = ?", (offset,)).fetchone()
        if old is None:
            continue
        assignments = ", ".join(f"{name} = ?" for name in _COLUMNS.split(", "))
        connection.execute(f"UPDATE blocks SET {assignments} WHERE offset = ?", (*row_of(block), offset))  # noqa: S608 - constants only
        number += 1
        difference += block.count - old[0] if offset > position else 0
    return Change(number, difference)


def waiting(connection: sqlite3.Connection, after: int, tenant: str) -> dict[str, Waiting]:
    """Return what a tenant has behind an offset, by source."""
    query = "SELECT source, sum(count), min(received_at) FROM blocks WHERE offset > ? AND tenant = ? GROUP BY source"
    return {source: Waiting(*told) for source, *told in connection.execute(query, (after, tenant))}


def discard(connection: sqlite3.Connection, offset: int) -> Change:
    """Delete one block, damaged or not."""
    old = connection.execute("DELETE FROM blocks WHERE offset = ? RETURNING count", (offset,)).fetchone()
    if old is None:
        return Change(0)
    return Change(1, -min(max(old[0], 0), _MOST_RECORDS) if offset > _position(connection) else 0)


def _head(connection: sqlite3.Connection) -> int:
    row = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'blocks'").fetchone()
    return row[0] if row else 0


def _position(connection: sqlite3.Connection) -> int:
    (offset,) = connection.execute("SELECT offset FROM position").fetchone()
    return offset


def _block(row: list[object]) -> Block | None:
    *head, checksum, body = row
    if not isinstance(body, bytes) or checksum != _checksum(tuple(head), body):
        return None
    return _made(head, body)


def _plausible(row: list[object]) -> Block | None:
    """Return a damaged block if its records can be set aside: whose they are, how many and since when can be true."""
    *head, _, body = row
    try:
        block = _made(head, body)
    except msgspec.ValidationError:
        return None
    counts = 0 <= block.count <= _MOST_RECORDS and 0 <= block.rejected <= _MOST_RECORDS and block.count + block.rejected
    named = _NAME.fullmatch(block.tenant) and _NAME.fullmatch(block.source)
    return block if counts and named and _EARLIEST <= block.received_at <= _LATEST else None


def _made(head: list[object], body: object) -> Block:
    received_at, sent_at, count, rejected, tenant, source, kind, request_id = head
    return msgspec.convert(
        {
            "received_at": received_at,
            "sent_at": sent_at,
            "count": count,
            "rejected": rejected,
            "tenant": tenant,
            "source": source,
            "kind": kind,
            "request_id": request_id,
            "body": body,
        },
        Block,
    )


def _checksum(head: tuple[object, ...], body: bytes) -> int:
    return crc32(body, crc32(msgspec.msgpack.encode(head)))


def _sync_directory(directory: Path) -> None:
    """Make the name of a new file as durable as its contents."""
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
