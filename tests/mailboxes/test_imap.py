"""A real IMAP server: reading by UID, going on after a break, marking, moving and deleting, and what is refused."""

import ssl
from collections.abc import Callable

import pytest

from sendlens.mailboxes.imap import Imap
from sendlens.mailboxes.letters import Letter, MailboxError, Position
from sendlens.sources.mail.options import Address
from tests.harness.dovecot import PASSWORD, ImapServer, imap_server
from tests.sources.mail.letters import CASES, mail

__all__ = ["imap_server"]
MAILS = [mail(case) for case in CASES[:3]]
Opener = Callable[..., Imap]


@pytest.fixture
def opened(imap_server: ImapServer) -> Opener:
    def go(user: str, afterwards: str = "seen", *, scheme: str = "imaps", **more: object) -> Imap:
        port = imap_server.port if scheme == "imaps" else imap_server.plain
        address = Address(
            scheme=scheme, host="localhost", port=port, user=user, folder=str(more.get("folder", "INBOX"))
        )
        context = more.get("context", imap_server.context)
        assert isinstance(context, ssl.SSLContext)
        return Imap(address, str(more.get("password", PASSWORD)), "127.0.0.1", afterwards, "Gelesen & gezählt", context)

    return go


def taken(box: Imap, position: Position, most: int = 100) -> list[Letter]:
    found: list[Letter] = []
    for letter in box.letters(position):
        box.finish(letter)
        found.append(letter)
        if len(found) == most:
            break
    box.close()
    return found


def test_mails_are_read_once_and_reading_goes_on_where_it_ended(imap_server: ImapServer, opened: Opener) -> None:
    imap_server.deliver("ada", *MAILS)
    first = taken(opened("ada"), {}, most=2)
    rest = taken(opened("ada"), first[-1].position)
    assert [letter.data.replace(b"\r\n", b"\n") for letter in [*first, *rest]] == MAILS
    assert taken(opened("ada"), rest[-1].position) == []
    assert len(taken(opened("ada"), {"uidvalidity": 1, "uid": 99})) == 3, (
        "a folder that was numbered anew is read again"
    )


@pytest.mark.parametrize("scheme", ["imaps", "imap"])
@pytest.mark.parametrize(("afterwards", "left"), [("seen", 3), ("keep", 3), ("move", 0), ("delete", 0)])
def test_what_was_read_is_marked_as_the_source_says(
    imap_server: ImapServer, opened: Opener, afterwards: str, left: int, scheme: str
) -> None:
    user = f"{afterwards}-{scheme}"
    box = imap_server.deliver(user, *MAILS)
    assert len(taken(opened(user, afterwards, scheme=scheme), {})) == 3
    assert len(taken(opened(user, "keep"), {})) == left
    seen = [file.name for file in (box / "cur").iterdir() if file.name.endswith("S")]
    assert len(seen) == (3 if afterwards == "seen" else 0)
    if afterwards == "move":
        assert len(taken(opened(user, "keep", folder="Gelesen & gezählt"), {})) == 3


def test_a_wrong_password_a_wrong_folder_and_a_foreign_certificate_are_told(
    imap_server: ImapServer, opened: Opener
) -> None:
    imap_server.deliver("bob", MAILS[0])
    for more, told in (
        ({"password": "wrong"}, "Authentication failed"),
        ({"folder": "None"}, "SELECT was answered NO"),
        ({"context": ssl.create_default_context()}, "certificate verify failed"),
    ):
        with pytest.raises(MailboxError, match=told) as refused:
            opened("bob", **more)
        assert PASSWORD not in str(refused.value)
