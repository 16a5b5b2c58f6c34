"""Reads what is new in a mailbox of bounces and reports.

Owns how far it was read. A mail is marked and the position kept only when its records are on disk; a mail that comes
again after a crash is recognised. Leaves the pace, and what follows a failure, to `polling.rounds`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import msgspec
import structlog

from sendlens.clock import Clock
from sendlens.control.control import Control
from sendlens.control.polls import PollState
from sendlens.control.sources import Source
from sendlens.errors import BadRequest, Rejection
from sendlens.mailboxes.letters import Letter, Mailbox
from sendlens.mailboxes.opening import opened
from sendlens.model.events import RecordKind
from sendlens.polling.rounds import Accept
from sendlens.settings import Settings
from sendlens.sources.mail import leaving, provider
from sendlens.sources.mail.options import MailOptions
from sendlens.sources.received import Mapped

_log = structlog.stdlib.get_logger(__name__)


class Mailboxes:
    """The mailboxes that sources of mail name."""

    name = "mailboxes"

    def __init__(
        self,
        control: Control,
        settings: Settings,
        clock: Clock,
        accept: Accept,
        opening: Callable[[MailOptions, str, Settings, Clock], Mailbox] = opened,
    ) -> None:
        """Bring what mails say to `accept`."""
        self._control = control
        self._settings = settings
        self._clock = clock
        self._accept = accept
        self._opening = opening

    def sources(self) -> Sequence[Source]:
        """Return the sources that name a mailbox."""
        found = self._control.sources.of_provider(provider.PROVIDER.name)
        return [source for source in found if source.settings.get("mailbox")]

    def every(self, source: Source) -> float:
        """Return the seconds between two looks."""
        return float(MailOptions.of(source.settings).every_seconds)

    def look(self, source: Source, state: PollState, stopped: Callable[[], bool]) -> PollState:
        """Read what is new."""
        options = MailOptions.of(source.settings)
        secrets = source.revealed()
        box = self._opening(options, secrets[0] if secrets else "", self._allowed(source.tenant), self._clock)
        now = state
        try:
            for letter in box.letters(state.position):
                self._take(source, options, letter)
                box.finish(letter)
                now = msgspec.structs.replace(now, position=letter.position, read=now.read + 1, error="")
                # Kept after each: what was read before a server went away is not fetched again.
                self._control.polls.put(source.id, now)
                if stopped():
                    break
        finally:
            box.close()
        if now.read > state.read:
            _log.info("mailbox read", source=source.id, mails=now.read - state.read)
        return now

    def _allowed(self, tenant: str) -> Settings:
        """Return the settings as they are for a tenant: of several, each has its own part of the mail directory."""
        slugs = {one.id: one.slug for one in self._control.tenants.list()}
        if len(slugs) < 2 or not self._settings.mail_directory:
            return self._settings
        return replace(self._settings, mail_directory=str(Path(self._settings.mail_directory) / slugs[tenant]))

    def _take(self, source: Source, options: MailOptions, letter: Letter) -> None:
        now = self._clock.now_ms()
        secrets_of = leaving.of_tenant(self._control.sources, source.tenant)
        try:
            mapped = provider.read(letter.data, options, now, secrets_of)
        except BadRequest as error:
            mapped = Mapped(records=[], rejected=[Rejection(index=0, field="", error=error.detail)])
        self._accept(source.tenant, source.id, RecordKind.EVENT, mapped, now)
