"""Scrapes the exporters that sources name, and brings their gauges through the door.

A sample's identity is its source, its name and labels, and the moment of the scrape: it counts once, however often its
block is read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from sendlens.clock import Clock
from sendlens.control.control import Control
from sendlens.control.polls import PollState
from sendlens.control.sources import Source
from sendlens.model.events import RecordKind
from sendlens.polling.rounds import Accept
from sendlens.scrapes.fetch import fetched
from sendlens.settings import Settings
from sendlens.sources.exporters import PROMETHEUS
from sendlens.sources.exporters.options import ScrapeOptions
from sendlens.sources.exporters.reading import read


class Scrapes:
    """The exporters that sources name."""

    name = "scrapes"

    def __init__(self, control: Control, settings: Settings, clock: Clock, accept: Accept) -> None:
        """Bring gauges to `accept`."""
        self._control = control
        self._settings = settings
        self._clock = clock
        self._accept = accept

    def sources(self) -> Sequence[Source]:
        """Return the sources that name an exporter."""
        return [one for one in self._control.sources.of_provider(PROMETHEUS) if one.settings.get("address")]

    def every(self, source: Source) -> float:
        """Return the seconds between two scrapes."""
        return float(ScrapeOptions.of(source.settings).every_seconds)

    def look(self, source: Source, state: PollState, stopped: Callable[[], bool]) -> PollState:
        """Scrape once."""
        del stopped  # a scrape is short
        options = ScrapeOptions.of(source.settings)
        secrets = source.revealed()
        at = self._clock.now_ms()
        body, content_type = fetched(options.address, secrets[0] if secrets else "", self._settings)
        found = read(body.decode("utf-8", "replace"), content_type, options, at)
        self._accept(source.tenant, source.id, RecordKind.GAUGE, found.mapped, at)
        told = [*found.problems, *(each.error for each in found.mapped.rejected[:3])]
        return msgspec.structs.replace(state, read=state.read + len(found.mapped.records), note="; ".join(told))
