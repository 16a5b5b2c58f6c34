"""What a source that is scraped may say: the exporter's address, the pace, and which samples become gauges."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final, Self
from urllib.parse import urlsplit

import msgspec

from sendlens.errors import InvalidField
from sendlens.sources.esp.provider import Options, Paths
from sendlens.sources.exporters.tables import EXPORTERS, MOST_RULES, Rule, rule

_LONGEST_ADDRESS: Final = 2_000


class ScrapeOptions(Options, frozen=True, kw_only=True):
    """Where an exporter is, and how its samples are read."""

    address: str = ""
    """Address of the exporter, such as http://mta1.example.com:8000/metrics; empty to scrape nothing."""
    every_seconds: Annotated[int, msgspec.Meta(ge=15, le=86_400)] = 60
    """How long to wait between two scrapes."""
    exporters: Paths = ()
    """Names of the tables that are used; all if empty."""
    gauges: Paths = ()
    """Rules of your own, before those of the tables: exporters_name{label="value"} = gauge by label, other as ours."""
    prefix: str = ""
    """What stands before the exporter's names and is taken away."""

    @classmethod
    def of(cls, settings: Mapping[str, object]) -> Self:
        """Return the options in a source's settings. Raises `InvalidField` naming the one that cannot be used."""
        told = super().of(settings)
        if told.address:
            check_address(told.address)
        for name in told.exporters:
            if name not in EXPORTERS:
                raise InvalidField("exporters", name, f"some of {', '.join(EXPORTERS)}")
        if len(told.gauges) > MOST_RULES:
            raise InvalidField("gauges", len(told.gauges), f"at most {MOST_RULES} lines")
        for line in told.gauges:
            rule(line)
        return told

    @property
    def tables(self) -> list[tuple[Rule, ...]]:
        """Return the rules that count: a source's own come first, each table is one of its own."""
        own = tuple(rule(line) for line in self.gauges)
        return [own, *(rules for name, rules in EXPORTERS.items() if not self.exporters or name in self.exporters)]


def check_address(text: str) -> None:
    """Raise `InvalidField` unless a text is an address that may be scraped."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise InvalidField("address", text, f"the address cannot be read: {error}") from None
    if parts.username is not None or parts.password is not None:
        raise InvalidField(
            "address", "(hidden)", "user and password are the source's secret and do not stand in the address"
        )
    plain = text.isascii() and text.isprintable() and " " not in text and len(text) <= _LONGEST_ADDRESS
    if parts.scheme not in ("http", "https") or not parts.hostname or not plain or port == 0 or parts.fragment:
        raise InvalidField("address", text, "http://host:port/metrics or https://host/metrics, in ASCII")
