"""Load for the fault suite: threads that post and remember exactly what was acknowledged.

A request that got no answer may or may not be on disk; like a provider, the sender repeats it until it is answered, and
then each of its events must be there once. Some of the traffic are covert scanners, whose clicks arrive one by one
among everything else, so that verdicts which were stored already have to be corrected.
"""

from __future__ import annotations

import itertools
import json
import random
import threading
import time
from dataclasses import dataclass, field

import httpx

from tests.harness.server import Server

HOUR_MS = 3_600_000
BROWSER = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
)
_TYPES = (
    "injected delivered opened clicked bounced deferred complained unsubscribed converted".split()  # noqa: SIM905 - shorter
)


def delivered(name: str) -> dict[str, object]:
    """Return a delivery of now that can be found again by its name, of a message and to a person of its own."""
    return {
        "type": "delivered",
        "id": name,
        "order_id": name,
        "message_id": name,
        "recipient": f"{name}@gmail.com",
        "occurred_at": int(time.time() * 1000),
    }


@dataclass
class Account:
    """What the senders know: events by their message, acknowledged, and how many records were posted in all."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    acknowledged: set[str] = field(default_factory=set[str])
    scanned: set[str] = field(default_factory=set[str])
    """Messages of which all three clicks of a scanner were acknowledged: each of these must count as a machine's."""
    posts: int = 0
    repeats: int = 0


class Load:
    """Several senders against one server that may die and come back at any time."""

    def __init__(self, server: Server, seed: int, *, senders: int = 4, batch: int = 40) -> None:
        """Prepare senders with their own random streams."""
        self._server = server
        self._batch = batch
        self._stop = threading.Event()
        self._numbers = itertools.count(1)
        self.account = Account()
        self._threads = [
            threading.Thread(target=self._send, args=(random.Random(f"{seed}-{i}"),), daemon=True)
            for i in range(senders)
        ]

    def start(self) -> None:
        """Begin to post."""
        for thread in self._threads:
            thread.start()

    def scan_apart(self) -> None:
        """Begin to post in the middle of a scanner's visit: its first click is stored, and the others come after it.

        So that a verdict has to be corrected in any run, whatever the random ones come to.
        """
        rng = random.Random("apart")
        first, *others = self._scan(rng)
        with httpx.Client(base_url=self._server.url, headers=self._server.headers, timeout=20) as client:
            self._until_answered(client, [first], rng)
            self._server.wait_settled()
            self.start()
            self._until_answered(client, others, rng)
        with self.account.lock:
            self.account.scanned.add(str(first["message_id"]))

    def wait_answered(self, posts: int, seconds: float = 60.0) -> None:
        """Wait until the server has answered so many posts more. One that was under way already may be among them."""
        enough = self.account.posts + posts
        deadline = time.monotonic() + seconds
        while self.account.posts < enough:
            assert time.monotonic() < deadline, "the server takes nothing in:\n" + self._server.output()
            time.sleep(0.01)

    def finish(self, seconds: float = 90.0) -> Account:
        """Let every sender get its last request answered, and return the account. The server must be up."""
        self._stop.set()
        for thread in self._threads:
            thread.join(seconds)
            assert not thread.is_alive(), "a sender got no answer:\n" + self._server.output()
        return self.account

    def _send(self, rng: random.Random) -> None:
        with httpx.Client(base_url=self._server.url, headers=self._server.headers, timeout=20) as client:
            late: list[dict[str, object]] = []
            while not self._stop.is_set() or late:
                events = [self._event(rng) for _ in range(rng.randint(1, self._batch))]
                if not late and rng.random() < 0.5:
                    late = self._scan(rng)
                click = [late.pop()] if late else []
                self._until_answered(client, [*events, *click], rng)
                if click and not late:
                    with self.account.lock:
                        self.account.scanned.add(str(click[0]["message_id"]))
                if rng.random() < 0.15:  # a provider that did not see our answer sends the same again
                    self._until_answered(client, events, rng)

    def _until_answered(self, client: httpx.Client, events: list[dict[str, object]], rng: random.Random) -> None:
        body = json.dumps(events).encode()
        deadline = time.monotonic() + 80
        while time.monotonic() < deadline:
            try:
                answer = client.post("/v1/events", content=body)
            except httpx.TransportError:
                with self.account.lock:
                    self.account.repeats += 1
                time.sleep(0.05 + rng.random() / 10)
                continue
            if answer.status_code == 202:
                assert answer.json()["accepted"] == len(events), answer.text
                with self.account.lock:
                    self.account.posts += 1
                    self.account.acknowledged |= {str(event["order_id"]) for event in events}
                return
            assert answer.status_code in (429, 503), answer.text
            time.sleep(0.1 + rng.random() / 5)

    def _scan(self, rng: random.Random) -> list[dict[str, object]]:
        """Return three clicks of a scanner that looks like a person until they are seen together, in any order."""
        occurred = int(time.time() * 1000) - rng.choice((1, 30, 24 * 40)) * HOUR_MS
        numbers = [next(self._numbers) for _ in range(3)]
        person = f"person{rng.randint(1, 60)}@shop.example"
        clicks: list[dict[str, object]] = [
            {
                "type": "clicked",
                "id": f"event-{number}",
                "order_id": f"event-{number}",
                "occurred_at": occurred + place * 9_000,
                "message_id": f"scanned-{numbers[0]}",
                "recipient": person,
                "campaign_id": "spring",
                "user_agent": BROWSER,
                "ip": "203.0.113.9",
                "link_url": f"https://shop.example/{place}",
                "link_id": str(place),
            }
            for place, number in enumerate(numbers)
        ]
        rng.shuffle(clicks)
        return clicks

    def _event(self, rng: random.Random) -> dict[str, object]:
        number = next(self._numbers)
        kind = rng.choice(_TYPES)
        # Days apart, across the turn of a month, so that batches span partitions and buckets.
        hours = rng.choice((0, 0, 0, 1, 30, 24 * 9, 24 * 40))
        occurred = int(time.time() * 1000) - hours * HOUR_MS - rng.randint(0, 10**6)
        event: dict[str, object] = {
            "type": kind,
            "id": f"event-{number}",
            "order_id": f"event-{number}",  # stored, so that each event can be found again
            "occurred_at": occurred,
            "message_id": f"message-{rng.randint(1, 400)}",
            "recipient": f"person{rng.randint(1, 60)}@{rng.choice(('gmail.com', 'yahoo.com', 'example.org'))}",
            "campaign_id": rng.choice(("", "spring", "summer")),
        }
        if kind == "converted":
            event |= {"value": "12.34", "currency": "USD"}
        if kind in ("opened", "clicked"):
            event["user_agent"] = rng.choice(("Mozilla/5.0", "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X)"))
        if kind == "clicked":
            event["link_url"] = "https://shop.example/sale"
        return event
