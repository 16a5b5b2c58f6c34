"""The people who receive the mail: address, mailbox, way of reading, and how fond they are of it.

Owns who exists. A person is a number; everything about one is drawn once, from the seed.
"""

from __future__ import annotations

from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sendlens.simulator.clients import AGENT_NUMBER, HABITS, READER_NAMES, READERS, SCANNERS
from sendlens.simulator.mailboxes import MAILBOXES
from sendlens.simulator.parameters import Parameters

_FIRST: Final = """
    anna ben carla david elena felix greta hannah ivan julia karl lena marco nina oscar paula quentin rosa simon
    tara ugo vera walter xenia yusuf zoe amira bruno chloe dario esther fatima george hugo iris jonas kira liam
"""
_LAST: Final = """
    adler baker castro dumont ekberg fischer garcia hansen ibsen jansen keller lopez meyer novak olsen petrov
    quinn rossi schmidt tanaka ullman varga weber xu young zimmer archer brandt costa duval evans frost
"""
COUNTRIES: Final = ("US", "DE", "GB", "FR", "NL", "CA", "AT", "CH", "ES", "IT")
_COUNTRY_SHARES: Final = (0.36, 0.17, 0.13, 0.08, 0.06, 0.06, 0.05, 0.04, 0.03, 0.02)


class Population:
    """`size` people drawn from `seed`; all attributes are arrays indexed by the person's number."""

    def __init__(self, seed: int, size: int, parameters: Parameters) -> None:
        """Draw everybody. Takes about 0.3 microseconds a person."""
        rng = np.random.default_rng([seed, 1])
        self.size = size
        shares = np.array([mailbox.share for mailbox in MAILBOXES])
        self.mailbox = _draw(rng, shares, size)
        self.reader = np.zeros(size, dtype=np.uint8)
        self.scanner = np.zeros(size, dtype=np.uint8)
        scanned = rng.random(size) < parameters.scanner_share
        covert = rng.random(size) < parameters.covert_scanners
        for number, mailbox in enumerate(MAILBOXES):
            here = np.flatnonzero(self.mailbox == number)
            habits = HABITS[mailbox.habit]
            numbers = np.array([READER_NAMES.index(name) for name in habits], dtype=np.uint8)
            self.reader[here] = numbers[_draw(rng, np.array(list(habits.values())), len(here))]
            if mailbox.business:
                names = SCANNERS.get(mailbox.provider, SCANNERS[""])
                agents = np.array([AGENT_NUMBER[name] for name in names], dtype=np.uint8)
                behind = here[scanned[here]]
                chosen = agents[rng.integers(0, len(agents), len(behind))]
                self.scanner[behind] = np.where(covert[behind], AGENT_NUMBER["scanner_covert"], chosen)
        # Most people open now and then, a few open everything: a gamma distribution with mean 1.
        self.fondness = rng.gamma(1.6, 1 / 1.6, size).astype(np.float32)
        prefetch = np.array([READERS[name].prefetch for name in READER_NAMES])
        self.prefetches = prefetch[self.reader]
        # What a prefetching program lets through is seen once in five times, on another device.
        self.seen = np.where(self.prefetches, 0.2, 1.0)
        self.mean_seen = float((self.fondness * self.seen).mean()) or 1.0
        self.address_bits = rng.integers(0, 1 << 17, size, dtype=np.int64)
        self.country = _draw(rng, np.array(_COUNTRY_SHARES), size)
        loops = np.array([mailbox.loop for mailbox in MAILBOXES])
        self.reports = loops[self.mailbox]
        self.share_reporting = float(self.reports.mean()) or 1.0

    @cached_property
    def addresses(self) -> list[str]:
        """Return everybody's e-mail address; all different, none of a real person on purpose."""
        first_names, last_names = _FIRST.split(), _LAST.split()
        firsts, lasts = len(first_names), len(last_names)
        domains = [mailbox.domain for mailbox in MAILBOXES]
        return [
            f"{first_names[n * 7 % firsts]}.{last_names[n * 13 % lasts]}.s{n:x}@{domains[box]}"
            for n, box in enumerate(self.mailbox.tolist())
        ]


def _draw(rng: np.random.Generator, weights: NDArray[np.float64], n: int) -> NDArray[np.uint8]:
    shares = np.cumsum(weights / weights.sum())
    return np.minimum(np.searchsorted(shares, rng.random(n), side="right"), len(weights) - 1).astype(np.uint8)
