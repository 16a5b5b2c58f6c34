"""The manifest: what a backup holds, of which version, and the checksum of every file.

Owns the format of `manifest.json` and which manifests this version can read.
"""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Final

import msgspec

from sendlens.errors import SendlensError
from sendlens.store.migrate import read as known_migrations

FORMAT: Final = 1
NAME: Final = "manifest.json"
CHECKSUM_NAME: Final = "manifest.sha256"
CONTROL: Final = "control.sqlite"
LOG: Final = "log.sqlite"
PARTS: Final = "store"


class DamagedBackup(SendlensError):
    """A backup is not what it was when it was written."""

    kind, title = "damaged-backup", "The backup is damaged"


class File(msgspec.Struct, frozen=True):
    """One file of a backup, by its path in it."""

    path: str
    size: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """The contents of a backup. `rows` are counted per table, `head` and `committed` are offsets of the log."""

    format: int
    sendlens: str
    taken_at: int
    data_format: int
    secret_key: bool
    migrations: dict[int, str]
    rows: dict[str, int]
    head: int
    committed: int
    waiting: int
    files: tuple[File, ...]

    @property
    def size(self) -> int:
        """Return the size of all files together, in bytes."""
        return sum(file.size for file in self.files)

    def parts(self) -> dict[str, list[str]]:
        """Return the names of the parts of each table."""
        found: dict[str, dict[str, None]] = {}
        for file in self.files:
            place = PurePosixPath(file.path).parts
            if place[0] == PARTS and len(place) > 3:
                found.setdefault(place[1], {})[place[2]] = None
        return {table: list(parts) for table, parts in found.items()}


def encode(manifest: Manifest) -> bytes:
    """Return the file `manifest.json`."""
    return msgspec.json.format(msgspec.json.encode(manifest), indent=1) + b"\n"


def decode(content: bytes) -> Manifest:
    """Return the manifest of a file. Raises `DamagedBackup`, or `SendlensError` for one of a newer version."""
    try:
        told = msgspec.json.decode(content, type=dict[str, msgspec.Raw])
        form = msgspec.json.decode(told.get("format", b"0"), type=int)
        if form > FORMAT:
            raise SendlensError(
                f"The backup has format {form}; this version of Sendlens reads up to {FORMAT}.",
                hint="Restore it with the version that wrote it, or a newer one.",
            )
        manifest = msgspec.json.decode(content, type=Manifest)
    except msgspec.MsgspecError as error:
        raise DamagedBackup(f"{NAME} cannot be read: {error}") from error
    for file in manifest.files:
        place = PurePosixPath(file.path)
        if place.is_absolute() or ".." in place.parts or str(place) != file.path:
            raise DamagedBackup(f"{NAME} names the file {file.path!r}, which is not inside the backup")
    return manifest


def check_schema(manifest: Manifest) -> int:
    """Return the number of the last migration of a backup, if all of its migrations are known here as they were."""
    known = {migration.number: migration.checksum for migration in known_migrations()}
    if unknown := sorted(set(manifest.migrations) - set(known)):
        raise SendlensError(
            f"The backup was written by Sendlens {manifest.sendlens} and has migration {unknown[-1]:04d}, which this "
            "version does not know.",
            hint="Restore it with the version that wrote it, or a newer one.",
        )
    if changed := sorted(number for number, checksum in manifest.migrations.items() if known[number] != checksum):
        raise SendlensError(
            f"Migration {changed[0]:04d} is not the one the backup was written with.",
            hint=f"Restore it with Sendlens {manifest.sendlens}.",
        )
    return max(manifest.migrations, default=0)
