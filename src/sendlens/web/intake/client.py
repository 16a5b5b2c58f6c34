"""The address a request comes from, through the proxies that the operator trusts."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from functools import lru_cache
from typing import cast

from sendlens.web.intake.asgi import Request, Scope

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@lru_cache(maxsize=16)
def networks(setting: str) -> tuple[Network, ...]:
    """Return the networks of `SENDLENS_TRUSTED_PROXIES`: addresses or networks, with commas between."""
    return tuple(ipaddress.ip_network(part.strip(), strict=False) for part in setting.split(",") if part.strip())


def client_address(scope: Scope, request: Request, trusted: Sequence[Network]) -> str:
    """Return who sent a request: the last address of X-Forwarded-For that none of our own proxies added.

    Only what a trusted proxy says is believed; everything further left may be invented by the sender.
    """
    peer = cast("tuple[str, int] | None", scope.get("client"))
    address = peer[0] if peer else ""
    told = [part.strip() for part in request.headers.get("x-forwarded-for", "").split(",") if part.strip()]
    while told and _among(address, trusted):
        address = _bare(told.pop())
    return address if _parsed(address) else ""


def _among(address: str, trusted: Sequence[Network]) -> bool:
    there = _parsed(address)
    return there is not None and any(there in network for network in trusted)


def _parsed(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        there = ipaddress.ip_address(address)
    except ValueError:
        return None
    mapped = there.ipv4_mapped if isinstance(there, ipaddress.IPv6Address) else None
    return mapped or there


def _bare(text: str) -> str:
    """Return an address without the port that some proxies add."""
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0] if text.count(":") == 1 else text
