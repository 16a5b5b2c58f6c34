"""Two tenants for the flood test: a quiet one that is watched, and one that floods. Owns the load and what it noted.

Run as a program it is the flood.
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from sendlens.control import Control, load_secret_key
from sendlens.settings import Settings
from tests.harness.server import Server

QUESTIONS = ("/v1/metrics?metrics=sent,open_rate&period=7d", "/v1/breakdown?dimension=provider&period=7d")


def second_tenant(server: Server, slug: str) -> str:
    """Create a tenant in the control plane of a running server, as the command does; return its API key."""
    settings = Settings(data=server.data)
    with Control.open(settings.control_url, load_secret_key(settings)) as control:
        _, key = control.keys.create(control.tenants.create(slug, slug).id, "of a test", ("ingest", "read"))
    return key


def event(name: str, padding: int = 0) -> dict[str, object]:
    """Return a delivered event that can be found again by its name."""
    return {
        "type": "delivered",
        "id": name,
        "order_id": name,
        "message_id": name,
        "occurred_at": int(time.time() * 1000),
        "recipient": f"{name}@gmail.com",
        "campaign_id": "spring",
        "metadata": {"padding": "x" * padding} if padding else {},
    }


@dataclass
class Seen:
    """What a tenant's requests came to."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    statuses: Counter[tuple[str, int]] = field(default_factory=Counter[tuple[str, int]])
    seconds: dict[str, list[float]] = field(default_factory=dict[str, list[float]])
    acknowledged: set[str] = field(default_factory=set[str])
    unexplained: list[str] = field(default_factory=list[str])
    spent: dict[str, list[float]] = field(default_factory=dict[str, list[float]])
    """Processor seconds of the server during each request, where they were looked at."""

    def note(self, what: str, answer: httpx.Response, seconds: float) -> None:
        """Note an answer; a refusal has to be a problem document with a time to come back."""
        with self.lock:
            self.statuses[what, answer.status_code] += 1
            self.seconds.setdefault(what, []).append(seconds)
            if answer.status_code >= 400 and not (
                answer.status_code in (429, 503)
                and answer.headers.get("retry-after", "").isdecimal()
                and answer.headers["content-type"] == "application/problem+json"
            ):
                self.unexplained.append(f"{what}: {answer.status_code} {answer.headers} {answer.text[:300]}")

    def refused(self) -> int:
        """Return how many requests were refused."""
        return sum(count for (_, status), count in self.statuses.items() if status >= 400)

    def p95(self, what: str) -> float:
        """Return the 95th percentile of the seconds."""
        return self.quantile(what, 0.95)

    def quantile(self, what: str, share: float) -> float:
        """Return the seconds that this share of the requests took at most."""
        values = sorted(self.seconds[what])
        return values[math.ceil(share * len(values)) - 1]


def post(client: httpx.Client, seen: Seen, names: list[str], padding: int = 0) -> None:
    """Post events and note which are acknowledged."""
    body = json.dumps([event(name, padding) for name in names]).encode()
    began = time.perf_counter()
    answer = client.post("/v1/events", content=body)
    seen.note("post", answer, time.perf_counter() - began)
    if answer.status_code == 202:
        with seen.lock:
            if answer.json()["accepted"] == len(names):
                seen.acknowledged |= set(names)
            else:
                seen.unexplained.append(f"post: {answer.text[:300]}")


def ask(client: httpx.Client, seen: Seen, path: str) -> None:
    """Ask the API one question."""
    began = time.perf_counter()
    answer = client.get(path)
    seen.note("query", answer, time.perf_counter() - began)


def quiet(
    server: Server, key: str, rounds: int, label: str, pause: float = 0.02, clock: Callable[[], float] = lambda: 0.0
) -> Seen:
    """Be the quiet tenant: small posts and single questions, one after another; `clock` is looked at around each."""
    seen = Seen()
    with client(server, key) as http:
        for number in range(rounds):
            times = [clock()]
            post(http, seen, [f"{label}-{number}-{part}" for part in range(3)])
            times.append(clock())
            ask(http, seen, QUESTIONS[0])
            times.append(clock())
            for what, before, after in zip(("post", "query"), times, times[1:], strict=False):
                seen.spent.setdefault(what, []).append(after - before)
            time.sleep(pause)
    return seen


class Flood:
    """The other tenant, in a process of its own that yields to everybody: what it costs shall be the server's."""

    def __init__(self, url: str, key: str, **shape: int) -> None:
        """Prepare; `shape` is what `main` takes."""
        self._words = [url, key, json.dumps(shape)]
        self.statuses: Counter[str] = Counter()
        self.acknowledged: set[str] = set()
        self.unexplained: list[str] = []

    def __enter__(self) -> Flood:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.flood", *self._words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[2],
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == b"begun\n"
        return self

    def __exit__(self, *_: object) -> None:
        told, _errors = self._process.communicate(b"", timeout=90)
        found = json.loads(told)
        self.statuses = Counter(found["statuses"])
        self.acknowledged = set(found["acknowledged"])
        self.unexplained = found["unexplained"]


def main(url: str, key: str, *, posters: int, askers: int, batch: int, padding: int = 0) -> None:
    """Post and ask over many connections without a pause, and mind no refusal, until the input ends; tell what came."""
    os.nice(15)
    seen, stop = Seen(), threading.Event()

    def work(number: int) -> None:
        turn = 0
        with httpx.Client(base_url=url, headers=bearer(key), timeout=60, trust_env=False) as http:
            while not stop.is_set():
                turn += 1
                if number < posters:
                    post(http, seen, [f"flood-{number}-{turn}-{part}" for part in range(batch)], padding)
                else:
                    ask(http, seen, QUESTIONS[number % 2])
                if turn == 3 and number == 0:
                    sys.stdout.write("begun\n")
                    sys.stdout.flush()

    threads = [threading.Thread(target=work, args=(number,), daemon=True) for number in range(posters + askers)]
    for thread in threads:
        thread.start()
    sys.stdin.read()
    stop.set()
    for thread in threads:
        thread.join(60)
    statuses = {f"{what} {status}": count for (what, status), count in seen.statuses.items()}
    told = {"statuses": statuses, "acknowledged": sorted(seen.acknowledged), "unexplained": seen.unexplained[:5]}
    sys.stdout.write(json.dumps(told))


def bearer(key: str) -> dict[str, str]:
    """Return the header that shows a key."""
    return {"Authorization": f"Bearer {key}"}


def client(server: Server, key: str) -> httpx.Client:
    """Return a client with a connection of its own."""
    return httpx.Client(base_url=server.url, headers=bearer(key), timeout=60, trust_env=False)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], **json.loads(sys.argv[3]))
