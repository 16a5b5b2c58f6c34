"""The table of what can be asked about deliverability, for whoever asks for several parts at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from sendlens.errors import InvalidField
from sendlens.metrics.deliverability.authentication import authentication
from sendlens.metrics.deliverability.depth import depth
from sendlens.metrics.deliverability.latency import latency
from sendlens.metrics.deliverability.list_health import by_age, by_segment
from sendlens.metrics.deliverability.matrix import matrix
from sendlens.metrics.deliverability.placement import placement
from sendlens.metrics.deliverability.replies import replies
from sendlens.metrics.deliverability.spam_folder import spam_folder
from sendlens.metrics.deliverability.transport import transport
from sendlens.metrics.query import Metrics, Scope

PARTS: Final[dict[str, Callable[[Metrics, Scope], object]]] = {
    "matrix": matrix,
    "spam_folder": spam_folder,
    "authentication": authentication,
    "replies": replies,
    "latency": latency,
    "queues": depth,
    "placement": placement,
    "transport": transport,
    "list_age": by_age,
    "segments": by_segment,
}
"""The parts by name. One whose table does not know a filter answers None."""


def read_parts(text: str) -> Sequence[str]:
    """Return the parts of a list with commas, all for an empty one. Raises `InvalidField`."""
    names = [name.strip() for name in text.split(",") if name.strip()]
    for name in names:
        if name not in PARTS:
            raise InvalidField("parts", name, f"is no part; there are {', '.join(PARTS)}")
    return list(dict.fromkeys(names)) or list(PARTS)
