from datetime import UTC, datetime
from typing import ClassVar, cast

import pytest

from sendlens.errors import BadRequest, SendlensError
from sendlens.model.events import EventType
from sendlens.sources.esp import Options, signing
from sendlens.sources.esp.signing import SignedRequest
from sendlens.sources.mta import FORMATS, postfix
from tests.sources.contract import NOW, Case, ProviderContract, events, received

SECRETS = ("hook:first-secret", "a-bearer-token")
ARRIVAL = (
    "smtpd[1]: 4XYZ12: client=app.example.com[192.0.2.1]",
    "cleanup[2]: 4XYZ12: message-id=<m-1@example.com>",
    "cleanup[2]: 4XYZ12: info: header Subject: Hello, Ada from app[192.0.2.1]; from=<b@x.example.com>",
    "cleanup[2]: 4XYZ12: info: header From: News <news@example.com> from app[192.0.2.1]; from=<b@x.example.com>",
    "cleanup[2]: 4XYZ12: info: header X-Campaign-Id: c-7 from app[192.0.2.1]; from=<b@x.example.com> proto=ESMTP",
    "qmgr[3]: 4XYZ12: from=<bounces@mail.example.com>, size=500, nrcpt=1 (queue active)",
)
TO = "smtp[4]: 4XYZ12: to=<ada@example.com>, relay=mx.example.com[203.0.113.1]:25, delay=1.2, delays=0/0/1/0.2, "
NONE = "error[4]: 4XYZ12: to=<ada@example.com>, relay=none, delay=9, dsn=4.4.1, status=deferred (timed out)"


def log(*texts: str, at: str = "Sep 21 10:00:00", host: str = "mx1") -> list[str]:
    return [f"{at} {host} postfix/{text}" for text in texts]


def native(*texts: str, at: str = "Sep 21 10:00:00") -> dict[str, object]:
    return {"lines": log(*texts, at=at)}


def sent(status: str = "sent", dsn: str = "2.0.0", said: str = "250 2.0.0 OK queued") -> str:
    return f"{TO}dsn={dsn}, status={status} ({said})"


class TestPostfix(ProviderContract):
    name = "postfix"
    secrets = SECRETS
    covers_body = False
    covers_time = False
    cases: ClassVar = [
        Case(
            "a whole life",
            native(*ARRIVAL, sent(), "qmgr[3]: 4XYZ12: removed"),
            [
                {"type": EventType.INJECTED, "occurred_at": 1_789_984_800_000, "message_id": "m-1@example.com"},
                {
                    "type": EventType.DELIVERED,
                    "occurred_at": 1_789_984_800_000,
                    "message_id": "m-1@example.com",
                    "recipient": "ada@example.com",
                    "campaign_id": "c-7",
                    "subject": "Hello, Ada",
                    "sender": "news@example.com",
                    "sending_domain": "example.com",
                    "mx": "mx.example.com",
                    "smtp_code": 250,
                    "enhanced_code": "2.0.0",
                },
            ],
        ),
        Case(
            "a later attempt, whose beginning is in another body",
            native(sent(), at="Sep 21 11:00:00"),
            [{"type": EventType.DELIVERED, "message_id": "mx1/4XYZ12"}],
        ),
        Case(
            "deferred",
            native(sent("deferred", "4.7.1", "host mx.example.com[203.0.113.1] said: 450 4.7.1 greylisted")),
            [{"type": EventType.DEFERRED, "smtp_code": 450, "enhanced_code": "4.7.1"}],
        ),
        Case(
            "bounced",
            native(
                sent(
                    "bounced",
                    "5.1.1",
                    "host mx said: 550 5.1.1 <ada@example.com> unknown (in reply to RCPT TO command)",
                )
            ),
            [{"type": EventType.BOUNCED, "smtp_code": 550, "enhanced_code": "5.1.1", "bounce_class": ""}],
        ),
        Case(
            "softened",
            native(sent("SOFTBOUNCE", "5.1.1", "550 no"), at="Sep 21 10:00:01"),
            [{"type": EventType.DEFERRED}],
        ),
        Case(
            "expired",
            native(
                NONE,
                "qmgr[3]: 4XYZ12: from=<bounces@mail.example.com>, status=expired, returned to sender",
                at="Sep 21 10:00:02",
            ),
            [
                {"type": EventType.DEFERRED, "mx": "", "enhanced_code": "4.4.1"},
                {"type": EventType.BOUNCED, "bounce_class": "soft", "smtp_reply": "timed out"},
            ],
        ),
        Case(
            "handed to a content filter",
            native(
                "smtp[4]: 5ABC99: to=<ada@example.com>, relay=127.0.0.1[127.0.0.1]:10024, delay=1, dsn=2.0.0, "
                "status=sent (250 2.0.0 Ok: queued as 6DEF)"
            ),
            [{"type": EventType.INJECTED, "native_type": "filtered"}],
        ),
    ]

    def signed(self, native: object, *, secret: int = 0, at: int = NOW) -> SignedRequest:
        del at
        lines = cast("dict[str, object]", native).get("lines")
        told = [str(line) for line in lines] if isinstance(lines, list) else [str(lines)]
        body = "\n".join(told).encode("utf-8", "surrogatepass")
        return signing.authorized(body, SECRETS[secret], "text/plain")

    def unsigned(self, request: SignedRequest) -> SignedRequest:
        return SignedRequest(request.body)

    def of_unknown_type(self) -> dict[str, object]:
        return native(sent("undeliverable", "5.1.1", "550 5.1.1 no"))

    def test_broken_bodies_are_refused_politely(self) -> None:
        # Lines have no end that could be missing, so that the first half of a log is a log.
        for body in (b"", b" ", b"\xff\xfe\x00", b"null", b"1", b'"x"', b"Sep 21 10:00:00 mx1 sshd[1]: hello"):
            with pytest.raises(SendlensError) as caught:
                self.provider.parse(received(SignedRequest(body)), self.options)
            assert caught.value.status == 400, body


