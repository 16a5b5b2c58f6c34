"""A real server process of Sendlens with a data directory of its own, as it is run in production.

Owns starting, asking and stopping it. Nothing in here shares a process with the server.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Generator, Mapping
from pathlib import Path

import httpx

from bench.key import KEY
from bench.machine import Watch, cpu_seconds
from tests.harness.ports import free_port


class Server:
    """A running server: its address, its memory, and how far it is behind."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, started: float, out: Path) -> None:
        """Take over a process that was just started and writes to the file `out`."""
        self._out = out
        self.process = process
        self.port = port
        self.started = started
        self.first_page_after = 0.0
        """Seconds from the start of the process to the first page."""
        self.watch = Watch(process.pid)
        self.client = httpx.Client(
            base_url=f"http://127.0.0.1:{port}", headers={"authorization": f"Bearer {KEY}"}, timeout=60, trust_env=False
        )

    def first_page(self, seconds: float = 120) -> float:
        """Return the seconds from the start of the process until the first page was there."""
        give_up = time.monotonic() + seconds
        while time.monotonic() < give_up:
            if self.process.poll() is not None:
                told = self._out.read_text(encoding="utf-8", errors="replace")[-2000:]
                raise RuntimeError(f"the server ended with code {self.process.returncode}:\n{told}")
            with contextlib.suppress(httpx.TransportError):
                if self.client.get("/").status_code == 200:
                    return time.monotonic() - self.started
            time.sleep(0.02)
        raise TimeoutError("the server shows no page")

    def waiting(self) -> int:
        """Return how many records are on disk and not in the store."""
        answer: int = self.client.get("/health/ready").json()["waiting"]
        return answer

    def settle(self, seconds: float = 600) -> None:
        """Return as soon as everything accepted is in all tables."""
        give_up = time.monotonic() + seconds
        while self.waiting():
            if time.monotonic() > give_up:
                raise TimeoutError(f"{self.waiting()} records still wait after {seconds:.0f} s")
            time.sleep(0.02)

    def cpu(self) -> float:
        """Return the processor seconds used since the start."""
        return cpu_seconds(self.process.pid)

    def stop(self) -> None:
        """End the server the polite way, or the other one."""
        self.client.close()
        self.watch.stop()
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@contextlib.contextmanager
def serving(data: Path, settings: Mapping[str, str] | None = None) -> Generator[Server]:
    """Run a server on a data directory and wait for its first page."""
    port = free_port()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SENDLENS_")}
    environment |= {"SENDLENS_DATA": str(data), "SENDLENS_PORT": str(port), "SENDLENS_BOOTSTRAP_KEY": KEY}
    environment |= {"SENDLENS_LOG_LEVEL": "warning"} | dict(settings or {})
    data.mkdir(parents=True, exist_ok=True)
    with (data.parent / f"{data.name}.out").open("ab") as out:
        started = time.monotonic()
        process = subprocess.Popen(
            [sys.executable, "-m", "sendlens", "serve"],
            stdout=out,
            stderr=out,
            stdin=subprocess.DEVNULL,
            env=environment,
        )
        server = Server(process, port, started, Path(out.name))
        try:
            server.first_page_after = server.first_page()
            yield server
        finally:
            server.stop()
