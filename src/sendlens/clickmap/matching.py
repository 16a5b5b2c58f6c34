"""Matching: which place of a mail a click belongs to, and how that is known.

A click tells an address, and with some providers the number or the name of its link. A number or a name is believed
only where the address agrees, because providers count differently. Where several places could be meant the click
stays unresolved across them: it is never guessed, and never divided.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Final, Literal, NamedTuple

from sendlens.clickmap.addresses import address, beginning, fits, is_pattern
from sendlens.clickmap.places import Place

How = Literal["position", "name", "address", "unresolved", "elsewhere"]
HOW: Final[dict[How, str]] = {
    "position": "by the place that the provider told",
    "name": "by the name of the link",
    "address": "by its address, which stands in one place only",
    "unresolved": "its address stands in several places, and nothing tells which",
    "elsewhere": "its address is in no place of this HTML",
}
"""How a click was matched, in words."""


class Told(NamedTuple):
    """What a click tells of its link: its number from 0 or -1, its name, and the address."""

    position: int
    name: str
    url: str


class Match(NamedTuple):
    """The places that can be meant, and how that is known; one place, or several that nothing tells apart."""

    places: tuple[int, ...]
    how: How


class Places:
    """The places of one mail, arranged so that an address finds those it can come from without trying each of them.

    `work` counts the patterns that were tried and the places that were found, which is what a hostile mail makes many
    of: a mail of 2,000 links with placeholders, clicked at 5,000 addresses, would take half a minute.
    """

    def __init__(self, places: Sequence[Place]) -> None:
        """Arrange places, numbered from 0 in their order."""
        self.all = tuple(places)
        self.work = 0
        self._same: defaultdict[tuple[object, ...], list[Place]] = defaultdict(list)
        self._patterns: defaultdict[int, list[tuple[str, Place]]] = defaultdict(list)
        self._named: defaultdict[str, list[Place]] = defaultdict(list)
        for place in self.all:
            wanted = address(place.href)
            for name in place.names:
                self._named[name].append(place)
            if is_pattern(wanted):
                self._patterns[len(wanted.parameters)].append((beginning(wanted), place))
            elif not wanted.open:
                self._same[wanted.site, wanted.parameters, wanted.fragment].append(place)

    def named(self, name: str) -> list[Place]:
        """Return the places that go by a name."""
        return self._named.get(name, [])

    def fitting(self, url: str) -> list[Place]:
        """Return the places whose href an address can come from, in their order."""
        told = address(url)
        if not url or not told.site:
            return []
        patterns = self._patterns.get(len(told.parameters), [])
        found = list(self._same.get((told.site, told.parameters, told.fragment), ()))
        found += [place for start, place in patterns if told.site.startswith(start) and fits(place.href, url)]
        self.work += len(patterns) + len(found)
        return sorted(found, key=lambda place: place.number)


def match(places: Places, told: Told) -> Match:
    """Return the place of a click."""
    fitting = places.fitting(told.url)
    if 0 <= told.position < len(places.all):
        one = places.all[told.position]
        if one in fitting or not told.url or address(one.href).open:
            return Match((one.number,), "position")
    if told.name:
        agreeing = [one for one in places.named(told.name) if one in fitting or not told.url or address(one.href).open]
        places.work += len(agreeing)
        if len(agreeing) == 1:
            return Match((agreeing[0].number,), "name")
        fitting = agreeing or fitting
    if not fitting:
        return Match((), "elsewhere")
    return Match(tuple(place.number for place in fitting), "address" if len(fitting) == 1 else "unresolved")
