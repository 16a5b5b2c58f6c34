"""A real Sendlens server in a process of its own, to be stopped or killed.

Owns starting, waiting and ending. `inspect_data` opens the data directory of a *stopped* server in a fresh process,
because the embedded engine allows one per process.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.harness import forks
from tests.harness.forks import Program
from tests.harness.ports import free_port

KEY = "sl_test_0123456789abcdefghijklmnopqrstuv"
START_SECONDS = 60.0


class Server:
    """One Sendlens process on one data directory; may be started again after it ended."""

    def __init__(
        self,
        data: Path,
        *,
        environment: Mapping[str, str] | None = None,
        prefix: list[str] | None = None,
        fork: bool = True,
    ):
        """Prepare; `prefix` is put before the command, such as a tool that limits or breaks something.

        Where it can, a server starts as a fork; without `fork` it loads everything itself, as an operator's does.
        """
        self.data = data
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.headers = {"Authorization": f"Bearer {KEY}"}
        self._environment = dict(environment or {})
        self._prefix = prefix or []
        # What is different before the first line of the program needs a start from nothing.
        self._fork = fork and not prefix and all(name.startswith("SENDLENS_") for name in self._environment)
        self._output = data.parent / f"{data.name}.log"
        self.process: Program | None = None

    def launch(self) -> Program:
        """Start the process without waiting for it."""
        environment = {k: v for k, v in os.environ.items() if not k.startswith("SENDLENS_")} | {
            "SENDLENS_DATA": str(self.data),
            "SENDLENS_PORT": str(self.port),
            "SENDLENS_BOOTSTRAP_KEY": KEY,
            **self._environment,
        }
        words = ["sendlens", "serve"]
        with self._output.open("ab") as output:
            if self._fork:
                self.process = forks.start(words, environment, output, output)
            else:
                self.process = subprocess.Popen(
                    [*self._prefix, sys.executable, "-m", *words],
                    env=environment,
                    stdout=output,
                    stderr=output,
                    start_new_session=True,
                )
        return self.process

    def start(self) -> Server:
        """Start the process and wait until it is ready."""
        self.launch()
        self.wait_ready()
        return self

    def wait_ready(self) -> None:
        """Wait until `/health/ready` says so. Raises `AssertionError` with the server's output if it ended instead."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            assert self.process is not None
            assert self.process.poll() is None, f"the server ended with {self.process.returncode}:\n{self.output()}"
            try:
                if httpx.get(f"{self.url}/health/ready", timeout=5).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.05)
        raise AssertionError(f"the server is not ready after {START_SECONDS} s:\n{self.output()}")

    def wait_settled(self, seconds: float = 60.0) -> None:
        """Wait until nothing waits in the log."""
        deadline = time.monotonic() + seconds
        answer: object = None
        while time.monotonic() < deadline:
            reply = httpx.get(f"{self.url}/health/ready", timeout=10)
            answer = reply.json()
            if reply.status_code == 200 and reply.json()["waiting"] == 0:
                return
            time.sleep(0.05)
        raise AssertionError(f"records still wait after {seconds} s: {answer}\n{self.output()}")

    def post(self, path: str, body: object, **headers: str) -> httpx.Response:
        """Post JSON with the API key."""
        return httpx.post(
            self.url + path, content=json.dumps(body).encode(), headers={**self.headers, **headers}, timeout=30
        )

    def get(self, path: str, **parameters: str) -> Any:
        """Return the JSON of a GET with the API key."""
        answer = httpx.get(self.url + path, params=parameters, headers=self.headers, timeout=30)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def ready(self) -> Any:
        """Return what `/health/ready` tells, whatever its status."""
        return httpx.get(f"{self.url}/health/ready", timeout=30).json()

    def kill(self) -> None:
        """End the process as a power cut would, as far as the process is concerned."""
        self._signal(signal.SIGKILL)

    def stop(self, seconds: float = 40.0) -> int:
        """Ask the process to end, and return its exit code."""
        return self._signal(signal.SIGTERM, seconds)

    def _signal(self, number: signal.Signals, seconds: float = 20.0) -> int:
        assert self.process is not None
        if self.process.poll() is None:
            os.killpg(self.process.pid, number)
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(20)
            raise AssertionError(f"the server did not end within {seconds} s:\n{self.output()}") from None

    def output(self) -> str:
        """Return the end of what the server printed."""
        return self._output.read_text(errors="replace")[-6000:] if self._output.exists() else ""


@contextmanager
def running(data: Path, **environment: str) -> Generator[Server]:
    """Yield a ready server, and end it afterwards however the test went."""
    server = Server(data, environment=environment)
    try:
        yield server.start()
    finally:
        if server.process is not None and server.process.poll() is None:
            server.kill()


def inspect_data(data: Path, **queries: str) -> dict[str, Any]:
    """Return whether the tables of a stopped server agree, and the answers to some queries."""
    done = forks.run(["tests.harness.inspection", str(data), json.dumps(queries)], os.environ, timeout=300)
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(done.stdout.splitlines()[-1])
