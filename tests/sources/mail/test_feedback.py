"""Feedback reports: complaints, opt-outs and other feedback, with recipients named, blanked out, or somewhere else."""

import pytest

from sendlens.model.events import EventType
from sendlens.sources.mail.dispatch import Understood, read
from sendlens.sources.mail.options import MailOptions
from tests.sources.mail.letters import NOW, ORIGINAL, feedback, multipart

FIELDS = """\
Feedback-Type: {kind}
User-Agent: Mailbox/1.0
Version: 1
Original-Mail-From: <b+autumn-ada=example.net@bounce.sender.example>
Arrival-Date: Sun, 25 Oct 2026 11:00:00 +0000
Source-IP: 192.0.2.10
Reported-Domain: sender.example
"""
BLANK = ORIGINAL.replace("To: ada@example.net", "To: redacted@redacted.invalid")


def told(data: bytes, **options: object) -> Understood:
    return read(data, MailOptions.of(options), NOW)


def test_a_complaint_names_recipient_message_and_campaign() -> None:
    data = feedback(FIELDS.format(kind="abuse") + "Original-Rcpt-To: <ada@example.net>\n")
    found = told(data)
    (event,) = found.events
    assert (found.kind, event.type, event.native_type, event.reason) == ("feedback", "complained", "abuse", "abuse")
    assert (event.recipient, event.message_id, event.campaign_id) == (
        "ada@example.net",
        "m-17@sender.example",
        "autumn",
    )
    assert (event.sending_ip, event.occurred_at) == ("192.0.2.10", 1_792_926_000_000)
    assert event.metadata == {"mail.user_agent": "Mailbox/1.0", "mail.reported_domain": "sender.example"}


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("fraud", EventType.COMPLAINED),
        ("other", EventType.COMPLAINED),
        ("opt-out", EventType.UNSUBSCRIBED),
        ("not-spam", EventType.UNKNOWN),
        ("auth-failure", EventType.UNKNOWN),
        ("virus", EventType.UNKNOWN),
        ("something-new", EventType.UNKNOWN),
    ],
)
def test_only_what_is_a_complaint_counts_as_one(kind: str, expected: EventType) -> None:
    (event,) = told(feedback(FIELDS.format(kind=kind) + "Original-Rcpt-To: ada@example.net\n")).events
    assert (event.type, event.native_type) == (expected, kind)
    assert bool(event.raw) is (expected is EventType.UNKNOWN)
    assert event.unsubscribe_method == ("feedback_report" if expected is EventType.UNSUBSCRIBED else "")


def test_a_blanked_out_recipient_is_found_by_verp() -> None:
    data = feedback(FIELDS.format(kind="abuse"), BLANK)
    (event,) = told(data, verp=["b+{campaign}-{recipient}@bounce.sender.example"]).events
    assert (event.recipient, event.campaign_id) == ("ada@example.net", "autumn")
    assert told(data).events[0].recipient == "ada@example.net", "the general form is understood without a pattern"


def test_without_any_trace_the_campaign_still_counts() -> None:
    fields = FIELDS.format(kind="abuse").replace("b+autumn-ada=example.net", "bounces")
    (event,) = told(feedback(fields, BLANK, From="Feedback <fbl@arf.mail.yahoo.com>")).events
    assert (event.recipient, event.campaign_id, event.message_id) == ("", "autumn", "m-17@sender.example")
    assert event.mx == "arf.mail.yahoo.com", "whoever reported tells the provider where nothing else does"


def test_microsofts_form_has_the_recipient_in_a_header_of_its_own() -> None:
    original = "X-HmXmrOriginalRecipient: ada@example.net\n" + BLANK
    (event,) = told(multipart("multipart/mixed", ("text/plain", ""), ("message/rfc822", original))).events
    assert (event.type, event.recipient) == ("complained", "ada@example.net")


def test_several_recipients_are_several_events_once_each() -> None:
    fields = FIELDS.format(kind="abuse") + "Original-Rcpt-To: ada@example.net\nOriginal-Rcpt-To: bob@example.net\n"
    events = told(feedback(fields)).events
    assert [event.recipient for event in events] == ["ada@example.net", "bob@example.net"]
    assert len({event.id for event in events}) == 2
    assert [event.id for event in told(feedback(fields)).events] == [event.id for event in events]
