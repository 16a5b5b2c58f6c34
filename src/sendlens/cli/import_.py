"""`sendlens import`: events, mails and reports from files to a running server.

Owns the course, the progress and the summary. Files are read by `sources.files`; posting and repeating is the
simulator's `sender`, which does what a provider would.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, cast

from cyclopts import Parameter

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import BinaryIO

    import httpx

    from sendlens.simulator.sender import Sender, Tally
    from sendlens.sources.files import Record

MOST_SHOWN: Final = 50
"""Most rejections printed; a rejects file gets them all."""
_PATHS: Final = {"events": "/v1/events", "conversions": "/v1/conversions"}
_FORMATS: Final = ("auto", "mail")


def import_(
    files: Annotated[tuple[Path, ...], Parameter(name="file", negative="")],
    /,
    *,
    url: str = "",
    key: str = "",
    source: str = "",
    kind: str = "events",
    format: str = "auto",
    rejects: Path | None = None,
    parallel: int = 4,
) -> None:
    """Send events, mails and reports from files to a running server; code 1 if some were rejected.

    What was sent before may be sent again: the server recognises repeated events, so that an import that broke off is
    simply started anew.

    Args:
        files: Files of events; .ndjson, .jsonl, .json or .csv, also with .gz behind it.
        url: Address of the server; else SENDLENS_URL, or http://127.0.0.1:8000.
        key: API key with the scope ingest; else SENDLENS_API_KEY.
        source: Name of the source that the events are filed under; the server's default if empty.
        kind: What the records are: events or conversions.
        format: auto, or mail for mails, mbox files, Maildirs, and DMARC or TLS reports, as files or directories.
        rejects: File to write the rejected records to, as lines of JSON.
        parallel: How many requests are under way at the same time.
    """
    from sendlens.errors import InvalidField, SettingsError

    key = key or os.environ.get("SENDLENS_API_KEY", "")
    if not key:
        raise SettingsError(
            "An import needs an API key.", hint="Give --key or SENDLENS_API_KEY; `sendlens key create` makes one."
        )
    if kind not in _PATHS:
        raise InvalidField("kind", kind, f"one of {', '.join(_PATHS)}")
    if format not in _FORMATS:
        raise InvalidField("format", format, f"one of {', '.join(_FORMATS)}")
    if format == "mail" and rejects:
        raise InvalidField("rejects", str(rejects), "mails stay where they are; leave it out with --format mail")
    if not 1 <= parallel <= 64:
        raise InvalidField("parallel", parallel, "1 to 64")
    address = url or os.environ.get("SENDLENS_URL", "") or "http://127.0.0.1:8000"
    mails = format == "mail"
    wanted = Import(files, "/v1/mail" if mails else _PATHS[kind], source, rejects, parallel, mails=mails)
    if asyncio.run(wanted.run(address, key)):
        sys.exit(1)


class Import:
    """One run over some files."""

    def __init__(
        self,
        files: Sequence[Path],
        path: str,
        source: str,
        rejects: Path | None,
        parallel: int,
        *,
        mails: bool = False,
    ) -> None:
        """Send the records of `files` to `path`, mails one by one; nothing is opened yet."""
        self._mails = mails
        self._files = files
        self._path = path
        self._headers = {"content-type": "message/rfc822" if mails else "application/x-ndjson"}
        if source:
            self._headers["x-sendlens-source"] = source
        self._rejects = rejects
        self._parallel = parallel
        self._shown: list[tuple[Record, str]] = []

    async def run(self, url: str, key: str, transport: httpx.AsyncBaseTransport | None = None) -> int:
        """Send everything and print what became of it; returns the number of rejected records."""
        from rich.console import Console
        from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        from sendlens.cli.import_mail import letters
        from sendlens.simulator.sender import Sender
        from sendlens.sources.files import batches, records

        started = time.monotonic()
        # On the other stream, so that the summary alone can be kept.
        console = Console(stderr=True)
        columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
        with ExitStack() as stack:
            rejects = stack.enter_context(self._rejects.open("wb")) if self._rejects else None
            progress = stack.enter_context(Progress(*columns, console=console, disable=not console.is_terminal))
            shown = progress.add_task("0 records")
            async with Sender(url, key, concurrency=self._parallel, transport=transport) as sender:
                found = ([mail] for mail in letters(self._files)) if self._mails else batches(records(self._files))

                async def work() -> None:
                    # Workers share one iterator: none of them waits between looking for a batch and taking it.
                    for batch in found:
                        await self._send(sender, batch, rejects)
                        tally = sender.tally
                        progress.update(shown, description=f"{tally.posted:,} records, {tally.rejected:,} rejected")

                try:
                    async with asyncio.TaskGroup() as group:
                        for _ in range(self._parallel):
                            group.create_task(work())
                except ExceptionGroup as errors:
                    # The first says what is wrong; others are the same, met by other workers.
                    raise errors.exceptions[0] from None
        self._summary(sender.tally, max(time.monotonic() - started, 0.001))
        return sender.tally.rejected

    async def _send(self, sender: Sender, batch: list[Record], rejects: BinaryIO | None) -> None:
        from sendlens.simulator.webhooks import Post

        body = b"\n".join(record.body for record in batch)
        for told in await sender.post(Post(self._path, body, self._headers, len(batch))):
            record = batch[0] if self._mails else batch[cast("int", told["index"])]
            if rejects:
                rejects.write(record.body + b"\n")
            if len(self._shown) < MOST_SHOWN:
                field, error = str(told.get("field", "")), str(told.get("error", ""))
                # An error mostly begins with its field already.
                named = error if not field or error.startswith(field) else f"{field}: {error}"
                self._shown.append((record, named))

    def _summary(self, tally: Tally, seconds: float) -> None:
        place = {file: number for number, file in enumerate(self._files)}
        for record, error in sorted(
            self._shown, key=lambda one: (place.get(one[0].file, 0), str(one[0].file), one[0].line)
        ):
            sys.stderr.write(f"{record.file}:{record.line}: {error}\n")
        if tally.rejected > len(self._shown):
            sys.stderr.write(f"and {tally.rejected - len(self._shown):,} more\n")
        things = "mails and files" if self._mails else "records"
        sys.stdout.write(
            f"{tally.posted:,} {things}: {tally.accepted:,} accepted, {tally.rejected:,} rejected, "
            f"{tally.posted / seconds:,.0f} per second\n"
        )
        if tally.rejected and self._rejects:
            sys.stdout.write(f"The rejected records are in {self._rejects}\n")
