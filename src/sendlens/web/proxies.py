"""Reverse proxies: which of them are believed when they say for whom they ask.

Owns the reading of X-Forwarded-For, once for every connection and before anything looks at it: from then on the
connection's own client is who sent the request, so that sign-ins, sessions, the audit and the tracker cannot disagree.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from typing import Final, cast

import structlog

from sendlens.web.intake.asgi import Scope

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_MOST_TOLD: Final = 10
"""Proxies that are not believed and are told of in the log, until the next start."""
_log = structlog.stdlib.get_logger(__name__)


def networks(setting: str) -> tuple[Network, ...]:
    """Return the networks of `SENDLENS_TRUSTED_PROXIES`: addresses or networks, with commas between."""
    return tuple(ipaddress.ip_network(part.strip(), strict=False) for part in setting.split(",") if part.strip())


class Proxies:
    """The proxies that the operator trusts."""

    def __init__(self, setting: str) -> None:
        """Trust the networks of `SENDLENS_TRUSTED_PROXIES`."""
        self._trusted = networks(setting)
        self._told: set[str] = set()

    def look_behind(self, scope: Scope) -> None:
        """Make the client of a connection the one that our own proxies name."""
        given = [value for name, value in _headers(scope) if name.lower() == b"x-forwarded-for"]
        if not given:
            return
        peer = cast("tuple[str, int] | None", scope.get("client"))
        address = peer[0] if peer else ""
        if among(address, self._trusted):
            # Several fields are one list, in their order (RFC 9110, 5.3).
            scope["client"] = (client_address(address, b",".join(given).decode("latin-1"), self._trusted), 0)
        elif address not in self._told and len(self._told) < _MOST_TOLD and _is_neighbour(address):
            self._told.add(address)
            _log.warning(
                "a proxy is not believed",
                peer=address,
                hint="If it is yours, SENDLENS_TRUSTED_PROXIES should name it: all of its visitors look like one.",
            )


def client_address(peer: str, forwarded: str, trusted: Sequence[Network]) -> str:
    """Return who sent a request: the last address of X-Forwarded-For that none of our own proxies added.

    Only what a trusted proxy says is believed; everything further left may be invented by the sender. Empty where a
    proxy told something that is no address.

    >>> client_address("::1", "1.1.1.1, 198.51.100.7, 127.0.0.1", networks("127.0.0.0/8, ::1"))
    '198.51.100.7'
    """
    address = peer
    told = [part.strip() for part in forwarded.split(",") if part.strip()]
    while told and among(address, trusted):
        address = _bare(told.pop())
    return address if _parsed(address) else ""


def among(address: str, trusted: Sequence[Network]) -> bool:
    """Return whether an address lies in one of the networks."""
    there = _parsed(address)
    return there is not None and any(there in network for network in trusted)


def _headers(scope: Scope) -> list[tuple[bytes, bytes]]:
    return cast("list[tuple[bytes, bytes]]", scope["headers"])


def _is_neighbour(address: str) -> bool:
    there = _parsed(address)
    return there is not None and there.is_private


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
