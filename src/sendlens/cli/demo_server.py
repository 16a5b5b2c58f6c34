"""A server for the demonstration: a fresh data directory, sources of four providers, and a process of its own.

Owns starting, waiting and stopping. Leaves what is sent to it to `demo` and `demo_check`.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from sendlens.errors import SettingsError, StoreError
from sendlens.simulator.webhooks import PROVIDERS, Keys

_READY_SECONDS: Final = 90.0
_STOP_SECONDS: Final = 40.0
# Settings that would lead the demonstration into somebody's real data.
_NOT_INHERITED: Final = (
    "SENDLENS_CONFIG",
    "SENDLENS_STORE",
    "SENDLENS_CONTROL",
    "SENDLENS_ROLE",
    "SENDLENS_SECRET_KEY",
)


class DemoServer:
    """A Sendlens of its own, from `start` to `stop`; `url`, `key` and `hooks` say how to talk to it."""

    def __init__(self, directory: Path | None, port: int | None, name: str) -> None:
        """Keep data in `directory`, or in a temporary one that is removed at the end."""
        self.temporary = directory is None
        self.directory = Path(tempfile.mkdtemp(prefix="sendlens-demo-")) if directory is None else directory.absolute()
        if directory is not None and (self.directory / "control.sqlite").exists():
            raise SettingsError(
                f"{self.directory} already holds a Sendlens; the demonstration begins with an empty directory.",
                hint="Name another directory with --data, or leave it out for a temporary one.",
            )
        self.directory.mkdir(parents=True, exist_ok=True)
        self.wanted_port = int(os.environ.get("SENDLENS_PORT") or 8000) if port is None else port
        self.port = _free_port(self.wanted_port)
        self.url = f"http://127.0.0.1:{self.port}"
        self.key = os.environ.get("SENDLENS_BOOTSTRAP_KEY") or f"sl_demo_{secrets.token_urlsafe(24)}"
        self.keys = Keys()
        self.hooks: dict[str, str] = {}
        self.source_names: dict[str, str] = {}
        self._name = name
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Prepare the data directory, start the process, and return when it is ready. Raises `StoreError`."""
        self._prepare()
        self._start()

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        """Stop the server as a service manager would, and remove what was temporary."""
        process = self._process
        if process is not None and process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(_STOP_SECONDS)
            except (subprocess.TimeoutExpired, KeyboardInterrupt):
                process.kill()
                process.wait()
        if self.temporary:
            shutil.rmtree(self.directory, ignore_errors=True)

    def last_words(self) -> str:
        """Return the end of what the server wrote."""
        log = self.directory / "server.log"
        return "\n".join(log.read_text(errors="replace").splitlines()[-15:]) if log.exists() else ""

    def _environment(self) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if name not in _NOT_INHERITED}
        return inherited | {
            "SENDLENS_DATA": str(self.directory),
            "SENDLENS_HOST": "127.0.0.1",
            "SENDLENS_PORT": str(self.port),
            "SENDLENS_BOOTSTRAP_KEY": self.key,
            "SENDLENS_LOG_LEVEL": os.environ.get("SENDLENS_LOG_LEVEL", "warning"),
        }

    def _prepare(self) -> None:
        """Create the tenant, its key and a source per provider, before the server starts."""
        from sendlens import settings as configuration
        from sendlens.control import Control, load_secret_key
        from sendlens.control.bootstrap import ensure_first_tenant
        from sendlens.control.directory import prepare

        settings = configuration.load(self._environment())
        prepare(settings.data)
        with Control.open(settings.control_url, load_secret_key(settings)) as control:
            tenant, _ = ensure_first_tenant(control, settings)
            control.tenants.update(tenant.id, new_name=self._name)
            for provider in PROVIDERS:
                settings_of = self.keys.settings(provider)
                source = control.sources.create(
                    tenant.id, provider, provider, settings_of, [self.keys.secret(provider)]
                )
                self.hooks[provider] = f"/hooks/{provider}/{source.id}"
                self.source_names[source.id] = provider

    def _start(self) -> None:
        import httpx

        with (self.directory / "server.log").open("wb") as log:
            # A session of its own: Ctrl-C is for us, and we stop the server once nothing is sent to it any more.
            self._process = subprocess.Popen(
                [sys.executable, "-m", "sendlens", "serve"],
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        until = time.monotonic() + _READY_SECONDS
        with httpx.Client(trust_env=False, timeout=5.0) as client:
            while time.monotonic() < until:
                if not self.alive:
                    raise StoreError("the server did not start", hint=self.last_words())
                try:
                    if client.get(f"{self.url}/health/ready").status_code == 200:
                        return
                except httpx.TransportError:
                    pass
                time.sleep(0.05)
        raise StoreError(f"the server was not ready within {_READY_SECONDS:.0f} seconds", hint=self.last_words())


def _free_port(wanted: int) -> int:
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise SettingsError("no port of this machine is free to listen on")
