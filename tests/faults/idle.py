"""A server that does nothing: what the flood costs by itself on a machine, without a Sendlens that answers it.

It answers every post and every question after the time that the real server took, so that the same connections carry
the same traffic. Run as a program with those two times in seconds; it prints its port.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import uvloop

RECEIPT = b'{"accepted":200,"rejected":[],"rejected_total":0}'
ANSWER = b'{"metrics":[' + b'"' + b"x" * 1800 + b'"]}'
"""As long as the answers to the questions of the flood."""


@contextmanager
def idle_server(post_seconds: float, query_seconds: float) -> Generator[str]:
    """Yield the address of one, in a process of its own."""
    words = [sys.executable, "-m", "tests.faults.idle", str(post_seconds), str(query_seconds)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.kill()


class Idle(asyncio.Protocol):
    """One connection: reads a request to its end, waits, and answers."""

    def __init__(self, post_seconds: float, query_seconds: float) -> None:
        self._seconds = (query_seconds, post_seconds)
        self._read = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._read += data
        head, end, rest = self._read.partition(b"\r\n\r\n")
        _, _, length = head.lower().partition(b"content-length:")
        needed = int(length.split(b"\r\n")[0] or 0)
        if end and len(rest) >= needed:
            self._read = rest[needed:]
            posted = head.startswith(b"POST")
            asyncio.get_running_loop().call_later(self._seconds[posted], self._answer, posted)

    def _answer(self, posted: bool) -> None:
        status, body = (b"202 Accepted", RECEIPT) if posted else (b"200 OK", ANSWER)
        assert self._transport is not None
        self._transport.write(
            b"HTTP/1.1 %s\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s" % (status, len(body), body)
        )


async def main(post_seconds: float, query_seconds: float) -> None:
    """Serve until killed."""
    make = asyncio.get_running_loop().create_server
    server = await make(lambda: Idle(post_seconds, query_seconds), "127.0.0.1", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main(float(sys.argv[1]), float(sys.argv[2])))
