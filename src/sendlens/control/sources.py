"""Sources: where a tenant's events come from, each with a public id, settings and up to two valid secrets.

Owns how a secret is replaced without losing events: the one before stays valid until it is retired. Leaves to the
sources' own code what a secret and the settings mean to a provider.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
from sqlalchemy import ColumnElement, RowMapping, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from sendlens.clock import Clock
from sendlens.control.database import Database
from sendlens.control.ids import new_id
from sendlens.control.memory import LatestTimes, Recent
from sendlens.control.secrets import Keyring, Secret
from sendlens.control.tables import sources
from sendlens.errors import InvalidField, NotFound

_ID: Final = "src_"
API: Final = "api"
"""Name and provider of the source every tenant begins with: events in our own format."""
MOST_SECRETS: Final = 2
_LONGEST_SECRET: Final = 8192


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """One origin of events. `id` is public: it is part of the address a provider posts to.

    `secrets` are those valid now, the newest first. msgspec refuses to encode them; use `public` for showing a source.
    """

    id: str
    tenant: str
    name: str
    provider: str
    settings: dict[str, object]
    secrets: tuple[Secret, ...]
    created_at: int
    rotated_at: int
    last_event_at: int

    def revealed(self) -> list[str]:
        """Return the valid secrets in the clear, for verifying a signature."""
        return [secret.reveal() for secret in self.secrets]

    def public(self) -> dict[str, object]:
        """Return everything but the secrets, and how many there are."""
        shown: dict[str, object] = msgspec.structs.asdict(self)
        shown["secrets"] = len(self.secrets)
        return shown


class Sources:
    """Creating, finding and changing sources."""

    def __init__(self, database: Database, keyring: Keyring, clock: Clock) -> None:
        """Work on `database`, with secrets sealed by `keyring`."""
        self._database = database
        self._keyring = keyring
        self._clock = clock
        self._recent: Recent[tuple[str, str], Source | None] = Recent(clock)
        self._events = LatestTimes(database, sources, "last_event_at")

    def create(
        self,
        tenant: str,
        name: str,
        provider: str,
        settings: Mapping[str, object] | None = None,
        secrets: Sequence[str] = (),
    ) -> Source:
        """Create a source of the tenant with this id; `secrets` has at most two, the newest first."""
        now = self._clock.now_ms()
        if len(secrets) > MOST_SECRETS:
            raise InvalidField("secrets", f"{len(secrets)} secrets", f"at most {MOST_SECRETS}")
        row = default_source(tenant, now) | {
            "name": _name(name),
            "provider": provider,
            "settings": dict(settings or {}),
        }
        source_id = str(row["id"])
        sealed = [self._keyring.seal(_secret(secret), tenant, source_id) for secret in secrets]
        row |= dict(zip(("secret", "previous_secret"), sealed, strict=False))
        try:
            with self._database.write() as connection:
                connection.execute(insert(sources).values(row))
        except IntegrityError as error:
            raise InvalidField("name", name, "the tenant has such a source already, or does not exist") from error
        self._recent.forget()
        return self.get(source_id)

    def get(self, source_id: str) -> Source:
        """Return the source with this public id; the answer is at most a second old. Raises `NotFound`."""
        source = self._recent.get(("", source_id), lambda: self._find(sources.c.id == source_id))
        return _known(source, source_id)

    def named(self, tenant: str, name: str) -> Source:
        """Return the tenant's source of this name; the answer is at most a second old. Raises `NotFound`."""
        wanted = (sources.c.tenant == tenant) & (sources.c.name == name)
        return _known(self._recent.get((tenant, name), lambda: self._find(wanted)), name)

    def list(self, tenant: str) -> list[Source]:
        """Return the tenant's sources, the oldest first."""
        query = select(sources).where(sources.c.tenant == tenant).order_by(sources.c.created_at, sources.c.id)
        with self._database.read() as connection:
            return [self._source(row) for row in connection.execute(query).mappings()]

    def of_provider(self, provider: str) -> Sequence[Source]:
        """Return the sources of one kind, of all tenants, the oldest first."""
        query = select(sources).where(sources.c.provider == provider).order_by(sources.c.created_at, sources.c.id)
        with self._database.read() as connection:
            return [self._source(row) for row in connection.execute(query).mappings()]

    def rotate(self, source_id: str, new_secret: str) -> Source:
        """Make `new_secret` valid, and keep the newest one so far valid beside it. Raises `NotFound`."""
        source = self.get(source_id)
        sealed = self._keyring.seal(_secret(new_secret), source.tenant, source_id)
        # The old value is copied by the database: two who rotate at the same time cannot undo each other by halves.
        return self._change(source_id, {"previous_secret": sources.c.secret, "secret": sealed})

    def retire(self, source_id: str) -> Source:
        """End the rotation: only the newest secret stays valid. Raises `NotFound`."""
        return self._change(source_id, {"previous_secret": None})

    def configure(self, source_id: str, settings: Mapping[str, object], *, forget: bool = False) -> Source:
        """Replace the settings of a source, and `forget` its secrets where they are meant for somebody else.

        Raises `NotFound`.
        """
        gone: dict[str, object] = {"secret": None, "previous_secret": None} if forget else {}
        return self._change(source_id, {"settings": dict(settings), **gone}, rotated=False)

    def delete(self, source_id: str) -> None:
        """Delete a source with its secrets; its address answers 404 from then on, and its events stay.

        Raises `NotFound`.
        """
        with self._database.write() as connection:
            gone = connection.execute(delete(sources).where(sources.c.id == source_id)).rowcount
        self._recent.forget()
        if not gone:
            raise NotFound(f"There is no source {source_id!r}.")

    def touch(self, source_id: str, ms: int) -> None:
        """Note that an event arrived; written by `flush`."""
        self._events.note(source_id, ms)

    def heard_of(self, tenant: str, name: str, ms: int) -> None:
        """Note that records of a source were stored, given its id or, for posts to the API, its name."""
        try:
            source = self.get(name) if name.startswith(_ID) else self.named(tenant, name)
        except NotFound:
            return  # posts may carry any name; only sources that were made have a light
        if source.tenant == tenant:
            self.touch(source.id, ms)

    def flush(self) -> None:
        """Write when sources last had an event."""
        self._events.flush()

    def _change(self, source_id: str, values: dict[str, object], *, rotated: bool = True) -> Source:
        if rotated:
            values = values | {"rotated_at": self._clock.now_ms()}
        with self._database.write() as connection:
            connection.execute(update(sources).where(sources.c.id == source_id).values(values))
        self._recent.forget()
        return self.get(source_id)

    def _find(self, wanted: ColumnElement[bool]) -> Source | None:
        with self._database.read() as connection:
            row = connection.execute(select(sources).where(wanted)).mappings().first()
        return self._source(row) if row else None

    def _source(self, row: RowMapping) -> Source:
        sealed = [value for value in (row["secret"], row["previous_secret"]) if value is not None]
        values = {name: row[name] for name in Source.__struct_fields__ if name != "secrets"}
        # What was heard of a moment ago is written later, and known already.
        values["last_event_at"] = max(values["last_event_at"], self._events.noted(values["id"]))
        opened = tuple(self._keyring.open(bytes(value), row["tenant"], row["id"]) for value in sealed)
        return Source(**values, secrets=opened)


def default_source(tenant: str, now: int) -> dict[str, object]:
    """Return the row of a new tenant's source for events in our own format."""
    return {
        "id": new_id("src", 20),
        "tenant": tenant,
        "name": API,
        "provider": API,
        "settings": {},
        "secret": None,
        "previous_secret": None,
        "created_at": now,
        "rotated_at": 0,
        "last_event_at": 0,
    }


def _known(source: Source | None, name: str) -> Source:
    if source is None:
        raise NotFound(f"There is no source {name!r}.", hint="sendlens source list TENANT shows those there are.")
    return source


def _name(value: str) -> str:
    text = value.strip()
    if not 0 < len(text) <= 256:
        raise InvalidField("name", value, "1 to 256 characters")
    return text


def _secret(value: str) -> str:
    if not 0 < len(value) <= _LONGEST_SECRET:
        raise InvalidField("secret", f"{len(value)} characters", f"1 to {_LONGEST_SECRET} characters")
    return value
