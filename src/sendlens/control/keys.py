"""API keys: who may do what for which tenant.

Owns the form of a key, its digest in the database, and how soon a revocation works. The key itself exists only in the
answer of `create`.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from typing import Final

import msgspec
from sqlalchemy import RowMapping, insert, select, update
from sqlalchemy.exc import IntegrityError

from sendlens.clock import Clock
from sendlens.control.database import Database
from sendlens.control.ids import new_id, new_token
from sendlens.control.memory import LatestTimes, Recent
from sendlens.control.secrets import Keyring
from sendlens.control.tables import api_keys, tenants
from sendlens.errors import InvalidField, NotFound

SCOPES: Final[dict[str, str]] = {
    "ingest": "Send events, campaigns, conversions and spend.",
    "read": "Ask for metrics and events.",
    "admin": "Manage sources, keys and settings of the tenant.",
}
_RANDOM: Final = 36
_SHORTEST: Final = 20
_LONGEST: Final = 256


class ApiKey(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a key. `starts` are its first characters, to tell keys apart; the rest is not kept."""

    id: str
    tenant: str
    name: str
    scopes: tuple[str, ...]
    starts: str
    created_at: int
    last_used_at: int
    revoked_at: int

    def allows(self, scope: str) -> bool:
        """Return whether the key has this scope; no scope contains another."""
        return scope in self.scopes


