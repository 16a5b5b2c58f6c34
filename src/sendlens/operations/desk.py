"""The desk: a command asks the running server to do something, through files in the data directory.

Owns the form of requests and answers. Only one process can have the embedded store open, so the server has to take the
backup; and only who may write the data directory may ask for one, which no API key of a tenant allows. A request is
`<id>.asked`, while it is worked on `<id>.working`, then `<id>.answered`.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec
import structlog

from sendlens.control.directory import holder
from sendlens.errors import SendlensError

DIRECTORY: Final = "requests"
POLL_SECONDS: Final = 0.25
TAKEN_SECONDS: Final = 20.0
"""How long a request may lie before somebody takes it; a server does so within a second."""

_log = structlog.stdlib.get_logger(__name__)


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """Please take a backup."""

    target: str
    with_secret_key: bool = False


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What became of it: a manifest's facts, or a mistake."""

    error: str = ""
    hint: str = ""
    title: str = ""
    taken_at: int = 0
    events: int = 0
    waiting: int = 0
    size: int = 0
    secret_key: bool = False


class Desk:
    """The server's side: one thread that looks for requests and answers them one after another."""

    def __init__(self, data: Path, work: Callable[[Request], Answer]) -> None:
        """Prepare to answer with `work`; requests to an earlier server are gone."""
        self._directory = data / DIRECTORY
        self._directory.mkdir(mode=0o700, exist_ok=True)
        for left in self._directory.iterdir():
            left.unlink(missing_ok=True)
        self._work = work
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="desk", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self, timeout: float = 30.0) -> None:
        """Finish the request at hand and take no other."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout)

    def _run(self) -> None:
        while not self._stop.wait(POLL_SECONDS):
            for asked in sorted(self._directory.glob("*.asked")):
                try:
                    self._answer(asked)
                except OSError as error:
                    _log.warning("a request could not be answered", error=str(error))

    def _answer(self, asked: Path) -> None:
        working = asked.with_suffix(".working")
        asked.rename(working)
        try:
            answer = self._work(msgspec.json.decode(working.read_bytes(), type=Request))
        except SendlensError as error:
            answer = Answer(error=error.detail, hint=error.hint, title=error.title)
        except Exception as error:  # whoever asked waits in another process, and has to hear of any mistake
            _log.exception("a request failed")
            answer = Answer(error=f"{type(error).__name__}: {error}", title=SendlensError.title)
        _write(asked.with_suffix(".answered"), msgspec.json.encode(answer))
        working.unlink(missing_ok=True)


def ask(data: Path, request: Request) -> Answer:
    """Ask the server that holds a data directory and wait for its answer.

    Raises `SendlensError` with the server's own words, or when it has gone or takes no requests.
    """
    directory = data / DIRECTORY
    name = secrets.token_hex(8)
    asked, answered = directory / f"{name}.asked", directory / f"{name}.answered"
    try:
        directory.mkdir(mode=0o700, exist_ok=True)
        _write(asked, msgspec.json.encode(request))
    except OSError as error:
        raise SendlensError(
            f"The server that uses {data} cannot be asked: {error.strerror}", hint="Run this as the server's user."
        ) from error
    latest = time.monotonic() + TAKEN_SECONDS
    try:
        while not answered.exists():
            if not holder(data) and not answered.exists():
                raise SendlensError("The server stopped before it was done.", hint="Run the command again.")
            if asked.exists() and time.monotonic() > latest:
                raise SendlensError("The process that holds the data directory takes no requests; is it a server?")
            time.sleep(POLL_SECONDS / 2)
        answer = msgspec.json.decode(answered.read_bytes(), type=Answer)
    finally:
        for path in (asked, answered):
            path.unlink(missing_ok=True)
    if answer.error:
        error = SendlensError(answer.error, hint=answer.hint)
        error.title = answer.title
        raise error
    return answer


def _write(path: Path, content: bytes) -> None:
    draft = path.with_suffix(".draft")
    draft.write_bytes(content)
    draft.rename(path)
