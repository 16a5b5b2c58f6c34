import json
from typing import ClassVar

import pytest

from sendlens.errors import Unauthorized
from sendlens.model.events import EventType
from sendlens.sources.esp import PROVIDERS, Evidence, Options, signing
from sendlens.sources.esp.signing import SignedRequest
from tests.sources.contract import NOW, Case, ProviderContract, events, received

SIGNERS = (signing.PostalSigner(), signing.PostalSigner())
AGENT = "Mozilla/5.0 (Macintosh)"
MESSAGE = {
    "id": 12345,
    "token": "abcdef123",
    "direction": "outgoing",
    "message_id": "5817a64332f44@app34.example.com",
    "to": "ada@example.com",
    "from": "News <news@example.com>",
    "subject": "Hello",
    "timestamp": 1_789_984_798.5,
    "spam_status": "NotSpam",
    "tag": "welcome",
}


def native(event: str, **payload: object) -> dict[str, object]:
    return {
        "event": event,
        "timestamp": 1_789_984_805.1,
        "uuid": f"uuid-of-{event}",
        "payload": {"message": MESSAGE, "timestamp": 1_789_984_800.25, **payload},
    }


def status(event: str, told: str, output: str) -> dict[str, object]:
    return native(event, status=told, details="Message sent by SMTP", output=output, sent_with_ssl=True, time=0.22)


class TestPostal(ProviderContract):
    name = "postal"
    secrets = (SIGNERS[0].public_key, SIGNERS[1].public_key)
    covers_time = False
    cases: ClassVar = [
        Case(
            "sent",
            status("MessageSent", "Sent", "250 2.0.0 OK 1477944899 - gsmtp"),
            [
                {
                    "type": EventType.DELIVERED,
                    "occurred_at": 1_789_984_800_250,
                    "message_sent_at": 1_789_984_798_500,
                    "message_id": "5817a64332f44@app34.example.com",
                    "recipient": "ada@example.com",
                    "sender": "news@example.com",
                    "sending_domain": "example.com",
                    "subject": "Hello",
                    "campaign_id": "welcome",
                    "tags": ("welcome",),
                    "smtp_code": 250,
                    "reason": "",
                }
            ],
        ),
        Case(
            "delayed",
            status("MessageDelayed", "SoftFail", "451 4.3.0 later"),
            [{"type": EventType.DEFERRED, "smtp_code": 451}],
        ),
        Case(
            "failed",
            status("MessageDeliveryFailed", "HardFail", "550 5.1.1 no such user"),
            [{"type": EventType.BOUNCED, "bounce_class": "hard", "enhanced_code": "5.1.1"}],
        ),
        Case("held", native("MessageHeld", status="Held", details="on the list"), [{"type": EventType.DROPPED}]),
        Case(
            "bounced later",
            {
                "event": "MessageBounced",
                "timestamp": 1_789_990_000.5,
                "uuid": "uuid-b",
                "payload": {"original_message": MESSAGE, "bounce": {"id": 12347, "timestamp": 1_789_990_000.0}},
            },
            [{"type": EventType.BOUNCED, "bounce_class": "undetermined", "recipient": "ada@example.com"}],
        ),
        Case(
            "loaded",
            native("MessageLoaded", ip_address="203.0.113.9", user_agent=AGENT),
            [{"type": EventType.OPENED, "ip": "203.0.113.9", "user_agent": AGENT}],
        ),
        Case(
            "clicked",
            native("MessageLinkClicked", url="https://example.com/a", ip_address="203.0.113.9", user_agent=AGENT),
            [{"type": EventType.CLICKED, "link_url": "https://example.com/a"}],
        ),
    ]

    def signed(self, native: object, *, secret: int = 0, at: int = NOW) -> SignedRequest:
        del at
        return SIGNERS[secret].sign(json.dumps(native).encode())

    def unsigned(self, request: SignedRequest) -> SignedRequest:
        return SignedRequest(request.body)

    def nested(self, depth: int) -> bytes:
        return b'{"a":' * depth

    def of_unknown_type(self) -> dict[str, object]:
        return native("DomainDNSError")


POSTAL = PROVIDERS["postal"]
BODY = json.dumps(native("MessageLoaded")).encode()


def check(request: SignedRequest, secret: str = SIGNERS[0].public_key) -> None:
    POSTAL.verify(received(request), (secret,), Options(), Evidence())


def test_the_older_signature_alone_is_taken() -> None:
    check(SIGNERS[0].sign(BODY, older=True))


def test_the_better_signature_decides() -> None:
    request = SIGNERS[0].sign(BODY)
    with pytest.raises(Unauthorized):
        check(SignedRequest(BODY, {**request.headers, "x-postal-signature-256": "AAAA"}))


def test_the_key_is_taken_as_postal_shows_it() -> None:
    key = SIGNERS[0].public_key
    for shown in (
        f"v=DKIM1; t=s; h=sha256; p={key};",
        f"-----BEGIN PUBLIC KEY-----\n{key[:64]}\n{key[64:]}\n-----END PUBLIC KEY-----\n",
    ):
        check(SIGNERS[0].sign(BODY), shown)


@pytest.mark.parametrize("value", ["", "!", "AAAA", "é"])
def test_a_signature_or_key_that_is_none_is_refused(value: str) -> None:
    request = SIGNERS[0].sign(BODY)
    with pytest.raises(Unauthorized):
        check(SignedRequest(BODY, {"x-postal-signature-256": value}))
    with pytest.raises(Unauthorized):
        check(request, value)


def test_payloads_without_their_envelope_are_understood() -> None:
    told = [
        (status("x", "Sent", "250 OK")["payload"], EventType.DELIVERED),
        (
            native("x", url="https://example.com/", ip_address="203.0.113.9", user_agent=AGENT)["payload"],
            EventType.CLICKED,
        ),
        (native("x", ip_address="203.0.113.9", user_agent=AGENT)["payload"], EventType.OPENED),
        ({"original_message": MESSAGE, "bounce": {"timestamp": 1_789_990_000.0}}, EventType.BOUNCED),
    ]
    for payload, ours in told:
        (event,) = events(POSTAL.parse(received(SignedRequest(json.dumps(payload).encode())), Options()).records)
        assert event.type is ours
        assert event.id