POSTFIX = FORMATS["postfix"]


def read(lines: list[str], options: Options | None = None, at: int = NOW):
    body = "\n".join(lines).encode()
    return events(POSTFIX(received(SignedRequest(body), at), options or Options()).records)


@pytest.mark.parametrize(
    ("head", "options"),
    [
        ("Sep 21 10:00:00 mx1 postfix/smtp[4]:", Options()),
        ("<22>Sep 21 10:00:00 mx1 postfix/smtp[4]:", Options()),
        ("Sep 21 12:00:00 mx1 postfix/smtp[4]:", Options(time_zone="Europe/Vienna")),
        ("2026-09-21T12:00:00.000+02:00 mx1 postfix/smtp[4]:", Options()),
        ("2026-09-21T12:00:00.000000 mx1 postfix-out/smtp[4]:", Options(time_zone="Europe/Vienna")),
        ("<22>1 2026-09-21T10:00:00Z mx1 postfix/smtp 4 - -", Options()),
        ('<22>1 2026-09-21T10:00:00Z mx1 postfix/smtp 4 - [a b="c"][d]', Options()),
    ],
)
def test_each_form_of_syslog_is_read(head: str, options: Options) -> None:
    (event,) = read([f"{head} {sent().partition(' ')[2]}"], options)
    assert (event.type, event.occurred_at) == (EventType.DELIVERED, 1_789_984_800_000)


@pytest.mark.parametrize(
    ("written", "now", "year", "told"),
    [
        ("Dec 31 23:00:00", datetime(2027, 1, 2, tzinfo=UTC), 0, datetime(2026, 12, 31, 23, tzinfo=UTC)),
        ("Jan  1 01:00:00", datetime(2026, 12, 31, 12, tzinfo=UTC), 0, datetime(2027, 1, 1, 1, tzinfo=UTC)),
        ("Feb 29 01:00:00", datetime(2025, 3, 1, tzinfo=UTC), 0, datetime(2024, 2, 29, 1, tzinfo=UTC)),
        ("Sep 21 10:00:00", datetime(2026, 12, 1, tzinfo=UTC), 2025, datetime(2025, 9, 21, 10, tzinfo=UTC)),
    ],
)
def test_a_missing_year_is_the_latest_possible_or_the_one_told(
    written: str, now: datetime, year: int, told: datetime
) -> None:
    (event,) = read(log(sent(), at=written), Options(year=year), int(now.timestamp() * 1000))
    assert event.occurred_at == int(told.timestamp() * 1000)


def test_an_unknown_zone_is_told() -> None:
    with pytest.raises(SendlensError, match="time_zone"):
        read(log(sent()), Options(time_zone="Mars/Olympus"))


def test_a_log_posted_again_has_the_same_events() -> None:
    lines = log(*ARRIVAL, sent())
    assert [event.id for event in read(lines)] == [event.id for event in read(lines, at=NOW + 86_400_000)]


def test_the_same_queue_id_on_two_hosts_is_two_messages() -> None:
    first, second = read(log(sent()) + log(sent(), host="mx2"))
    assert first.id != second.id
    assert first.message_id != second.message_id


def test_a_queue_id_used_again_is_another_message() -> None:
    lines = log(
        *ARRIVAL, sent(), "qmgr[3]: 4XYZ12: removed", "cleanup[2]: 4XYZ12: message-id=<m-2@example.com>", sent()
    )
    assert [event.message_id for event in read(lines)][-1] == "m-2@example.com"


def test_reports_of_the_mail_server_itself_are_no_mail() -> None:
    lines = log("qmgr[3]: 4XYZ12: from=<>, size=9, nrcpt=1 (queue active)", sent())
    assert read(lines) == []


def test_the_address_before_aliases_counts_where_it_is_one() -> None:
    told = (
        "local[4]: 4XYZ12: to=<ada@host.example.com>, orig_to=<{}>, relay=local, delay=1, dsn=2.0.0, status=sent (ok)"
    )
    for original, recipient in (("ada@example.com", "ada@example.com"), ("root", "ada@host.example.com")):
        (event,) = read(log(told.format(original)))
        assert event.recipient == recipient


def test_a_log_may_be_read_in_pieces() -> None:
    queue: postfix.Queue = {}
    pieces = (log(*ARRIVAL), log(sent("deferred", "4.7.1", "450 later")), log(sent(), "qmgr[3]: 4XYZ12: removed"))
    mapped = [postfix.parse_lines(piece, Options(), NOW, queue) for piece in pieces]
    told = [event for piece in mapped for event in events(piece.records)]
    assert [(event.native_type, event.message_id) for event in told] == [
        ("arrived", "m-1@example.com"),
        ("deferred", "m-1@example.com"),
        ("sent", "m-1@example.com"),
    ]
    assert not queue


def test_lines_of_others_and_of_no_delivery_are_passed_over() -> None:
    lines = [
        "Sep 21 10:00:00 mx1 sshd[1]: 4XYZ12: to=<ada@example.com>, relay=x, status=sent (ok)",
        *log(
            "smtpd[1]: connect from unknown[192.0.2.1]",
            "smtpd[1]: NOQUEUE: reject: RCPT from unknown[192.0.2.1]: 554 5.7.1 no; from=<a@example.com>",
            "anvil[1]: statistics: max connection rate 1/60s",
        ),
        "",
        "nonsense",
    ]
    assert read(lines) == []
    with pytest.raises(BadRequest, match="no line of Postfix"):
        read(lines[:1])
