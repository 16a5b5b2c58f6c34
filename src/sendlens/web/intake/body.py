"""Reads request bodies with bounded memory: counted while they arrive, counted again while they unpack.

Owns the limits of one body, of all bodies together, and of a tenant's share of them. Leaves the content to `sources`.
"""

from __future__ import annotations

import asyncio
import zlib
from collections import Counter
from concurrent.futures import Executor
from typing import Final, cast

from sendlens.errors import BadRequest, TooBusy, TooLarge, Unavailable, UnsupportedMediaType
from sendlens.web.intake.asgi import Message, Receive, Request

IN_THREAD: Final = 8 * 1024
"""Bodies larger than this are read in a thread, so that other requests are answered meanwhile: about 50 events."""
ALL_BODIES: Final = 256 * 1024 * 1024
"""Most bytes of bodies held at once; beyond it requests are put off."""
CHUNK_SECONDS: Final = 30.0
"""How long a sender may pause within a body."""

MOST_MEMBERS: Final = 64
"""Gzip members in one body. Each costs a copy of what follows it: thousands of empty ones would cost minutes."""
BODY_SECONDS: Final = 120.0
"""How long a body may take in all."""

_STEP: Final = 1024 * 1024
_GZIP: Final = 16 + zlib.MAX_WBITS


class Disconnected(Exception):
    """The sender went away; nobody is there to be answered."""


async def part(receive: Receive, left: float) -> Message:
    """Return the next part of a body that may take `left` seconds more. Raises `BadRequest` if it does not come."""
    try:
        return await asyncio.wait_for(receive(), max(0.0, min(CHUNK_SECONDS, left)))
    except TimeoutError:
        raise BadRequest(
            f"the body did not arrive: {CHUNK_SECONDS:.0f} seconds without a part of it, or {BODY_SECONDS:.0f} in all"
        ) from None


class Bodies:
    """Reads bodies and counts the bytes held at the moment."""

    def __init__(self, longest: int, *, all_bodies: int = ALL_BODIES, threads: Executor | None = None) -> None:
        """Accept at most `longest` bytes per body, before and after unpacking; unpack large ones in `threads`."""
        self._threads = threads
        self._longest = longest
        self._all = max(all_bodies, 2 * longest)
        self.held = 0
        self._of: Counter[str] = Counter()

    async def read(self, request: Request, receive: Receive, tenant: str = "") -> bytes:
        """Return the unpacked body, which counts as the tenant's.

        Raises `TooLarge` as soon as the limit is passed, `UnsupportedMediaType` for an encoding other than gzip,
        `Unavailable` while too many bodies are held, `TooBusy` while too many of them are the tenant's, `BadRequest`
        for what cannot be unpacked. The caller owes a `release` of the returned body's length.
        """
        encoding = request.headers.get("content-encoding", "identity").strip().lower()
        if encoding not in ("", "identity", "gzip", "x-gzip"):
            raise UnsupportedMediaType(
                f"the body is encoded as {encoding[:40]!r}", hint="Send it as gzip, or without Content-Encoding."
            )
        length = request.headers.get("content-length", "")
        if length.isdecimal() and int(length[:20]) > self._longest:
            raise self._too_large()
        packed = await self._receive(receive, tenant)
        if encoding in ("", "identity"):
            return packed
        try:
            if len(packed) > IN_THREAD:
                body = await asyncio.get_running_loop().run_in_executor(self._threads, self._unpack, packed)
            else:
                body = self._unpack(packed)
        finally:
            self.release(len(packed), tenant)
        self._hold(len(body), tenant)
        return body

    def release(self, length: int, tenant: str = "") -> None:
        """Give back the bytes of a body that is not needed any more."""
        self._hold(-length, tenant)

    def _hold(self, length: int, tenant: str) -> None:
        self.held += length
        self._of[tenant] += length
        if self._of[tenant] <= 0:
            del self._of[tenant]

    async def _receive(self, receive: Receive, tenant: str) -> bytes:
        chunks: list[bytes] = []
        length = 0
        clock = asyncio.get_running_loop().time
        until = clock() + BODY_SECONDS
        try:
            while True:
                message = await part(receive, until - clock())
                if message["type"] == "http.disconnect":
                    raise Disconnected
                chunk = cast("bytes", message.get("body", b""))
                length += len(chunk)
                self._hold(len(chunk), tenant)
                if length > self._longest:
                    raise self._too_large()
                if self.held > self._all:
                    raise Unavailable("too many large requests are being read at the moment", retry_after=2)
                # As much again as is left: some always stays free for one that sends little.
                if self._of[tenant] > max(self._longest, self._all - self.held):
                    raise TooBusy("too many large requests of this tenant are being read at the moment", retry_after=2)
                chunks.append(chunk)
                if not message.get("more_body", False):
                    return chunks[0] if len(chunks) == 1 else b"".join(chunks)
        except BaseException:
            self.release(length, tenant)
            raise

    def _unpack(self, packed: bytes) -> bytes:
        """Unpack gzip in steps, so that a bomb is noticed when it has the size of the limit."""
        parts: list[bytes] = []
        length = 0
        rest, members = packed, 0
        try:
            while rest:
                members += 1
                if members > MOST_MEMBERS:
                    raise BadRequest(f"the gzip body has more than {MOST_MEMBERS} members", hint="Compress it as one.")
                member = zlib.decompressobj(_GZIP)
                while not member.eof:
                    part = member.decompress(rest, _STEP)
                    rest = member.unconsumed_tail
                    length += len(part)
                    if length > self._longest:
                        raise self._too_large()
                    parts.append(part)
                    if not part and not rest and not member.eof:
                        raise BadRequest("the gzip body is cut off")
                rest = member.unused_data
        except zlib.error as error:
            raise BadRequest(f"the body is not valid gzip: {error}") from None
        return b"".join(parts)

    def _too_large(self) -> TooLarge:
        return TooLarge(
            f"the body has more than {self._longest // 1_000_000} MB after decompression",
            hint="Split it into several requests, or raise SENDLENS_MAX_BODY_MB.",
            extra={"limit_bytes": self._longest},
        )
