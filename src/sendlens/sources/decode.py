"""Bytes to plain JSON values, for every source alike.

Owns the reading of documents and of lines, and what an unreadable one is answered. Fast where the bytes are valid;
where they are not, a slower reader lets a single bad text spoil only its own record.
"""

from __future__ import annotations

import csv
import io
import json
from decimal import Decimal
from typing import Final, NoReturn, cast

import msgspec

from sendlens.errors import BadRequest


# Numbers with a point become decimals: money must not pass through binary fractions.
def _number(text: str) -> Decimal:
    """Return a number as a decimal; one that is beyond all measure as NaN, which every rule refuses for itself."""
    try:
        return Decimal(text)
    except ArithmeticError:
        return Decimal("NaN")


_DECODER: Final = msgspec.json.Decoder(float_hook=_number)
_BOM: Final = b"\xef\xbb\xbf"


class Unreadable(msgspec.Struct, frozen=True):
    """A line that is not JSON, in the place of its value."""

    error: str


def document(body: bytes) -> object:
    """Return the value of a JSON document. Raises `BadRequest` naming the position of the first mistake."""
    text = body.removeprefix(_BOM)
    if not text.strip():
        raise BadRequest("the body is empty", hint="Post a JSON document.")
    try:
        return _DECODER.decode(text)
    except RecursionError:
        raise BadRequest("the JSON document is nested too deeply") from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _patient(text)


def mapping(body: bytes, what: str) -> dict[str, object]:
    """Return the JSON object that a body holds. Raises `BadRequest` for anything else."""
    told = document(body)
    if not isinstance(told, dict):
        raise BadRequest(f"{what} is a JSON object")
    return cast("dict[str, object]", told)


def csv_rows(body: bytes, most: int) -> list[object]:
    """Return a table's rows as objects by the names in its first line, empty fields left out, at most `most` of them.

    `Unreadable` stands for a row that has more fields than names. Raises `BadRequest` for what is no table in UTF-8.
    """
    try:
        text = body.removeprefix(_BOM).decode()
    except UnicodeDecodeError as error:
        raise BadRequest(f"the table is not UTF-8: {error}") from error
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    found: list[object] = []
    try:
        names = [name.strip() for name in next(reader, list[str]())]
        if not any(names):
            raise BadRequest("the body is empty", hint="The first line of a table names its fields.")
        for row in reader:
            if len(row) > len(names):
                found.append(Unreadable(f"the row has {len(row)} fields, the first line names {len(names)}"))
            elif any(row):
                found.append({name: value for name, value in zip(names, row, strict=False) if value != ""})
            if len(found) >= most:
                break
    except csv.Error as error:
        raise BadRequest(f"line {reader.line_num} of the table cannot be read: {error}") from error
    return found


def lines(body: bytes) -> list[object]:
    """Return the values of a body with one JSON value per line; `Unreadable` where a line is not JSON.

    Raises `BadRequest` for a body without a line.
    """
    told = split(body)
    try:
        return _DECODER.decode_lines(body.removeprefix(_BOM))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return [line(one) for one in told]


def split(body: bytes) -> list[bytes]:
    """Return the lines of a body that are not blank. Raises `BadRequest` if there are none."""
    told = [line for line in body.removeprefix(_BOM).split(b"\n") if line.strip()]
    if not told:
        raise BadRequest("the body is empty", hint="Post one JSON object per line.")
    return told


def line(line: bytes) -> object:
    """Return the value of one line of JSON, or `Unreadable`."""
    try:
        return document(line)
    except BadRequest as error:
        return Unreadable(error.detail)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _patient(body: bytes) -> object:
    """Read what is JSON by its grammar although a text in it is not valid Unicode.

    Invalid bytes become lone surrogates, which the judge refuses or mends field by field.
    """
    try:
        return cast(
            "object",
            json.loads(body.decode("utf-8", "surrogateescape"), parse_float=_number, parse_constant=_refuse),
        )
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno} (character {error.pos} of {len(error.doc)})"
        cut = " The document seems to be cut off." if error.pos >= len(error.doc.rstrip()) - 1 else ""
        raise BadRequest(f"the body is not valid JSON: {error.msg} at {where}.{cut}") from None
    except RecursionError:
        raise BadRequest("the JSON document is nested too deeply") from None
    except ValueError as error:
        raise BadRequest(f"the body is not valid JSON: {error}") from None
