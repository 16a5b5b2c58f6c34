"""Tenants: the organisations whose data is kept apart.

Owns what a tenant is and which values it accepts. Every tenant has a source named `api` from the start, for events it
sends itself.
"""

from __future__ import annotations

import re
import zoneinfo
from typing import Final

import msgspec
from sqlalchemy import insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from sendlens.clock import Clock
from sendlens.control.database import Database
from sendlens.control.ids import new_id
from sendlens.control.memory import Recent
from sendlens.control.sources import default_source
from sendlens.control.tables import sources, tenants
from sendlens.errors import InvalidField, NotFound
from sendlens.sources.currencies import CURRENCIES

_SLUG: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")

LEAST_KEPT_DAYS: Final = 100
"""Longer than anything looks back that needs single events: 90 days of keys, 35 of minutes in whole months."""
MOST_KEPT_DAYS: Final = 36_500


class Tenant(msgspec.Struct, frozen=True, kw_only=True):
    """One organisation. `id` stands in every row of the store; `slug` is the name people type."""

    id: str
    slug: str
    name: str
    time_zone: str
    currency: str
    created_at: int
    events_keep_days: int = 0
    """How many days the events of a message are kept after the last one; 0 for good."""


class Tenants:
    """Creating, finding and changing tenants."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Work on `database`."""
        self._database = database
        self._clock = clock
        self._recent: Recent[str, Tenant | None] = Recent(clock)

    def create(self, slug: str, name: str, time_zone: str = "UTC", currency: str = "USD") -> Tenant:
        """Create a tenant and its source `api`. Raises `InvalidField` for a value that is not accepted or taken."""
        tenant = Tenant(
            id=new_id("t", 12),
            slug=_slug(slug),
            name=_name(name),
            time_zone=_time_zone(time_zone),
            currency=_currency(currency),
            created_at=self._clock.now_ms(),
        )
        try:
            with self._database.write() as connection:
                connection.execute(insert(tenants).values(msgspec.structs.asdict(tenant)))
                connection.execute(insert(sources).values(default_source(tenant.id, tenant.created_at)))
        except IntegrityError as error:
            raise _taken(slug) from error
        self._recent.forget()
        return tenant

    def get(self, name: str) -> Tenant:
        """Return the tenant with this slug or id. Raises `NotFound`."""
        tenant = self._recent.get(name, lambda: self._find(name))
        if tenant is None:
            raise NotFound(f"There is no tenant {name!r}.", hint="sendlens tenant list shows those there are.")
        return tenant

    def list(self) -> list[Tenant]:
        """Return all tenants, the first one first."""
        with self._database.read() as connection:
            rows = connection.execute(select(tenants).order_by(tenants.c.created_at, tenants.c.id)).mappings()
            return [Tenant(**row) for row in rows]

    def update(
        self,
        name: str,
        *,
        new_name: str | None = None,
        slug: str | None = None,
        time_zone: str | None = None,
        currency: str | None = None,
        events_keep_days: int | None = None,
    ) -> Tenant:
        """Change what is given of the tenant with this slug or id, and return it as it is then."""
        tenant = self._find(name) or self.get(name)
        changes = {
            "name": None if new_name is None else _name(new_name),
            "slug": None if slug is None else _slug(slug),
            "time_zone": None if time_zone is None else _time_zone(time_zone),
            "currency": None if currency is None else _currency(currency),
            "events_keep_days": None if events_keep_days is None else _keep_days(events_keep_days),
        }
        changes = {column: value for column, value in changes.items() if value is not None}
        if changes:
            try:
                with self._database.write() as connection:
                    connection.execute(update(tenants).where(tenants.c.id == tenant.id).values(changes))
            except IntegrityError as error:
                raise _taken(slug or "") from error
            self._recent.forget()
        return msgspec.structs.replace(tenant, **changes)

    def _find(self, name: str) -> Tenant | None:
        # An id has an underscore, which no slug may have: the two cannot be confused.
        query = select(tenants).where(or_(tenants.c.id == name, tenants.c.slug == name))
        with self._database.read() as connection:
            row = connection.execute(query).mappings().first()
        return Tenant(**row) if row else None


def _slug(value: str) -> str:
    if not _SLUG.fullmatch(value):
        raise InvalidField("slug", value, "1 to 63 of a-z, 0-9 and -, neither beginning nor ending with -")
    return value


def _name(value: str) -> str:
    text = value.strip()
    if not 0 < len(text) <= 256:
        raise InvalidField("name", value, "1 to 256 characters")
    return text


def _time_zone(value: str) -> str:
    if value not in zoneinfo.available_timezones():
        raise InvalidField("time_zone", value, "a name of the IANA database", hint="For example Europe/Berlin.")
    return value


def _currency(value: str) -> str:
    if value not in CURRENCIES:
        raise InvalidField("currency", value, "a currency code of ISO 4217", hint="For example EUR.")
    return value


def _keep_days(value: int) -> int:
    if value != 0 and not LEAST_KEPT_DAYS <= value <= MOST_KEPT_DAYS:
        raise InvalidField(
            "events_keep_days",
            str(value),
            f"0 to keep events for good, or {LEAST_KEPT_DAYS} to {MOST_KEPT_DAYS} days",
            hint="Charts by minute and the recognition of repeated events need the last weeks whole.",
        )
    return value


def _taken(slug: str) -> InvalidField:
    return InvalidField("slug", slug, "another tenant has it already")
