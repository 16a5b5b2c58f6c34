"""Programs of ours in processes of their own that need not load everything first: forks of one process that has.

To import the product takes a second of a processor, and a run of the tests starts it more than a hundred times. So one
process per session imports it, opens nothing, and forks: `start(["sendlens", "serve"], …)` is `python -m sendlens
serve` from the first line of `sendlens.__main__`, with an environment, a session and files of its own. What happens
before that line (interpreter, imports, anything that `PYTHONPATH` changes) needs a real start: `subprocess.Popen`.

Owns both ends: the functions for tests, and the process that forks (`python -m tests.harness.forks`).
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import IO, Any, Final

LOADED: Final = (
    "sendlens.app",
    "sendlens.cli.serve",
    "uvicorn.lifespan.on",
    "uvicorn.loops.uvloop",
    "uvicorn.protocols.http.httptools_impl",
    "uvicorn.protocols.websockets.websockets_sansio_impl",
)
"""Imported before a fork. TRICKY: never `chdb`, which starts threads, and a fork has none of them."""

real = False
"""Whether everything is started for itself after all, as at a user's."""

_ROOT: Final = Path(__file__).parents[2]
_LONGEST: Final = 1 << 20


class Fork:
    """A started process; what a test asks of it is what it would ask of `subprocess.Popen`."""

    def __init__(self, pid: int) -> None:
        """Watch a process that was just forked."""
        self.pid = pid
        self.returncode: int | None = None
        self._handle = os.pidfd_open(pid)

    def poll(self) -> int | None:
        """Return the exit code, minus the signal that ended it, or nothing while it runs."""
        return self.returncode if self._ended(0) else None

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end and return the exit code. Raises `subprocess.TimeoutExpired`."""
        if not self._ended(timeout):
            raise subprocess.TimeoutExpired(str(self.pid), timeout or 0)
        assert self.returncode is not None
        return self.returncode

    def _ended(self, timeout: float | None) -> bool:
        if self.returncode is None:
            watched = select.poll()
            watched.register(self._handle, select.POLLIN)
            if not watched.poll(None if timeout is None else timeout * 1000):
                return False
            self.returncode = _forker().ask({"reap": self.pid})
            os.close(self._handle)
        return True


class _Forker:
    """The near end of the process that forks."""

    def __init__(self) -> None:
        here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._socket = here
        self._lock = threading.Lock()
        command = [sys.executable, "-m", "tests.harness.forks", str(there.fileno())]
        self._process = subprocess.Popen(command, cwd=_ROOT, pass_fds=[there.fileno()], stdin=subprocess.DEVNULL)
        there.close()
        atexit.register(self._end)

    def ask(self, request: Mapping[str, object], files: Sequence[int] = ()) -> int:
        with self._lock:
            socket.send_fds(self._socket, [json.dumps(request).encode()], files)
            answer = self._socket.recv(64)
        assert answer, "the process that forks has ended"
        return int(answer)

    def _end(self) -> None:
        self._socket.close()
        self._process.wait(10)


_forker = cache(_Forker)


Program = Fork | subprocess.Popen[bytes]


def start(words: Sequence[str], environment: Mapping[str, str], out: IO[bytes], error: IO[bytes]) -> Program:
    """Start `python -m WORDS` in a session of its own; the environment is all it gets."""
    if real or not hasattr(os, "pidfd_open"):  # Linux alone has it
        command = [sys.executable, "-m", *words]
        return subprocess.Popen(command, env=environment, stdout=out, stderr=error, start_new_session=True)
    request = {"words": list(words), "environment": dict(environment), "directory": str(Path.cwd())}
    return Fork(_forker().ask(request, [out.fileno(), error.fileno()]))


def run(words: Sequence[str], environment: Mapping[str, str], timeout: float) -> subprocess.CompletedProcess[str]:
    """Run `python -m WORDS` to its end and return its exit code and what it printed."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as error:
        process = start(words, environment, out, error)
        try:
            code = process.wait(timeout)
        except subprocess.TimeoutExpired:
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
            raise
        told = [file.read().decode() for file in (out, error) if file.seek(0) == 0]
        return subprocess.CompletedProcess(list(words), code, *told)


def main(number: int) -> None:
    """Fork for whoever is at the other end of a socket, until it is closed. Returns in no fork."""
    gate = socket.socket(fileno=number)
    for name in LOADED:
        importlib.import_module(name)
    assert "chdb" not in sys.modules
    gc.freeze()
    while True:
        content, files, _, _ = socket.recv_fds(gate, _LONGEST, 2)
        if not content:
            return
        request: dict[str, Any] = json.loads(content)
        if "reap" in request:
            _, status = os.waitpid(request["reap"], 0)
            gate.send(str(os.waitstatus_to_exitcode(status)).encode())
            continue
        # It is told of once it leads its session: whoever kills it then means that one.
        ready, told = os.pipe()
        pid = os.fork()
        if pid == 0:
            gate.close()
            os.close(ready)
            os.setsid()
            os.close(told)
            _become(request["words"], request["environment"], request["directory"], files)
            return
        for file in (*files, told):
            os.close(file)
        os.read(ready, 1)
        os.close(ready)
        gate.send(str(pid).encode())


def _become(words: list[str], environment: dict[str, str], directory: str, files: list[int]) -> None:
    for file, place in zip(files, (1, 2), strict=True):
        os.dup2(file, place)
        os.close(file)
    os.chdir(directory)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = list(words)
    runpy.run_module(words[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(int(sys.argv[1]))
