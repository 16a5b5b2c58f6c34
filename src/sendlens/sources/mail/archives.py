"""Report files as they arrive: bare, as gzip, in a zip, or one inside the other; unpacked within bounds.

Owns the unpacking. A bomb is noticed when it has come to the bound; names of files inside a zip are never paths to
anything, because nothing is written.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator
from typing import Final

from sendlens.sources.mail import limits
from sendlens.sources.mail.limits import Budget

_GZIP: Final = b"\x1f\x8b"
_ZIP: Final = (b"PK\x03\x04", b"PK\x05\x06")
_STEP: Final = 1_048_576
_DEPTH: Final = 2
_ENCRYPTED: Final = 0x1
_BROKEN: Final = (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, NotImplementedError, RuntimeError)


def is_packed(data: bytes) -> bool:
    """Tell whether bytes begin as gzip or zip do."""
    return data.startswith((_GZIP, *_ZIP))


def unpacked(data: bytes, budget: Budget, name: str = "the attachment", depth: int = 0) -> Iterator[bytes]:
    """Yield the files in `data`, itself if it is not packed. What cannot be unpacked is told to the budget."""
    if not is_packed(data):
        yield data
        return
    if depth >= _DEPTH:
        budget.tell(f"{name}: packed more than {_DEPTH} times, which no report is")
        return
    try:
        if data.startswith(_GZIP):
            yield from unpacked(_gunzip(data, budget, name), budget, name, depth + 1)
        else:
            for member in _members(data, budget, name):
                yield from unpacked(member, budget, name, depth + 1)
    except _BROKEN as error:
        budget.tell(f"{name} cannot be unpacked: {type(error).__name__} {error}")


def _gunzip(data: bytes, budget: Budget, name: str) -> bytes:
    member = zlib.decompressobj(16 + zlib.MAX_WBITS)
    parts: list[bytes] = []
    rest = data
    while rest and not member.eof:
        part = member.decompress(rest, _STEP)
        rest = member.unconsumed_tail
        parts.append(part)
        budget.unpacked -= len(part)
        if budget.unpacked < 0:
            raise ValueError(f"it comes to more than {limits.LONGEST_REPORT // 1_000_000} MB")
        if not part and not rest:
            break
    if not member.eof:
        budget.tell(f"{name} is cut off; what there is was read")
    return b"".join(parts)


def _members(data: bytes, budget: Budget, name: str) -> Iterator[bytes]:
    # Before the directory is read: each entry of it becomes an object.
    if data.count(b"PK\x01\x02") > limits.MOST_MEMBERS:
        raise ValueError(f"it has more than {limits.MOST_MEMBERS} files")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for member in archive.infolist()[: limits.MOST_MEMBERS]:
            if member.is_dir() or member.filename.startswith("__MACOSX/"):
                continue
            if member.flag_bits & _ENCRYPTED:
                budget.tell(f"{name}: a file in it is encrypted")
                continue
            with archive.open(member) as file:
                content = file.read(max(0, budget.unpacked) + 1)
            budget.unpacked -= len(content)
            if budget.unpacked < 0:
                raise ValueError(f"it comes to more than {limits.LONGEST_REPORT // 1_000_000} MB")
            yield content
