"""`sendlens backup`: one moment of everything, from a running server or a stopped one."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from sendlens.cli.output import Json, moment, print_json

if TYPE_CHECKING:
    from sendlens.operations.desk import Answer
    from sendlens.settings import Settings


def backup(target: Path, *, with_secret_key: bool = False, json: Json = False) -> None:
    """Write a backup, whether or not the server runs. Nothing is paused for longer than a moment.

    Args:
        target: Directory that does not exist yet, or a file whose name ends in .tar.
        with_secret_key: Put the secret key in, too. Who has such a backup can read sources' secrets.
        json: Print JSON instead of text.
    """
    from sendlens import settings as configuration
    from sendlens.control.directory import DataDirectory, check_owner
    from sendlens.errors import DataDirectoryInUse, NotFound
    from sendlens.operations.desk import Request, ask

    settings = configuration.load()
    target = target.expanduser().absolute()
    if not (settings.data / "format").exists():
        raise NotFound(f"There is no Sendlens in {settings.data}.", hint="SENDLENS_DATA names the data directory.")
    check_owner(settings.data)
    try:
        with DataDirectory.open(settings.data):
            answer = _stopped(settings, target, with_secret_key)
    except DataDirectoryInUse:
        answer = ask(settings.data, Request(target=str(target), with_secret_key=with_secret_key))
    if json:
        print_json({"target": str(target), "answer": answer})
        return
    lines = [f"{target} holds everything up to {moment(answer.taken_at)}: {answer.events} events, {answer.size} bytes."]
    if answer.waiting:
        lines.append(f"{answer.waiting} of the accepted records were not in the tables yet; restoring carries them in.")
    if not answer.secret_key:
        lines.append("The secret key is not in it. Keep it elsewhere: without it the backup cannot be restored.")
    sys.stdout.write("\n".join(lines) + "\n")


def _stopped(settings: Settings, target: Path, with_secret_key: bool) -> Answer:
    from sendlens.clock import SystemClock
    from sendlens.operations.backup import check_covered, take
    from sendlens.operations.serving import answer_of
    from sendlens.store.client import Store

    check_covered(settings)
    with Store.open(settings) as store:
        now = SystemClock().now_ms()
        return answer_of(take(settings, store, target, now_ms=now, with_secret_key=with_secret_key))
