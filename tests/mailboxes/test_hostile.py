"""An IMAP server that means harm: what it announces, how slowly it answers, and what that may cost."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from sendlens.mailboxes import session
from sendlens.mailboxes.imap import Imap
from sendlens.mailboxes.letters import MailboxError
from sendlens.sources.mail.options import Address
from tests.harness.dovecot import ImapServer, imap_server

__all__ = ["imap_server"]
Answer = Callable[[str], Iterator[bytes]]
Serve = Callable[[Answer], Imap]


def polite(command: str) -> Iterator[bytes]:
    """What a server with one mail answers, as far as a look asks; without the last line."""
    if command.startswith("CAPABILITY"):
        yield b"* CAPABILITY IMAP4rev1 UIDPLUS\r\n"
    elif command.startswith(("SELECT", "EXAMINE")):
        yield b"* 1 EXISTS\r\n* OK [UIDVALIDITY 7] valid\r\n"
    elif "SEARCH" in command:
        yield b"* SEARCH 1\r\n"


@pytest.fixture
def opened(imap_server: ImapServer) -> Iterator[Serve]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(imap_server.home / "cert.pem", imap_server.home / "key.pem")
    listening = socket.create_server(("127.0.0.1", 0))
    threads: list[threading.Thread] = []

    def go(answer: Answer) -> Imap:
        def serve() -> None:
            plain, _ = listening.accept()
            try:
                with context.wrap_socket(plain, server_side=True) as line, line.makefile("rb") as commands:
                    line.sendall(b"* OK ready\r\n")
                    for command in commands:
                        tag, _, rest = command.decode().strip().partition(" ")
                        for part in answer(rest):
                            line.sendall(part)
                        line.sendall(f"{tag} OK done\r\n".encode())
            except OSError:
                pass  # the other side had enough

        threads.append(threading.Thread(target=serve, daemon=True))
        threads[-1].start()
        address = Address.of(f"imaps://ada@localhost:{listening.getsockname()[1]}")
        return Imap(address, "secret", "127.0.0.1", "keep", "Processed", imap_server.context)

    yield go
    for thread in threads:
        thread.join(10)
    listening.close()


def test_a_mail_that_is_announced_too_large_is_not_read(opened: Serve) -> None:
    def answer(command: str) -> Iterator[bytes]:
        yield from polite(command)
        if "FETCH" in command:
            yield b"* 1 FETCH (UID 1 BODY[] {99999999999}\r\n"

    box = opened(answer)
    with pytest.raises(MailboxError, match="more than 29 MB"):
        list(box.letters({}))
    box.close()


def test_answers_without_end_are_cut_off_and_nothing_of_them_is_kept(
    opened: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "MOST_BYTES", 100_000)

    def answer(command: str) -> Iterator[bytes]:
        yield from polite(command)
        for _ in range(200 if "FETCH" in command else 2):
            yield b"* X " + b"y" * 1000 + b"\r\n"

    box = opened(answer)
    assert sum(len(found or b"") for found in box._session.imap.untagged_responses.get("X", [])) <= 2000  # pyright: ignore[reportPrivateUsage] - what is kept is the point
    with pytest.raises(MailboxError, match="answered one command with more than"):
        list(box.letters({}))
    box.close()


def test_a_byte_now_and_then_does_not_keep_a_session_alive(opened: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "LONGEST_SECONDS", 1.0)

    def answer(command: str) -> Iterator[bytes]:
        yield from polite(command)
        if "FETCH" in command:
            for _ in range(200):
                time.sleep(0.05)
                yield b"*"

    box = opened(answer)
    began = time.monotonic()
    with pytest.raises(MailboxError):
        list(box.letters({}))
    box.close()
    assert time.monotonic() - began < 6


def test_a_look_ends_by_itself_and_the_next_goes_on(opened: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "LOOK_SECONDS", -1.0)
    box = opened(polite)
    assert list(box.letters({})) == []
    box.close()
