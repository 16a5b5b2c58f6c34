"""Networks of which it is documented who acts from them.

Owns the look-up, the form of the list (`networks.txt`, dated) and its checks. Add only ranges that their owner
publishes or announces as its own. Those in `SCANNERS` belong to makers of mail gateways whose customers may browse
from there as well (browser isolation): their address is evidence only together with timing or a bare agent. Fetching a
newer list is `operations`' work.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Final, NamedTuple

Range = ipaddress.IPv4Network | ipaddress.IPv6Network

SCANNERS: Final = frozenset({"barracuda", "proofpoint", "mimecast", "cisco", "symantec"})
"""Owners whose networks are evidence only together with something else."""

FILE: Final = "networks.txt"
"""Name of the list, here and in a data directory."""
MOST: Final = 1_000_000
"""Ranges in one list, after neighbours were joined."""

_OWNER: Final = re.compile(r"[a-z][a-z0-9_]{1,39}")
# A range, or a single address, wherever it stands: in a CSV, in JSON, alone on its line.
_RANGE: Final = re.compile(
    r"(?<![\w.:/])((?:\d{1,3}\.){3}\d{1,3}(?:/\d{1,2})?|(?:[0-9a-fA-F]{0,4}:){2,7}[0-9a-fA-F]{0,4}(?:/\d{1,3})?)(?![\w./:])"
)
_WIDEST: Final = {4: 8, 6: 16}


class NetworksError(ValueError):
    """A list of networks that cannot be used; the text says where and why."""


class Table(NamedTuple):
    """Sorted ranges of one version of the address: firsts, lasts and owners, equally long."""

    firsts: list[int]
    lasts: list[int]
    owners: list[str]


class Networks:
    """A dated list of ranges with their owners, made for looking addresses up."""

    def __init__(self, date: str, ranges: Iterable[tuple[str, Range]]) -> None:
        """Join neighbours of one owner. Raises `NetworksError` where two owners claim the same address."""
        self.date = date
        by_owner: dict[str, dict[int, list[Range]]] = {}
        for owner, network in ranges:
            by_owner.setdefault(owner, {4: [], 6: []})[network.version].append(network)
        self.ranges: list[tuple[str, Range]] = [
            (owner, network)
            for owner, versions in by_owner.items()
            for same in versions.values()
            for network in _joined(same)
        ]
        if len(self.ranges) > MOST:
            raise NetworksError(f"{len(self.ranges):,} ranges are more than {MOST:,}")
        self._tables = {4: self._table(4), 6: self._table(6)}

    def _table(self, version: int) -> Table:
        rows = sorted(
            (int(network.network_address), int(network.broadcast_address), owner)
            for owner, network in self.ranges
            if network.version == version
        )
        for before, after in pairwise(rows):
            if after[0] <= before[1]:
                make = ipaddress.IPv4Address if version == 4 else ipaddress.IPv6Address
                raise NetworksError(f"{before[2]} and {after[2]} both claim {make(after[0])}")
        return Table([row[0] for row in rows], [row[1] for row in rows], [row[2] for row in rows])

    @property
    def counts(self) -> dict[str, int]:
        """Return how many ranges each owner has, after neighbours were joined."""
        return dict(sorted(Counter(owner for owner, _ in self.ranges).items()))

    def owner(self, ip: str) -> str:
        """Return the name of the network an address belongs to, or empty text.

        A prefix such as `192.0.2.0/24` counts by its first address; an IPv4 address written as IPv6 counts as IPv4.
        """
        try:
            address = ipaddress.ip_address(ip.strip().partition("/")[0])
        except ValueError:
            return ""
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        table = self._tables[address.version]
        number = int(address)
        place = bisect_right(table.firsts, number) - 1
        return table.owners[place] if place >= 0 and number <= table.lasts[place] else ""

    def with_owner(self, owner: str, ranges: Iterable[Range], date: str) -> Networks:
        """Return the same list with other ranges for one owner."""
        if not _OWNER.fullmatch(owner):
            raise NetworksError(f"{owner!r} is no name of an owner: lower case letters, digits and _, 2 to 40")
        others = [(name, network) for name, network in self.ranges if name != owner]
        return Networks(date, [*others, *((owner, network) for network in ranges)])

    def text(self) -> str:
        """Return the list in the form that `read` takes."""
        lines = [f"{owner} {network}" for owner, network in sorted(self.ranges, key=lambda row: (row[0], str(row[1])))]
        return "\n".join([f"date {self.date}", *lines, ""])


def _joined(ranges: list[Range]) -> Iterable[Range]:
    four = [one for one in ranges if isinstance(one, ipaddress.IPv4Network)]
    six = [one for one in ranges if isinstance(one, ipaddress.IPv6Network)]
    yield from ipaddress.collapse_addresses(four)
    yield from ipaddress.collapse_addresses(six)


def read(text: str) -> Networks:
    """Return the list that a text in our own form holds. Raises `NetworksError` naming the line."""
    date, ranges = "", list[tuple[str, Range]]()
    for number, line in enumerate(text.splitlines(), 1):
        words = line.partition("#")[0].split()
        if not words:
            continue
        if len(words) != 2:
            raise NetworksError(f"line {number}: {line[:80]!r} is not an owner and a range")
        owner, value = words
        if owner == "date":
            try:
                date = dt.date.fromisoformat(value).isoformat()
            except ValueError:
                raise NetworksError(f"line {number}: {value[:80]!r} is no date (YYYY-MM-DD)") from None
            continue
        if not _OWNER.fullmatch(owner):
            raise NetworksError(f"line {number}: {owner[:80]!r} is no name of an owner")
        ranges.append((owner, _range(value, f"line {number}: ")))
    if not date:
        raise NetworksError("no line says `date YYYY-MM-DD`")
    if not ranges:
        raise NetworksError("it holds no range")
    return Networks(date, ranges)


def found(text: str) -> list[Range]:
    """Return every range that stands in a text of any form: CSV, JSON or lines. Raises `NetworksError` for none."""
    ranges: list[Range] = []
    for match in _RANGE.finditer(text):
        try:
            ranges.append(ipaddress.ip_network(match[1], strict=False))
        except ValueError:
            continue  # a time or a version number looks like an address
    for network in ranges:
        _bounded(network, "")
    if not ranges:
        raise NetworksError("no range of addresses stands in it")
    return ranges


def _range(value: str, where: str) -> Range:
    try:
        network = ipaddress.ip_network(value)
    except ValueError as error:
        raise NetworksError(f"{where}{error}") from None
    _bounded(network, where)
    return network


def _bounded(network: Range, where: str) -> None:
    if network.prefixlen < _WIDEST[network.version]:
        raise NetworksError(f"{where}{network} is wider than /{_WIDEST[network.version]}: nobody owns that much")


SHIPPED: Final = read(Path(__file__).with_name(FILE).read_text(encoding="utf-8"))
"""The list of this release."""

_current = [SHIPPED]


def current() -> Networks:
    """Return the list that this process uses."""
    return _current[0]


def use(networks: Networks) -> None:
    """Make a list count for this process from now on; what was enriched keeps its verdict. Any thread may call it."""
    _current[0] = networks
    _owner.cache_clear()


def owner(ip: str) -> str:
    """Return the name of the network an address belongs to, or empty text."""
    return _owner(_current[0], ip)


# The list is part of the question: an answer that was on its way when another list came must not be kept for that one.
@lru_cache(maxsize=65_536)
def _owner(networks: Networks, ip: str) -> str:
    return networks.owner(ip)
