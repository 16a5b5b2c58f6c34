"""Mail servers of one's own: their logs as bodies of a webhook, or as files to import.

Owns the table of log formats. A format's `parse` takes a whole body, so that a file is read with the same function as
a post; `Received.received_at` is then the time of the import.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from sendlens.sources.esp.provider import Options
from sendlens.sources.mta import kumomta, postfix, powermta
from sendlens.sources.received import Mapped, Received

FORMATS: Final[dict[str, Callable[[Received, Options], Mapped]]] = {
    provider.name: provider.parse for provider in (kumomta.PROVIDER, postfix.PROVIDER, powermta.PROVIDER)
}

__all__ = ["FORMATS"]
