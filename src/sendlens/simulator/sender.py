"""Posts to a server like many senders at once, and does not give up: what providers do when we are busy.

Owns concurrency, retries and the counting of answers. Knows of the server only its addresses and status codes.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterable, Iterable, Mapping
from types import TracebackType
from typing import Final, Self, cast

import httpx
import msgspec

from sendlens.errors import SendlensError, Unavailable
from sendlens.simulator.webhooks import Post

RETRIED: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
MOST_TRIES: Final = 12
_LONGEST_WAIT: Final = 30.0


class Refused(SendlensError):
    """The server answered a post in a way that no repetition will mend."""

    status, kind, title = 502, "refused", "The server refused what was posted"


class Tally:
    """What the server answered so far. `retries` counts repeated posts, `again` the records in them."""

    def __init__(self) -> None:
        """Start at zero."""
        self.posts = 0
        self.posted = 0
        self.accepted = 0
        self.rejected = 0
        self.retries = 0
        self.again = 0
        self.by_target: Counter[str] = Counter()
        self.rejections: list[dict[str, object]] = []


class _Receipt(msgspec.Struct):
    accepted: int = 0
    rejected: list[dict[str, object]] = msgspec.field(default_factory=list[dict[str, object]])
    rejected_total: int = 0


class Sender:
    """An asynchronous context manager; `hooks` maps a provider's name to the path of its source."""

    def __init__(
        self,
        url: str,
        key: str,
        hooks: Mapping[str, str] | None = None,
        *,
        concurrency: int = 8,
        transport: httpx.AsyncBaseTransport | None = None,
        seed: int = 0,
        pause: float = 1.0,
    ) -> None:
        """Post to the server at `url`; `pause` scales the waits between tries, `seed` draws their jitter."""
        self.tally = Tally()
        self._hooks = dict(hooks or {})
        self._key = key
        self._concurrency = concurrency
        self._random = random.Random(seed)  # noqa: S311 (spreads retries, guards nothing)
        self._pause = pause
        self._client = httpx.AsyncClient(
            base_url=url,
            transport=transport,
            timeout=httpx.Timeout(60.0, connect=10.0),
            limits=httpx.Limits(max_connections=concurrency, max_keepalive_connections=concurrency),
            # A proxy in the environment is for the outside world; the server's address was given to us.
            trust_env=False,
        )

    async def __aenter__(self) -> Self:
        await self._client.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.__aexit__(kind, error, trace)

    async def get(self, path: str, **parameters: str) -> dict[str, object]:
        """Return a JSON answer of the server's API. Raises `Refused`."""
        response = await self._client.get(path, params=parameters, headers={"authorization": f"Bearer {self._key}"})
        if response.status_code != 200:
            raise _refused("GET", path, response)
        return cast("dict[str, object]", msgspec.json.decode(response.content))

    async def put(self, path: str, body: bytes, kind: str, **parameters: str) -> None:
        """Put a body of a media type in its place. Raises `Refused`."""
        headers = {"authorization": f"Bearer {self._key}", "content-type": kind}
        response = await self._client.put(path, params=parameters, content=body, headers=headers)
        if response.status_code != 200:
            raise _refused("PUT", path, response)

    async def send(self, posts: Iterable[Post] | AsyncIterable[Post]) -> None:
        """Post everything, a bounded number at a time; returns when the last one was acknowledged."""
        queue: asyncio.Queue[Post | None] = asyncio.Queue(maxsize=self._concurrency * 2)

        async def work() -> None:
            while (post := await queue.get()) is not None:
                await self.post(post)

        async def feed() -> None:
            if isinstance(posts, AsyncIterable):
                async for post in posts:
                    await queue.put(post)
            else:
                for post in posts:
                    await queue.put(post)
            for _ in range(self._concurrency):
                await queue.put(None)

        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(feed())
                for _ in range(self._concurrency):
                    group.create_task(work())
        except ExceptionGroup as errors:
            # The first says what is wrong; others are the same, met by other posts.
            raise errors.exceptions[0] from None

    async def post(self, post: Post) -> list[dict[str, object]]:
        """Post once, and again for as long as a provider would; returns the rejections the server named.

        A repetition sends the same bytes. Raises `Unavailable` after the last try and `Refused` for an answer that
        will not change.
        """
        headers = dict(post.headers)
        if post.target.startswith("/"):
            path = post.target
            headers["authorization"] = f"Bearer {self._key}"
        else:
            path = self._hooks[post.target]
        for attempt in range(MOST_TRIES):
            if attempt:
                self.tally.retries += 1
                self.tally.again += post.records
            try:
                response = await self._client.post(path, content=post.body, headers=headers)
            except httpx.TransportError:
                await self._wait(attempt, "")
                continue
            if response.status_code in RETRIED:
                await self._wait(attempt, response.headers.get("retry-after", ""))
                continue
            if response.status_code not in (200, 202):
                raise _refused("POST", path, response)
            receipt = msgspec.json.decode(response.content, type=_Receipt)
            self.tally.posts += 1
            self.tally.posted += post.records
            self.tally.by_target[post.target] += post.records
            self.tally.accepted += receipt.accepted
            self.tally.rejected += receipt.rejected_total
            self.tally.rejections += receipt.rejected[: max(0, 1000 - len(self.tally.rejections))]
            return receipt.rejected
        raise Unavailable(f"POST {path} was not accepted in {MOST_TRIES} tries")

    async def _wait(self, attempt: int, told: str) -> None:
        seconds = float(told) if told.isdecimal() else 0.2 * 2**attempt
        await asyncio.sleep(min(seconds, _LONGEST_WAIT) * (0.75 + self._random.random() / 2) * self._pause)


class _Problem(msgspec.Struct):
    detail: str = ""
    hint: str = ""


def _refused(method: str, path: str, response: httpx.Response) -> Refused:
    try:
        problem = msgspec.json.decode(response.content, type=_Problem)
    except msgspec.MsgspecError:
        problem = _Problem(response.text[:200])
    return Refused(f"{method} {path} was answered {response.status_code}: {problem.detail}", hint=problem.hint)
