"""Files of events as records with their line numbers: lines of JSON, JSON arrays, and CSV.

Owns the forms of files. Leaves the judging of records to the server, which does it for every sender alike.
"""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple, cast

import msgspec

from sendlens.errors import BadRequest, NotFound

BATCH_RECORDS: Final = 1_000
BATCH_BYTES: Final = 2_000_000

FORMS: Final = {".ndjson": "lines", ".jsonl": "lines", ".json": "json", ".csv": "csv"}
"""Suffix -> form; `.gz` behind it is unpacked, and a file with another suffix is taken for lines of JSON."""

LONGEST_LINE: Final = 16_000_000
"""Most bytes of one line: what is longer is no record, and a packed file could unfold to any length."""
LONGEST_JSON: Final = 200_000_000
"""Most bytes of a JSON array, which has to be read as a whole; lines of JSON may be of any number."""

_FLAGS: Final = {"true": True, "false": False, "1": True, "0": False}


class Record(NamedTuple):
    """One record as JSON, and where it stands: the line, or in a JSON array the place counted from 1."""

    file: Path
    line: int
    body: bytes


def records(files: Iterable[Path]) -> Iterator[Record]:
    """Yield the records of the files, one after another. Raises `NotFound` and `BadRequest` for files as a whole."""
    for file in files:
        packed = file.suffix.lower() == ".gz"
        form = FORMS.get(Path(file.stem).suffix.lower() if packed else file.suffix.lower(), "lines")
        try:
            with cast("BinaryIO", gzip.open(file, "rb")) if packed else file.open("rb") as source:
                yield from _READERS[form](file, source)
        except (OSError, EOFError) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            raise NotFound(f"{file} cannot be read: {reason}") from error


def batches(found: Iterable[Record]) -> Iterator[list[Record]]:
    """Yield the records in batches that any server accepts."""
    batch: list[Record] = []
    size = 0
    for record in found:
        if batch and (len(batch) == BATCH_RECORDS or size + len(record.body) > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(record)
        size += len(record.body) + 1
    if batch:
        yield batch


def _whole_lines(file: Path, source: BinaryIO) -> Iterator[bytes]:
    number = 0
    while line := source.readline(LONGEST_LINE + 1):
        number += 1
        if len(line) > LONGEST_LINE:
            raise BadRequest(f"{file}, line {number}: longer than {LONGEST_LINE:,} bytes")
        yield line


def _lines(file: Path, source: BinaryIO) -> Iterator[Record]:
    for number, line in enumerate(_whole_lines(file, source), 1):
        text = line.removeprefix(b"\xef\xbb\xbf").strip() if number == 1 else line.strip()
        if text:
            yield Record(file, number, text)


class _Wrapped(msgspec.Struct):
    events: list[msgspec.Raw]


def _json(file: Path, source: BinaryIO) -> Iterator[Record]:
    body = source.read(LONGEST_JSON + 1)
    if len(body) > LONGEST_JSON:
        raise BadRequest(
            f"{file} is longer than {LONGEST_JSON:,} bytes", hint="Write lines of JSON, one event each, as .ndjson."
        )
    body = body.removeprefix(b"\xef\xbb\xbf").strip()
    try:
        if body.startswith(b"["):
            found = msgspec.json.decode(body, type=list[msgspec.Raw])
        else:
            found = msgspec.json.decode(body, type=_Wrapped).events
    except msgspec.MsgspecError as error:
        # Many files called .json hold lines of JSON.
        if b"\n" in body and body.startswith(b"{"):
            yield from _lines(file, io.BytesIO(body))
            return
        raise BadRequest(
            f"{file} is neither a JSON array of events nor an object with `events`: {error}",
            hint="Lines of JSON, one event each, are accepted too; name such a file .ndjson.",
        ) from error
    for number, raw in enumerate(found, 1):
        # One line per record: white space between the members may hold line ends.
        yield Record(file, number, msgspec.json.format(bytes(raw), indent=-1))


def _csv(file: Path, source: BinaryIO) -> Iterator[Record]:
    texts = (line.decode("utf-8", "replace") for line in _whole_lines(file, source))
    reader = csv.reader(text.removeprefix("\ufeff") for text in texts)
    names = [name.strip() for name in next(reader, list[str]())]
    if not any(names):
        raise BadRequest(f"{file} is empty", hint="The first line of a CSV file names the fields: type,recipient,…")
    try:
        for row in reader:
            if any(row):
                told = {name: told for name, cell in zip(names, row, strict=False) if name and (told := cell.strip())}
                yield Record(file, reader.line_num, msgspec.json.encode(_typed(told)))
    except csv.Error as error:
        raise BadRequest(f"{file}, line {reader.line_num}: {error}") from error


def _typed(told: dict[str, str]) -> dict[str, object]:
    """Return a row with the few fields that are no text in JSON; tags are parted by semicolons."""
    row: dict[str, object] = dict(told)
    for name in ("untracked", "machine"):
        if name in told:
            row[name] = _FLAGS.get(told[name].lower(), told[name])
    if "tags" in told:
        row["tags"] = [tag for tag in map(str.strip, told["tags"].split(";")) if tag]
    if "metadata" in told:
        try:
            row["metadata"] = msgspec.json.decode(told["metadata"])
        except msgspec.DecodeError:
            row["metadata"] = told["metadata"]
    return row


_READERS: Final = {"lines": _lines, "json": _json, "csv": _csv}
