"""The data directory: who may use it, and which format it has.

Owns the lock that keeps a second server out and the file that names the format. It stands here because the control
plane is the first tenant of the directory; log and store only get a path in it.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from pathlib import Path
from typing import Final, Self

from sendlens.errors import DataDirectoryInUse, SendlensError, SettingsError

FORMAT: Final = 1
_FORMAT_FILE: Final = "format"
_LOCK_FILE: Final = "lock"
RESTORING: Final = "restoring"
"""Stands in the place of the format while a backup is being restored."""


class DataDirectory:
    """The exclusive right to write the log and the embedded store of one directory, held until `close`."""

    def __init__(self, path: Path, handle: int) -> None:
        """Hold a lock that was taken by `open`."""
        self.path: Final = path
        self._handle: int | None = handle

    @classmethod
    def open(cls, path: Path) -> DataDirectory:
        """Create the directory if need be and lock it.

        Raises `DataDirectoryInUse` if another process holds it, `SendlensError` if a newer version wrote it.
        """
        prepare(path)
        # TRICKY: the file is never deleted. A third process could lock the deleted one while a second locks a new one.
        handle = os.open(path / _LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(handle, 32).decode(errors="replace").strip() or "unknown"
            os.close(handle)
            raise DataDirectoryInUse(
                f"{path} is in use by the Sendlens process {holder}.",
                hint="Stop that process, or give this one a directory of its own with SENDLENS_DATA.",
                extra={"pid": holder},
            ) from None
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
        return cls(path, handle)

    def close(self) -> None:
        """Let go of the directory."""
        if self._handle is not None:
            with suppress(OSError):
                os.ftruncate(self._handle, 0)
            os.close(self._handle)
            self._handle = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def prepare(path: Path) -> None:
    """Create the directory, closed to other users, and check its format; enough for a command that takes no lock."""
    marker = path / _FORMAT_FILE
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not marker.exists():
            marker.write_text(f"{FORMAT}\n")
        text = marker.read_text().strip()
    except OSError as error:
        raise SettingsError(
            f"The data directory {path} cannot be used: {error.strerror} ({error.filename}).",
            hint="SENDLENS_DATA names a directory that Sendlens may create and write.",
        ) from error
    # An empty file is a first start that was cut short.
    if not text:
        marker.write_text(f"{FORMAT}\n")
    elif text == RESTORING:
        raise SendlensError(
            f"{path} is a backup that is being restored, or whose restoring was cut off.",
            hint="Wait for it; or empty the directory and run sendlens restore again.",
        )
    elif not text.isdecimal() or int(text) > FORMAT:
        raise SendlensError(
            f"{path} has the format {text!r}; this version of Sendlens knows up to {FORMAT}.",
            hint="Start the version that was here before, or a newer one.",
        )


def mark(path: Path, text: str) -> None:
    """Write another format into a directory, whole or not at all; for whoever holds it."""
    draft = path / f"{_FORMAT_FILE}.draft"
    draft.write_text(f"{text}\n")
    draft.replace(path / _FORMAT_FILE)


def format_of(path: Path) -> str:
    """Return what stands in the place of a directory's format; empty if nothing does."""
    try:
        return (path / _FORMAT_FILE).read_text().strip()
    except OSError:
        return ""


def holder(path: Path) -> str:
    """Return the process that holds a directory, empty if nobody does, without changing anything."""
    try:
        handle = os.open(path / _LOCK_FILE, os.O_RDONLY)
    except OSError:
        return ""
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return os.read(handle, 32).decode(errors="replace").strip() or "unknown"
    finally:
        os.close(handle)
    return ""


def check_owner(path: Path) -> None:
    """Raise `SettingsError` for another user than the one whose directory it is.

    Files that a helpful root leaves among the server's could not be opened by the server again.
    """
    if not path.exists():
        return
    owner = path.stat().st_uid
    if owner != os.geteuid():
        raise SettingsError(
            f"{path} belongs to the user {owner}, and this command runs as {os.geteuid()}.",
            hint="Run it as the server's user.",
        )
