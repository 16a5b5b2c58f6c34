"""`sendlens log`: what to do when a block of the log is damaged. The server must not be running."""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from cyclopts import App

from sendlens.cli.output import Json, print_json
from sendlens.errors import NotFound, SendlensError

if TYPE_CHECKING:
    from sendlens.log import SqliteLog

app = App(name="log", help="Check the log for damage.", help_format="plaintext")


@app.command
def verify(*, json: Json = False) -> None:
    """Read the whole log and name its damaged blocks. Stop the server first."""
    with _stopped() as log:
        blocks, damaged = log.head(0), log.verify()
    if json:
        print_json({"head": blocks, "damaged": damaged})
    elif not damaged:
        sys.stdout.write("Every block of the log is as it was written.\n")
    if damaged:
        raise SendlensError(
            f"Damaged blocks: {', '.join(map(str, damaged))}.",
            hint="What was not stored yet becomes dead letters, whose senders can send it again. "
            "Only where the server names a block that it cannot go on at: sendlens log discard OFFSET",
        )


@app.command
def discard(offset: int) -> None:
    """Give up one block of the log, so that those behind it can be processed. Stop the server first.

    Args:
        offset: The block's number, as the error or the check names it.
    """
    with _stopped() as log:
        found = log.discard(offset)
    if not found:
        raise NotFound(f"There is no block {offset} in the log.")
    sys.stdout.write(f"Block {offset} is gone.\n")


@contextmanager
def _stopped() -> Generator[SqliteLog]:
    """Give the log of a data directory that nobody else uses."""
    from sendlens import settings as configuration
    from sendlens.control import DataDirectory
    from sendlens.log import SqliteLog
    from sendlens.log.sqlite import FILE

    settings = configuration.load()
    path = settings.data / FILE
    if not path.exists():
        raise NotFound(f"There is no log in {settings.data}.", hint="SENDLENS_DATA names the data directory.")
    with DataDirectory.open(settings.data):
        log = SqliteLog(path)
        try:
            yield log
        finally:
            log.close()
