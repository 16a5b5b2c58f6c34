"""The list of networks of a data directory: which one counts, and taking over a newer one.

Owns reading a list from a file or an address, writing it so that it is there whole or not at all, and noticing in a
running process that it has changed. Leaves the form and the checks to `enrich.networks`.
"""

from __future__ import annotations

import os
import urllib.error
import urllib.request
from http.client import HTTPException, HTTPMessage
from pathlib import Path
from typing import IO, Final
from urllib.parse import urlsplit

import structlog

from sendlens.enrich import networks
from sendlens.enrich.networks import Networks, NetworksError
from sendlens.errors import SettingsError

_log = structlog.stdlib.get_logger(__name__)

MOST_BYTES: Final = 64 * 1024 * 1024
SECONDS: Final = 30
_LOCAL: Final = {"127.0.0.1", "::1", "localhost"}


class _NoDetours(urllib.request.HTTPRedirectHandler):
    def redirect_request(  # its shape is the library's
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> None:
        return None


def in_use(data: Path) -> tuple[Networks, str]:
    """Return the list that counts for a data directory and where it comes from: a path, or `shipped`.

    Raises `SettingsError` if the directory's list cannot be used: verdicts by another list than the operator's would
    be wrong in silence.
    """
    path = data / networks.FILE
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return networks.SHIPPED, "shipped"
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"{path} cannot be read: {error}", hint="Remove it to use the list of this release."
        ) from error
    try:
        return networks.read(text), str(path)
    except NetworksError as error:
        raise SettingsError(
            f"{path} is no list of networks: {error}", hint="Refresh it again, or remove it to use the shipped list."
        ) from error


class Watched:
    """The list of a data directory, as a running process follows it."""

    def __init__(self, data: Path) -> None:
        """Make the directory's list count. Raises `SettingsError` if it cannot be used."""
        self._data = data
        self._stamp = _stamp(data)
        networks.use(in_use(data)[0])

    def follow(self) -> None:
        """Make the list count that is there now, if it is another than before.

        Raises `SettingsError` for one that cannot be used; then the list before it goes on counting.
        """
        stamp = _stamp(self._data)
        if stamp == self._stamp:
            return
        new, origin = in_use(self._data)
        networks.use(new)
        self._stamp = stamp
        _log.info("another list of networks counts", date=new.date, ranges=len(new.ranges), origin=origin)


def _stamp(data: Path) -> tuple[int, int, int]:
    """Return what changes when another file gets the place of the list; zeros if there is none."""
    try:
        told = (data / networks.FILE).stat()
    except FileNotFoundError:
        return (0, 0, 0)
    except OSError as error:
        raise SettingsError(f"{data / networks.FILE} cannot be looked at: {error.strerror}") from error
    return (told.st_mtime_ns, told.st_size, told.st_ino)


def refresh(data: Path, origin: str, owner: str, today: str) -> Networks:
    """Take over the list at `origin`, a path or an https address, and return what counts from now on.

    With an `owner`, every range in the text (of any form) becomes that owner's, and the others stay as they are.
    Raises `SettingsError` for what cannot be read or used; then everything stays as it was.
    """
    text = _fetched(origin) if "://" in origin else _read(Path(origin))
    try:
        new = in_use(data)[0].with_owner(owner, networks.found(text), today) if owner else networks.read(text)
    except NetworksError as error:
        raise SettingsError(
            f"{origin} cannot be used: {error}", hint="docs/enrichment.md#networks has the form."
        ) from error
    data.mkdir(parents=True, exist_ok=True)
    place = data / networks.FILE
    writing = place.with_suffix(".new")
    with writing.open("w", encoding="utf-8") as file:
        file.write(new.text())
        file.flush()
        os.fsync(file.fileno())
    writing.replace(place)
    return new


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return _text(file.read(MOST_BYTES + 1), str(path))
    except OSError as error:
        raise SettingsError(
            f"{path} cannot be read: {error.strerror}", hint="Name a file or an https:// address."
        ) from error


def _fetched(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOCAL):
        raise SettingsError(
            f"{url} is no https:// address.", hint="Whoever can change the list on its way could call people machines."
        )
    opener = urllib.request.build_opener(_NoDetours())
    try:
        with opener.open(url, timeout=SECONDS) as answer:
            return _text(answer.read(MOST_BYTES + 1), url)
    except (urllib.error.URLError, HTTPException, OSError) as error:
        raise SettingsError(
            f"{url} cannot be fetched: {error}", hint="Fetch it by other means and name the file."
        ) from error


def _text(body: bytes, origin: str) -> str:
    if len(body) > MOST_BYTES:
        raise SettingsError(f"{origin} is larger than {MOST_BYTES // 2**20} MB.", hint="A list of networks is smaller.")
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SettingsError(f"{origin} is no text in UTF-8.", hint="A list of networks is text.") from error