class Keys:
    """Creating, finding and revoking API keys."""

    def __init__(self, database: Database, keyring: Keyring, clock: Clock) -> None:
        """Work on `database` with digests of `keyring`."""
        self._database = database
        self._keyring = keyring
        self._clock = clock
        self._recent: Recent[bytes, ApiKey | None] = Recent(clock)
        self._used = LatestTimes(database, api_keys, "last_used_at")

    def create(self, tenant: str, name: str, scopes: Iterable[str]) -> tuple[ApiKey, str]:
        """Create a key for the tenant with this id; return what is kept of it, and the key, which is shown only now."""
        with self._database.read() as connection:
            slug = connection.execute(select(tenants.c.slug).where(tenants.c.id == tenant)).scalar()
        if slug is None:
            raise NotFound(f"There is no tenant {tenant!r}.")
        prefix = f"sl_{slug.replace('-', '')[:12]}_"
        secret = prefix + new_token(_RANDOM)
        return self._insert(tenant, secret, len(prefix) + 4, name, scopes), secret

    def adopt(self, tenant: str, secret: str, name: str, scopes: Iterable[str]) -> ApiKey:
        """Accept a key that was made elsewhere, such as the one of the settings."""
        if not _SHORTEST <= len(secret) <= _LONGEST or not secret.isascii() or not secret.isprintable():
            raise InvalidField("key", "(hidden)", f"{_SHORTEST} to {_LONGEST} printable ASCII characters")
        return self._insert(tenant, secret, 4, name, scopes)

    def find(self, secret: str) -> ApiKey | None:
        """Return the key if it is valid now; the answer is at most a second old."""
        digest = self._keyring.digest(secret)
        key = self._recent.get(digest, lambda: self._find(digest))
        if key is not None:
            self._used.note(key.id, self._clock.now_ms())
        return key

    def remembered(self, secret: str) -> tuple[ApiKey | None, bool] | None:
        """Return what `find` would without asking the database, or None; and whether it is time to `renew` it."""
        known = self._recent.peek(self._keyring.digest(secret))
        if known is not None and known[0] is not None:
            self._used.note(known[0].id, self._clock.now_ms())
        return known

    def renew(self, secret: str) -> None:
        """Have the next second of `find` answered from memory."""
        digest = self._keyring.digest(secret)
        self._recent.renew(digest, lambda: self._find(digest))

    def get(self, key_id: str) -> ApiKey | None:
        """Return the key with this id if it is valid now; the answer is at most a second old."""
        return self._recent.get(key_id.encode(), lambda: self._find_id(key_id))

    def tenant_of(self, key_id: str) -> str:
        """Return the id of the tenant of a key, be it revoked. Raises `NotFound`."""
        with self._database.read() as connection:
            tenant = connection.execute(select(api_keys.c.tenant).where(api_keys.c.id == key_id)).scalar()
        if tenant is None:
            raise NotFound(f"There is no API key {key_id!r}.", hint="sendlens key list TENANT shows those there are.")
        return str(tenant)

    def list(self, tenant: str) -> list[ApiKey]:
        """Return the tenant's keys, revoked ones too, the oldest first."""
        query = select(api_keys).where(api_keys.c.tenant == tenant).order_by(api_keys.c.created_at, api_keys.c.id)
        with self._database.read() as connection:
            return [_key(row) for row in connection.execute(query).mappings()]

    def revoke(self, key_id: str, *, tenant: str | None = None) -> ApiKey:
        """Make a key invalid: at once here, within a second in other processes.

        With `tenant` the key is found only if it belongs to it. Raises `NotFound`. Revoking twice changes nothing.
        """
        wanted = [api_keys.c.id == key_id, *([] if tenant is None else [api_keys.c.tenant == tenant])]
        with self._database.write() as connection:
            connection.execute(
                update(api_keys).where(*wanted, api_keys.c.revoked_at == 0).values(revoked_at=self._clock.now_ms())
            )
            row = connection.execute(select(api_keys).where(*wanted)).mappings().first()
        if row is None:
            raise NotFound(f"There is no API key {key_id!r}.", hint="sendlens key list TENANT shows those there are.")
        self._recent.forget()
        return _key(row)

    def flush(self) -> None:
        """Write when keys were last used."""
        self._used.flush()

    def _insert(self, tenant: str, secret: str, shown: int, name: str, scopes: Iterable[str]) -> ApiKey:
        key = ApiKey(
            id=new_id("key", 12),
            tenant=tenant,
            name=_name(name),
            scopes=_scopes(scopes),
            starts=secret[:shown],
            created_at=self._clock.now_ms(),
            last_used_at=0,
            revoked_at=0,
        )
        row = msgspec.structs.asdict(key) | {"scopes": " ".join(key.scopes), "digest": self._keyring.digest(secret)}
        try:
            with self._database.write() as connection:
                connection.execute(insert(api_keys).values(row))
        except IntegrityError as error:
            raise InvalidField("key", "(hidden)", "this key is known already, or its tenant is not") from error
        self._recent.forget()
        return key

    def _find_id(self, key_id: str) -> ApiKey | None:
        valid = (api_keys.c.id == key_id) & (api_keys.c.revoked_at == 0)
        with self._database.read() as connection:
            row = connection.execute(select(api_keys).where(valid)).mappings().first()
        return _key(row) if row else None

    def _find(self, digest: bytes) -> ApiKey | None:
        with self._database.read() as connection:
            row = connection.execute(select(api_keys).where(api_keys.c.digest == digest)).mappings().first()
        # The index finds it; the comparison does not tell by its duration how much was right.
        if row is None or not hmac.compare_digest(row["digest"], digest) or row["revoked_at"]:
            return None
        return _key(row)


def _key(row: RowMapping) -> ApiKey:
    values = {name: row[name] for name in ApiKey.__struct_fields__ if name != "scopes"}
    return ApiKey(**values, scopes=tuple(row["scopes"].split()))


def _name(value: str) -> str:
    text = value.strip()
    if not 0 < len(text) <= 256:
        raise InvalidField("name", value, "1 to 256 characters")
    return text


def _scopes(values: Iterable[str]) -> tuple[str, ...]:
    given = set(values)
    if not given or given - SCOPES.keys():
        raise InvalidField("scopes", sorted(given), f"one or more of {', '.join(SCOPES)}")
    return tuple(scope for scope in SCOPES if scope in given)
