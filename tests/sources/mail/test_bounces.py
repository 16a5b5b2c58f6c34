"""Bounce mails: recipients, codes, words and the returned message, in the formats of many servers."""

import base64

import pytest

from sendlens.enrich.bounce import classify
from sendlens.model.events import Event, EventType
from sendlens.sources.mail import dispatch
from sendlens.sources.mail.options import MailOptions
from tests.sources.mail import letters
from tests.sources.mail.letters import CASES, NOW, ORIGINAL, Case, dsn, mail


def read(data: bytes, **options: object) -> dispatch.Understood:
    return dispatch.read(data, MailOptions.of(options), NOW)


def one(data: bytes, **options: object) -> Event:
    (event,) = read(data, **options).events
    return event


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_the_failed_recipients_of_a_format_are_found(case: Case) -> None:
    told = read(mail(case))
    assert told.kind == "bounce"
    assert [event.recipient for event in told.events] == list(case.recipients)
    assert {event.type for event in told.events} == {EventType.DEFERRED if case.delayed else EventType.BOUNCED}
    first = told.events[0]
    assert case.says in first.smtp_reply
    assert (first.smtp_code, first.enhanced_code) == (case.code or first.smtp_code, case.status or first.enhanced_code)


def test_a_delivery_status_tells_everything_of_each_recipient() -> None:
    told = read(
        dsn(
            "Final-Recipient: rfc822; ada@example.net\nOriginal-Recipient: rfc822;ada.l@example.net\nAction: failed\n"
            "Status: 5.1.1\nRemote-MTA: dns; mx.example.net\nDiagnostic-Code: smtp; 550 5.1.1 no such\n user\n"
            "Last-Attempt-Date: Sun, 25 Oct 2026 09:59:30 +0000\n\n"
            "Final-Recipient: RFC822; <bob@example.net>\nAction: delayed\nStatus: 4.2.2\n\n"
            "Final-Recipient: utf-8; gr\\x{FC}n@example.net\nAction: delivered\nStatus: 2.0.0\n"
        )
    )
    first, second, third = told.events
    assert (first.type, first.recipient, first.enhanced_code, first.smtp_code) == (
        "bounced",
        "ada.l@example.net",
        "5.1.1",
        550,
    )
    assert (first.smtp_reply, first.mx) == ("550 5.1.1 no such user", "mx.example.net")
    assert first.occurred_at == 1_792_922_370_000
    assert first.metadata == {
        "mail.confidence": "high",
        "mail.reporting_mta": "mx.example.org",
        "mail.final_recipient": "ada@example.net",
    }
    assert (second.type, second.recipient, second.enhanced_code) == ("deferred", "bob@example.net", "4.2.2")
    assert (third.type, third.recipient) == ("delivered", "grün@example.net")
    assert {(event.message_id, event.campaign_id, event.sending_domain) for event in told.events} == {
        ("m-17@sender.example", "autumn", "sender.example")
    }


def test_headers_of_our_own_come_before_all_others() -> None:
    ours = "X-Sendlens-Campaign: spring\nX-Sendlens-Message-ID: <own-1>\nX-Shop: s-1\n"
    ours += "X-Sendlens-Recipient: ada+1@example.net\n"
    report = dsn("Final-Recipient: rfc822; ada@example.net\nAction: failed\nStatus: 5.1.1\n", original=ours + ORIGINAL)
    event = one(report)
    assert (event.campaign_id, event.message_id, event.recipient) == ("spring", "own-1", "ada+1@example.net")
    assert event.metadata["mail.final_recipient"] == "ada@example.net"
    assert one(report, campaign_from=["X-Shop"]).campaign_id == "s-1"


def test_verp_tells_the_recipient_the_campaign_and_the_message() -> None:
    told = "b+autumn-ada=example.net@bounce.sender.example"
    unnamed = mail(Case("plain", letters.DAEMON, "Delivery failure", (), own="Your mail was not delivered."), To=told)
    event = one(unnamed, verp=["b+{campaign}-{recipient}@bounce.sender.example"])
    assert (event.recipient, event.campaign_id, event.metadata["mail.confidence"]) == (
        "ada@example.net",
        "autumn",
        "high",
    )
    assert one(unnamed).recipient == "ada@example.net", "the general form helps where the report names nobody"
    named = mail(CASES[0], To="m-9@bounce.sender.example")
    event = one(named, verp=["{message}@bounce.sender.example"])
    assert (event.message_id, event.recipient) == ("m-9", "ada@example.net")


@pytest.mark.parametrize(
    "pattern", ["nothing@example.com", "{who}@example.com", "{recipient}", "{any}@x.example", "{a}{a}@b"]
)
def test_a_pattern_that_cannot_work_is_refused(pattern: str) -> None:
    with pytest.raises(Exception, match="verp"):
        MailOptions.of({"verp": [pattern]})


def test_without_a_message_of_ours_the_confidence_is_low() -> None:
    bare = dsn("Final-Recipient: rfc822; ada@example.net\nAction: failed\nStatus: 5.1.1\n", original="")
    assert one(bare).metadata["mail.confidence"] == "low"
    assert one(mail(CASES[0])).metadata["mail.confidence"] == "medium"


def test_addresses_that_are_only_mentioned_did_not_fail() -> None:
    notice = (
        "Your message could not be delivered to the following recipient:\n\n  ada@example.net: no such user\n\n"
        "Please contact helpdesk@mx.example.org for assistance, or write to postmaster@mx.example.org.\n"
        "The message was sent by news@sender.example to list@sender.example.\n"
    )
    assert one(mail(Case("x", letters.DAEMON, "Delivery failure", (), own=notice))).recipient == "ada@example.net"


