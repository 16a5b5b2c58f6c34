"""What mail servers tell Prometheus of themselves: an exporter's text in, gauges out.

Owns the tables of exporters' names and the options of a source that is scraped. Leaves fetching to `scrapes`.
"""

from __future__ import annotations

from typing import Final

PROMETHEUS: Final = "prometheus"
"""The provider name of a source whose gauges are scraped."""
