"""Settings that are accepted and yet look like a mistake.

Owns the rules, one line each. Leaves what is impossible to `settings`, which refuses it.
"""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from sendlens.settings import Settings


def _local(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _memory_mb() -> int:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20
    except (ValueError, OSError):
        return 1 << 40


RULES: Final[tuple[tuple[Callable[[Settings], bool], str, str], ...]] = (
    (
        lambda s: not s.store and s.store_memory_mb > _memory_mb() * 3 // 4,
        "the embedded store may use more than three quarters of this machine's memory",
        "Lower SENDLENS_STORE_MEMORY_MB.",
    ),
    (
        lambda s: s.max_lag_events < s.batch_events,
        "fewer events may wait than fit into one batch: posts are refused while the first batch is still filling",
        "Raise SENDLENS_MAX_LAG_EVENTS or lower SENDLENS_BATCH_EVENTS.",
    ),
    (
        lambda s: s.batch_ms > 5_000,
        "batches may take seconds to fill, so that pages are seconds behind",
        "Lower SENDLENS_BATCH_MS.",
    ),
    (
        lambda s: bool(s.geo_database) and not Path(s.geo_database).is_file(),
        "the database of countries does not exist",
        "Correct SENDLENS_GEO_DATABASE, or leave it empty.",
    ),
    (
        lambda s: s.public_url.startswith("http://") and not _local(urlsplit(s.public_url).hostname or ""),
        "the public address is not encrypted, and webhooks carry addresses of people",
        "Put a proxy with TLS in front, and https:// into SENDLENS_PUBLIC_URL.",
    ),
    (
        lambda s: not _local(s.host) and not s.public_url,
        "the server listens to other machines and does not know its public address, which some providers sign",
        "Set SENDLENS_PUBLIC_URL.",
    ),
    (
        lambda s: any(part.strip().endswith("/0") for part in s.trusted_proxies.split(",")),
        "everybody is believed to be a proxy, so that anybody may choose the address that is seen of him",
        "Name your proxies alone in SENDLENS_TRUSTED_PROXIES.",
    ),
)
"""(what looks wrong, how it is said, what to do)."""


def doubts(settings: Settings) -> Iterator[tuple[str, str]]:
    """Yield what looks like a mistake, each with what to do."""
    for looks_wrong, says, remedy in RULES:
        if looks_wrong(settings):
            yield says, remedy
