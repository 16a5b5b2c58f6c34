"""Exporters of mail servers that are scraped: how deep their queues are, as gauges.

Owns the fetching, and the sources that are due. Leaves what an exporter's text means to `sources.exporters`.
"""
