import json
from typing import ClassVar

from sendlens.model.events import EventType
from sendlens.sources.esp import PROVIDERS, Options, signing
from sendlens.sources.esp.signing import SignedRequest
from tests.sources.contract import NOW, Case, ProviderContract, events, received

SECRETS = ("hook:first-secret", "a-bearer-token")


def native(kind: str, code: int = 250, content: str = "OK ids=8a54", **more: object) -> dict[str, object]:
    return {
        "type": kind,
        "id": "1d98076abbbc11ed940250ebf67f93bd",
        "sender": "bounces@mail.example.com",
        "recipient": "ada@example.com",
        "queue": "spring:shop@example.com",
        "site": "source2->(alt1|alt2)?.mx.example.com.",
        "size": 1047,
        "response": {
            "code": code,
            "enhanced_code": {"class": code // 100, "subject": 1, "detail": 1},
            "content": content,
            "command": ".",
        },
        "peer_address": {"name": "mx.example.com.", "addr": "203.0.113.1"},
        "timestamp": 1_789_984_800,
        "created": 1_789_984_798,
        "num_attempts": 1,
        "bounce_classification": "Uncategorized",
        "egress_pool": "pool0",
        "egress_source": "source2",
        "source_address": {"address": "192.0.2.10:53210"},
        "meta": {"plan": "gold"},
        "headers": {"Subject": "Hello", "From": "News <news@example.com>", "Message-ID": "<m-1@example.com>"},
        "nodeid": "557f3ad4",
        **more,
    }


class TestKumoMta(ProviderContract):
    name = "kumomta"
    secrets = SECRETS
    covers_body = False
    covers_time = False
    cases: ClassVar = [
        Case(
            "reception",
            native("Reception", response=None),
            [{"type": EventType.INJECTED, "mx": "", "message_sent_at": 1_789_984_798_000}],
        ),
        Case(
            "delivery",
            native("Delivery"),
            [
                {
                    "type": EventType.DELIVERED,
                    "occurred_at": 1_789_984_800_000,
                    "message_id": "m-1@example.com",
                    "recipient": "ada@example.com",
                    "campaign_id": "spring",
                    "smtp_code": 250,
                    "enhanced_code": "2.1.1",
                    "smtp_reply": "OK ids=8a54",
                    "mx": "mx.example.com",
                    "pool": "pool0",
                    "sending_ip": "192.0.2.10",
                    "sender": "news@example.com",
                    "subject": "Hello",
                    "attempt": 1,
                }
            ],
        ),
        Case("transient", native("TransientFailure", 451, "later"), [{"type": EventType.DEFERRED, "smtp_code": 451}]),
        Case(
            "bounce",
            native("Bounce", 550, "no such user", bounce_classification="InvalidRecipient"),
            [{"type": EventType.BOUNCED, "bounce_class": "hard", "reason": "InvalidRecipient"}],
        ),
        Case("out of band", native("OOB", 550, "no such user"), [{"type": EventType.BOUNCED, "bounce_class": ""}]),
        Case("expired", native("Expiration", 551, "too old"), [{"type": EventType.BOUNCED, "bounce_class": "soft"}]),
        Case("by hand", native("AdminBounce", 551, "stop"), [{"type": EventType.DROPPED}]),
        Case(
            "feedback",
            native(
                "Feedback",
                headers={},
                response=None,
                feedback_report={
                    "feedback_type": "abuse",
                    "original_rcpto_to": ["<ada@example.com>"],
                    "original_message": "Received: from x\nMessage-ID: <m-1@example.com>\nSubject: Hello\n",
                },
            ),
            [
                {
                    "type": EventType.COMPLAINED,
                    "reason": "abuse",
                    "recipient": "ada@example.com",
                    "message_id": "m-1@example.com",
                }
            ],
        ),
        Case(
            "a batch of recipients",
            native("Delivery", recipient=["bob@example.com", "eve@example.com"], meta={"campaign_id": "c-7"}),
            [
                {"type": EventType.DELIVERED, "recipient": "bob@example.com", "campaign_id": "c-7"},
                {"type": EventType.DELIVERED, "recipient": "eve@example.com"},
            ],
        ),
    ]

    def signed(self, native: object, *, secret: int = 0, at: int = NOW) -> SignedRequest:
        del at
        return signing.authorized(json.dumps(native).encode(), SECRETS[secret])

    def unsigned(self, request: SignedRequest) -> SignedRequest:
        return SignedRequest(request.body)

    def nested(self, depth: int) -> bytes:
        return b'{"a":' * depth

    def of_unknown_type(self) -> dict[str, object]:
        return native("Rejection")


def test_arrays_and_lines_of_records_are_read() -> None:
    told = [native("Delivery"), native("Bounce")]
    for body in (json.dumps(told), "\n".join(map(json.dumps, told)), "\n".join(map(json.dumps, told)) + "\n"):
        mapped = PROVIDERS["kumomta"].parse(received(SignedRequest(body.encode())), Options())
        assert [event.native_type for event in events(mapped.records)] == ["Delivery", "Bounce"]


def test_addresses_of_both_families_lose_their_port() -> None:
    for told, address in (
        ("[2001:db8::1]:25", "2001:db8::1"),
        ("2001:db8::1", "2001:db8::1"),
        ("192.0.2.1", "192.0.2.1"),
    ):
        body = json.dumps(native("Delivery", source_address={"address": told})).encode()
        (event,) = events(PROVIDERS["kumomta"].parse(received(SignedRequest(body)), Options()).records)
        assert event.sending_ip == address
