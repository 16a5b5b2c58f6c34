"""The address of a page as a value: everything a page shows is in its URL, and every link is the URL with a change.

Owns the names of parameters and how links are made. Leaves to `metrics` what periods, filters and metrics mean.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, urlencode

# In this order in every address, so that one view has one address. `tenant` first: it says whose figures these are.
QUESTION: Final = ("tenant", "zone", "period", "from", "to", "compare", "f", "metric", "interval", "clock")
"""Parameters of the question itself; they travel from page to page."""

VIEW: Final = (
    "campaign",
    "of",
    "item",
    "wait",
    "audience",
    "device",
    "content",
    "window",
    "variant",
    "did",
    "before",
    "after",
    "q",
    "order",
    "page",
    "view",
)
"""Parameters of how one page shows its answer; they stay behind when one leaves the page."""

SHARED: Final = "/shared/"
"""Where the pages of shared links are."""
_OF: Final = ("/providers/", "/domains/", "/segments/", "/links/")
_ITEM: Final = ("/details/", "/recipients/", "/messages/")
_ORDER: Final = {name: place for place, name in enumerate((*QUESTION, *VIEW))}
_LONGEST: Final = 2000
_MOST: Final = 40


@dataclass(frozen=True)
class Address:
    """A path and its known parameters, in a fixed order; unknown and empty parameters are dropped."""

    path: str
    pairs: tuple[tuple[str, str], ...]

    @staticmethod
    def of(path: str, pairs: Iterable[tuple[str, str]]) -> Address:
        """Return the address of a request."""
        known = [(name, value[:_LONGEST]) for name, value in pairs if name in _ORDER and value][:_MOST]
        known.sort(key=lambda pair: _ORDER[pair[0]])
        return Address(path, tuple(known))

    @staticmethod
    def read(text: str) -> Address:
        """Return the address that `str` wrote. One that leads elsewhere becomes the overview."""
        path, _, query = own_path(text).partition("?")
        return Address.of(path if "\\" not in path else "/", parse_qsl(query))

    def get(self, name: str, default: str = "") -> str:
        """Return the last value of a parameter."""
        return next((value for key, value in reversed(self.pairs) if key == name), default)

    def all(self, name: str) -> list[str]:
        """Return every value of a parameter."""
        return [value for key, value in self.pairs if key == name]

    def with_(self, **changes: str | Sequence[str] | None) -> Address:
        """Return the address with parameters replaced; None or an empty text removes one. `from_` stands for `from`."""
        named = {name.rstrip("_"): value for name, value in changes.items()}
        pairs = [pair for pair in self.pairs if pair[0] not in named]
        for name, value in named.items():
            values = [value] if isinstance(value, str) else list(value or ())
            pairs += [(name, one) for one in values]
        return Address.of(self.path, pairs)

    def plus_filter(self, text: str) -> Address:
        """Return the address with one filter more, and back on the first page of a list."""
        filters = self.all("f")
        return self.with_(f=filters if text in filters else [*filters, text], page=None, after=None)

    def minus_filter(self, index: int) -> Address:
        """Return the address without the filter at `index`."""
        filters = self.all("f")
        return self.with_(f=[*filters[:index], *filters[index + 1 :]], page=None, after=None)

    def at(self, path: str) -> Address:
        """Return the same question on another page, without what belongs to this page alone."""
        return Address(path, tuple(pair for pair in self.pairs if pair[0] in QUESTION))

    def panel(self, name: str) -> str:
        """Return the URL of one panel of this page. A shared page has panels of its own."""
        page = self.path if self.path.startswith(SHARED) else ""
        return str(Address(f"{page}/panels/{name}", self.pairs))

    def file(self, form: str) -> str:
        """Return the URL of this page's list as a file."""
        return str(Address(f"{self.path}.{form}", tuple(pair for pair in self.pairs if pair[0] != "page")))

    def without(self, *names: str) -> tuple[tuple[str, str], ...]:
        """Return the parameters a form has to carry along besides its own fields."""
        return tuple(pair for pair in self._shown() if pair[0] not in names)

    def _shown(self) -> tuple[tuple[str, str], ...]:
        # The page of a thing has the thing in its path.
        named = {"campaign": "/campaigns/", "of": _OF, "item": _ITEM}
        there = {name for name, paths in named.items() if self.path.startswith(paths)}
        return tuple(pair for pair in self.pairs if pair[0] not in there)

    def __str__(self) -> str:
        pairs = self._shown()
        return f"{self.path}?{urlencode(pairs, safe=',|:')}" if pairs else self.path


def own_path(text: str) -> str:
    """Return a path on this site to go on to, or the overview for anything that leads elsewhere."""
    # A browser reads "//host" and "/\\host" as another site, and takes tabs out before it reads: "/\t/host".
    fine = text.startswith("/") and not text.startswith(("//", "/\\")) and text.isascii() and text.isprintable()
    return text if fine else "/"
