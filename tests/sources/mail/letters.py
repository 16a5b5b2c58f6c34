"""A labelled corpus of bounce mails, written for these tests from the documented formats of mail servers.

Each case is what a server of that kind writes: sender, subject and what has to be found; notices stand in `notices/`.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

NOTICES = Path(__file__).with_name("notices")
NOW = 1_793_000_000_000
DATE = "Sun, 25 Oct 2026 10:00:00 +0000"
ORIGINAL = """\
Received: from out.sender.example (out.sender.example [192.0.2.10]) by mx.example.net; Sun, 25 Oct 2026 09:59:00 +0000
From: News <news@sender.example>
To: ada@example.net
Subject: Autumn offers
Message-ID: <m-17@sender.example>
Date: Sun, 25 Oct 2026 09:58:00 +0000
Feedback-ID: autumn:acme:marketing:pool1
List-Unsubscribe: <mailto:leave@sender.example>

Hello Ada
"""


@dataclass(frozen=True)
class Case:
    name: str
    sender: str
    subject: str
    recipients: tuple[str, ...]
    delayed: bool = False
    says: str = ""
    """Words that the diagnostic has to hold."""
    code: int = 0
    status: str = ""
    headers: dict[str, str] = field(default_factory=dict[str, str])
    own: str = ""
    """The notice, where it is not that of the file with the case's name in `notices/`."""

    @property
    def notice(self) -> str:
        if self.own:
            return self.own
        return (NOTICES / f"{self.name}.txt").read_text(encoding="utf-8").replace("{original}", ORIGINAL)


DAEMON = "Mail Delivery System <MAILER-DAEMON@mx.example.org>"

CASES = (
    Case(
        "qmail",
        "MAILER-DAEMON@mx.example.org",
        "failure notice",
        ("ada@example.net",),
        says="User unknown",
        code=550,
        status="5.1.1",
    ),
    Case(
        "postfix",
        "Mail Delivery System <MAILER-DAEMON@mx.example.org>",
        "Undelivered Mail Returned to Sender",
        ("ada@example.net", "team@example.org"),
        says="Mailbox full",
        code=552,
        status="5.2.2",
    ),
    Case(
        "exim",
        "Mail Delivery System <Mailer-Daemon@mx.example.org>",
        "Mail delivery failed: returning message to sender",
        ("ada@example.net", "list@example.org"),
        says="No such user here",
        code=550,
    ),
    Case(
        "exim-delay",
        "Mail Delivery System <Mailer-Daemon@mx.example.org>",
        "Warning: message 1abcDE-000123-AB delayed 24 hours",
        ("ada@example.net",),
        delayed=True,
        says="Connection timed out",
    ),
    Case(
        "sendmail",
        "Mail Delivery Subsystem <MAILER-DAEMON@mx.example.org>",
        "Returned mail: see transcript for details",
        ("ada@example.net",),
        says="Addressee unknown",
        code=553,
    ),
    Case(
        "old-sendmail",
        "Mail Delivery Subsystem <MAILER-DAEMON@mx.example.org>",
        "Returned mail: User unknown",
        ("ada@example.net",),
        says="User unknown",
        code=550,
    ),
    Case(
        "text-message",
        "post_master@mx.example.org",
        "Re:Autumn offers",
        ("4915500000000@example.net",),
        says="no such user",
        code=550,
    ),
    Case(
        "netscape",
        "Mail Administrator <Postmaster@mx.example.org>",
        "Mail System Error - Returned Mail",
        ("ada@example.net", "bob@example.net"),
        says="not responding",
    ),
    Case(
        "exchange-2003",
        "System Administrator <postmaster@mail.example.org>",
        "Undeliverable: Autumn offers",
        ("ada@example.net",),
        says="not recognized",
    ),
    Case(
        "exchange-2010",
        "Microsoft Outlook <MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@example.org>",
        "Undeliverable: Autumn offers",
        ("ada@example.net",),
        says="couldn't be found",
    ),
    Case(
        "exchange-german",
        "Microsoft Outlook <postmaster@example.org>",
        "Unzustellbar: Herbstangebote",
        ("ada@example.net",),
        says="RecipNotFound",
        code=550,
    ),
    Case(
        "gmail",
        "Mail Delivery Subsystem <mailer-daemon@googlemail.com>",
        "Delivery Status Notification (Failure)",
        ("ada@example.net",),
        says="550 5.1.1 User unknown",
        code=550,
        status="5.1.1",
        headers={"X-Failed-Recipients": "ada@example.net"},
    ),
    Case(
        "gmail-delay",
        "Mail Delivery Subsystem <mailer-daemon@googlemail.com>",
        "Delivery Status Notification (Delay)",
        ("ada@example.net",),
        delayed=True,
    ),
    Case("yahoo", "MAILER-DAEMON@yahoo.example", "Failure Notice", ("ada@example.net",), says="No mx record found"),
    Case(
        "domino",
        "Postmaster@notes.example.org",
        "DELIVERY FAILURE: User ada not listed in Domino Directory",
        ("ada@example.net",),
        says="not listed in Domino Directory",
    ),
    Case(
        "groupwise",
        "Mailer-Daemon@gw.example.org",
        "Message status - undeliverable",
        ("ada@example.net",),
        says="Mailbox unavailable",
    ),
    Case(
        "smtp32",
        '"Postmaster" <postmaster@imail.example.org>',
        "Undeliverable Mail",
        ("ada@example.net",),
        says="No such user",
        code=553,
    ),
    Case(
        "courier",
        '"Courier mail server at mx.example.org" <@>',
        "NOTICE: mail delivery status.",
        ("ada@example.net",),
        says="User unknown",
        code=550,
        headers={"Return-Path": "<>"},
    ),
    Case(
        "opensmtpd",
        "Mailer Daemon <MAILER-DAEMON@mx.example.org>",
        "Delivery status notification: error",
        ("ada@example.net", "bob@example.net"),
        says="Mailbox full",
        code=552,
    ),
    Case(
        "cisco",
        "Mail Delivery System <MAILER-DAEMON@esa.example.org>",
        "Delivery Status Notification (Failure)",
        ("ada@example.net",),
        says="User unknown",
        code=550,
    ),
    Case(
        "messaging-server",
        "Internet Mail Delivery <postmaster@ims.example.org>",
        "Delivery Notification: Delivery has failed",
        ("ada@example.net",),
        says="User Unknown",
        code=550,
    ),
    Case(
        "mailenable",
        "POSTMASTER@me.example.org",
        "Message Delivery Failure",
        ("ada@example.net",),
        says="mailbox unavailable",
        code=550,
    ),
    Case(
        "mdaemon",
        "MDaemon at mx.example.org <MDaemon@mx.example.org>",
        "Permanent Delivery Failure",
        ("ada@example.net",),
        says="550 Recipient unknown",
        code=550,
    ),
    Case(
        "james",
        "postmaster@james.example.org",
        "Re: Autumn offers",
        ("ada@example.net",),
        says="User unknown",
        code=550,
    ),
    Case(
        "mailmarshal",
        "postmaster@mm.example.org",
        "Undeliverable Mail: Autumn offers",
        ("ada@example.net",),
        says="User unknown",
        code=550,
    ),
    Case(
        "office-365",
        "Postmaster <postmaster@example.org>",
        "Undeliverable: Autumn offers",
        ("ada@example.net",),
        says="550 5.1.10",
        code=550,
        status="5.1.10",
    ),
    Case(
        "french",
        "Service de messagerie <postmaster@mx.example.org>",
        "Échec de la remise : Offres",
        ("ada@example.net",),
        says="utilisateur inconnu",
        code=550,
    ),
    Case(
        "spanish",
        "Sistema de correo <postmaster@mx.example.org>",
        "No se pudo entregar el mensaje",
        ("ada@example.net",),
        says="usuario desconocido",
        code=550,
    ),
    Case("japanese", "MAILER-DAEMON@mx.example.org", "メールを配信できませんでした", ("ada@example.net",), code=550),
    Case(
        "russian",
        "Mail Delivery System <mailer-daemon@mx.example.org>",
        "Недоставленное сообщение",
        ("ada@example.net",),
        code=550,
    ),
)


