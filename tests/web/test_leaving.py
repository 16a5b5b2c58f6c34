"""Readers who leave before their answer is there: the store works no longer for them, and their places are free."""

from __future__ import annotations

import socket
from collections.abc import Callable

import pytest

from sendlens.metrics import accounting
from tests.store.test_cancel import ENDLESS, RUNNING
from tests.web.conftest import Running


@pytest.fixture
def endless(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the account of a period a question without an end."""
    monkeypatch.setattr(accounting, "_BY_SOURCE", ENDLESS)


def leave(running: Running, path: str, scope: str, begun: Callable[[], object]) -> None:
    """Ask for something and close the connection as soon as something holds."""
    key = f"Authorization: Bearer {running.keys[scope]}\r\n" if scope else ""
    with socket.create_connection(("127.0.0.1", running.parts.settings.port), timeout=30) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{key}\r\n".encode())
        running.until(begun)


@pytest.mark.usefixtures("endless")
@pytest.mark.parametrize(
    ("path", "scope"),
    [("/v1/intake?period=7d", "read"), ("/panels/intake?period=7d", ""), ("/intake?period=7d&wait=long", "")],
)
def test_queries_end_with_their_readers(running: Running, path: str, scope: str) -> None:
    store = running.parts.store

    def under_way() -> int:
        return int(str(store.fetch_internal(RUNNING).scalar()))

    ends: list[str] = []
    store.observe(lambda outcome, _seconds: ends.append(outcome))
    leave(running, path, scope, under_way)
    running.until(lambda: under_way() == 0)
    running.until(lambda: "left" in ends)  # and not failed, by the time that a query may take
    running.until(lambda: store._readers._admission._free == running.parts.settings.query_concurrency)  # pyright: ignore[reportPrivateUsage]
    assert running.ask("GET", "/v1/breakdown?dimension=provider", "read").status_code == 200
