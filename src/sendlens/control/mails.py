"""Mails: the HTML of campaigns and templates as it was sent, for the click map.

Owns its storage. It is kept as plain text: an erasure searches the bytes of the database for a person, and finds an
address that a sender left in a mail. Leaves to `clickmap` what the HTML means.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b
from typing import Final, Literal

import msgspec
from sqlalchemy import ColumnElement, delete, func, select

from sendlens.clock import Clock
from sendlens.control.database import Database
from sendlens.control.tables import mails
from sendlens.errors import InvalidField, NotFound, TooLarge

Of = Literal["campaign", "template"]
MOST_OF_A_TENANT: Final = 256 * 1024 * 1024
"""Bytes of HTML that one tenant may keep."""


class MailInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one HTML without its text. `variant` is empty for the HTML of all variants."""

    of: Of
    name: str
    variant: str
    bytes: int
    digest: str
    changed_at: int
    changed_by: str


class Mail(msgspec.Struct, frozen=True, kw_only=True):
    """One HTML as sent."""

    info: MailInfo
    html: str


class Mails:
    """Keeping, finding and deleting HTML."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Work on `database`."""
        self._database = database
        self._clock = clock

    def put(self, tenant: str, of: Of, name: str, variant: str, html: str, *, actor: str) -> MailInfo:
        """Keep HTML, in the place of an earlier one. Raises `TooLarge` and `InvalidField`."""
        if not 0 < len(name) <= 256:
            raise InvalidField(f"{of}_id", name, "1 to 256 characters")
        if len(variant) > 256:
            raise InvalidField("variant", variant, "at most 256 characters")
        body = html.encode()
        info = MailInfo(
            of=of,
            name=name,
            variant=variant,
            bytes=len(body),
            digest=blake2b(body, digest_size=16).hexdigest(),
            changed_at=self._clock.now_ms(),
            changed_by=actor,
        )
        mine = _one(tenant, of, name, variant)
        kept = select(func.coalesce(func.sum(mails.c.bytes), 0)).where(mails.c.tenant == tenant, ~mine)
        with self._database.write() as connection:
            if int(connection.execute(kept).scalar_one()) + info.bytes > MOST_OF_A_TENANT:
                raise TooLarge(
                    f"The HTML of this tenant's mails has {MOST_OF_A_TENANT // 1024**2} MB, as much as is kept.",
                    hint="Delete the HTML of old campaigns, or send that of the template once.",
                )
            connection.execute(delete(mails).where(mine))
            connection.execute(mails.insert().values(tenant=tenant, html=html, **msgspec.structs.asdict(info)))
        return info

    def get(self, tenant: str, of: Of, name: str, variant: str) -> Mail:
        """Return one HTML. Raises `NotFound`."""
        with self._database.read() as connection:
            row = connection.execute(select(mails).where(_one(tenant, of, name, variant))).mappings().first()
        if row is None:
            raise NotFound(
                f"There is no HTML of the {of} {name!r}" + (f", variant {variant!r}." if variant else "."),
                hint=f"PUT /v1/html/{of}s/ID sends it.",
            )
        told = dict(row)
        html = str(told.pop("html"))
        del told["tenant"]
        return Mail(info=MailInfo(**told), html=html)

    def of_campaign(self, tenant: str, campaign: str, template: str) -> list[MailInfo]:
        """Return what there is for a campaign: its own HTML first, then that of its template, each by variant."""
        about = [mails.c[name] for name in MailInfo.__struct_fields__]
        meant = (mails.c.of == "campaign") & (mails.c.name == campaign)
        if template:
            meant |= (mails.c.of == "template") & (mails.c.name == template)
        query = select(*about).where(mails.c.tenant == tenant, meant).order_by(mails.c.of, mails.c.variant)
        with self._database.read() as connection:
            return [MailInfo(**row) for row in connection.execute(query).mappings()]

    def remove(self, tenant: str, of: Of, name: str, variant: str) -> None:
        """Delete one HTML for good. Raises `NotFound`."""
        with self._database.write() as connection:
            gone = connection.execute(delete(mails).where(_one(tenant, of, name, variant))).rowcount
        if not gone:
            raise NotFound(f"There is no HTML of the {of} {name!r} to delete.")

    def rewrite(self, tenant: str, change: Callable[[str], str]) -> int:
        """Put what `change` makes of a tenant's HTML in its place; return how many became another text."""
        changed = 0
        with self._database.write() as connection:
            for row in connection.execute(select(mails).where(mails.c.tenant == tenant)).mappings().all():
                html = change(str(row["html"]))
                if html != row["html"]:
                    mine = _one(tenant, row["of"], row["name"], row["variant"])
                    connection.execute(mails.update().where(mine).values(html=html))
                    changed += 1
        return changed


def _one(tenant: str, of: Of, name: str, variant: str) -> ColumnElement[bool]:
    return (mails.c.tenant == tenant) & (mails.c.of == of) & (mails.c.name == name) & (mails.c.variant == variant)
