"""The two addresses the intake fetches: Amazon SNS certificates, and confirmations of SNS subscriptions.

Owns the outbound request (exact hosts, no redirects, short, small) and the cache of certificates. Tests inject another
`Fetch`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from sendlens.clock import Clock
from sendlens.errors import Forbidden, Unavailable
from sendlens.sources.esp import sns

Fetch = Callable[[str], Awaitable[bytes]]
"""Returns the body of a successful GET; raises `Unavailable` otherwise."""

SECONDS: Final = 5.0
LONGEST: Final = 256 * 1024
KEPT_SECONDS: Final = 86_400.0
MOST_KEPT: Final = 64


async def fetch_from_sns(url: str) -> bytes:
    """Return what Amazon SNS has at an address. Raises `Forbidden` for other hosts, `Unavailable` for failures."""
    if not sns.allowed_url(url):
        raise Forbidden("only addresses of Amazon SNS are fetched")
    # Not at the top: a server without such a source never needs it.
    import httpx

    try:
        async with (
            httpx.AsyncClient(timeout=SECONDS, follow_redirects=False, trust_env=True) as client,
            client.stream("GET", url) as response,
        ):
            if response.status_code != 200:
                raise Unavailable(f"Amazon SNS answered {response.status_code}", retry_after=10)
            body = b""
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > LONGEST:
                    raise Unavailable("Amazon SNS answered with an unexpectedly large document", retry_after=60)
            return body
    except httpx.HTTPError as error:
        raise Unavailable(
            f"Amazon SNS cannot be reached: {type(error).__name__}",
            retry_after=10,
            hint="The server must be able to open https connections to sns.<region>.amazonaws.com.",
        ) from error


class Certificates:
    """Keeps fetched certificates for a day, the latest 64 of them."""

    def __init__(self, fetch: Fetch, clock: Clock) -> None:
        """Fetch what is not kept with `fetch`."""
        self._fetch = fetch
        self._clock = clock
        self._kept: dict[str, tuple[float, bytes]] = {}

    async def get(self, url: str) -> bytes:
        """Return the certificate at an address that was checked already."""
        now = self._clock.monotonic()
        kept = self._kept.get(url)
        if kept and kept[0] > now:
            return kept[1]
        body = await self._fetch(url)
        if not body.lstrip().startswith(b"-----BEGIN CERTIFICATE"):
            raise Unavailable("what Amazon SNS answered is no certificate", retry_after=10)
        while len(self._kept) >= MOST_KEPT:
            del self._kept[next(iter(self._kept))]
        self._kept[url] = (now + KEPT_SECONDS, body)
        return body
