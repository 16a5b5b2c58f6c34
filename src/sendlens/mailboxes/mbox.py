"""mbox: all mails in one file, each behind a line that begins with `From `. The file is read and never changed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Final

from sendlens.clock import Clock
from sendlens.mailboxes.letters import LONGEST_LETTER, MOST_LETTERS, Letter, MailboxError, Position

_FROM: Final = re.compile(rb"From \S+.*\d\d:\d\d")
_QUOTED: Final = re.compile(rb"^>(>*From )", re.MULTILINE)
_HEAD: Final = 1024
_SETTLED_MS: Final = 60_000
"""A last mail without the empty line behind it may still be being written; after this time it is not."""


class Mbox:
    """An mbox file that some mail server appends to."""

    def __init__(self, path: Path, clock: Clock) -> None:
        """Open the file. Raises `MailboxError`."""
        self._path = path
        self._clock = clock
        try:
            self._file: BinaryIO = path.open("rb")
        except OSError as error:
            raise MailboxError(f"{path} cannot be read: {error.strerror or error}") from error

    def letters(self, position: Position) -> Iterator[Letter]:
        """Yield the mails after the position; from the beginning if the file is another or became shorter."""
        about = self._path.stat()
        head = blake2b(self._file.read(_HEAD), digest_size=8).hexdigest()
        # While a file is shorter than what is compared, its beginning changes with every mail.
        same = position.get("head") == head or int(position.get("size", 0)) < _HEAD
        offset = int(position.get("offset", 0))
        offset = offset if same and offset <= about.st_size else 0
        settled = self._clock.now_ms() - about.st_mtime_ns // 1_000_000 > _SETTLED_MS
        self._file.seek(offset)
        for data, end, whole in islice(split(self._file, offset), MOST_LETTERS):
            if not (whole or settled):
                return
            yield Letter(data, str(end), {"offset": end, "head": head, "size": about.st_size})

    def finish(self, letter: Letter) -> None:
        """Do nothing: the position alone says what was read."""

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def split(file: BinaryIO, offset: int = 0) -> Iterator[tuple[bytes, int, bool]]:
    """Yield each mail of an mbox from where the file stands, the offset after it, and whether it is surely complete.

    Of a mail that is too long the beginning is given.
    """
    lines: list[bytes] = []
    length = 0
    blank, seen = True, False
    for line in file:
        if blank and line.startswith(b"From ") and _FROM.match(line):
            if seen:
                yield _mail(lines), offset, True
            lines, length, seen = [], 0, True
        elif seen and length < LONGEST_LETTER:
            lines.append(line)
            length += len(line)
        blank = line in (b"\n", b"\r\n")
        offset += len(line)
    if seen:
        yield _mail(lines), offset, blank


def _mail(lines: list[bytes]) -> bytes:
    return _QUOTED.sub(rb"\1", b"".join(lines)[:LONGEST_LETTER])
