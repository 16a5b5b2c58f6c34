"""Servers for the browser: the pages alone with made-up figures, and the whole product with events sent over HTTP."""

import os
import subprocess
import sys
import time
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.browser import program, watching
from tests.browser.serving import Served, serve
from tests.harness.ports import free_port, wait_until_listening

KEY = "sl_a_key_for_the_browser_tests_0123456789"


@pytest.fixture(scope="session", autouse=True)
def pictures(request: pytest.FixtureRequest) -> Generator[None]:
    """Draw pictures only where somebody wants to look at them: they are a quarter of the browser's work."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(watching, "KEPT", bool(request.config.getoption("--pictures")))
        yield


@pytest.fixture
def served(tmp_path: Path) -> Generator[Served]:
    """The pages of one tenant that had its last event four seconds ago."""
    with serve(tmp_path) as server:
        source = server.control.sources.list(server.tenant.id)[0]
        server.control.sources.touch(source.id, server.clock.now_ms() - 4000)
        server.control.flush()
        yield server


@dataclass
class Product:
    """A running `sendlens serve`."""

    url: str
    key: str = KEY

    def send_program(self) -> int:
        """Send a month of a small e-mail program; return how many events that were."""
        return program.send_all(self.url, self.key, int(time.time() * 1000))


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Generator[Product]:
    """The whole server as a process of its own, without a single event."""
    data = tmp_path_factory.mktemp("product")
    port = free_port()
    environment = os.environ | {"SENDLENS_DATA": str(data / "data"), "SENDLENS_BOOTSTRAP_KEY": KEY}
    log = data / "log.txt"
    with log.open("wb") as out:
        command = [sys.executable, "-m", "sendlens", "serve", "--port", str(port)]
        process = subprocess.Popen(command, env=environment, stdout=out, stderr=out)
    try:
        wait_until_listening(port, process, log)
        yield Product(f"http://127.0.0.1:{port}")
    finally:
        process.terminate()
        process.wait(60)
