"""Scopes: a page about one mailbox provider, sending domain, link or segment is the overview with a fixed filter.

Owns the table of such pages, their addresses, and which figures make sense there. Leaves the questions themselves to
`question`, and what a card shows to `breakdown`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from sendlens.errors import InvalidField
from sendlens.metrics.dimensions import DIMENSIONS

MAIL_TILES: Final = (
    "sent",
    "delivery_rate",
    "open_rate",
    "click_rate",
    "revenue",
    "hard_bounce_rate",
    "complaint_rate",
    "unsubscribe_rate",
)
MAIL_PANELS: Final = ("figures", "chart", "campaigns", "audience", "content", "device")


@dataclass(frozen=True)
class ScopeKind:
    """One kind of page: the dimension it holds fast, its path, what it is called, its tiles and its panels.

    `metrics` replaces the columns of every card where most figures cannot be told, as on the page of a link.
    """

    dimension: str
    path: str
    plural: str
    tiles: tuple[str, ...] = MAIL_TILES
    panels: tuple[str, ...] = MAIL_PANELS
    metrics: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """Return what one such thing is called."""
        return DIMENSIONS[self.dimension].label


KINDS: Final[dict[str, ScopeKind]] = {
    kind.dimension: kind
    for kind in (
        ScopeKind(
            "provider",
            "/providers",
            "Mailbox providers",
            tiles=(
                "sent",
                "delivery_rate",
                "open_rate",
                "click_rate",
                "deferral_rate",
                "block_rate",
                "hard_bounce_rate",
                "complaint_rate",
            ),
        ),
        ScopeKind("sending_domain", "/domains", "Sending domains"),
        ScopeKind("segment", "/segments", "Segments"),
        ScopeKind(
            "link",
            "/links",
            "Links",
            tiles=("clicked", "clicks", "clicked_raw", "clicks_raw"),
            panels=("figures", "chart", "campaigns", "audience", "device"),
            metrics=("clicked", "clicks", "clicks_raw"),
        ),
    )
}
"""The pages by their dimension. A campaign's page has its own report beside these panels."""


@dataclass(frozen=True)
class Fixed:
    """What a scope page holds fast."""

    kind: ScopeKind
    value: str

    @property
    def text(self) -> str:
        """Return it as the parameter `of` of a panel's address."""
        return f"{self.kind.dimension},{self.value}"

    @property
    def path(self) -> str:
        """Return the path of the page."""
        return scope_path(self.kind.dimension, self.value)


def fixed(text: str) -> Fixed | None:
    """Return what the parameter `of` holds fast; None for an empty one. Raises `InvalidField`."""
    if not text:
        return None
    dimension, comma, value = text.partition(",")
    if dimension not in KINDS or not comma:
        raise InvalidField("of", text, f"must be one of {', '.join(KINDS)}, a comma and a value")
    return Fixed(KINDS[dimension], value)


def scope_path(dimension: str, value: str) -> str:
    """Return the path of the page about a value of a dimension, or an empty text where there is no such page."""
    if not value:
        return ""
    if dimension == "campaign":
        return f"/campaigns/{quote(value, safe='')}"
    kind = KINDS.get(dimension)
    return f"{kind.path}/{quote(value, safe='')}" if kind else ""
