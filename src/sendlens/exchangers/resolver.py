"""Asks the DNS for exchangers, in threads of its own, with few questions at a time.

Owns times to live, patience with servers that do not answer, and which of several exchangers is told. Nothing waits
for it: an event that comes before the answer keeps the provider that its domain alone tells.
"""

from __future__ import annotations

import ipaddress
import threading
from collections.abc import Callable
from typing import Final, NamedTuple, cast

import dns.exception
import dns.message
import dns.nameserver
import dns.rdatatype
import dns.resolver
import structlog
from dns.rdtypes.ANY.MX import MX
from dns.rdtypes.ANY.SOA import SOA

from sendlens.enrich.provider import exchanger
from sendlens.errors import SettingsError
from sendlens.exchangers.known import Known

_log = structlog.stdlib.get_logger(__name__)

THREADS: Final = 4
ANSWER_SECONDS: Final = 4.0
"""How long one question may take, all tries together."""
FRESH_SECONDS: Final = (6 * 3600.0, 7 * 86_400.0)
"""An answer holds for its time to live, but not shorter or longer than this."""
NOTHING_SECONDS: Final = (3600.0, 86_400.0)
"""The same for the answer that there is no exchanger."""
FAILED_SECONDS: Final = 1800.0
"""After how long a question is repeated that no server answered."""
FAILURES: Final = 8
"""Unanswered questions in a row, after which all rest: the network is away, not the domains."""
REST_SECONDS: Final = 120.0


class Answer(NamedTuple):
    """The exchanger of a domain (empty: it has none; None: nobody answered), and for how many seconds that holds."""

    mx: str | None
    seconds: float


def servers(setting: str) -> list[tuple[str, int]]:
    """Return the addresses and ports that the setting `dns` names; empty for the system's own.

    Raises `SettingsError` for what is no address.
    """
    if setting == "system":
        return []
    found: list[tuple[str, int]] = []
    for each in setting.split(","):
        text = each.strip()
        host, port = text, "53"
        if text.startswith("["):
            host, _, port = text[1:].partition("]")
            port = port.removeprefix(":") or "53"
        elif text.count(":") == 1:
            host, _, port = text.partition(":")
        try:
            found.append((str(ipaddress.ip_address(host)), int(port)))
        except ValueError:
            raise SettingsError(
                f"dns names {text!r}, which is no address.", hint="system, off, or addresses such as 192.0.2.1:53."
            ) from None
    return found


class Asker:
    """One resolver, made once; `ask` may be called from several threads."""

    def __init__(self, setting: str) -> None:
        """Prepare. Raises `SettingsError` for a wrong setting."""
        named = servers(setting)
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


class Resolver:
    """The threads that ask for what `known` wants."""

    def __init__(self, known: Known, ask: Callable[[str], Answer]) -> None:
        """Prepare; `start` begins."""
        self._known = known
        self._ask = ask
        self._stop = threading.Event()
        self._failed = 0
        self._threads = [
            threading.Thread(target=self._run, name=f"exchangers-{n}", daemon=True) for n in range(THREADS)
        ]

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End; a question that is under way is given up within its time."""
        self._stop.set()
        self._known.wanted.set()
        for thread in self._threads:
            if thread.is_alive():
                thread.join(ANSWER_SECONDS + 1)

    def _run(self) -> None:
        while not self._stop.is_set():
            self._known.wanted.wait()
            domain = "" if self._stop.is_set() else self._known.take()
            if not domain:
                continue
            answer = self._ask(domain)
            try:
                self._known.learn(domain, answer.mx, answer.seconds)
            except Exception as error:  # the thread goes on: an answer that is not kept is asked for again
                _log.error("an answer of the DNS could not be kept", domain=domain, error=str(error)[:500])
            self._failed = self._failed + 1 if answer.mx is None else 0
            if self._failed >= FAILURES:
                _log.warning("no name server answers; the provider of new domains stays unknown", seconds=REST_SECONDS)
                self._stop.wait(REST_SECONDS)
                self._failed = 0
