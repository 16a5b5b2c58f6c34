"""Log lines: structured, one event a line, for people on a terminal and for machines elsewhere.

Owns the configuration. Every module asks structlog for a logger and names things; nobody logs secrets or bodies.
"""

from __future__ import annotations

import logging
import sys

import structlog

from sendlens.settings import Settings


def configure(settings: Settings) -> None:
    """Send all log lines, those of libraries included, to standard error in the form the settings ask for."""
    as_text = settings.log_format == "text" or (settings.log_format == "auto" and sys.stderr.isatty())
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.dev.ConsoleRenderer() if as_text else structlog.processors.JSONRenderer(),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level.upper())
    # Libraries speak only of trouble: uvicorn's start and stop lines repeat ours.
    for name in ("uvicorn", "uvicorn.error", "httpx", "alembic", "clickhouse_connect"):
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
