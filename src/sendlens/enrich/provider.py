"""Who runs a recipient's mailbox, and which security gateway stands in front of it.

Owns the order of evidence: the domain itself, then the name of the mail exchanger the event tells, then the registrable
domain. Leaves the tables to `mailboxes`, and asking a name server for what an event does not tell to `exchangers`.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Final

import idna
import msgspec

from sendlens.enrich.mailboxes import CONSUMER, EXCHANGERS, FAMILIES, Exchanger

if TYPE_CHECKING:
    from tldextract import TLDExtract


class Mailbox(msgspec.Struct, frozen=True):
    """The provider of a mailbox, the gateway in front of it, and whether it is a person's or an organisation's.

    `provider` is a name from `mailboxes` or else the registrable domain, and empty for what is no domain; `gateway`
    is empty where none is known; `kind` is consumer, business or unknown.
    """

    provider: str = ""
    gateway: str = ""
    kind: str = "unknown"


NOWHERE: Final = Mailbox()

_DOMAIN: Final = re.compile(
    r"(?=.{1,253}\Z)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
)
_ADDRESS: Final = re.compile(r"[0-9.]+")


def _consumer_domains() -> dict[str, Mailbox]:
    table = {
        domain: Mailbox(provider, "", "consumer")
        for provider, domains in CONSUMER.items()
        for domain in domains.split()
    }
    for provider, name, endings in FAMILIES:
        for ending in endings.split():
            table.setdefault(f"{name}.{ending}", Mailbox(provider, "", "consumer"))
    return table


DOMAINS: Final = _consumer_domains()
"""Every consumer domain, exactly."""

_EXCHANGERS: Final = {row.suffix: row for row in EXCHANGERS}


@lru_cache(maxsize=65_536)
def of_domain(domain: str, mx: str = "") -> Mailbox:
    """Return who runs the mailboxes of a recipient's domain; `mx` is the host that answered, where the event tells it.

    Never raises: upper case, trailing dots, Unicode or punycode are read alike, and what is no domain name is
    `NOWHERE`.
    """
    name = _normal(domain)
    if not name:
        return NOWHERE
    if known := DOMAINS.get(name):
        return known
    registrable = _registrable(name)
    if known := DOMAINS.get(registrable):
        return known
    row = exchanger(mx) if mx else None
    if row is None:
        return Mailbox(registrable)
    return Mailbox(row.provider or registrable, row.gateway, row.kind)


def _normal(domain: str) -> str:
    """Return the name as the DNS writes it, or empty text for what cannot be one."""
    name = domain.rpartition("@")[2].strip().strip(".").lower()
    if not name.isascii():
        if len(name) > 253:
            return ""
        try:
            name = idna.encode(name, uts46=True, transitional=False).decode("ascii")
        except (idna.IDNAError, UnicodeError):
            return ""
    if not _DOMAIN.fullmatch(name) or _ADDRESS.fullmatch(name):
        return ""
    return name


@lru_cache(maxsize=65_536)
def _registrable(name: str) -> str:
    return _extract()(name).top_domain_under_public_suffix or name


@cache
def _extract() -> TLDExtract:
    # Not at the top: it imports a library for HTTP, and no event has come yet.
    from tldextract import TLDExtract

    # The list that comes with the package: no fetching, no cache on disk, the same answer everywhere.
    return TLDExtract(cache_dir=None, suffix_list_urls=())


@lru_cache(maxsize=16_384)
def exchanger(mx: str) -> Exchanger | None:
    """Return the row of the longest known suffix of a host, given as `host.`, `host[192.0.2.1]` or `host:25`."""
    host = re.split(r"[\s\[(:;,]", mx.strip().lower(), maxsplit=1)[0].strip(".")
    while host:
        if row := _EXCHANGERS.get(host):
            return row
        host = host.partition(".")[2]
    return None
