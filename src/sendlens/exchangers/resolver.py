"""Asks the DNS for exchangers, in threads of its own, with few questions at a time.

Owns patience with servers that do not answer; one question is `asker`'s. Nothing waits for it: an event that comes
before the answer keeps the provider that its domain alone tells.
"""

from __future__ import annotations

import functools
import ipaddress
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, NamedTuple

import structlog

from sendlens.errors import SettingsError
from sendlens.exchangers.known import Known

if TYPE_CHECKING:
    from sendlens.exchangers.asker import Asker

_log = structlog.stdlib.get_logger(__name__)

THREADS: Final = 4
ANSWER_SECONDS: Final = 4.0
"""How long one question may take, all tries together."""
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


def by_dns(setting: str) -> Callable[[str], Answer]:
    """Return what asks the servers of the setting `dns`. Raises `SettingsError` for a wrong setting."""
    named = servers(setting)

    @functools.cache
    def asker() -> Asker:
        # Not before the first question: the library takes about a tenth of a start to import.
        from sendlens.exchangers.asker import Asker

        return Asker(named)

    return lambda domain: asker().ask(domain)


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
