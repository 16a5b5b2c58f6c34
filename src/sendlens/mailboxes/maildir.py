"""Maildir: one file per mail in `new`, moved to `cur` once it was read."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from sendlens.mailboxes.letters import LONGEST_LETTER, MOST_LETTERS, Letter, MailboxError, Position


class Maildir:
    """A Maildir that some mail server delivers to."""

    def __init__(self, path: Path, afterwards: str, move_to: str) -> None:
        """Open the directory. Raises `MailboxError` if it is no Maildir."""
        if not (path / "new").is_dir():
            raise MailboxError(f"{path} is no Maildir: it has no directory `new`")
        self._path = path
        self._afterwards = afterwards
        # Maildir++: a folder is a directory whose name begins with a dot.
        self._target = path / f".{move_to.replace('/', '.')}" / "cur" if afterwards == "move" else path / "cur"

    def letters(self, position: Position) -> Iterator[Letter]:
        """Yield the mails in `new`, the oldest first; with `keep`, those after the position."""
        after = (int(position.get("time", 0)), str(position.get("name", ""))) if self._afterwards == "keep" else (0, "")
        try:
            with os.scandir(self._path / "new") as entries:
                found = [(entry.stat(follow_symlinks=False), entry.name) for entry in entries if entry.name[:1] != "."]
            # A link may lead anywhere; a mail is a file.
            times = sorted((about.st_mtime_ns, name) for about, name in found if stat.S_ISREG(about.st_mode))
            for time_ns, name in [each for each in times if each > after][:MOST_LETTERS]:
                try:
                    with (self._path / "new" / name).open("rb") as file:
                        data = file.read(LONGEST_LETTER)
                except FileNotFoundError:
                    continue  # a mail program took it
                yield Letter(data, name, {"time": time_ns, "name": name})
        except OSError as error:
            raise MailboxError(f"{self._path} cannot be read: {error.strerror or error}") from error

    def finish(self, letter: Letter) -> None:
        """Move the mail to `cur` as seen, to the folder, or delete it."""
        file = self._path / "new" / letter.name
        try:
            if self._afterwards == "delete":
                file.unlink(missing_ok=True)
            elif self._afterwards != "keep":
                self._target.mkdir(parents=True, exist_ok=True)
                plain = letter.name.partition(":")[0]
                file.rename(self._target / f"{plain}:2,S")
        except FileNotFoundError:
            return
        except OSError as error:
            raise MailboxError(f"{file} cannot be moved: {error.strerror or error}") from error

    def close(self) -> None:
        """Nothing is held open."""
