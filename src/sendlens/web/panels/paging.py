"""Which page of a list an address asks for: a page that does not exist is answered by the nearest one that does.

Owns the parameter `page` and the links to the pages around it. What a page holds is each list's business.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from sendlens.web.pages.state import Address

_MOST: Final = 10_000_000
"""No list is longer; a number beyond is a mistake or mischief."""

_T = TypeVar("_T")


@dataclass(frozen=True)
class Pages:
    """The page that is shown, of how many, and the addresses of those around it; empty where there is none."""

    number: int
    pages: int
    before: str
    after: str


def page_number(address: Address) -> int:
    """Return the page that is asked for, from 1; the first for what is no number.

    >>> [page_number(Address("/", (("page", text),))) for text in ("", "3", "0", "-1", "1e9", "9" * 400)]
    [1, 3, 1, 1, 1, 10000000]
    """
    text = address.get("page")
    if not (text.isascii() and text.isdigit()):
        return 1
    return max(min(int(text[:12]), _MOST), 1)


async def paged(
    address: Address, size: int, load: Callable[[int], Awaitable[_T]], total: Callable[[_T], int]
) -> tuple[_T, Pages]:
    """Return what `load` returns for the rows from an offset on, and where that is; beyond the end, the last page.

    `total` tells how many rows the whole list has, of an answer that has any.
    """
    number = page_number(address)
    found = await load((number - 1) * size)
    pages = max(-(-total(found) // size), 1)
    if number > pages:
        # Where there are no rows nobody may know how many there would be: the first page does.
        found = await load(0)
        pages = max(-(-total(found) // size), 1)
        if (number := min(number, pages)) > 1:
            found = await load((number - 1) * size)
    before = str(address.with_(page=str(number - 1) if number > 2 else None)) if number > 1 else ""
    after = str(address.with_(page=str(number + 1))) if number < pages else ""
    return found, Pages(number, pages, before, after)
