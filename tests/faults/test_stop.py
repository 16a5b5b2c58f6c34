"""SIGTERM loses nothing: a held request is answered, live streams end, then connections are refused."""

from __future__ import annotations

import socket
import threading
import time
from pathlib import Path

import httpx

from tests.faults.checks import Found
from tests.faults.conftest import Note
from tests.faults.load import Account
from tests.harness.server import KEY, Server, inspect_data

BODY = (
    b'[{"type":"delivered","id":"held","order_id":"held","recipient":"a@b.example",'
    b'"occurred_at":"2026-11-20T10:00:00Z"}]'
)


def test_a_held_request_is_answered_and_streams_end(tmp_path: Path, note: Note) -> None:
    """The request's second half is sent after the signal; its event is acknowledged and stored."""
    server = Server(tmp_path / "data").start()
    try:
        streamed: list[str] = []

        def follow() -> None:
            with httpx.stream("GET", f"{server.url}/live", timeout=30) as answer:
                streamed.extend(answer.iter_lines())
            streamed.append("ended")

        stream = threading.Thread(target=follow, daemon=True)
        stream.start()
        held = socket.create_connection(("127.0.0.1", server.port))
        head = (
            f"POST /v1/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {KEY}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(BODY)}\r\n\r\n"
        )
        held.sendall(head.encode() + BODY[:20])
        while not streamed:
            time.sleep(0.05)

        ended = threading.Thread(target=server.stop, daemon=True)
        ended.start()
        time.sleep(0.5)
        held.sendall(BODY[20:])
        with held, held.makefile("rb") as reader:
            answer = reader.read()

        assert answer.startswith(b"HTTP/1.1 202"), answer
        ended.join(40)
        stream.join(10)
        assert server.process is not None
        assert server.process.returncode == 0, server.output()
        assert streamed[-1] == "ended"
        try:
            httpx.get(server.url + "/health/live")
        except httpx.ConnectError:
            refused = True
        else:
            refused = False
        assert refused
    finally:
        server.kill()
    # What was acknowledged last may wait in the log; the next start stores it.
    server.start().wait_settled()
    server.stop()
    seen = inspect_data(server.data, stored="SELECT order_id FROM events")
    assert seen["answers"]["stored"] == [["held"]]
    assert seen["disagreements"] == []
    held_once = Account(acknowledged={"held"})
    note("SIGTERM with a held request and a live stream", 1, held_once, Found(corrections=0, duplicates=0))


def test_a_second_process_says_so_and_ends(tmp_path: Path) -> None:
    """Two processes on one data directory: the second names the first, and the first goes on."""
    first = Server(tmp_path / "data").start()
    try:
        second = Server(first.data)
        second.launch().wait(30)
        assert second.process is not None
        assert second.process.returncode == 2
        assert first.process is not None
        assert f"is in use by the Sendlens process {first.process.pid}" in second.output()
        assert "Traceback" not in second.output()
        assert first.post("/v1/events", []).status_code in (202, 400)
    finally:
        first.kill()


def test_a_port_in_use_is_said_well(tmp_path: Path) -> None:
    """The message names the address and the setting."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        server = Server(tmp_path / "data")
        server.port = taken.getsockname()[1]
        server.launch().wait(30)
        assert server.process is not None
        assert server.process.returncode == 2
        assert "SENDLENS_PORT" in server.output()
