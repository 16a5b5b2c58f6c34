"""What the running server does for the commands that ask at its desk."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import structlog

from sendlens.clock import Clock
from sendlens.operations import backup
from sendlens.operations.desk import Answer, Request
from sendlens.operations.manifest import Manifest
from sendlens.pipeline.writer import Writer
from sendlens.settings import Settings
from sendlens.store.client import Store
from sendlens.store.connection import parse

_log = structlog.stdlib.get_logger(__name__)


def answering(settings: Settings, clock: Clock, store: Store, writer: Writer) -> Callable[[Request], Answer]:
    """Return what takes a backup of a running server; what a killed one left half done is given up first."""
    if parse(settings.store_url).directory:
        store.thaw()

    def work(request: Request) -> Answer:
        manifest = backup.take(
            settings,
            store,
            Path(request.target),
            now_ms=clock.now_ms(),
            pause=writer.paused(),
            with_secret_key=request.with_secret_key,
        )
        _log.info("backup taken", target=request.target, bytes=manifest.size)
        return answer_of(manifest)

    return work


def answer_of(manifest: Manifest) -> Answer:
    """Return what a person wants to know of a backup."""
    return Answer(
        taken_at=manifest.taken_at,
        events=manifest.rows.get("events", 0),
        waiting=manifest.waiting,
        size=manifest.size,
        secret_key=manifest.secret_key,
    )
