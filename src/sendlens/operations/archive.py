"""Archives: a backup as a directory or as one `.tar` file, written and read in the same way.

Owns that a backup appears under its name only when it is complete and on disk, and that nobody else may read it. Knows
nothing of what is in it but the manifest.
"""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import tarfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Final, Protocol

from sendlens.errors import NotFound, SettingsError
from sendlens.operations.manifest import CHECKSUM_NAME, NAME, DamagedBackup, File, Manifest, decode, encode

_CHUNK: Final = 1 << 20


class Sink(Protocol):
    """Where a backup is written to. `stage` is a directory for files that are made on the way."""

    stage: Path

    def add(self, path: str, source: Path) -> File:
        """Copy a file into the backup under a path, and return its entry of the manifest."""
        ...

    def finish(self, manifest: Manifest) -> None:
        """Write the manifest, bring everything to the disk, and give the backup its name."""
        ...

    def abandon(self) -> None:
        """Leave nothing behind."""
        ...


def sink(target: Path) -> Sink:
    """Return where to write a backup: one file for a name that ends in `.tar`, else a directory.

    Raises `SettingsError` when something is there already, or nothing can be written there.
    """
    try:
        if target.exists() and not (target.is_dir() and not any(target.iterdir()) and target.suffix != ".tar"):
            raise SettingsError(f"{target} exists already.", hint="A backup never overwrites; give it another name.")
        target.parent.mkdir(parents=True, exist_ok=True)
        return _Tar(target) if target.suffix == ".tar" else _Directory(target)
    except OSError as error:
        raise SettingsError(f"{target} cannot be written: {error.strerror}") from error


class _Directory:
    def __init__(self, target: Path) -> None:
        self._target = target
        self._partial = _fresh(target)
        self.stage = self._partial / ".stage"
        self.stage.mkdir(mode=0o700)

    def add(self, path: str, source: Path) -> File:
        place = self._partial / path
        _directory(place.parent)
        with source.open("rb") as reading, _private(place) as writing:
            return copy(path, reading, writing)

    def finish(self, manifest: Manifest) -> None:
        shutil.rmtree(self.stage)
        for name, content in _closing(manifest):
            with _private(self._partial / name) as file:
                file.write(content)
        # One flush for everything: thousands of small files would otherwise wait for the disk one by one.
        os.sync()
        if self._target.exists():
            self._target.rmdir()
        self._partial.rename(self._target)
        _sync(self._target.parent)

    def abandon(self) -> None:
        shutil.rmtree(self._partial, ignore_errors=True)


class _Tar:
    def __init__(self, target: Path) -> None:
        self._target = target
        self.stage = _fresh(target)
        self._partial = self.stage / target.name
        self._file = _private(self._partial)
        # Uncompressed: parts and blocks are compressed already, and any file can be found without reading the others.
        self._tar = tarfile.open(fileobj=self._file, mode="w")  # noqa: SIM115 - closed by finish and abandon

    def add(self, path: str, source: Path) -> File:
        with source.open("rb") as file:
            reading = _Hashing(file)
            self._tar.addfile(_entry(path, source.stat().st_size), reading)
        return File(path, reading.size, reading.sha256.hexdigest())

    def finish(self, manifest: Manifest) -> None:
        for name, content in _closing(manifest):
            self._tar.addfile(_entry(name, len(content)), io.BytesIO(content))
        self._tar.close()
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._partial.rename(self._target)
        shutil.rmtree(self.stage)
        _sync(self._target.parent)

    def abandon(self) -> None:
        self._file.close()
        shutil.rmtree(self.stage, ignore_errors=True)


class Source:
    """A finished backup to read from; its manifest was compared with its own checksum."""

    def __init__(self, path: Path) -> None:
        """Open a directory or a `.tar` file. Raises `NotFound` or `DamagedBackup`."""
        if not path.exists():
            raise NotFound(f"There is no backup at {path}.")
        self._path = path
        try:
            self._tar = None if path.is_dir() else tarfile.open(path, "r:")  # noqa: SIM115 - closed by close
        except tarfile.TarError as error:
            raise DamagedBackup(f"{path} is not a backup of Sendlens: {error}") from error
        with self.open(NAME) as file:
            content = file.read()
        with self.open(CHECKSUM_NAME) as file:
            told = file.read().decode(errors="replace").strip()
        if told != hashlib.sha256(content).hexdigest():
            raise DamagedBackup(f"{NAME} in {path} does not have the checksum it was written with.")
        self.manifest: Final = decode(content)

    @contextmanager
    def open(self, name: str) -> Generator[IO[bytes]]:
        """Give a file of the backup."""
        try:
            file = self._tar.extractfile(name) if self._tar else (self._path / name).open("rb")
            if file is None:
                raise KeyError(name)
        except (KeyError, OSError, tarfile.TarError) as error:
            raise DamagedBackup(f"The backup {self._path} lacks the file {name}.") from error
        with file:
            yield file

    def extract(self, into: Path | None) -> None:
        """Compare every file with its checksum; with `into`, also write it there. Raises `DamagedBackup`."""
        for file in self.manifest.files:
            with self.open(file.path) as reading:
                if into is None:
                    found = copy(file.path, reading, None)
                else:
                    place = into / file.path
                    _directory(place.parent)
                    with _private(place) as writing:
                        found = copy(file.path, reading, writing)
            if found != file:
                raise DamagedBackup(
                    f"The file {file.path} does not have the checksum it was written with.",
                    hint="Take an earlier backup, or another copy of this one.",
                )

    def close(self) -> None:
        """Let go of the file."""
        if self._tar:
            self._tar.close()

    def __enter__(self) -> Source:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def copy(path: str, reading: IO[bytes], writing: IO[bytes] | None) -> File:
    """Copy to the end, or only read, and return the entry of what was read."""
    hashing = _Hashing(reading)
    while chunk := hashing.read(_CHUNK):
        if writing is not None:
            writing.write(chunk)
    return File(path, hashing.size, hashing.sha256.hexdigest())


class _Hashing(io.RawIOBase):
    def __init__(self, file: IO[bytes]) -> None:
        super().__init__()
        self._file = file
        self.size = 0
        self.sha256 = hashlib.sha256()

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        chunk = self._file.read(size)
        self.size += len(chunk)
        self.sha256.update(chunk)
        return chunk


def _closing(manifest: Manifest) -> list[tuple[str, bytes]]:
    content = encode(manifest)
    return [(NAME, content), (CHECKSUM_NAME, hashlib.sha256(content).hexdigest().encode() + b"\n")]


def _entry(path: str, size: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(str(PurePosixPath(path)))
    entry.size, entry.mode = size, 0o600
    return entry


def _fresh(target: Path) -> Path:
    partial = target.with_name(f".{target.name}.partial")
    # Left by a backup that was killed; the name is ours.
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(mode=0o700)
    return partial


def _directory(path: Path) -> None:
    # Not mkdir(parents=True), which gives only the last one the mode.
    if not path.is_dir():
        _directory(path.parent)
        path.mkdir(mode=0o700)


def _private(path: Path) -> IO[bytes]:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def _sync(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
