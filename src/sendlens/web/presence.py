"""Presence: whether whoever asked is still there, so that nothing is worked out for somebody who has left.

Owns noticing that the connection of a GET was closed before its answer was sent. What is posted is carried through
whoever leaves. Leaves ending queries to `store`, which hears of it through `asker`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from sendlens.store.asker import Asker, asking
from sendlens.web.intake.asgi import Message, Receive, Scope, Send

Answer = Callable[[Scope, Receive, Send], Awaitable[None]]


async def while_there(answer: Answer, scope: Scope, receive: Receive, send: Send) -> None:
    """Have a request answered, but give up the answer to a GET when its caller closes the connection before its end."""
    if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
        await answer(scope, receive, send)
        return
    first = await receive()
    if first["type"] == "http.disconnect":
        return
    if first.get("more_body"):  # nobody sends a body with a GET; whoever does is not watched
        await answer(scope, _after(first, receive), send)
        return
    asker, ended = Asker(), asyncio.Event()

    async def told() -> Message:
        await ended.wait()
        return {"type": "http.disconnect"}

    async def until_sent(message: Message) -> None:
        # The end is reached when it is sent. A slow caller takes a while, and whoever hears of it before gives up.
        await send(message)
        if message["type"] == "http.response.body" and not message.get("more_body"):
            ended.set()

    async def left() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    with asking(asker):
        answering = asyncio.ensure_future(answer(scope, _after(first, told), until_sent))
    leaving = asyncio.ensure_future(left())
    try:
        await asyncio.wait((answering, leaving), return_when=asyncio.FIRST_COMPLETED)
        if not answering.done() and not ended.is_set():
            # Threads hear of it through the asker, coroutines by being cancelled.
            asker.leave()
            answering.cancel()
            await asyncio.gather(answering, return_exceptions=True)
            return
        await answering
    finally:
        leaving.cancel()
        answering.cancel()


def _after(first: Message, receive: Receive) -> Receive:
    """Return a `receive` that gives back a message that was read before."""
    waiting = [first]

    async def again() -> Message:
        return waiting.pop() if waiting else await receive()

    return again
