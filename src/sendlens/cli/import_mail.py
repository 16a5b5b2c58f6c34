"""Mails and report files as what `sendlens import` posts: one of them a request.

Owns which files are taken: single mails and reports, mbox files, Maildirs, and directories of any of these.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from sendlens.errors import NotFound
from sendlens.mailboxes import mbox
from sendlens.sources.files import Record

LONGEST: Final = 100_000_000
"""Bytes of one file that is no mbox; the server has a bound of its own for what it takes."""
_MAILDIR: Final = ("new", "cur")


def letters(paths: Iterable[Path]) -> Iterator[Record]:
    """Yield every mail and report of the paths, with its place in its file from 1. Raises `NotFound`."""
    for path in paths:
        try:
            for file in _files(path):
                yield from _of_file(file)
        except OSError as error:
            raise NotFound(f"{path} cannot be read: {error.strerror or error}") from error


def _files(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    inside = [path / name for name in _MAILDIR if (path / name).is_dir()] or [path]
    for directory in inside:
        for file in sorted(directory.iterdir()):
            if file.is_dir() and directory == path:
                yield from _files(file)
            elif file.is_file() and not file.name.startswith("."):
                yield file


def _of_file(file: Path) -> Iterator[Record]:
    with file.open("rb") as source:
        if source.read(5) == b"From ":
            source.seek(0)
            for number, (data, _, _) in enumerate(mbox.split(source), 1):
                yield Record(file, number, data)
            return
        source.seek(0)
        if data := source.read(LONGEST):
            yield Record(file, 1, data)
