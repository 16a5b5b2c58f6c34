"""Which hosts may be connected to: names are resolved here, and the connection goes to the address that was judged.

Owns the filter. A name that leads into the machine or its private networks is refused unless the operator allows it, so
that whoever may set up a source cannot reach what only the server can.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable

from sendlens.errors import SendlensError


class PollError(SendlensError):
    """What a source names cannot be reached, opened or read."""

    status, kind, title = 503, "poll", "A source cannot be polled"


def address_of(host: str, port: int, allowed: Callable[[str], bool], *, hint: str) -> str:
    """Return the address to connect to. Raises `PollError` if there is none that is public or allowed."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise PollError(f"the host {host} cannot be resolved: {error}") from None
    addresses = [str(each[4][0]) for each in found]
    fitting = [address for address in addresses if is_public(address) or allowed(address)]
    if not fitting:
        raise PollError(
            f"the host {host} leads to {', '.join(sorted(set(addresses)))[:200]}, which is not a public address",
            hint=hint,
        )
    return fitting[0]


def is_public(text: str) -> bool:
    """Tell whether an address is one of the open internet: not this machine, no private network, no group.

    >>> is_public("192.0.2.1"), is_public("::ffff:127.0.0.1"), is_public("9.9.9.9")
    (False, False, True)
    """
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
        if inner is not None:
            return address.is_global and inner.is_global if not address.ipv4_mapped else inner.is_global
        # 64:ff9b::/96 leads to the IPv4 address in its last bits.
        if address in ipaddress.ip_network("64:ff9b::/96"):
            return ipaddress.ip_address(int(address) & 0xFFFFFFFF).is_global
    return address.is_global and not address.is_multicast


def within(text: str, networks: str) -> bool:
    """Tell whether an address lies in one of the networks that a setting lists with commas.

    >>> within("10.1.2.3", "10.0.0.0/8, ::1"), within("::ffff:10.1.2.3", "10.0.0.0/8"), within("9.9.9.9", "")
    (True, True, False)
    """
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    named = [each.strip() for each in networks.split(",") if each.strip()]
    return any(address in ipaddress.ip_network(each, strict=False) for each in named)
