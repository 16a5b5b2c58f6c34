import csv
import io
from typing import ClassVar, cast

import pytest

from sendlens.errors import BadRequest, SendlensError
from sendlens.model.events import EventType
from sendlens.sources.esp import PROVIDERS, Options, signing
from sendlens.sources.esp.signing import SignedRequest
from sendlens.sources.mta import FORMATS
from tests.sources.contract import NOW, Case, ProviderContract, events, received

SECRETS = ("hook:first-secret", "a-bearer-token")


def native(kind: str, **more: str) -> dict[str, object]:
    return {
        "type": kind,
        "timeLogged": "2026-09-21 12:00:00+0200",
        "timeQueued": "2026-09-21 11:59:58+0200",
        "orig": "bounces@mail.example.com",
        "rcpt": "ada@example.com",
        "dsnMta": "mx.example.com (203.0.113.1)",
        "dlvSourceIp": "192.0.2.10",
        "vmta": "vmta1",
        "vmtaPool": "main",
        "jobId": "spring",
        "header_Message-Id": "<m-1@example.com>",
        "header_From": "News <news@example.com>",
        "header_Subject": 'Hello, "Ada"',
        **more,
    }


def table(rows: list[dict[str, object]]) -> bytes:
    names = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(names)
    for row in rows:
        writer.writerow([row.get(name, "") for name in names])
    return text.getvalue().encode("utf-8", "surrogatepass")


class TestPowerMta(ProviderContract):
    name = "powermta"
    secrets = SECRETS
    covers_body = False
    covers_time = False
    cases: ClassVar = [
        Case("received", native("r"), [{"type": EventType.INJECTED}]),
        Case(
            "delivered",
            native("d", dsnStatus="2.0.0 (success)", dsnDiag="smtp;250 2.0.0 OK"),
            [
                {
                    "type": EventType.DELIVERED,
                    "occurred_at": 1_789_984_800_000,
                    "message_sent_at": 1_789_984_798_000,
                    "message_id": "m-1@example.com",
                    "recipient": "ada@example.com",
                    "campaign_id": "spring",
                    "subject": 'Hello, "Ada"',
                    "sender": "news@example.com",
                    "pool": "main",
                    "sending_ip": "192.0.2.10",
                    "mx": "mx.example.com",
                    "smtp_code": 250,
                    "enhanced_code": "2.0.0",
                }
            ],
        ),
        Case(
            "transient",
            native("t", dsnStatus="4.7.0 (other)", dsnDiag="smtp;421 4.7.0 later", bounceCat="policy-related"),
            [{"type": EventType.DEFERRED, "smtp_code": 421, "bounce_class": ""}],
        ),
        Case(
            "bounced",
            native(
                "b",
                dsnStatus="5.1.1 (bad destination mailbox address)",
                dsnDiag="smtp;550 5.1.1 no such user",
                bounceCat="bad-mailbox",
            ),
            [{"type": EventType.BOUNCED, "bounce_class": "hard", "reason": "bad-mailbox", "smtp_code": 550}],
        ),
        Case(
            "bounced later",
            native("rb", dsnStatus="5.2.2", dsnDiag="smtp;552 full", bounceCat="quota-issues"),
            [{"type": EventType.BOUNCED, "bounce_class": "soft", "enhanced_code": "5.2.2"}],
        ),
        Case("feedback", native("f", feedbackType="abuse"), [{"type": EventType.COMPLAINED, "reason": "abuse"}]),
    ]

    def signed(self, native: object, *, secret: int = 0, at: int = NOW) -> SignedRequest:
        del at
        return signing.authorized(table([cast("dict[str, object]", native)]), SECRETS[secret], "text/csv")

    def unsigned(self, request: SignedRequest) -> SignedRequest:
        return SignedRequest(request.body)

    def of_unknown_type(self) -> dict[str, object]:
        return native("tq")

    def test_broken_bodies_are_refused_politely(self) -> None:
        # A table has no end that could be missing, so that its first half is a table.
        for body in (b"", b" ", b"\xff\xfe\x00", b"null", b"1", b'"x"', b"type,rcpt\nd,ada@example.com"):
            with pytest.raises(SendlensError) as caught:
                self.provider.parse(received(SignedRequest(body)), self.options)
            assert caught.value.status == 400, body


POWERMTA = FORMATS["powermta"]


def read(body: bytes, options: Options | None = None):
    return events(POWERMTA(received(SignedRequest(body)), options or Options()).records)


def test_joined_files_have_a_header_each() -> None:
    body = table([native("d")]) + table([{**native("b"), "bounceCat": "spam-related"}])
    assert [(event.type, event.bounce_class) for event in read(body)] == [("delivered", ""), ("bounced", "block")]


def test_without_a_header_nothing_is_guessed() -> None:
    body = table([native("d")]).split(b"\r\n", 1)[1]
    with pytest.raises(BadRequest, match="header line"):
        read(body)


def test_a_record_is_the_same_with_further_columns() -> None:
    (few,), (more,) = read(table([native("d")])), read(table([native("d", dlvSize="1047")]))
    assert few.id == more.id


@pytest.mark.parametrize(
    ("written", "zone"), [("1789984800", ""), ("2026-09-21 10:00:00", ""), ("2026-09-21 12:00:00", "Europe/Vienna")]
)
def test_times_are_read_as_they_are_configured(written: str, zone: str) -> None:
    (event,) = read(table([native("d", timeLogged=written)]), Options(time_zone=zone))
    assert event.occurred_at == 1_789_984_800_000


def test_without_a_message_id_the_envelope_identifies_the_message() -> None:
    rows = [{**native(kind), "header_Message-Id": ""} for kind in ("d", "rb")]
    first, second = read(table(rows))
    assert first.message_id == second.message_id != ""


def test_the_hook_reads_what_the_import_reads() -> None:
    assert PROVIDERS["powermta"].parse is POWERMTA
