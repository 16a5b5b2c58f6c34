import json
from typing import ClassVar

from sendlens.model.events import EventType
from sendlens.sources.esp import PROVIDERS, Options, signing
from sendlens.sources.esp.signing import SignedRequest
from tests.sources.contract import NOW, Case, ProviderContract, events, received

KEYS = ("first-key", "second-key")


def native(name: str, morph: dict[str, object] | None = None) -> dict[str, object]:
    return {
        "type": f"activity.{name}",
        "domain_id": "7z3m5jgrogdpyo6n",
        "created_at": "2026-09-21T10:00:05.000000Z",
        "webhook_id": "w-1",
        "url": "https://sendlens.example.com/hooks/mailersend/s1",
        "data": {
            "object": "activity",
            "id": f"activity-of-{name}",
            "type": name,
            "created_at": "2026-09-21T10:00:00.000000Z",
            "email": {
                "id": "62f114f7165fe0d8db0288e2",
                "from": "news@example.com",
                "subject": "Hello",
                "tags": ["welcome"],
                "headers": [{"name": "X-Campaign-Id", "value": "c-7"}],
                "message": {"id": "62fb66bef54a112e920b5493", "created_at": "2026-09-21T09:59:58.000000Z"},
                "recipient": {"email": "ada@example.com"},
            },
            "morph": morph,
            "template_id": "0z76k5jg0o3yeg2d",
        },
    }


def happening(number: str, **more: object) -> dict[str, object]:
    return {"object": "open", "id": number, "created_at": "2026-09-21T10:05:00.000000Z", "ip": "203.0.113.9", **more}


class TestMailerSend(ProviderContract):
    name = "mailersend"
    secrets = KEYS
    covers_time = False
    cases: ClassVar = [
        Case(
            "sent",
            native("sent"),
            [
                {
                    "type": EventType.INJECTED,
                    "occurred_at": 1_789_984_800_000,
                    "message_sent_at": 1_789_984_798_000,
                    "message_id": "62fb66bef54a112e920b5493",
                    "recipient": "ada@example.com",
                    "sender": "news@example.com",
                    "sending_domain": "example.com",
                    "subject": "Hello",
                    "template_id": "0z76k5jg0o3yeg2d",
                    "campaign_id": "c-7",
                    "tags": ("welcome",),
                }
            ],
        ),
        Case("delivered", native("delivered"), [{"type": EventType.DELIVERED}]),
        Case(
            "deferred",
            native("deferred", {"reason": "421 4.7.0 later"}),
            [{"type": EventType.DEFERRED, "smtp_code": 421}],
        ),
        Case(
            "soft_bounced",
            native("soft_bounced", {"object": "recipient_bounce", "reason": "Unknown reason"}),
            [{"type": EventType.BOUNCED, "bounce_class": "soft", "reason": "Unknown reason"}],
        ),
        Case(
            "hard_bounced",
            native("hard_bounced", {"object": "recipient_bounce", "reason": "Host or domain name not found"}),
            [{"type": EventType.BOUNCED, "bounce_class": "hard"}],
        ),
        Case(
            "opened",
            native("opened", happening("o-1")),
            [{"type": EventType.OPENED, "ip": "203.0.113.9", "occurred_at": 1_789_985_100_000}],
        ),
        Case("opened_unique", native("opened_unique", happening("o-2")), [{"type": EventType.OPENED}]),
        Case(
            "clicked",
            native("clicked", happening("c-1", url="https://example.com/a")),
            [{"type": EventType.CLICKED, "link_url": "https://example.com/a"}],
        ),
        Case("clicked_unique", native("clicked_unique", happening("c-2")), [{"type": EventType.CLICKED}]),
        Case(
            "unsubscribed",
            native("unsubscribed", {"object": "recipient_unsubscribe", "reason": "NO_LONGER_WANT"}),
            [{"type": EventType.UNSUBSCRIBED, "reason": "NO_LONGER_WANT", "unsubscribe_method": "link"}],
        ),
        Case(
            "spam_complaint", native("spam_complaint", {"object": "spam_complaint"}), [{"type": EventType.COMPLAINED}]
        ),
    ]

    def signed(self, native: object, *, secret: int = 0, at: int = NOW) -> SignedRequest:
        del at
        return signing.hex_hmac(json.dumps(native).encode(), KEYS[secret], "signature")

    def unsigned(self, request: SignedRequest) -> SignedRequest:
        return SignedRequest(request.body)

    def nested(self, depth: int) -> bytes:
        return b'{"a":' * depth

    def of_unknown_type(self) -> dict[str, object]:
        return native("survey_opened")


def test_the_first_open_is_counted_once_though_it_is_reported_twice() -> None:
    ids: set[str] = set()
    for name in ("opened", "opened_unique"):
        request = signing.mailersend_activity(native(name, happening("o-1")), "k")
        (event,) = events(PROVIDERS["mailersend"].parse(received(request), Options()).records)
        ids.add(event.id)
    assert len(ids) == 1
