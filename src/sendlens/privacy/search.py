"""The byte search: whether an address stands anywhere in the files of a data directory, compressed or not.

Owns the reading of the store's compressed files. It is independent of what it checks: it asks neither the store nor the
log, it reads what is on disk.
"""

from __future__ import annotations

import sqlite3
import struct
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from pathlib import Path
from typing import BinaryIO, Final, cast

import lz4.block
import msgspec

from sendlens.model.blocks import unpacked
from sendlens.privacy.person import Person

_CHUNK: Final = 1 << 20
_OVERLAP: Final = 1024
_HEADER: Final = struct.Struct("<16xBII")
_LZ4, _ZSTD, _NONE = 0x82, 0x90, 0x02
_COMPRESSED: Final = {".bin", ".cidx"}
"""Files that are a sequence of compressed frames: columns, and the sorting key's index."""


def files_with(directory: Path, person: Person) -> list[str]:
    """Return the files that hold the address, by their path inside the directory.

    A file that is deleted while the search runs holds nothing.
    """
    found: list[str] = []
    for path in sorted(one for one in directory.rglob("*") if one.is_file()):
        try:
            if _holds(path, person):
                found.append(path.relative_to(directory).as_posix())
        except FileNotFoundError:
            continue
    return found


def _holds(path: Path, person: Person) -> bool:
    readings: list[Callable[[Path], Iterator[bytes]]] = [_plain]
    if path.suffix in _COMPRESSED:
        readings.append(_frames)
    if path.name == "log.sqlite":
        readings.append(_bodies("SELECT body FROM blocks"))
    if path.name == "control.sqlite":
        readings.append(_bodies("SELECT body FROM dead_letters WHERE position < 0"))
    return any(person.among(chunk) for reading in readings for chunk in reading(path))


def _plain(path: Path) -> Generator[bytes]:
    before = b""
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            yield before + chunk
            before = chunk[-_OVERLAP:]


def _frames(path: Path) -> Generator[bytes]:
    before = b""
    with path.open("rb") as file:
        while frame := _frame(file):
            yield before + frame
            before = frame[-_OVERLAP:]


def _frame(file: BinaryIO) -> bytes:
    """Return the next frame, decompressed; nothing at the end, or where the file is of another kind."""
    header = file.read(_HEADER.size)
    if len(header) < _HEADER.size:
        return b""
    method, packed, size = _HEADER.unpack(header)
    # The sizes count the header behind the checksum, which is 9 bytes.
    body = file.read(packed - 9) if packed >= 9 else b""
    if method == _LZ4:
        return cast("bytes", lz4.block.decompress(body, uncompressed_size=size))
    if method == _ZSTD:
        return unpacked(body)
    # What remains are numbers by codecs that no text has; they are looked through as they are.
    return body


def is_packed(body: bytes) -> bool:
    """Return whether a block's body can be unpacked, so that looking through it tells who is in it."""
    return not body or _contents(body) is not None


def unpacked_or_as_it_is(body: bytes) -> bytes:
    """Return what is in a block's body, or the body itself if it cannot be unpacked."""
    found = _contents(body)
    return body if found is None else found


def _contents(body: bytes) -> bytes | None:
    try:
        return unpacked(body)
    except msgspec.DecodeError:
        return None


def _bodies(sql: str) -> Callable[[Path], Iterator[bytes]]:
    def read(path: Path) -> Generator[bytes]:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=10)) as reader:
            for (body,) in reader.execute(sql):
                yield unpacked_or_as_it_is(body)

    return read
