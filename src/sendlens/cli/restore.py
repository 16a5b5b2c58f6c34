"""`sendlens restore`: a backup becomes a data directory."""

from __future__ import annotations

import sys
from pathlib import Path

from sendlens.cli.output import Json, moment, print_json


def restore(backup: Path, *, secret_key: Path | None = None, check: bool = False, json: Json = False) -> None:
    """Restore a backup into an empty data directory. SENDLENS_DATA names it; start the server afterwards.

    Args:
        backup: The backup, a directory or a .tar file.
        secret_key: File with the secret key, for a backup that was taken without it.
        check: Only compare every file of the backup with its checksum.
        json: Print JSON instead of text.
    """
    from sendlens import settings as configuration
    from sendlens.operations import restore as restoring

    settings = configuration.load()
    backup = backup.expanduser().absolute()
    manifest = restoring.verify(backup) if check else restoring.restore(settings, backup, secret_key=secret_key)
    events = manifest.rows.get("events", 0)
    if json:
        told = {"taken_at": manifest.taken_at, "sendlens": manifest.sendlens, "rows": manifest.rows}
        print_json(told | {"waiting": manifest.waiting, "restored": not check})
        return
    done = "Every file is as it was written" if check else f"Restored into {settings.data}"
    sys.stdout.write(
        f"{done}: {events} events up to {moment(manifest.taken_at)}, by Sendlens {manifest.sendlens}.\n"
        f"{manifest.waiting} accepted records wait in the log and are stored when the server starts.\n"
    )
