"""Looks into the mailboxes of all tenants, each at its own pace, in one thread.

Owns when a mailbox is looked into and how far it was read. A mail is marked and the position kept only when its records
are on disk; a mail that comes again after a crash is recognised. A mailbox that fails is tried again, ever more rarely.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

import structlog

from sendlens.clock import Clock
from sendlens.control.control import Control
from sendlens.control.mailboxes import MailboxState
from sendlens.control.sources import Source
from sendlens.errors import BadRequest, Rejection, SendlensError
from sendlens.mailboxes.letters import Letter, Mailbox
from sendlens.mailboxes.opening import opened
from sendlens.settings import Settings
from sendlens.sources.mail import dispatch, provider
from sendlens.sources.mail.options import MailOptions
from sendlens.sources.received import Mapped

TURN_SECONDS: Final = 2.0
"""How often it is asked which mailbox is due."""
LONGEST_PAUSE: Final = 3600.0
"""How long a mailbox that keeps failing waits at most."""

Accept = Callable[[str, str, Mapped, int], None]
"""(tenant, source, records, received_at): returns once they are on disk. Raises `SendlensError`."""

_log = structlog.stdlib.get_logger(__name__)


class Poller:
    """The thread that polls."""

    def __init__(
        self,
        control: Control,
        settings: Settings,
        clock: Clock,
        accept: Accept,
        opening: Callable[[MailOptions, str, Settings, Clock], Mailbox] = opened,
    ) -> None:
        """Bring what mails say to `accept`; `start` begins."""
        self._control = control
        self._settings = settings
        self._clock = clock
        self._accept = accept
        self._opening = opening
        self._due: dict[str, float] = {}
        self._failures: dict[str, int] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="mailboxes", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self, timeout: float = 40.0) -> None:
        """Finish the mail at hand and end; a server that does not answer is waited for no longer than `timeout`."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout)

    def turn(self) -> None:
        """Look into every mailbox that is due."""
        now = self._clock.monotonic()
        for source in self._sources():
            if self._stop.is_set():
                return
            if self._due.get(source.id, 0.0) <= now:
                self._due[source.id] = self._clock.monotonic() + self.look(source)

    def look(self, source: Source) -> float:
        """Read what is new in one mailbox; returns after how many seconds it is due again."""
        state = self._control.mailboxes.get(source.id)
        every = 60.0
        try:
            options = MailOptions.of(source.settings)
            every = float(options.every_seconds)
            read, position = self._read(source, options, state)
        except SendlensError as error:
            return self._failed(source, state, f"{error.detail} {error.hint}".strip(), every)
        except Exception as error:
            # A mailbox is somebody else's program: whatever it does ends this look, and no other mailbox's.
            _log.exception("mailbox failed", source=source.id, error=type(error).__name__)
            return self._failed(source, state, f"{type(error).__name__}: {error}", every)
        self._failures.pop(source.id, None)
        self._control.mailboxes.put(
            source.id,
            MailboxState(position=position, looked_at=self._clock.now_ms(), read=state.read + read, error=""),
        )
        return every

    def _read(self, source: Source, options: MailOptions, state: MailboxState) -> tuple[int, dict[str, int | str]]:
        secrets = source.revealed()
        box = self._opening(options, secrets[0] if secrets else "", self._settings, self._clock)
        read, position = 0, state.position
        try:
            for letter in box.letters(position):
                self._take(source, options, letter)
                box.finish(letter)
                read, position = read + 1, letter.position
                # Kept after each: what was read before a server went away is not fetched again.
                self._control.mailboxes.put(
                    source.id,
                    MailboxState(position=position, looked_at=state.looked_at, read=state.read + read, error=""),
                )
                if self._stop.is_set():
                    break
        finally:
            box.close()
        if read:
            _log.info("mailbox read", source=source.id, mails=read)
        return read, position

    def _take(self, source: Source, options: MailOptions, letter: Letter) -> None:
        now = self._clock.now_ms()
        try:
            mapped = provider.mapped(dispatch.read(letter.data, options, now))
        except BadRequest as error:
            mapped = Mapped(records=[], rejected=[Rejection(index=0, field="", error=error.detail)])
        self._accept(source.tenant, source.id, mapped, now)

    def _failed(self, source: Source, state: MailboxState, error: str, every: float) -> float:
        times = self._failures[source.id] = self._failures.get(source.id, 0) + 1
        _log.warning("mailbox cannot be read", source=source.id, tenant=source.tenant, error=error[:300], times=times)
        # The position may have moved while reading.
        known = self._control.mailboxes.get(source.id)
        self._control.mailboxes.put(
            source.id,
            MailboxState(position=known.position, looked_at=state.looked_at, read=known.read, error=error[:500]),
        )
        return min(every * 2 ** min(times, 10), max(LONGEST_PAUSE, every))

    def _sources(self) -> list[Source]:
        return [
            source
            for tenant in self._control.tenants.list()
            for source in self._control.sources.list(tenant.id)
            if source.provider == provider.PROVIDER.name and source.settings.get("mailbox")
        ]

    def _run(self) -> None:
        while not self._stop.wait(TURN_SECONDS):
            try:
                self.turn()
            except Exception as error:
                # The control plane may be away for a while; nothing else would ever look into a mailbox again.
                _log.exception("mailboxes failed", error=type(error).__name__)
