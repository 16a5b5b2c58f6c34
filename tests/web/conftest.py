"""The whole application in this process, over real HTTP, so that a test can break its code while it runs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from sendlens.app import Application, Parts, open_parts
from sendlens.pipeline import rows
from sendlens.settings import Settings
from tests.harness.ports import free_port

METRICS_KEY = "a key for the scraper alone"


class Running:
    """A server in a thread, and the parts behind it."""

    def __init__(self, parts: Parts, url: str) -> None:
        self.parts = parts
        self.url = url
        self.tenant = parts.first_tenant
        self.keys = {
            scope: parts.control.keys.create(self.tenant.id, scope, [scope])[1] for scope in ("ingest", "read", "admin")
        }

    def ask(self, method: str, path: str, scope: str = "", **more: Any) -> httpx.Response:
        headers = {"authorization": f"Bearer {self.keys[scope]}"} if scope else {}
        return httpx.request(
            method, self.url + path, headers={**headers, **more.pop("headers", {})}, timeout=30, **more
        )

    def post(self, events: list[dict[str, object]], source: str = "api", **headers: str) -> httpx.Response:
        return self.ask("POST", "/v1/events", "ingest", json=events, headers={"x-sendlens-source": source, **headers})

    def send(self, first: int, count: int, *, sick: int = 0, source: str = "api", **headers: str) -> None:
        """Post events, of which the first are those that broken code stumbles over."""
        answer = self.post(
            [
                {
                    "type": "delivered",
                    "id": f"{source}-{i}",
                    "recipient": f"{'sick' if i < first + sick else 'well'}{i}@example.com",
                    "campaign_id": "autumn",
                }
                for i in range(first, first + count)
            ],
            source,
            **headers,
        )
        assert answer.status_code == 202, answer.text

    def until(self, holds: Callable[[], object]) -> None:
        """Wait until something holds."""
        for _ in range(600):
            if holds():
                return
            time.sleep(0.05)
        raise AssertionError(f"nothing happened for 30 seconds: {self.ask('GET', '/health/ready').text}")

    def settle(self) -> None:
        """Wait until nothing waits in the log, and everybody has been told of what was stored."""
        self.until(lambda: self.parts.log.backlog() == 0)
        with self.parts.writer.paused():
            pass

    def stored(self) -> object:
        return self.parts.store.fetch_internal("SELECT count() FROM events").scalar()


@pytest.fixture
def running(tmp_path: Path, prepared_url: str) -> Generator[Running]:
    """A server with an empty store."""
    port = free_port()
    settings = Settings(
        data=tmp_path / "data", store=prepared_url, port=port, batch_ms=20, fuse_least=20, metrics_key=METRICS_KEY
    )
    parts = open_parts(settings)
    application = Application(settings, parts=parts)
    server = uvicorn.Server(
        uvicorn.Config(
            application,  # pyright: ignore[reportArgumentType]
            host="127.0.0.1",
            port=port,
            log_config=None,
            lifespan="on",
            ws="websockets-sansio",
            proxy_headers=False,
        )
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive(), "the server did not start"
            time.sleep(0.01)
        yield Running(parts, f"http://127.0.0.1:{port}")
    finally:
        application.end_streams()
        server.should_exit = True
        thread.join()
        parts.close()


@pytest.fixture
def deploy(monkeypatch: pytest.MonkeyPatch) -> Callable[[bool], None]:
    """Switch between the right code and code that cannot digest some events."""
    right = rows.normal_recipient

    def wrong(recipient: str) -> str:
        if recipient.startswith("sick"):
            raise ZeroDivisionError("a mistake of ours")
        return right(recipient)

    return lambda broken: monkeypatch.setattr(rows, "normal_recipient", wrong if broken else right)
