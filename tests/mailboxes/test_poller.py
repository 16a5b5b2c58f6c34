"""The poller: a mail counts when its records are safe, reading goes on, and a broken mailbox keeps nobody waiting."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

import pytest

from sendlens.clock import FrozenClock
from sendlens.control.control import Control
from sendlens.errors import Unavailable
from sendlens.mailboxes.letters import MailboxError
from sendlens.mailboxes.opening import opened
from sendlens.mailboxes.poller import Mailboxes
from sendlens.model.events import Event, RecordKind
from sendlens.polling.hosts import PollError, address_of, is_public
from sendlens.polling.rounds import Rounds
from sendlens.settings import Settings
from sendlens.sources.mail.options import MailOptions
from sendlens.sources.received import Mapped
from sendlens.sources.tracking import Message, Tracker
from tests.sources.mail.letters import CASES, NOW, mail

MAILS = [mail(case) for case in CASES[:3]]


class World:
    def __init__(self, home: Path) -> None:
        self.home = home
        self.clock = FrozenClock(NOW)
        self.control = Control.open(f"sqlite:///{home / 'control.sqlite'}", b"k" * 32, self.clock)
        self.tenant = self.control.tenants.create("main", "Main").id
        self.settings = replace(Settings(), mail_directory=str(home))
        self.taken: list[Mapped] = []
        self.told: list[str] = []
        self.broken = False

    def accept(self, tenant: str, source: str, kind: RecordKind, mapped: Mapped, received_at: int) -> None:
        if self.broken:
            raise Unavailable("the disk is full")
        self.taken.append(mapped)

    def poller(self) -> Rounds:
        kind = Mailboxes(self.control, self.settings, self.clock, self.accept)
        return Rounds(kind, self.control, self.clock, changed=self.told.append)

    def source(self, mailbox: str, **options: object) -> str:
        made = self.control.sources.create(self.tenant, mailbox, "mail", {"mailbox": mailbox, **options}, ["secret"])
        return made.id

    def maildir(self, *mails: bytes) -> Path:
        box = self.home / "box"
        for name in ("new", "cur", "tmp"):
            (box / name).mkdir(parents=True, exist_ok=True)
        for number, data in enumerate(mails):
            (box / "new" / f"{number}.test").write_bytes(data)
        return box

    def recipients(self) -> list[str]:
        return [event.recipient for mapped in self.taken for event in mapped.records if isinstance(event, Event)]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    it = World(tmp_path)
    yield it
    it.control.close()


@pytest.mark.parametrize(
    ("afterwards", "new", "elsewhere"),
    [("seen", 0, "cur"), ("move", 0, ".Done/cur"), ("delete", 0, ""), ("keep", 3, "")],
)
def test_a_maildir_is_read_and_marked(world: World, afterwards: str, new: int, elsewhere: str) -> None:
    box = world.maildir(*MAILS)
    source = world.source(f"maildir:{box}", afterwards=afterwards, move_to="Done")
    world.poller().turn()
    assert len(world.taken) == 3
    assert len(list((box / "new").iterdir())) == new
    if elsewhere:
        assert sorted(file.name for file in (box / elsewhere).iterdir()) == [f"{n}.test:2,S" for n in range(3)]
    world.poller().turn()
    assert len(world.taken) == 3, "what was read is not read again"
    state = world.control.polls.get(source)
    assert (state.read, state.looked_at, state.error) == (3, NOW, "")


def test_a_mail_to_leave_is_opened_with_the_secret_of_the_tenants_tracker(world: World) -> None:
    secret = "a-long-secret-of-the-source"
    tracker = world.control.sources.create(world.tenant, "t", "tracker", {}, [secret])
    told = Message(message_id="m-1", recipient="ada@example.net")
    subject = unquote(Tracker("https://t.example.com", tracker.id, secret).mailto("leave@x.example", told)).partition(
        "="
    )[2]
    box = world.maildir(f"Subject: {subject}\n\n".encode())
    world.source(f"maildir:{box}")
    world.poller().turn()
    assert world.recipients() == ["ada@example.net"]


def test_a_mail_whose_records_are_not_safe_stays_and_comes_again(world: World) -> None:
    box = world.maildir(*MAILS)
    source = world.source(f"maildir:{box}")
    world.broken = True
    world.poller().turn()
    assert len(list((box / "new").iterdir())) == 3
    failed = world.control.polls.get(source)
    assert "the disk is full" in failed.error
    assert (failed.looked_at, failed.tried_at, failed.failing_since) == (0, NOW, NOW)
    assert list(world.control.polls.failing()) == [source]
    assert world.told == [world.tenant]
    world.broken = False
    world.poller().turn()
    assert len(world.taken) == 3
    state = world.control.polls.get(source)
    assert (state.error, state.tried_at, state.failing_since) == ("", NOW, 0)
    assert world.control.polls.failing() == {}


def test_an_mbox_is_read_as_it_grows_and_again_when_it_is_another(world: World) -> None:
    file = world.home / "mbox"

    def text(*mails: bytes) -> bytes:
        return b"".join(b"From MAILER-DAEMON Sun Oct 25 10:00:00 2026\n" + each.rstrip() + b"\n\n" for each in mails)

    file.write_bytes(text(*MAILS[:2]))
    world.source(f"mbox:{file}")
    world.poller().turn()
    assert len(world.taken) == 2
    with file.open("ab") as more:
        more.write(text(MAILS[2]) + b"From MAILER-DAEMON Sun Oct 25 10:00:00 2026\nFrom: half")
    world.poller().turn()
    assert len(world.taken) == 3, "the mail that is still being written is left"
    file.write_bytes(text(MAILS[1]))
    world.poller().turn()
    assert len(world.taken) == 4
    assert world.recipients()[0] == "ada@example.net"


def test_a_mailbox_that_fails_keeps_no_other_waiting_and_is_tried_ever_more_rarely(world: World) -> None:
    box = world.maildir(MAILS[0])
    broken = world.source("imaps://ada@localhost:1/INBOX")
    world.source(f"maildir:{box}")
    poller = world.poller()
    poller.turn()
    assert len(world.taken) == 1
    assert "not a public address" in world.control.polls.get(broken).error
    (source,) = (each for each in world.control.sources.list(world.tenant) if each.id == broken)
    pauses = [poller.look(source) for _ in range(8)]
    assert pauses == sorted(pauses)
    assert (pauses[0], pauses[-1]) == (240.0, 3600.0)


def test_only_mailboxes_below_the_directory_are_opened(world: World, tmp_path: Path) -> None:
    outside = tmp_path.parent / "outside"
    outside.mkdir(exist_ok=True)
    (world.home / "link").symlink_to(outside)
    for path in (outside, world.home / "link", world.home / ".." / "outside", Path("/etc/passwd")):
        for scheme in ("maildir", "mbox"):
            with pytest.raises(MailboxError, match="does not lie in"):
                opened(MailOptions.of({"mailbox": f"{scheme}:{path}"}), "", world.settings, world.clock)
    with pytest.raises(MailboxError, match="no directory of this machine"):
        opened(MailOptions.of({"mailbox": "mbox:/tmp/x"}), "", Settings(), world.clock)


def test_a_link_in_a_maildir_is_not_followed(world: World) -> None:
    box = world.maildir()
    (world.home / "secret").write_bytes(MAILS[0])
    (box / "new" / "1.link").symlink_to(world.home / "secret")
    world.source(f"maildir:{box}")
    world.poller().turn()
    assert world.taken == []


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "169.254.169.254",
        "192.168.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "::1",
        "fe80::1",
        "fd00::1",
        "::ffff:10.0.0.1",
        "64:ff9b::a00:1",
        "2002:7f00:1::",
        "100.64.0.1",
        "nonsense",
    ],
)
def test_addresses_that_lead_inside_are_refused(address: str) -> None:
    assert not is_public(address)


def test_hosts_are_judged_by_where_they_lead() -> None:
    with pytest.raises(PollError, match="not a public address"):
        address_of("localhost", 993, lambda _: False, hint="")
    assert address_of("localhost", 993, lambda _: True, hint="") in ("127.0.0.1", "::1")
    with pytest.raises(PollError, match="cannot be resolved"):
        address_of("no-such-host.invalid", 993, lambda _: False, hint="")


@pytest.mark.parametrize(
    "mailbox",
    [
        "http://x/y",
        "imaps://host/INBOX",
        "imaps://user:password@host/",
        "maildir:relative",
        "imaps://u@h:x/",
        "mbox:",
        "imaps://u@h/a%0d%0aLOGOUT",
    ],
)
def test_addresses_of_mailboxes_that_cannot_be_are_refused(mailbox: str) -> None:
    with pytest.raises(Exception, match="mailbox") as refused:
        MailOptions.of({"mailbox": mailbox})
    assert "password@" not in str(refused.value)


def test_of_several_tenants_each_reads_its_own_directory_alone(world: World) -> None:
    box = world.maildir(*MAILS)
    source = world.source(f"maildir:{box}", afterwards="delete")
    world.control.tenants.create("other", "Other")
    world.poller().turn()
    assert "does not lie in" in world.control.polls.get(source).error
    assert (world.taken, len(list((box / "new").iterdir()))) == ([], 3), "it may be another tenant's"
    own = box.rename(world.home / "main") if box.parent == world.home else box
    world.control.sources.configure(source, {"mailbox": f"maildir:{own}"})
    world.poller().turn()
    assert (world.control.polls.get(source).error, len(world.taken)) == ("", 3)
