"""One question to the DNS: which host takes the mail of a domain, and for how long that answer holds.

Owns times to live, and which of several exchangers is told. Leaves to `resolver` when something is asked, and what
follows when nobody answers. The library behind it takes long to import: `resolver.by_dns` does that at the first use.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, cast

import dns.exception
import dns.message
import dns.nameserver
import dns.rdatatype
import dns.resolver
from dns.rdtypes.ANY.MX import MX
from dns.rdtypes.ANY.SOA import SOA

from sendlens.enrich.provider import exchanger
from sendlens.exchangers.resolver import ANSWER_SECONDS, Answer

FRESH_SECONDS: Final = (6 * 3600.0, 7 * 86_400.0)
"""An answer holds for its time to live, but not shorter or longer than this."""
NOTHING_SECONDS: Final = (3600.0, 86_400.0)
"""The same for the answer that there is no exchanger."""
FAILED_SECONDS: Final = 1800.0
"""After how long a question is repeated that no server answered."""


class Asker:
    """One resolver, made once; `ask` may be called from several threads."""

    def __init__(self, named: Sequence[tuple[str, int]]) -> None:
        """Ask these addresses and ports, or the system's own servers if there are none."""
        self._resolver = dns.resolver.Resolver(configure=not named)
        if named:
            self._resolver.nameservers = [dns.nameserver.Do53Nameserver(host, port) for host, port in named]
        self._resolver.lifetime = ANSWER_SECONDS
        self._resolver.timeout = ANSWER_SECONDS / 2
        self._resolver.cache = None

    def ask(self, domain: str) -> Answer:
        """Return the exchanger of a domain; never raises for what a name server says or does not say."""
        try:
            found = self._resolver.resolve(f"{domain}.", "MX", search=False)
        except dns.resolver.NXDOMAIN as error:
            return Answer("", _nothing(list(error.responses().values())))  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType] - the library leaves it untyped
        except dns.resolver.NoAnswer as error:
            return Answer("", _nothing([error.response()]))
        except (dns.exception.DNSException, OSError, ValueError):
            return Answer(None, FAILED_SECONDS)
        hosts = sorted(
            (record.preference, str(record.exchange).rstrip(".").lower()) for record in found if isinstance(record, MX)
        )
        named = [host for _, host in hosts if host]
        # The first that says something; backups of the domain's own often stand beside a gateway.
        mx = next((host for host in named if exchanger(host)), named[0] if named else "")
        return Answer(mx, _between(found.rrset.ttl if found.rrset else 0, FRESH_SECONDS))


def _nothing(responses: list[dns.message.Message]) -> float:
    least = [
        min(rrset.ttl, record.minimum)
        for response in responses
        for rrset in response.authority
        if rrset.rdtype == dns.rdatatype.SOA
        for record in cast("list[object]", list(rrset))
        if isinstance(record, SOA)
    ]
    return _between(min(least, default=0), NOTHING_SECONDS)


def _between(seconds: float, limits: tuple[float, float]) -> float:
    return min(max(float(seconds), limits[0]), limits[1])
