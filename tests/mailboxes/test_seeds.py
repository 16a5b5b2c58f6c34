"""Seed mailboxes on a real IMAP server: inbox, spam, missing, what comes late or moves; and Gmail's tabs."""

import re
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path

import pytest

from sendlens.clock import FrozenClock
from sendlens.control.control import Control
from sendlens.errors import Unavailable
from sendlens.mailboxes.folders import Folders
from sendlens.mailboxes.letters import MailboxError
from sendlens.mailboxes.seeds import Seeds
from sendlens.model.events import Placement, RecordKind
from sendlens.polling.rounds import Rounds
from sendlens.settings import Settings
from sendlens.sources.mail.options import Address
from sendlens.sources.received import Mapped
from sendlens.sources.seeds import SEED
from sendlens.sources.seeds.options import SeedOptions
from tests.harness.dovecot import PASSWORD, ImapServer, imap_server

__all__ = ["imap_server"]


def mail(test: str, at: int, more: str = "") -> bytes:
    date = format_datetime(datetime.fromtimestamp(at / 1000, UTC))
    return (
        f"Authentication-Results: mx.example.org; spf=pass smtp.mailfrom=x; dkim=pass; dmarc=pass\n"
        f"From: news@news.example.com\nSubject: Spring\nX-Sendlens-Test: {test}\nDate: {date}\n{more}\nHello\n"
    ).encode()


class World:
    def __init__(self, home: Path, server: ImapServer) -> None:
        # The server dates what arrives by its own clock, which is later than any sending here.
        self.clock = FrozenClock(int(datetime.now(UTC).timestamp()) * 1000 - 43_200_000)
        self.control = Control.open(f"sqlite:///{home / 'control.sqlite'}", b"k" * 32, self.clock)
        self.tenant = self.control.tenants.create("main", "Main").id
        self.server = server
        self.taken: list[Placement] = []
        self.sent: dict[str, int] = {}
        self.broken = False

    @property
    def now(self) -> int:
        return self.clock.now_ms()

    def accept(self, tenant: str, source: str, kind: RecordKind, mapped: Mapped, received_at: int) -> None:
        if self.broken:
            raise Unavailable("the disk is full")
        assert (tenant, kind, received_at) == (self.tenant, RecordKind.PLACEMENT, self.now)
        self.taken += [one for one in mapped.records if isinstance(one, Placement)]

    def sent_to(self, tenant: str, seed: str, since: int) -> Mapping[str, int]:
        assert tenant == self.tenant
        return {test: at for test, at in self.sent.items() if at >= since}

    def open(self, options: SeedOptions, password: str, settings: Settings) -> Folders:
        del settings
        return Folders(Address.of(options.mailbox), password, "127.0.0.1", options.spam_folder, self.server.context)

    def rounds(self) -> Rounds:
        seeds = Seeds(self.control, Settings(), self.clock, self.accept, self.sent_to, self.open)
        return Rounds(seeds, self.control, self.clock)

    def source(self, user: str, **options: object) -> str:
        box = f"imaps://{user}@localhost:{self.server.port}"
        settings = {"mailbox": box, "address": f"{user}@example.org", "missing_after_minutes": 60, **options}
        return self.control.sources.create(self.tenant, user, SEED, settings, [PASSWORD]).id

    def found(self) -> list[tuple[str, str, str]]:
        told = [(one.seed.partition("@")[0], one.test_id, one.placement) for one in self.taken]
        self.taken.clear()
        return sorted(told)


@pytest.fixture
def world(tmp_path: Path, imap_server: ImapServer) -> Iterator[World]:
    it = World(tmp_path, imap_server)
    yield it
    it.control.close()


def test_inbox_spam_and_missing_are_told_once_and_what_comes_late_replaces(world: World) -> None:
    for user in ("one", "two", "three"):
        world.source(user, provider="gmail")
        world.server.deliver(user, b"From: a@b.example\nSubject: no test\n\nx\n")
    rounds = world.rounds()
    rounds.turn()
    assert world.found() == []
    world.clock.advance(301)
    sent = world.now
    world.server.deliver("one", mail("t1", sent))
    world.server.deliver("two", mail("t1", sent), folder="Bulk")
    rounds.turn()
    (first, _) = world.taken
    assert (first.spf, first.dkim, first.dmarc, first.provider) == ("pass", "pass", "pass", "gmail")
    assert (first.at, first.changed_at, first.sending_domain) == (sent, world.now, "news.example.com")
    assert world.found() == [("one", "t1", "inbox"), ("two", "t1", "spam")]
    world.clock.advance(3599)
    rounds.turn()
    assert world.found() == [], "the wait is not over"
    world.clock.advance(601)
    rounds.turn()
    assert world.found() == [("three", "t1", "missing")]
    world.clock.advance(601)
    rounds.turn()
    assert world.found() == [], "missing is told once"
    world.server.deliver("three", mail("t1", sent))
    world.clock.advance(601)
    rounds.turn()
    assert world.found() == [("three", "t1", "inbox")], "what comes after all replaces the record"


def test_a_mail_that_is_moved_later_changes_nothing(world: World) -> None:
    source = world.source("mover")
    box = world.server.deliver("mover", mail("t2", world.now))
    rounds = world.rounds()
    rounds.turn()
    assert world.found() == [("mover", "t2", "inbox")]
    (moved,) = [*(box / "new").iterdir(), *(box / "cur").iterdir()]
    moved.rename(box / ".Bulk" / "cur" / f"{moved.name.partition(':')[0]}:2,")
    world.clock.advance(301)
    rounds.turn()
    assert world.found() == []
    state = world.control.polls.get(source)
    assert (state.read, state.error) == (1, "")