def mail(case: Case, **more: str) -> bytes:
    """Return the case as a message."""
    headers = {
        "From": case.sender,
        "To": "bounces@sender.example",
        "Subject": case.subject,
        "Date": DATE,
        "Message-ID": f"<{case.name}@mx.example.org>",
        "Content-Type": "text/plain; charset=utf-8",
        **case.headers,
        **more,
    }
    return ("".join(f"{name}: {value}\n" for name, value in headers.items()) + "\n" + case.notice).encode()


def multipart(kind: str, *parts: tuple[str, str], **headers: Any) -> bytes:
    """Return a mail of several parts, each a content type and a text."""
    told = {
        "From": DAEMON,
        "To": "bounces@sender.example",
        "Subject": "Delivery report",
        "Date": DATE,
        "Message-ID": "<report-1@mx.example.org>",
        "MIME-Version": "1.0",
        "Content-Type": f'{kind}; boundary="b1"',
    } | {name.replace("_", "-"): value for name, value in headers.items()}
    body = "".join(f"--b1\nContent-Type: {form}\n\n{text}\n" for form, text in parts)
    return ("".join(f"{name}: {value}\n" for name, value in told.items()) + f"\n{body}--b1--\n").encode()


def dsn(
    groups: str,
    *,
    about: str = "Reporting-MTA: dns; mx.example.org",
    original: str = ORIGINAL,
    notice: str = "This is the mail system. Your message was not delivered.",
    **headers: Any,
) -> bytes:
    """Return a delivery status notification (RFC 3464) whose recipients' groups are as given."""
    return multipart(
        "multipart/report; report-type=delivery-status",
        ("text/plain", notice),
        ("message/delivery-status", f"{about}\n\n{groups}"),
        ("message/rfc822", original),
        **headers,
    )


def feedback(fields: str, original: str = ORIGINAL, **headers: Any) -> bytes:
    """Return a feedback report (RFC 5965) with these fields."""
    return multipart(
        "multipart/report; report-type=feedback-report",
        ("text/plain", "This is an email abuse report."),
        ("message/feedback-report", fields),
        ("message/rfc822", original),
        **headers,
    )
