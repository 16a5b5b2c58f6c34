"""Matching: which place of a mail a click belongs to, and how that is known.

A click tells an address, and with some providers the number or the name of its link. A number or a name is believed
only where the address agrees, because providers count differently. Where several places could be meant the click
stays unresolved across them: it is never guessed, and never divided.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal, NamedTuple

from sendlens.clickmap.addresses import address, fits
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


def match(places: Sequence[Place], told: Told) -> Match:
    """Return the place of a click."""
    fitting = [place for place in places if told.url and fits(place.href, told.url)]
    if 0 <= told.position < len(places):
        one = places[told.position]
        if one in fitting or not told.url or address(one.href).open:
            return Match((one.number,), "position")
    if told.name:
        named = [place for place in places if told.name in place.names]
        agreeing = [one for one in named if one in fitting or not told.url or address(one.href).open]
        if len(agreeing) == 1:
            return Match((agreeing[0].number,), "name")
        fitting = agreeing or fitting
    if not fitting:
        return Match((), "elsewhere")
    return Match(tuple(place.number for place in fitting), "address" if len(fitting) == 1 else "unresolved")
