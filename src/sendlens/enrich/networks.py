"""Networks of which it is documented who acts from them.

Owns the table and the look-up. Add only ranges that their owner publishes or announces as its own. Those in `SCANNERS`
belong to makers of link scanners whose customers may browse from there as well (browser isolation): their address is
evidence only together with timing, which is for `context` to say.
"""

from __future__ import annotations

import ipaddress
from bisect import bisect_right
from functools import lru_cache
from typing import Final

NETWORKS: Final = (
    # Exchange Online Protection: the published endpoints of the mail service, from which links and pixels are checked.
    ("40.92.0.0/15", "microsoft_365"),
    ("40.107.0.0/16", "microsoft_365"),
    ("52.100.0.0/14", "microsoft_365"),
    ("104.47.0.0/17", "microsoft_365"),
    ("2a01:111:f400::/48", "microsoft_365"),
    ("2a01:111:f403::/48", "microsoft_365"),
    # As announced by the owners' own networks, 2026-11.
    ("64.235.144.0/20", "barracuda"),
    ("209.222.80.0/21", "barracuda"),
    ("67.231.144.0/20", "proofpoint"),
    ("148.163.128.0/19", "proofpoint"),
    ("205.220.160.0/19", "proofpoint"),
    ("207.211.30.0/24", "mimecast"),
    ("205.139.110.0/24", "mimecast"),
    ("170.10.128.0/24", "mimecast"),
    ("170.10.129.0/24", "mimecast"),
    ("170.10.132.0/24", "mimecast"),
    ("170.10.133.0/24", "mimecast"),
    ("146.101.78.0/24", "mimecast"),
    ("185.58.84.0/22", "mimecast"),
    ("68.232.128.0/19", "cisco"),
    ("184.94.240.0/20", "cisco"),
    ("216.71.128.0/19", "cisco"),
)
"""Range and name of its owner. Ranges do not overlap."""

SCANNERS: Final = frozenset({"barracuda", "proofpoint", "mimecast", "cisco"})
"""Owners whose networks are evidence only together with timing."""


def _sorted(version: int) -> tuple[list[int], list[int], list[str]]:
    rows = sorted(
        (int(network.network_address), int(network.broadcast_address), name)
        for network, name in ((ipaddress.ip_network(text), name) for text, name in NETWORKS)
        if network.version == version
    )
    return [row[0] for row in rows], [row[1] for row in rows], [row[2] for row in rows]


_RANGES: Final = {4: _sorted(4), 6: _sorted(6)}


@lru_cache(maxsize=65_536)
def owner(ip: str) -> str:
    """Return the name of the network an address belongs to, or empty text.

    A prefix such as `192.0.2.0/24` counts by its first address; an IPv4 address written as IPv6 counts as IPv4.
    """
    try:
        address = ipaddress.ip_address(ip.strip().partition("/")[0])
    except ValueError:
        return ""
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    starts, ends, names = _RANGES[address.version]
    number = int(address)
    place = bisect_right(starts, number) - 1
    return names[place] if place >= 0 and number <= ends[place] else ""
