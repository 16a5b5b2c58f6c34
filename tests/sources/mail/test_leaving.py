"""Mails that ask to leave: by the tracker's token, from a person, and by nothing else."""

import email
import re
from email import policy
from urllib.parse import unquote

import pytest

from sendlens.errors import InvalidField
from sendlens.sources.mail import dispatch
from sendlens.sources.mail.options import MailOptions
from sendlens.sources.tracking import Message, Tracker, TrackerOptions, instrument, instrument_mail
from tests.sources.mail.letters import DATE, NOW

SECRET = "a-long-secret-of-the-source"
TRACKER = Tracker("https://t.example.com/", "src_1", SECRET)
MESSAGE = Message(
    message_id="m-17@sender.example", recipient="ada@example.net", campaign_id="autumn", sending_domain="sender.example"
)
MAILTO = TRACKER.mailto("leave@sender.example", MESSAGE)
SUBJECT = unquote(MAILTO.partition("subject=")[2])


def letter(subject: str = SUBJECT, body: str = "", **headers: str) -> bytes:
    fields = {
        "From": "Ada <ada@example.net>",
        "To": "leave@sender.example",
        "Date": DATE,
        "Message-ID": "<l-1@x.example>",
    }
    fields |= {"Subject": subject} | {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"{name}: {value}" for name, value in fields.items()]
    return "\r\n".join([*lines, "", body]).encode()


def read(data: bytes, secret: str = SECRET) -> dispatch.Understood:
    return dispatch.read(data, MailOptions(), NOW, lambda source: [secret] if source == "src_1" else [])


def test_a_mail_with_the_token_is_an_unsubscription() -> None:
    told = read(letter())
    (event,) = told.events
    assert (told.kind, event.type, event.unsubscribe_method) == ("unsubscribe", "unsubscribed", "mailto")
    assert (event.message_id, event.recipient, event.campaign_id) == (
        "m-17@sender.example",
        "ada@example.net",
        "autumn",
    )
    assert event.occurred_at == 1_792_922_400_000
    assert read(letter()).events[0].id == event.id, "the same mail once more"
    assert read(letter(**{"Message-ID": "<l-2@x.example>"})).events[0].id != event.id


@pytest.mark.parametrize(
    "subject",
    [
        f"Re: {SUBJECT}",
        f"{SUBJECT[:60]}\r\n {SUBJECT[60:130]}\r\n\t{SUBJECT[130:]}",
        f"[EXTERNAL] {SUBJECT} sent from my phone",
        SUBJECT.replace("unsubscribe", "UNSUBSCRIBE", 1),
    ],
    ids=["reply", "folded", "words around", "upper case"],
)
def test_what_clients_do_to_a_subject_does_no_harm(subject: str) -> None:
    assert [event.type for event in read(letter(subject)).events] == ["unsubscribed"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-replied"},
        {"X_Autoreply": "yes"},
        {"Return_Path": "<>"},
        {"Precedence": "auto_reply"},
        {"Subject": f"Automatic reply: {SUBJECT}"},
        {"Content_Type": "multipart/report; report-type=delivery-status; boundary=x"},
    ],
    ids=str,
)
def test_no_machine_leaves_for_anybody(headers: dict[str, str]) -> None:
    told = read(letter(**headers))
    assert told.events == []
    assert told.kind != "unsubscribe"


@pytest.mark.parametrize(
    "subject", [SUBJECT[:-2], SUBJECT.replace("src_1", "src_2"), "unsubscribe", "unsubscribe me please"]
)
def test_without_a_token_that_opens_nobody_leaves(subject: str) -> None:
    told = read(letter(subject))
    assert (told.kind, told.events) == ("other", [])
    assert read(letter(), secret="another-long-secret-of-it").events == []
    assert dispatch.read(letter(), MailOptions(), NOW).problems == [
        "a mail that asks to leave, but whose token no tracker of this tenant has made"
    ]


def test_the_mail_address_stands_behind_the_web_address() -> None:
    made = instrument("<p>Hello</p>", TRACKER, MESSAGE, unsubscribe_mail="leave@sender.example")
    web, mail = re.findall(r"<([^>]+)>", made.headers["List-Unsubscribe"])
    assert web.startswith("https://t.example.com/t/u/src_1/")
    assert mail == MAILTO
    raw = b"From: n@sender.example\r\nTo: ada@example.net\r\nMessage-ID: <m-17@sender.example>\r\n"
    raw += b"Content-Type: text/html\r\n\r\n<p>Hello</p>\r\n"
    sent, _ = instrument_mail(raw, TRACKER, MESSAGE, unsubscribe_mail="leave@sender.example")
    assert b"=?" not in sent.partition(b"\r\n\r\n")[0], "addresses in a field are never encoded"
    field = email.message_from_bytes(sent, policy=policy.default)["List-Unsubscribe"]
    assert MAILTO in re.sub(r"\s", "", field)


@pytest.mark.parametrize(
    "address", ["leave", "a@b", "a b@sender.example", "a@sender.example?subject=x", "<a@sender.example>"]
)
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(InvalidField, match="unsubscribe_mail"):
        TrackerOptions.of({"unsubscribe_mail": address})
    with pytest.raises(InvalidField, match="unsubscribe_mail"):
        TRACKER.mailto(address, MESSAGE)
