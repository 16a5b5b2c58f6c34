"""Hostile mail: bombs, endless nesting, broken bytes: bounded in size, depth, number and time, and never a crash."""

import gzip
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sendlens.sources.mail import archives, dispatch, limits, mime
from sendlens.sources.mail.limits import Budget
from sendlens.sources.mail.options import MailOptions
from tests.sources.mail import reports
from tests.sources.mail.letters import CASES, NOW, dsn, feedback, mail, multipart

SEEDS = [
    mail(CASES[0]),
    mail(CASES[4]),
    dsn("Final-Recipient: rfc822; ada@example.net\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 no\n"),
    feedback("Feedback-Type: abuse\nOriginal-Rcpt-To: ada@example.net\n"),
    reports.attached(gzip.compress(reports.dmarc()), "application/gzip"),
    reports.attached(reports.zipped(("a.xml", reports.dmarc())), "application/zip"),
    reports.dmarc(),
    reports.tls(),
]
SECONDS = 3.0
"""Processor time that one mail may cost on a slow machine; what is not bounded takes minutes."""


def read(data: bytes) -> dispatch.Understood:
    started = time.process_time()
    told = dispatch.read(data, MailOptions.of({"verp": ["b+{campaign}-{recipient}@x.example"]}), NOW)
    assert time.process_time() - started < SECONDS
    return told


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_a_mutilated_mail_is_understood_or_explained(data: st.DataObject) -> None:
    mutilated = bytearray(data.draw(st.sampled_from(SEEDS)))
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, len(mutilated)))
        length = data.draw(st.integers(0, 40))
        mutilated[at : at + length] = data.draw(
            st.one_of(
                st.binary(max_size=40),
                st.sampled_from([b"\0", b"\n\n", b"\r", b"--b1\n", b"=?utf-8?b?", b"<", b"\xff" * 9]),
            )
        )
    if bytes(mutilated).strip():
        read(bytes(mutilated))


def test_entities_and_document_types_are_refused() -> None:
    lines = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
    bomb = f'<?xml version="1.0"?><!DOCTYPE feedback [<!ENTITY e0 "ha">{lines}]><feedback>&e9;</feedback>'
    outside = '<!DOCTYPE feedback SYSTEM "file:///etc/passwd"><feedback/>'
    for document in (bomb, outside):
        told = read(reports.attached(document.encode(), "text/xml"))
        assert not told.dmarc
        assert "declares entities or a document type" in told.rejected[0].error


def test_a_zip_and_a_gzip_bomb_are_noticed_at_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "LONGEST_REPORT", 1_000_000)
    bomb = b"<feedback>" + b" " * 20_000_000
    for packed in (gzip.compress(bomb), reports.zipped(("a", bomb)), gzip.compress(gzip.compress(bomb))):
        budget = Budget(unpacked=1_000_000)
        assert sum(len(each) for each in archives.unpacked(packed, budget)) <= 1_000_000
        assert "more than 1 MB" in budget.problems[0]


def test_archives_with_many_files_or_odd_names_are_read_in_memory() -> None:
    told = read(reports.zipped(("../../etc/passwd", reports.dmarc()), ("/root/x.xml", b"no report")))
    assert len(told.dmarc) == 1
    many = read(reports.zipped(*((f"{n}.xml", b"x") for n in range(limits.MOST_MEMBERS + 1))))
    assert "more than 100 files" in many.rejected[0].error
    nested = reports.dmarc()
    for _ in range(4):
        nested = reports.zipped(("a.zip", nested))
    assert "packed more than 2 times" in read(nested).rejected[0].error


def test_thousands_of_nested_parts_are_cut() -> None:
    head, body = "", ""
    for level in range(3000):
        head += f'Content-Type: multipart/mixed; boundary="n{level}"\n\n--n{level}\n'
    body = head + "Content-Type: text/plain\n\nThe end.\n"
    told = read(b"From: MAILER-DAEMON@x.example\nSubject: failure notice\n" + body.encode())
    assert any("deeper than 20 levels" in problem for problem in told.problems)
    flat = multipart("multipart/mixed", *[("text/plain", "x")] * 5000)
    assert any("only 500 parts" in problem for problem in read(flat).problems)


def test_a_part_of_fifty_megabytes_is_read_to_its_bound() -> None:
    notice = "Your message was not delivered to:\n\n<ada@example.net>: no such user\n\n"
    told = read(multipart("multipart/mixed", ("text/plain", notice), ("text/plain", "x" * 50_000_000)))
    assert [event.recipient for event in told.events] == ["ada@example.net"]
    assert any("first 50 MB" in problem for problem in told.problems)


@pytest.mark.parametrize(
    "text",
    [
        "a@" * 100_000,
        "@" * 200_000,
        "a" * 200_000,
        "<" * 200_000,
        "failed to deliver " * 15_000,
        "could not be delivered to " + "x " * 100_000,
        "(" * 100_000 + "expanded from",
        "<a@b.example> (" * 20_000,
        "a.b-" * 60_000 + "@c",
        "\n".join(["Recipient: "] * 50_000),
        " " * 250_000,
        "<ada@example.net>:\n" * 20_000,
        "=?utf-8?q?" * 30_000,
        "postmaster is not " * 10_000,
    ],
    ids=range(14),
)
def test_no_text_costs_more_than_its_length(text: str) -> None:
    for kind in ("text/plain", "text/html"):
        read(f"From: MAILER-DAEMON@x.example\nSubject: failure notice\nContent-Type: {kind}\n\n{text}".encode())
    read(f"From: MAILER-DAEMON@x.example\nTo: {text}\nSubject: {text[:50_000]}\nContent-Type: {text}\n\nx".encode())


def test_recipients_beyond_the_bound_are_left_out() -> None:
    groups = "\n\n".join(
        f"Final-Recipient: rfc822; u{n}@example.net\nAction: failed\nStatus: 5.1.1" for n in range(3000)
    )
    assert len(read(dsn(groups)).events) == limits.MOST_RECIPIENTS


def test_a_thousand_recipients_without_a_word_of_their_own_cost_no_more() -> None:
    listed = "".join(f"  u{n}@example.net\n" for n in range(3000))
    text = "Your message was not delivered to the following recipients:\n\n" + listed + "Reason: none\n" * 2000
    told = read(f"From: MAILER-DAEMON@x.example\nSubject: failure notice\n\n{text}".encode())
    assert len(told.events) == limits.MOST_RECIPIENTS


def test_charsets_that_are_none_and_nul_bytes_do_no_harm() -> None:
    for charset in ("punycode", "unicode_escape", "zip_codec", "x" * 500, "utf-16", "idna", ""):
        part = multipart(
            "multipart/mixed", (f'text/plain; charset="{charset}"', "not delivered to\n<ada@example.net>\0: x")
        )
        read(part)
    assert mime.parse(b"", Budget()).parts[0].body == b""


def test_the_server_is_no_recipient_however_it_is_forged() -> None:
    groups = "Final-Recipient: rfc822; " + "a" * 600 + "@example.net\nAction: failed\nStatus: 5.1.1"
    assert read(dsn(groups, original="")).events == []
    text = "Your message was not delivered to:\n\n<postmaster@x.example>: no\n<mailer-daemon@x.example>: no\n"
    told = read(b"From: MAILER-DAEMON@x.example\nSubject: failure notice\n\n" + text.encode())
    assert told.events == []
