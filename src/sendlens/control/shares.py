"""Shared links: one view of one tenant for whoever has the link, read-only, until a day.

Owns the token's form, its digest in the database, expiry and revocation. The token itself exists only in the answer of
`create`. Leaves to `web` what a view shows.
"""

from __future__ import annotations

import hmac
from typing import Final

import msgspec
from sqlalchemy import RowMapping, insert, select, update

from sendlens.clock import Clock
from sendlens.control.database import Database
from sendlens.control.ids import new_id, new_token
from sendlens.control.memory import LatestTimes, Recent
from sendlens.control.secrets import Keyring
from sendlens.control.tables import shared_links
from sendlens.control.views import view_name
from sendlens.errors import InvalidField, NotFound

DAY_MS: Final = 86_400_000
MOST_DAYS: Final = 366
_RANDOM: Final = 32


class SharedLink(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of a link. `frozen` means that whoever opens it can change neither period nor filters."""

    id: str
    tenant: str
    name: str
    address: str
    frozen: bool
    author: str
    created_at: int
    expires_at: int
    revoked_at: int
    last_used_at: int


class SharedLinks:
    """Creating, finding, listing and revoking shared links."""

    def __init__(self, database: Database, keyring: Keyring, clock: Clock) -> None:
        """Work on `database` with digests of `keyring`."""
        self._database = database
        self._keyring = keyring
        self._clock = clock
        self._recent: Recent[bytes, SharedLink | None] = Recent(clock)
        self._used = LatestTimes(database, shared_links, "last_used_at")

    def create(
        self, tenant: str, name: str, address: str, *, days: int, frozen: bool, author: str
    ) -> tuple[SharedLink, str]:
        """Share a view for some days; return what is kept of the link, and its token, which is shown only now."""
        if not 1 <= days <= MOST_DAYS:
            raise InvalidField("days", days, f"1 to {MOST_DAYS}")
        now = self._clock.now_ms()
        link = SharedLink(
            id=new_id("link", 12),
            tenant=tenant,
            name=view_name(name),
            address=address,
            frozen=frozen,
            author=author,
            created_at=now,
            expires_at=now + days * DAY_MS,
            revoked_at=0,
            last_used_at=0,
        )
        token = new_token(_RANDOM)
        row = msgspec.structs.asdict(link) | {"digest": self._digest(token)}
        with self._database.write() as connection:
            connection.execute(insert(shared_links).values(row))
        self._recent.forget()
        return link, token

    def find(self, token: str) -> SharedLink | None:
        """Return the link if it is valid now; a revocation is known at once here, within a second elsewhere."""
        digest = self._digest(token)
        link = self._recent.get(digest, lambda: self._find(digest))
        now = self._clock.now_ms()
        if link is None or link.expires_at <= now:
            return None
        self._used.note(link.id, now)
        return link

    def list(self, tenant: str) -> list[SharedLink]:
        """Return the tenant's links, revoked and expired ones too, the latest first."""
        query = (
            select(shared_links)
            .where(shared_links.c.tenant == tenant)
            .order_by(shared_links.c.created_at.desc(), shared_links.c.id)
        )
        with self._database.read() as connection:
            return [_link(row) for row in connection.execute(query).mappings()]

    def revoke(self, tenant: str, link_id: str) -> SharedLink:
        """End a link before its day; doing it twice changes nothing. Raises `NotFound`."""
        wanted = (shared_links.c.tenant == tenant) & (shared_links.c.id == link_id)
        with self._database.write() as connection:
            ended = update(shared_links).where(wanted, shared_links.c.revoked_at == 0)
            connection.execute(ended.values(revoked_at=self._clock.now_ms()))
            row = connection.execute(select(shared_links).where(wanted)).mappings().first()
        if row is None:
            raise NotFound("there is no such link", hint="The page of shared views lists those there are.")
        self._recent.forget()
        return _link(row)

    def flush(self) -> None:
        """Write when links were last used."""
        self._used.flush()

    def _digest(self, token: str) -> bytes:
        return self._keyring.digest(f"shared link\x1f{token}")

    def _find(self, digest: bytes) -> SharedLink | None:
        with self._database.read() as connection:
            row = connection.execute(select(shared_links).where(shared_links.c.digest == digest)).mappings().first()
        if row is None or not hmac.compare_digest(row["digest"], digest) or row["revoked_at"]:
            return None
        return _link(row)


def _link(row: RowMapping) -> SharedLink:
    return SharedLink(**{name: row[name] for name in SharedLink.__struct_fields__})
