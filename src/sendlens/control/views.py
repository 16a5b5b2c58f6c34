"""Saved views: addresses of pages under a name, for everybody of a tenant.

Owns their storage. What an address means is the pages' business.
"""

from __future__ import annotations

from typing import Final

import msgspec
from sqlalchemy import delete, func, insert, select
from sqlalchemy.exc import IntegrityError

from sendlens.clock import Clock
from sendlens.control.database import Database
from sendlens.control.ids import new_id
from sendlens.control.tables import saved_views
from sendlens.errors import InvalidField, NotFound

MOST: Final = 200
"""Views of one tenant; a list that nobody reads is no help."""
_LONGEST_ADDRESS: Final = 4000


class SavedView(msgspec.Struct, frozen=True, kw_only=True):
    """One view: its name and the address it stands for, without the tenant."""

    id: str
    tenant: str
    name: str
    address: str
    author: str
    created_at: int


class SavedViews:
    """Saving, listing and removing views."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Work on `database`."""
        self._database = database
        self._clock = clock

    def save(self, tenant: str, name: str, address: str, *, author: str) -> SavedView:
        """Keep a view; one of the same name is replaced. Raises `InvalidField`."""
        said = view_name(name)
        if len(address) > _LONGEST_ADDRESS:
            raise InvalidField("view", address[:80], f"at most {_LONGEST_ADDRESS} characters")
        view = SavedView(
            id=new_id("view", 12),
            tenant=tenant,
            name=said,
            address=address,
            author=author,
            created_at=self._clock.now_ms(),
        )
        same = (saved_views.c.tenant == tenant) & (saved_views.c.name == said)
        try:
            with self._database.write() as connection:
                connection.execute(delete(saved_views).where(same))
                count = select(func.count()).select_from(saved_views).where(saved_views.c.tenant == tenant)
                if connection.execute(count).scalar_one() >= MOST:
                    raise InvalidField("name", said, f"a tenant has at most {MOST} views; remove one first")
                connection.execute(insert(saved_views).values(msgspec.structs.asdict(view)))
        except IntegrityError as error:  # two at the same moment
            raise InvalidField("name", said, "somebody saved a view of this name at the same time") from error
        return view

    def list(self, tenant: str) -> list[SavedView]:
        """Return the tenant's views by name."""
        query = select(saved_views).where(saved_views.c.tenant == tenant).order_by(saved_views.c.name)
        with self._database.read() as connection:
            return [SavedView(**row) for row in connection.execute(query).mappings()]

    def remove(self, tenant: str, view_id: str) -> None:
        """Take a view away. Raises `NotFound`."""
        wanted = delete(saved_views).where(saved_views.c.tenant == tenant, saved_views.c.id == view_id)
        with self._database.write() as connection:
            found = connection.execute(wanted).rowcount
        if not found:
            raise NotFound("there is no such view", hint="Somebody may have removed it already.")


def view_name(text: str) -> str:
    """Return the name of a view. Raises `InvalidField`."""
    said = " ".join(text.split())
    if not 0 < len(said) <= 80:
        raise InvalidField("name", text[:100], "1 to 80 characters")
    return said