def test_events_tell_what_a_single_seed_should_have_got(world: World) -> None:
    world.source("alone")
    world.server.deliver("alone")
    world.clock.advance(301)
    world.sent = {"spring": world.now, "before the seed": world.now - 86_400_000}
    rounds = world.rounds()
    rounds.turn()
    assert world.found() == []
    world.clock.advance(3601)
    rounds.turn()
    assert world.found() == [("alone", "spring", "missing")]


def test_nothing_is_marked_as_read_and_what_is_not_safe_comes_again(world: World) -> None:
    source = world.source("careful")
    box = world.server.deliver("careful", mail("t3", world.now))
    world.broken = True
    world.rounds().turn()
    assert "the disk is full" in world.control.polls.get(source).error
    world.broken = False
    world.rounds().turn()
    assert world.found() == [("careful", "t3", "inbox")]
    assert not [file for file in (box / "cur").iterdir() if "S" in file.name.rpartition(",")[2]]


def test_a_wrong_password_and_a_folder_that_is_not_there_are_told(world: World) -> None:
    world.server.deliver("strict")
    source = world.source("strict", spam_folder="Nowhere")
    world.rounds().turn()
    assert "SELECT was answered NO" in world.control.polls.get(source).error
    world.control.sources.rotate(source, "wrong")
    world.rounds().turn()
    told = world.control.polls.get(source).error
    assert "Authentication failed" in told
    assert "wrong" not in told.replace("Nowhere", "")


def test_old_tests_are_forgotten(world: World) -> None:
    source = world.source("old")
    world.server.deliver("old", mail("t4", world.now))
    rounds = world.rounds()
    rounds.turn()
    assert "found t4" in world.control.polls.get(source).position
    world.clock.advance(36 * 86_400)
    rounds.turn()
    assert "found t4" not in world.control.polls.get(source).position


def gmail(command: str) -> list[str]:
    """What Gmail's server answers, as far as a look asks."""
    if command.startswith("CAPABILITY"):
        return ["* CAPABILITY IMAP4rev1 UIDPLUS SPECIAL-USE X-GM-EXT-1"]
    if command.startswith("LIST"):
        return [
            '* LIST (\\HasNoChildren) "/" "INBOX"',
            '* LIST (\\HasNoChildren \\Junk) "/" "[Gmail]/Spam"',
        ]
    if command.startswith("EXAMINE"):
        return ["* 3 EXISTS" if "INBOX" in command else "* 0 EXISTS", "* OK [UIDVALIDITY 7] UIDs valid."]
    if "X-GM-RAW" in command:
        return ["* SEARCH 12" if "category:promotions" in command else "* SEARCH"]
    if "SEARCH" in command:
        return ["* SEARCH 11 12 13"]
    if "FETCH" in command:
        head = "X-Sendlens-Test: t{}\r\n\r\n"
        return [
            f'* {uid - 10} FETCH (UID {uid} INTERNALDATE "26-Nov-2026 10:00:0{uid - 10} +0000" '
            f"BODY[HEADER]<0> {{{len(head.format(uid))}}}\r\n{head.format(uid)})"
            for uid in (11, 12, 13)
        ]
    return []


@pytest.fixture
def gmail_port(imap_server: ImapServer) -> Iterator[int]:
    """A server for one session, with the certificate of the other."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(imap_server.home / "cert.pem", imap_server.home / "key.pem")
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        plain, _ = listening.accept()
        with context.wrap_socket(plain, server_side=True) as session, session.makefile("rwb") as stream:
            stream.write(b"* OK Gimap ready\r\n")
            stream.flush()
            for line in stream:
                tag, _, command = line.decode().strip().partition(" ")
                answered = [*gmail(re.sub(r"^UID ", "", command)), f"{tag} OK done"]
                stream.write("".join(f"{each}\r\n" for each in answered).encode())
                stream.flush()
                if command == "LOGOUT":
                    return

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield listening.getsockname()[1]
    thread.join(10)
    listening.close()


def test_gmails_tabs_are_told(imap_server: ImapServer, gmail_port: int) -> None:
    address = Address.of(f"imaps://seed1%40gmail.com@localhost:{gmail_port}")
    box = Folders(address, "app-password", "127.0.0.1", context=imap_server.context)
    found = [(head.uid, head.tab, head.where.value, head.arrived_at) for head, _ in box.heads({}, 1_795_687_200_000)]
    box.close()
    first = 1_795_687_201_000
    assert found == [
        (11, "primary", "inbox", first),
        (12, "promotions", "inbox", first + 1000),
        (13, "primary", "inbox", first + 2000),
    ]


def test_a_mailbox_without_a_folder_for_spam_asks_for_its_name(
    imap_server: ImapServer, gmail_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare = gmail

    def nothing(command: str) -> list[str]:
        return ['* LIST () "/" "INBOX"'] if command.startswith("LIST") else bare(command)

    monkeypatch.setattr("tests.mailboxes.test_seeds.gmail", nothing)
    address = Address.of(f"imaps://seed1%40gmail.com@localhost:{gmail_port}")
    with pytest.raises(MailboxError, match="no folder is marked as"):
        Folders(address, "app-password", "127.0.0.1", context=imap_server.context)
