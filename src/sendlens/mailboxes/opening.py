"""From a source's options to an open mailbox, within what the operator allows."""

from __future__ import annotations

from pathlib import Path

from sendlens.clock import Clock
from sendlens.mailboxes.imap import Imap
from sendlens.mailboxes.letters import Mailbox, MailboxError
from sendlens.mailboxes.maildir import Maildir
from sendlens.mailboxes.mbox import Mbox
from sendlens.polling.hosts import address_of
from sendlens.settings import Settings
from sendlens.sources.mail.options import Address, MailOptions


def opened(options: MailOptions, password: str, settings: Settings, clock: Clock) -> Mailbox:
    """Return the mailbox that a source names. Raises `MailboxError` for one that cannot or must not be opened."""
    address = Address.of(options.mailbox)
    if address.scheme == "maildir":
        return Maildir(_within(address.path, settings), options.afterwards, options.move_to)
    if address.scheme == "mbox":
        return Mbox(_within(address.path, settings), clock)
    if not password:
        raise MailboxError(
            "the source has no secret, and the mailbox no password",
            hint="Set it with: sendlens source rotate SOURCE --secret -",
        )
    return Imap(address, password, judged(address, settings), options.afterwards, options.move_to)


def judged(address: Address, settings: Settings) -> str:
    """Return the network address of an IMAP host. Raises `PollError` for one that must not be reached."""
    return address_of(
        address.host,
        address.port,
        lambda _: settings.mail_private_hosts,
        hint="SENDLENS_MAIL_PRIVATE_HOSTS=true allows mailboxes within private networks.",
    )


def _within(path: str, settings: Settings) -> Path:
    """Return a path if it lies in the directory for mailboxes, links followed."""
    if not settings.mail_directory:
        raise MailboxError(
            "no directory of this machine may be read as a mailbox",
            hint="SENDLENS_MAIL_DIRECTORY names the directory under which mailboxes may lie.",
        )
    root, told = Path(settings.mail_directory).resolve(), Path(path).resolve()
    if not told.is_relative_to(root):
        raise MailboxError(
            f"{path} does not lie in {root}",
            hint="They lie below SENDLENS_MAIL_DIRECTORY; of several tenants each has its slug as a directory there.",
        )
    return told
