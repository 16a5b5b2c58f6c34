"""The privacy desk: exports and erasures of one person, over store, log and dead letters, each with an audit entry.

Owns the order of an erasure. Everything of the person that was accepted is carried into the tables first, then the
writer is held, so that no record is half in the log and half in a table. Each step can be repeated, and the events lose
the key they are found by last: an erasure that was cut off is on record, and done again from its beginning after the
next start.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Generator
from typing import Final

import msgspec
import structlog

from sendlens.clock import Clock
from sendlens.control.control import Control
from sendlens.control.deadletters import DeadLetter
from sendlens.control.rejections import MOST_SAMPLES
from sendlens.errors import SettingsError, Unavailable
from sendlens.log.protocol import Log
from sendlens.model.blocks import Block, StoredBlock
from sendlens.model.events import Event, RecordKind
from sendlens.pipeline.disguise import Disguise
from sendlens.pipeline.writer import Writer
from sendlens.privacy import records, search
from sendlens.privacy.person import Person, person_of
from sendlens.privacy.search import is_packed, unpacked_or_as_it_is
from sendlens.settings import Settings
from sendlens.store.client import Store
from sendlens.store.connection import parse

_log = structlog.stdlib.get_logger(__name__)

TABLES: Final = ("engagements", "touchpoints", "conversions", "messages", "events")
"""The tables with rows about persons, in the order in which they are emptied of one."""
MENTIONS: Final = (
    "erase_mentions_engagements",
    "erase_mentions_touchpoints",
    "erase_mentions_conversions",
    "erase_mentions_events",
)
SETTLE_SECONDS: Final = 60.0
"""How long an erasure waits for the records that were accepted before it."""
RESUME_SETTLE_SECONDS: Final = 5.0
"""The same for one that was cut off, for which nobody waits."""
RESUME_SECONDS: Final = 120.0
"""How long an erasure that could not be finished is left alone at first."""
RESUME_SECONDS_MOST: Final = 3600.0
"""The most of that."""
OPERATOR: Final = "operator"
"""Who asks by a command on the data directory."""
_STEP: Final = 500
_BLOCKS: Final = 1000


class Export(msgspec.Struct, kw_only=True):
    """Everything about one person, table by table, with what waits in the log, the dead letters and the rejects."""

    recipient: str
    events: list[dict[str, object]]
    messages: list[dict[str, object]]
    conversions: list[dict[str, object]]
    touchpoints: list[dict[str, object]]
    engagements: list[dict[str, object]]
    waiting: list[Event]
    dead_letters: list[dict[str, object]]
    rejections: list[dict[str, object]]


class Erasure(msgspec.Struct, kw_only=True):
    """What an erasure changed, and what a search found afterwards.

    `left` names every place where the person can still be found: a column with its rows, a block of the log, a dead
    letter, a note, a view or a file. `clean` is true where there is none. `files` is false where the bytes of the data
    directory were not searched: on a server of the store, and where tenants share the files.
    """

    rows: dict[str, int]
    log_blocks: int
    dead_letters: int
    clean: bool
    left: list[str]
    files: bool
    audit: int = 0


class PrivacyDesk:
    """Answers requests about persons, one after another."""

    def __init__(
        self, *, settings: Settings, clock: Clock, control: Control, log: Log, store: Store, writer: Writer
    ) -> None:
        """Work on these parts of a running process."""
        self._settings = settings
        self._clock = clock
        self._control = control
        self._log = log
        self._store = store
        self._writer = writer
        self._disguise = Disguise(settings, control.pseudonym)
        self._turn = threading.Lock()
        self._failed: dict[int, tuple[int, float]] = {}
        """How often an erasure could not be finished, and the monotonic time before which it is not tried again."""

    def export(self, tenant: str, recipient: str, *, actor: str) -> Export:
        """Return everything that is kept about a person; empty lists for somebody unknown."""
        told, *others = [self._exported(person_of(tenant, name)) for name in self._names(tenant, recipient)]
        for other in others:
            for part in Export.__struct_fields__[1:]:
                getattr(told, part).extend(getattr(other, part))
        counts = {name: len(getattr(told, name)) for name in TABLES}
        self._control.audit.add(tenant, actor=actor, action="export", recipient=recipient, result=counts)
        return told

    def _exported(self, person: Person) -> Export:
        rows = {name: self._rows(name, person) for name in TABLES}
        return Export(
            recipient=person.recipient,
            events=rows["events"],
            messages=rows["messages"],
            conversions=rows["conversions"],
            touchpoints=rows["touchpoints"],
            engagements=rows["engagements"],
            waiting=[
                event
                for partition in self._log.partitions()
                for stored in self._blocks(partition, self._log.committed(partition), self._log.head(partition))
                for event in _events(stored.block, person)
            ],
            dead_letters=[_told(letter) for letter in self._letters(person)],
            rejections=[
                msgspec.structs.asdict(one)
                for one in self._control.rejections.samples(person.tenant, most=MOST_SAMPLES)
                if person.erased_from(one.value) != one.value
            ],
        )

    def _names(self, tenant: str, recipient: str) -> list[str]:
        """Return the names a person may be stored under: the pseudonym, and what came before there were any."""
        return list(dict.fromkeys([recipient, self._disguise.name(tenant, recipient)]))

    def erase(self, tenant: str, recipient: str, *, actor: str) -> Erasure:
        """Take a person out of everything and search for what is left; figures stay as they are.

        Raises `Unavailable` when records that were accepted earlier do not get into the tables; nothing was erased.
        """
        with self._turn:
            return self._erase(tenant, recipient, actor)

    def subject(self, tenant: str, recipient: str) -> tuple[str, int]:
        """Return what stands for a person in the audit of a tenant, and the time now, by which `recorded` finds it."""
        return self._control.audit.subject(tenant, recipient), self._clock.now_ms()

    def recorded(self, tenant: str, subject: str, since: int) -> Erasure | None:
        """Return what the audit tells of the first erasure of a person since a time, or None for one that did not end.

        `subject` is what stands for the person there.
        """
        found = self._control.audit.list(tenant, subject=subject, actions=["erase"])
        entry = next((one for one in reversed(found) if one.at >= since), None)
        if entry is None:
            return None
        return msgspec.structs.replace(msgspec.json.decode(entry.result, type=Erasure), audit=entry.id)

    def unfinished(self, tenant: str, subject: str) -> bool:
        """Return whether an erasure of a person was cut off, and waits to be done again."""
        for number in self._control.erasures.unfinished(tenant):
            # Sealed with a key that is lost it can be anybody, and is nobody who could be told so here.
            with contextlib.suppress(SettingsError):
                one = self._control.erasures.begun(number)
                if one and self._control.audit.subject(tenant, one.recipient) == subject:
                    return True
        return False

    def resume(self) -> int:
        """Finish the erasures that were cut off, and return how many ended. Raises what keeps one from its end.

        None keeps another from its end, and one that fails is left alone for a while that doubles each time.
        """
        ended, failures = 0, list[Exception]()
        with self._turn:
            # Whatever has begun while it is our turn was begun by somebody who is gone.
            for number in self._control.erasures.unfinished():
                tries, after = self._failed.get(number, (0, 0.0))
                if self._clock.monotonic() < after:
                    continue
                try:
                    if one := self._control.erasures.begun(number):
                        self._erase(one.tenant, one.recipient, one.actor, one.id)
                except Unavailable as error:  # too much is on its way just now; nothing is wrong with the erasure
                    failures.append(error)
                except Exception as error:  # the next is tried whatever this one stumbled over; raised below
                    pause = min(RESUME_SECONDS * 2**tries, RESUME_SECONDS_MOST)
                    self._failed[number] = (tries + 1, self._clock.monotonic() + pause)
                    failures.append(error)
                else:
                    self._failed.pop(number, None)
                    ended += 1
        if failures:
            raise failures[0]
        return ended

    def _erase(self, tenant: str, recipient: str, actor: str, number: int = 0) -> Erasure:
        persons = [person_of(tenant, name) for name in self._names(tenant, recipient)]
        done = Erasure(rows=dict.fromkeys(TABLES, 0), log_blocks=0, dead_letters=0, clean=False, left=[], files=False)
        # Nobody waits for one that is finished later: rather than hold up other tasks for long it comes again.
        self._settle(RESUME_SETTLE_SECONDS if number else SETTLE_SECONDS)
        with self._writer.paused():
            if self._control.ledger.pending():
                raise _waiting()
            number = number or self._control.erasures.begin(tenant, recipient, actor=actor)
            for person in persons:
                self._take_out(person, done)
        done.left += [f"replaced part {part}" for part in self._store.forget_replaced(TABLES)]
        self._control.database.empty_journal()
        # The files hold every tenant's rows: what is found there may be another's, and is none of this one's.
        searched = parse(self._settings.store_url).directory and (
            actor == OPERATOR or len(self._control.tenants.list()) == 1
        )
        for person in persons if searched else ():
            done.files |= person.is_address
            if person.is_address:
                done.left += [f"file {name}" for name in search.files_with(self._settings.data, person)]
        done.clean = not done.left
        done.audit = self._control.audit.add(tenant, actor=actor, action="erase", recipient=recipient, result=done).id
        self._control.erasures.end(number)
        _log.info("person erased", tenant=tenant, audit=done.audit, rows=done.rows, clean=done.clean)
        return done

    def _take_out(self, person: Person, done: Erasure) -> None:
        tenant = person.tenant
        for table in TABLES:
            done.rows[table] += self._count(table, person)
            self._store.execute(f"erase_{table}", {"tenant": tenant, "person": person.key})
        if person.is_address:
            for statement in MENTIONS:
                self._store.execute(statement, {"tenant": tenant, "pattern": person.pattern})
        committed = {one: self._log.committed(one) for one in self._log.partitions()}
        for partition, until in committed.items():
            done.log_blocks += self._log.rewrite(partition, records.anonymiser(person), until=until)
        done.dead_letters += self._erase_letters(person)
        self._control.rejections.rewrite(tenant, person.erased_from)
        self._control.imports.rewrite(tenant, person.erased_from)
        if person.is_address:
            # A mail that was sent to everybody can still name one of them, and a mail as sent is kept whole.
            self._control.mails.rewrite(tenant, person.taken_out)
        done.left += self._left(person, committed)

    def _settle(self, seconds: float) -> None:
        """Wait until what was accepted before is in the tables. Raises `Unavailable` after so many seconds."""
        latest = time.monotonic() + seconds
        for partition in self._log.partitions():
            head = self._log.head(partition)
            while self._log.committed(partition) < head:
                if time.monotonic() > latest:
                    raise _waiting()
                time.sleep(0.02)

    def _count(self, table: str, person: Person) -> int:
        final = " FINAL" if table != "events" else ""
        sql = (
            f"SELECT count() FROM {table}{final} WHERE tenant = {{tenant:String}} AND recipient_key = {{person:UInt64}}"  # noqa: S608 - names are ours
        )
        return int(str(self._store.query(person.tenant, sql, {"person": person.key}).scalar()))

    def _rows(self, table: str, person: Person) -> list[dict[str, object]]:
        return self._store.query(person.tenant, f"SELECT * {_of(table)}", {"person": person.key}).dicts()

    def _erase_letters(self, person: Person) -> int:
        """Delete the letters about a person; one that is a whole block loses their records."""
        found = self._letters(person)
        gone: list[int] = []
        for letter in found:
            told = person.among(letter.reason.encode())
            rest = records.without(_block(letter), person) if letter.is_block and not told else None
            if rest is None:
                gone.append(letter.id)
            else:
                self._control.deadletters.rewrite(person.tenant, letter.id, rest.body, rest.count)
        self._control.deadletters.remove(person.tenant, gone)
        return len(found)

    def _letters(self, person: Person) -> list[DeadLetter]:
        found: list[DeadLetter] = []
        after = 0
        while some := self._control.deadletters.list(person.tenant, after=after, most=_STEP, waiting=False):
            after = some[-1].id
            found += [letter for letter in some if _concerns(letter, person)]
        return found

    def _left(self, person: Person, committed: dict[int, int]) -> list[str]:
        """Return where the person still is, as store, log and dead letters themselves tell."""
        left = [f"{table}: {rows} rows" for table in TABLES if (rows := self._count(table, person))]
        if person.is_address:
            mentions = self._store.mentions(person.tenant, person.pattern)
            left += [f"column {column}: {rows} rows" for column, rows in mentions.items()]
            left += self._written(person)
        for partition, until in committed.items():
            left += [
                f"block {stored.offset} of the log"
                for stored in self._blocks(partition, 0, until)
                if records.anonymiser(person)(stored.block) is not None
            ]
        return left + [f"dead letter {letter.id}" for letter in self._letters(person)]

    def _written(self, person: Person) -> list[str]:
        """Return what people of the tenant wrote that names the person; it is theirs to take away."""
        control, tenant = self._control, person.tenant
        texts = [
            *((f"note {one.id}", one.text) for one in control.annotations.between(tenant, 0, 1 << 60)),
            *((f"saved view {one.id}", f"{one.name} {one.address}") for one in control.views.list(tenant)),
            *((f"shared link {one.id}", f"{one.name} {one.address}") for one in control.shares.list(tenant)),
        ]
        return [what for what, text in texts if person.among(text.encode())]

    def _blocks(self, partition: int, after: int, until: int) -> Generator[StoredBlock]:
        while after < until and (some := self._log.read(partition, after, max_records=_BLOCKS, until=until)):
            after = some[-1].offset
            yield from some


def _of(table: str) -> str:
    final = "" if table == "events" else " FINAL"
    return f"FROM {table}{final} WHERE tenant = {{tenant:String}} AND recipient_key = {{person:UInt64}}"


def _waiting() -> Unavailable:
    return Unavailable(
        "Records that were accepted earlier are not in the tables yet; nothing was erased.",
        retry_after=30,
        hint="Look at /health/ready for what the writer waits for, and ask again.",
    )


def _events(block: Block, person: Person) -> list[Event]:
    if block.tenant != person.tenant or block.kind is not RecordKind.EVENT:
        return []
    if not person.perhaps_among(unpacked_or_as_it_is(block.body)):
        return []
    try:
        found = block.records()
    except records.UNREADABLE:
        return []
    return [event for event in found if isinstance(event, Event) and records.concerns(event, person)]


def _block(letter: DeadLetter) -> Block:
    return Block(
        tenant=letter.tenant,
        source=letter.source,
        kind=RecordKind(letter.kind),
        received_at=letter.received_at,
        count=letter.records,
        body=letter.body,
    )


def _concerns(letter: DeadLetter, person: Person) -> bool:
    if person.among(letter.reason.encode()):
        return True
    if letter.is_block:
        if letter.kind == RecordKind.EVENT and not is_packed(letter.body):
            return True  # a damaged body can still hold anybody, and nobody can look
        return bool(_events(_block(letter), person)) or (
            person.is_address and person.among(unpacked_or_as_it_is(letter.body))
        )
    try:
        return records.concerns(msgspec.json.decode(letter.body, type=Event), person)
    except records.UNREADABLE:
        return person.is_address and person.among(letter.body)


def _told(letter: DeadLetter) -> dict[str, object]:
    """Return a letter to hand out; of a whole block only that it is there, because it holds others' records."""
    about: dict[str, object] = {
        "id": letter.id,
        "source": letter.source,
        "received_at": letter.received_at,
        "reason": letter.reason,
    }
    if not letter.is_block:
        about["record"] = letter.body.decode(errors="replace")
    return about
