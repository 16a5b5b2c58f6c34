"""The load generator: a process of its own that posts bodies made beforehand over a few connections.

Owns as little as possible between the socket and the bodies, so that the server and not the client is measured; the
client's own processor time is part of its report. `Load` is the other end: it starts the process and reads the report.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import uvloop

from bench.key import KEY


class Job(msgspec.Struct):
    """What to post: bodies of `events` events each, over so many connections, at most `rate` events a second."""

    port: int
    connections: int
    rate: float
    bodies: list[bytes]
    events: list[int]


class Report(msgspec.Struct):
    """What became of it: seconds until the last answer, seconds of each request, and answers that were no success."""

    seconds: float
    events: int
    latencies: list[float]
    refused: int
    cpu_seconds: float


async def _connection(job: Job, places: Iterator[int], started: float, report: Report, go: asyncio.Event) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", job.port)
    head = (
        f"POST /v1/events HTTP/1.1\r\nHost: 127.0.0.1:{job.port}\r\nAuthorization: Bearer {KEY}\r\n"
        "Content-Type: application/x-ndjson\r\nContent-Length: "
    ).encode()
    await go.wait()
    for place in places:
        if job.rate:
            due = started + job.events[0] * place / job.rate
            if (wait := due - time.monotonic()) > 0:
                await asyncio.sleep(wait)
        body = job.bodies[place]
        while True:
            sent = time.monotonic()
            writer.write(head + str(len(body)).encode() + b"\r\n\r\n" + body)
            answer = await reader.readuntil(b"\r\n\r\n")
            length = int(answer.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
            told = await reader.readexactly(length)
            if answer[9:12] == b"202":
                if b'"rejected_total":0' not in told:
                    raise RuntimeError(f"the server rejected events: {told[:500]!r}")
                report.latencies.append(time.monotonic() - sent)
                report.events += job.events[place]
                break
            report.refused += 1
            if answer[9:10] != b"5" and answer[9:12] != b"429":
                raise RuntimeError(answer.decode(errors="replace"))
            await asyncio.sleep(0.1)
    writer.close()


async def _run(job: Job) -> Report:
    report = Report(0, 0, [], 0, 0)
    go = asyncio.Event()
    places = iter(range(len(job.bodies)))
    started = time.monotonic()
    tasks = [asyncio.create_task(_connection(job, places, started, report, go)) for _ in range(job.connections)]
    await asyncio.sleep(0.05)
    used, started = time.process_time(), time.monotonic()
    go.set()
    await asyncio.gather(*tasks)
    report.seconds, report.cpu_seconds = time.monotonic() - started, time.process_time() - used
    return report


class Load:
    """A load generator that is ready to post; `go` begins, `report` waits for the end."""

    def __init__(
        self, port: int, bodies: Sequence[bytes], events: Sequence[int], *, connections: int, rate: float, scratch: Path
    ) -> None:
        """Start the process and hand it the bodies; nothing is posted yet."""
        job = Job(port=port, connections=connections, rate=rate, bodies=list(bodies), events=list(events))
        self._path = scratch / f"load-{os.getpid()}-{time.monotonic_ns()}"
        self._path.write_bytes(msgspec.msgpack.encode(job))
        command = [sys.executable, "-m", "bench.load", str(self._path)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self._process.stdout is not None
        self._process.stdout.readline()

    def go(self) -> None:
        """Begin to post."""
        assert self._process.stdin is not None
        self._process.stdin.write(b"go\n")
        self._process.stdin.flush()

    def report(self) -> Report:
        """Wait until everything was posted. Raises `RuntimeError` when the server refused for good."""
        out, _ = self._process.communicate()
        self._path.unlink()
        if self._process.returncode:
            raise RuntimeError("the load generator failed")
        return msgspec.json.decode(out, type=Report)

    def stop(self) -> None:
        """End it before its time."""
        self._process.kill()
        self._process.communicate()
        with contextlib.suppress(FileNotFoundError):
            self._path.unlink()


if __name__ == "__main__":
    work = msgspec.msgpack.decode(Path(sys.argv[1]).read_bytes(), type=Job)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    sys.stdout.buffer.write(msgspec.json.encode(uvloop.run(_run(work))))
