"""Restoring: a backup becomes a data directory that a server can be started on.

Owns the order: everything is copied aside and compared with its checksums before anything gets its place, and the
directory is marked until all of it is there, so that no server starts on half of it. What the log has beyond its
position is not touched here; the server carries it at its start, as after any stop.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Final

from sendlens.control.control import Control
from sendlens.control.directory import FORMAT as DATA_FORMAT
from sendlens.control.directory import RESTORING, DataDirectory, check_owner, mark
from sendlens.control.secrets import KEY_FILE, load_secret_key
from sendlens.enrich.networks import FILE as NETWORKS
from sendlens.errors import SendlensError, SettingsError
from sendlens.operations import manifest as manifests
from sendlens.operations.archive import Source
from sendlens.operations.backup import check_covered
from sendlens.operations.manifest import DamagedBackup, Manifest
from sendlens.settings import Settings
from sendlens.store.client import Store
from sendlens.store.connection import parse

_ASIDE: Final = "restoring"
_KEEP_EVERY_ROW: Final = ("events", "event_keys")
"""Tables whose merges drop no rows, so that they can be counted."""


def verify(backup: Path) -> Manifest:
    """Compare every file of a backup with its checksum and return the manifest. Raises `DamagedBackup`."""
    with Source(backup) as source:
        manifests.check_schema(source.manifest)
        source.extract(None)
        return source.manifest


def restore(settings: Settings, backup: Path, *, secret_key: Path | None = None) -> Manifest:
    """Make the empty data directory of these settings what a backup holds, and return the manifest.

    `secret_key` is a file with the key where the backup has none and the settings neither. When anything is wrong, the
    directory is left as empty as it was.
    """
    check_covered(settings)
    with Source(backup) as source:
        manifest = source.manifest
        upto = manifests.check_schema(manifest)
        if manifest.data_format > DATA_FORMAT:
            raise SendlensError(
                f"The backup was written by Sendlens {manifest.sendlens}, which is newer than this one.",
                hint="Restore it with that version, or a newer one.",
            )
        if not (settings.secret_key or manifest.secret_key or secret_key):
            raise SettingsError(
                "The backup was taken without its secret key, which decrypts sources' secrets and API keys.",
                hint="Give the copy you keep with --secret-key FILE, or set SENDLENS_SECRET_KEY to what it was.",
            )
        _check_empty(settings)
        check_owner(settings.data)
        with DataDirectory.open(settings.data):
            try:
                mark(settings.data, RESTORING)
                _fill(settings, source, upto, secret_key)
                # The mark goes when all that it stands for is on disk.
                os.sync()
                mark(settings.data, str(manifest.data_format))
                os.sync()
            except BaseException:
                _empty(settings.data)
                raise
    return manifest


def _fill(settings: Settings, source: Source, upto: int, secret_key: Path | None) -> None:
    aside = settings.data / _ASIDE
    source.extract(aside)
    if secret_key:
        content = _read(secret_key)
        handle = os.open(settings.data / KEY_FILE, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
    elif source.manifest.secret_key:
        (aside / KEY_FILE).rename(settings.data / KEY_FILE)
    for name in (manifests.CONTROL, manifests.LOG):
        (aside / name).rename(settings.data / name)
    if (aside / NETWORKS).exists():
        (aside / NETWORKS).rename(settings.data / NETWORKS)
    # Opening it compares the secret key with the one it was written with.
    Control.open(settings.control_url, load_secret_key(settings)).close()
    with Store.open(settings) as store:
        store.migrate(upto)
        for table, parts in source.manifest.parts().items():
            store.attach(table, [aside / manifests.PARTS / table / part for part in parts])
        for table in _KEEP_EVERY_ROW:
            found = int(str(store.fetch_internal(f"SELECT count() FROM {table}").scalar()))  # noqa: S608 - our own names
            if found != source.manifest.rows.get(table, 0):
                raise DamagedBackup(
                    f"{table} has {found} rows after restoring, and {source.manifest.rows.get(table, 0)} in the backup."
                )
    shutil.rmtree(aside)


def _check_empty(settings: Settings) -> None:
    store = parse(settings.store_url).directory
    directories = [settings.data] if store is None else [settings.data, store]
    for directory in directories:
        # A disk of its own may have this one.
        there = sorted(path.name for path in directory.glob("*") if path.name != "lost+found")
        if there:
            raise SettingsError(
                f"{directory} is not empty: it has {', '.join(there[:3])}{' …' if len(there) > 3 else ''}.",
                hint="A backup is restored into a new directory: name one with SENDLENS_DATA.",
            )


def _empty(directory: Path) -> None:
    for path in directory.iterdir():
        if path.name == "lost+found":
            continue
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise SettingsError(f"The secret key in {path} cannot be read: {error.strerror}") from error