def test_a_report_may_name_a_mailbox_of_a_network_of_ones_own() -> None:
    fields = "Final-Recipient: LOCAL; <ada@mailhost>\nAction: failed\nStatus: 5.2.2\n"
    assert one(dsn(fields, original="")).recipient == "ada@mailhost"
    assert read(dsn(fields.replace("<ada@mailhost>", "<ada>"), original="")).events == []


def test_a_reason_that_runs_over_several_lines_is_handed_on_whole() -> None:
    first, second = read(mail(next(case for case in CASES if case.name == "netscape"))).events
    for event in (first, second):
        verdict = classify(event.type, event.smtp_code, event.enhanced_code, event.smtp_reply)
        assert (verdict.bounce_class, verdict.reason) == ("soft", "timeout")


def test_what_follows_an_address_on_its_line_is_the_reason_where_the_report_has_none() -> None:
    notice = "An error has occurred while delivering to these recipients:\n\nada@example.net: Domain does not exist\n"
    event = one(dsn("Final-Recipient: rfc822; ada@example.net\nAction: error\nStatus: 5.0.0\n", notice=notice))
    assert event.smtp_reply.startswith("Domain does not exist")


def test_an_address_and_the_one_it_was_forwarded_from_are_one_failure() -> None:
    notice = (
        "   ----- The following addresses had permanent fatal errors -----\nada.l@example.org\n"
        "    (reason: 553 No such mailbox)\n    (expanded from: <ada@example.net>)\n"
    )
    event = one(mail(Case("x", letters.DAEMON, "Returned mail: see transcript", (), own=notice)))
    assert (event.recipient, event.metadata["mail.final_recipient"]) == ("ada@example.net", "ada.l@example.org")
    assert "No such mailbox" in event.smtp_reply


def test_a_type_without_a_semicolon_behind_it_is_still_a_type() -> None:
    notice = "---The following addresses had delivery errors---\n\nada@example.net [User unknown]\n"
    report = letters.multipart(
        "multipart/mixed", ('text/plain\n   charset="us-ascii"', notice), Subject="Returned Mail"
    )
    event = one(report)
    assert event.recipient == "ada@example.net"
    assert "User unknown" in event.smtp_reply


def test_a_subject_in_japanese_tells_a_bounce_whoever_it_is_from() -> None:
    notice = "送信できませんでした。\n\n  Could not be delivered to: <ada@example.net>\n  As it is full.\n"
    event = one(mail(Case("x", "no-reply@mx.example.org", "メールエラー通知", (), own=notice)))
    assert (event.type, event.recipient) == ("bounced", "ada@example.net")


def test_the_same_mail_has_the_same_events_by_whichever_way_it_comes() -> None:
    first = mail(CASES[0])
    again = b"Received: from somewhere else; Mon, 26 Oct 2026 10:00:00 +0000\r\n" + first.replace(b"\n", b"\r\n")
    assert [event.id for event in read(first).events] == [event.id for event in read(again).events]
    nameless = first.replace(b"Message-ID: <qmail@", b"X-Was: <qmail@")
    assert read(nameless).events[0].id == read(b"Received: x\n" + nameless).events[0].id
    assert read(nameless).events[0].id != read(first).events[0].id


def test_a_report_attached_by_a_gateway_is_read() -> None:
    inner = dsn("Final-Recipient: rfc822; ada@example.net\nAction: failed\nStatus: 5.1.1\n").decode()
    outer = letters.multipart("multipart/mixed", ("text/plain", "See the attachment."), ("message/rfc822", inner))
    assert one(outer).recipient == "ada@example.net"


@pytest.mark.parametrize(
    ("subject", "body", "headers", "kind"),
    [
        ("Out of office: Autumn offers", "I am away until Monday. Write to bob@example.net.", {}, "auto_reply"),
        ("Automatische Antwort: Angebote", "Ich bin nicht im Büro.", {"Auto-Submitted": "auto-replied"}, "auto_reply"),
        ("Re: Autumn offers", "Back soon.", {"X-Autoreply": "yes"}, "auto_reply"),
        ("Please confirm your message", "Please verify that you are a person to deliver your mail.", {}, "challenge"),
        ("Read: Autumn offers", "Your message was read.", {}, "receipt"),
        ("Re: Autumn offers", "Thanks! My colleague bob@example.net could not be reached last week.", {}, "other"),
        ("Hello", "Shall we meet?", {}, "other"),
    ],
)
def test_what_is_no_bounce_counts_nothing(subject: str, body: str, headers: dict[str, str], kind: str) -> None:
    told = read(mail(Case("x", "Ada <ada@example.net>", subject, (), own=body, headers=headers)))
    assert (told.kind, told.events, told.rejected) == (kind, [], [])


def test_an_html_notice_is_read() -> None:
    page = (
        "<style>p{}</style><p>Delivery has failed to these recipients:<br>&lt;ada@example.net&gt;<br>User unknown</p>"
    )
    data = mail(Case("x", letters.DAEMON, "Undeliverable", (), own=page, headers={"Content-Type": "text/html"}))
    assert one(data).recipient == "ada@example.net"


def test_encoded_parts_and_headers_are_read() -> None:
    coded = base64.encodebytes(CASES[0].notice.encode()).decode()
    data = mail(
        Case(
            "x",
            "=?utf-8?b?TWFpbCBEZWxpdmVyeQ==?= <mailer-daemon@mx.example.org>",
            "=?iso-8859-1?q?failure_notice?=",
            (),
            own=coded,
            headers={"Content-Transfer-Encoding": "base64"},
        )
    )
    assert one(data).recipient == "ada@example.net"
