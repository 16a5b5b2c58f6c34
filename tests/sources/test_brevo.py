import json
from typing import ClassVar

import pytest

from sendlens.model.events import EventType
from sendlens.sources.esp import PROVIDERS, Options, signing
from sendlens.sources.esp.signing import SignedRequest
from tests.sources.contract import NOW, Case, ProviderContract, events, received

SECRETS = ("hook:first-secret", "a-bearer-token")


def native(event: str, ts: int = 1_789_984_800, **more: object) -> dict[str, object]:
    return {
        "id": 814119,
        "event": event,
        "email": "ada@example.com",
        "message-id": "<202609211000.1@smtp-relay.mailin.fr>",
        "date": "2026-09-21 12:00:00",
        "ts": ts,
        "ts_event": ts,
        "ts_epoch": ts * 1000 + 123,
        "subject": "Hello",
        "sending_ip": "192.0.2.10",
        "template_id": 22,
        "tags": ["welcome", "vip"],
        "X-Mailin-custom": '{"campaign_id":"c-7","plan":"gold"}',
        **more,
    }


class TestBrevo(ProviderContract):
    name = "brevo"
    secrets = SECRETS
    covers_body = False
    covers_time = False
    cases: ClassVar = [
        Case(
            "request",
            native("request", reason="sent"),
            [
                {
                    "type": EventType.INJECTED,
                    "occurred_at": 1_789_984_800_000,
                    "message_id": "202609211000.1@smtp-relay.mailin.fr",
                    "recipient": "ada@example.com",
                    "campaign_id": "c-7",
                    "template_id": "22",
                    "subject": "Hello",
                    "sending_ip": "192.0.2.10",
                    "tags": ("welcome", "vip"),
                    "reason": "",
                    "metadata": {"campaign_id": "c-7", "plan": "gold", "brevo.id": "814119"},
                }
            ],
        ),
        Case("delivered", native("delivered"), [{"type": EventType.DELIVERED}]),
        Case("deferred", native("deferred", reason="spam"), [{"type": EventType.DEFERRED, "reason": "spam"}]),
        Case(
            "hard_bounce",
            native("hard_bounce", reason="550-5.1.1 The account does not exist.\n   550 5.1.1 Learn more"),
            [{"type": EventType.BOUNCED, "bounce_class": "hard", "smtp_code": 550, "enhanced_code": "5.1.1"}],
        ),
        Case(
            "soft_bounce",
            native("soft_bounce", reason="server is down", ts=1_789_984_801),
            [{"type": EventType.BOUNCED, "bounce_class": "soft", "smtp_reply": "", "reason": "server is down"}],
        ),
        Case("blocked", native("blocked", reason="blocked : due to unsubscribed user"), [{"type": EventType.DROPPED}]),
        Case("invalid_email", native("invalid_email", ts=1_789_984_801), [{"type": EventType.DROPPED}]),
        Case("error", native("error", ts=1_789_984_802), [{"type": EventType.DROPPED}]),
        Case("opened", native("opened", link=""), [{"type": EventType.OPENED, "machine": None}]),
        Case("unique_opened", native("unique_opened", ts=1_789_984_801), [{"type": EventType.OPENED}]),
        Case(
            "proxy_open",
            native("proxy_open", user_agent="Mozilla/5.0"),
            [{"type": EventType.OPENED, "machine": True, "user_agent": "Mozilla/5.0"}],
        ),
        Case("unique_proxy_open", native("unique_proxy_open"), [{"type": EventType.OPENED, "machine": True}]),
        Case(
            "click",
            native("click", link="https://example.com/a"),
            [{"type": EventType.CLICKED, "link_url": "https://example.com/a"}],
        ),
        Case("complaint", native("complaint"), [{"type": EventType.COMPLAINED}]),
        Case("unsubscribed", native("unsubscribed"), [{"type": EventType.UNSUBSCRIBED}]),
        Case(
            "of a marketing campaign",
            {
                "id": 99,
                "camp_id": 12,
                "campaign name": "Spring",
                "email": "ada@example.com",
                "event": "opened",
                "ts_event": 1_789_984_900,
                "ts_sent": 1_789_984_000,
                "ip": "203.0.113.9",
                "tag": "news",
            },
            [
                {
                    "type": EventType.OPENED,
                    "campaign_id": "12",
                    "stream": "marketing",
                    "message_sent_at": 1_789_984_000_000,
                    "ip": "203.0.113.9",
                    "tags": ("news",),
                }
            ],
        ),
        Case("spam of a marketing campaign", native("spam", camp_id=12), [{"type": EventType.COMPLAINED}]),
        Case(
            "unsubscribe of a marketing campaign", native("unsubscribe", camp_id=12), [{"type": EventType.UNSUBSCRIBED}]
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
        return native("list_addition")


BREVO = PROVIDERS["brevo"]


def read(told: object):
    return events(BREVO.parse(received(SignedRequest(json.dumps(told).encode())), Options()).records)


def test_the_first_opening_is_counted_once_though_it_is_reported_twice() -> None:
    (opened,), (unique,) = read(native("opened")), read(native("unique_opened"))
    assert opened.id == unique.id


def test_a_batch_is_read() -> None:
    assert len(read([native("opened"), native("click")])) == 2


@pytest.mark.parametrize(
    ("custom", "told"),
    [
        ("campaign_id:c-9|plan:gold", {"campaign_id": "c-9", "plan": "gold"}),
        ("just a word", {"X-Mailin-custom": "just a word"}),
        ("{broken", {"X-Mailin-custom": "{broken"}),
        ("", {}),
    ],
)
def test_the_custom_header_has_several_forms(custom: str, told: dict[str, str]) -> None:
    (event,) = read({**native("opened"), "X-Mailin-custom": custom})
    assert {name: value for name, value in event.metadata.items() if not name.startswith("brevo.")} == told
