"""Looks into seed mailboxes: where each test's mail lies, and which tests never came.

Owns the rule of what counts: the first place a test's mail is found at. If it is moved later, by a person or a filter
that has learned, nothing changes. A test that was missing and comes after all replaces its record.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

import msgspec

from sendlens.clock import Clock
from sendlens.control.control import Control
from sendlens.control.polls import PollState
from sendlens.control.sources import Source
from sendlens.errors import InvalidField, Rejection
from sendlens.mailboxes.folders import Folders, Head
from sendlens.mailboxes.letters import MOST_LETTERS, MailboxError
from sendlens.mailboxes.opening import judged
from sendlens.model.events import Placement, RecordKind, Where
from sendlens.polling.rounds import Accept
from sendlens.settings import Settings
from sendlens.sources.judge import judge_placement
from sendlens.sources.mail.mime import moment, split
from sendlens.sources.mail.options import Address
from sendlens.sources.received import Mapped
from sendlens.sources.seeds import SEED
from sendlens.sources.seeds.options import SeedOptions
from sendlens.sources.seeds.reading import read

_DAY_MS: Final = 86_400_000
KEPT_DAYS: Final = 35
"""How long it is remembered that a test was found or missing."""
MOST_KEPT: Final = 2_000
"""Tests that are remembered of one seed, the latest."""
EXPECTED_DAYS: Final = 7
"""A test is expected of a seed for so long after its sending."""
FOUND: Final = "found "
MISSING: Final = "missing "
"""What the keys of the state begin with; the rest is the test."""

Sent = Callable[[str, str, int], Mapping[str, int]]
"""(tenant, seed, since): the campaigns that were sent to the seed, by events, and when (UTC ms)."""


def opened(options: SeedOptions, password: str, settings: Settings) -> Folders:
    """Return the open mailbox of a seed. Raises `MailboxError` or `PollError`."""
    if not password:
        raise MailboxError(
            "the source has no secret, and the mailbox no password",
            hint="Set it with: sendlens source rotate SOURCE --secret -",
        )
    address = Address.of(options.mailbox)
    return Folders(address, password, judged(address, settings), options.spam_folder)


class Seeds:
    """The seed mailboxes that sources name."""

    name = "seeds"

    def __init__(
        self,
        control: Control,
        settings: Settings,
        clock: Clock,
        accept: Accept,
        sent: Sent,
        opening: Callable[[SeedOptions, str, Settings], Folders] = opened,
    ) -> None:
        """Bring placements to `accept`; `sent` tells what a seed must have got."""
        self._control = control
        self._settings = settings
        self._clock = clock
        self._accept = accept
        self._sent = sent
        self._opening = opening

    def sources(self) -> Sequence[Source]:
        """Return the sources that name a seed mailbox."""
        return [one for one in self._control.sources.of_provider(SEED) if one.settings.get("mailbox")]

    def every(self, source: Source) -> float:
        """Return the seconds between two looks."""
        return float(SeedOptions.of(source.settings).every_seconds)

    def look(self, source: Source, state: PollState, stopped: Callable[[], bool]) -> PollState:
        """Record what is new in the mailbox, and what should be there by now and is not."""
        options = SeedOptions.of(source.settings)
        secrets = source.revealed()
        now = self._clock.now_ms()
        position = dict(state.position)
        told = Mapped(records=[])
        records: list[Placement] = []
        box = self._opening(options, secrets[0] if secrets else "", self._settings)
        seen = 0
        try:
            for head, after in box.heads(state.position, now):
                seen += 1
                position |= after
                if (one := _placed(head, options, now, told)) and f"{FOUND}{one.test_id}" not in position:
                    position[f"{FOUND}{one.test_id}"] = one.at
                    position.pop(f"{MISSING}{one.test_id}", None)
                    records.append(one)
                if stopped():
                    break
        finally:
            box.close()
        if not stopped() and seen < MOST_LETTERS:
            # Only when all that is there was seen.
            records += self._missing(source, options, position, now)
        told.records = records
        self._accept(source.tenant, source.id, RecordKind.PLACEMENT, told, now)
        return msgspec.structs.replace(
            state,
            position=_remembered(position, now),
            read=state.read + len(records),
            note="; ".join(each.error for each in told.rejected[:3]),
        )

    def _missing(
        self, source: Source, options: SeedOptions, position: dict[str, int | str], now: int
    ) -> list[Placement]:
        """Return the tests that this seed should have got by now and did not, and remember them."""
        since = max(source.created_at, now - EXPECTED_DAYS * _DAY_MS)
        expected = dict(self._sent(source.tenant, options.seed, since))
        for other in self._control.sources.of_provider(SEED):
            if other.tenant == source.tenant and other.id != source.id:
                for test, at in _tests(self._control.polls.get(other.id).position, FOUND):
                    expected[test] = min(at, expected.get(test, at))
        due = now - options.missing_after_minutes * 60_000
        found: list[Placement] = []
        for test, at in sorted(expected.items(), key=lambda item: (item[1], item[0])):
            known = f"{FOUND}{test}" in position or f"{MISSING}{test}" in position
            if known or not since <= at <= due:
                continue
            position[f"{MISSING}{test}"] = at
            found.append(
                Placement(
                    test_id=test,
                    seed=options.seed,
                    placement=Where.MISSING,
                    provider=options.provider,
                    at=at,
                    changed_at=now,
                )
            )
        return found


def _placed(head: Head, options: SeedOptions, now: int, told: Mapped) -> Placement | None:
    """Return the record of a mail, None for one that belongs to no test."""
    fields = read(head.data, options)
    if "test_id" not in fields:
        return None
    given: dict[str, object] = {
        **fields,
        "seed": options.seed,
        "placement": head.where.value,
        "tab": head.tab,
        "provider": options.provider,
        "at": _sent_at(head, now),
    }
    try:
        return judge_placement({name: value for name, value in given.items() if value}, now)
    except InvalidField as error:
        told.rejected.append(Rejection.of(len(told.rejected), error))
        return None


def _sent_at(head: Head, now: int) -> int:
    """Return when a mail was sent by its own date, or when it arrived where that cannot be."""
    arrived = head.arrived_at or now
    headers, _ = split(head.data.replace(b"\r\n", b"\n") + b"\n\n")
    sent = moment(headers.get("date"))
    return sent if arrived - EXPECTED_DAYS * _DAY_MS <= sent <= arrived else arrived


def _tests(position: Mapping[str, int | str], kind: str) -> Iterable[tuple[str, int]]:
    return ((key.removeprefix(kind), int(value)) for key, value in position.items() if key.startswith(kind))


def _remembered(position: Mapping[str, int | str], now: int) -> dict[str, int | str]:
    """Return a position without the tests of long ago."""
    plain = {key: value for key, value in position.items() if not key.startswith((FOUND, MISSING))}
    tests = [(int(at), key) for key, at in position.items() if key not in plain]
    recent = [(at, key) for at, key in tests if at >= now - KEPT_DAYS * _DAY_MS]
    return plain | {key: at for at, key in sorted(recent)[-MOST_KEPT:]}
