"""Backups: one moment of control plane, log and store, copied while events keep arriving.

Owns the order, which is what makes the moment one. The writer is held between two batches just long enough to begin a
read transaction on the control plane and on the log, and to hold the store's parts still by hard links; copying comes
after it goes on. So the log's position and the ledger stand exactly where the store stands: what the log has beyond its
position is in no table and will be carried after a restore, what is before it is in every table.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Generator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from pathlib import Path
from typing import Final

from sendlens import __version__
from sendlens.control.directory import FORMAT as DATA_FORMAT
from sendlens.control.secrets import KEY_FILE
from sendlens.enrich.networks import FILE as NETWORKS
from sendlens.errors import SendlensError, SettingsError
from sendlens.operations import manifest as manifests
from sendlens.operations.archive import Sink, sink
from sendlens.operations.manifest import Manifest
from sendlens.settings import Settings
from sendlens.store.client import Store
from sendlens.store.connection import parse
from sendlens.store.snapshot import Part

SNAPSHOT: Final = "backup"
_ROOM: Final = 1.05
"""Free space asked for, as a multiple of what is to be copied."""


def take(
    settings: Settings,
    store: Store,
    target: Path,
    *,
    now_ms: int,
    pause: AbstractContextManager[None] | None = None,
    with_secret_key: bool = False,
) -> Manifest:
    """Write a backup to `target` and return its manifest; nothing is there under that name before it is complete.

    `pause` holds the writer of this process. Without one, nobody else may use the data directory.
    """
    check_covered(settings)
    _check_target(settings, target)
    secret = settings.data / KEY_FILE
    if with_secret_key and not secret.exists():
        raise SettingsError(
            f"There is no {secret}: the secret key comes from SENDLENS_SECRET_KEY.",
            hint="Leave out --with-secret-key and keep the value of the setting elsewhere.",
        )
    with ExitStack() as stack:
        control = stack.enter_context(_opened(settings.data / manifests.CONTROL))
        log = stack.enter_context(_opened(settings.data / manifests.LOG))
        store.thaw()
        stack.callback(store.thaw)
        migrations = store.history()
        if not migrations:
            raise SettingsError(f"The store in {settings.data} has no tables yet.", hint="Start the server once.")
        with pause or nullcontext():
            _begin(control, "batches")
            _begin(log, "position")
            parts = store.freeze(SNAPSHOT)
        _check_room(settings, target, parts)
        writing = sink(target)
        try:
            manifest = _copy(
                writing, settings, control, log, parts, migrations, secret if with_secret_key else None, now_ms
            )
            writing.finish(manifest)
        except OSError as error:
            writing.abandon()
            raise SendlensError(
                f"The backup could not be written to {target}: {error.strerror or error}",
                hint="Nothing of it was left there.",
            ) from error
        except BaseException:
            writing.abandon()
            raise
    return manifest


def check_covered(settings: Settings) -> None:
    """Raise `SettingsError` unless everything is in the data directory."""
    outside = [
        name
        for name, elsewhere in (
            ("the store is a ClickHouse server", not parse(settings.store_url).directory),
            ("the control plane is a PostgreSQL server", not settings.control_url.startswith("sqlite")),
            ("the control plane is in another file", settings.control.startswith("sqlite")),
        )
        if elsewhere
    ]
    if outside:
        raise SettingsError(
            f"This command copies what is in the data directory, but {' and '.join(outside)}.",
            hint="Use the tools of those servers; docs/operations.md says in which order.",
        )


def _copy(
    writing: Sink,
    settings: Settings,
    control: sqlite3.Connection,
    log: sqlite3.Connection,
    parts: Sequence[Part],
    migrations: dict[int, str],
    secret: Path | None,
    now_ms: int,
) -> Manifest:
    (committed,) = log.execute("SELECT offset FROM position").fetchone()
    (head,) = log.execute("SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'blocks'").fetchone()
    (waiting,) = log.execute("SELECT coalesce(sum(count), 0) FROM blocks WHERE offset > ?", (committed,)).fetchone()
    files = [
        writing.add(manifests.CONTROL, _copied(control, writing.stage / manifests.CONTROL)),
        writing.add(manifests.LOG, _copied(log, writing.stage / manifests.LOG)),
    ]
    if (listed := settings.data / NETWORKS).exists():
        files.append(writing.add(NETWORKS, listed))
    if secret:
        files.append(writing.add(KEY_FILE, secret))
    rows: dict[str, int] = {}
    for part in parts:
        rows[part.table] = rows.get(part.table, 0) + part.rows
        for file in sorted(path for path in part.directory.rglob("*") if path.is_file()):
            inside = file.relative_to(part.directory).as_posix()
            files.append(writing.add(f"{manifests.PARTS}/{part.table}/{part.name}/{inside}", file))
    return Manifest(
        format=manifests.FORMAT,
        sendlens=__version__,
        taken_at=now_ms,
        data_format=DATA_FORMAT,
        secret_key=secret is not None,
        migrations=migrations,
        rows=rows,
        head=head,
        committed=committed,
        waiting=waiting,
        files=tuple(files),
    )


@contextmanager
def _opened(path: Path) -> Generator[sqlite3.Connection]:
    if not path.exists():
        raise SettingsError(f"There is no {path}.", hint="SENDLENS_DATA names the data directory of the server.")
    connection = sqlite3.connect(path, timeout=10, isolation_level=None)
    try:
        connection.execute("PRAGMA query_only = ON")
        yield connection
    finally:
        connection.close()


def _begin(connection: sqlite3.Connection, table: str) -> None:
    connection.execute("BEGIN")
    # TRICKY: BEGIN alone begins nothing; the first read does, and decides what this connection sees from then on.
    connection.execute(f"SELECT count(*) FROM (SELECT 1 FROM {table} LIMIT 1)").fetchone()  # noqa: S608 - our own names


def _copied(connection: sqlite3.Connection, place: Path) -> Path:
    """Copy what the connection's transaction sees; whatever is written meanwhile is not in it."""
    copy = sqlite3.connect(place)
    try:
        connection.backup(copy)
        # One file that is complete by itself, and stays in the mode in which readers and the writer do not wait.
        copy.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        copy.close()
    connection.execute("ROLLBACK")
    return place


def _check_target(settings: Settings, target: Path) -> None:
    if target.resolve().is_relative_to(settings.data.resolve()):
        raise SettingsError(
            f"{target} is inside the data directory; the backup would be lost with it.",
            hint="Name a place on another disk.",
        )


def _check_room(settings: Settings, target: Path, parts: Sequence[Part]) -> None:
    databases = [settings.data / name for name in (manifests.CONTROL, manifests.LOG)]
    files = [*databases, *(file for part in parts for file in part.directory.rglob("*") if file.is_file())]
    # The log is copied once to the side and once into the backup.
    wanted = int(sum(file.stat().st_size for file in [*files, *databases]) * _ROOM)
    there = target.parent
    while not there.exists():
        there = there.parent
    if (free := shutil.disk_usage(there).free) < wanted:
        raise SettingsError(
            f"The backup needs up to {wanted >> 20} MB, and {there} has {free >> 20} MB left.",
            hint="Make room, or name a place on another disk.",
        )
