import json
from typing import ClassVar, cast

import pytest

from sendlens.errors import Unauthorized
from sendlens.model.events import EventType
from sendlens.sources.esp import customerio, signing
from sendlens.sources.esp.signing import SignedRequest
from tests.sources.contract import NOW, Case, ProviderContract, events

KEYS = ("first-signing-key", "second-signing-key")


def native(metric: str, *, kind: str = "email", number: int = 1, **data: object) -> dict[str, object]:
    return {
        "event_id": f"01E4C4CT6YDC7Y5M7FE1GWWPQ{number}-{kind}-{metric}",
        "object_type": kind,
        "metric": metric,
        "timestamp": 1_789_984_800,
        "data": {
            "customer_id": "0200102",
            "identifiers": {"id": "0200102", "email": "ada@example.com", "cio_id": "d9c106000001"},
            "recipient": "ada@example.com",
            "delivery_id": "RPILAgABcRhIBqSp7kiPekGBIeVh",
            "campaign_id": 23,
            "action_id": 38,
            "content_id": 1146,
            "subject": "Hello",
            **data,
        },
    }


def of_campaign(told: dict[str, object]) -> dict[str, object]:
    event = native("sent", campaign_id=None)
    return {**event, "data": {**cast("dict[str, object]", event["data"]), **told}}


class TestCustomerIo(ProviderContract):
    name = "customerio"
    secrets = KEYS
    cases: ClassVar = [
        Case(
            "sent",
            native("sent"),
            [
                {
                    "type": EventType.INJECTED,
                    "occurred_at": 1_789_984_800_000,
                    "message_id": "RPILAgABcRhIBqSp7kiPekGBIeVh",
                    "recipient": "ada@example.com",
                    "campaign_id": "23",
                    "template_id": "1146",
                    "subject": "Hello",
                }
            ],
        ),
        Case("attempted", native("attempted", failure_message="429 busy"), [{"type": EventType.DEFERRED}]),
        Case("deferred", native("deferred", failure_message="421 4.7.0 later"), [{"type": EventType.DEFERRED}]),
        Case("delivered", native("delivered"), [{"type": EventType.DELIVERED}]),
        Case(
            "bounced",
            native("bounced", failure_message="550 5.1.1 no such user"),
            [{"type": EventType.BOUNCED, "smtp_code": 550, "bounce_class": "", "reason": "550 5.1.1 no such user"}],
        ),
        Case("dropped", native("dropped", failure_message="suppressed"), [{"type": EventType.DROPPED}]),
        Case("failed", native("failed"), [{"type": EventType.DROPPED}]),
        Case("undeliverable", native("undeliverable"), [{"type": EventType.DROPPED}]),
        Case("opened", native("opened", proxied=True, prefetched=True), [{"type": EventType.OPENED, "machine": True}]),
        Case("proxied", native("opened", proxied=True, number=2), [{"type": EventType.OPENED, "machine": None}]),
        Case(
            "clicked",
            native("clicked", href="https://example.com/a", link_id=1),
            [{"type": EventType.CLICKED, "link_url": "https://example.com/a", "link_id": "1"}],
        ),
        Case("spammed", native("spammed"), [{"type": EventType.COMPLAINED}]),
        Case("unsubscribed", native("unsubscribed"), [{"type": EventType.UNSUBSCRIBED}]),
        Case("converted", native("converted"), [{"type": EventType.CONVERTED}]),
        Case(
            "customer unsubscribed",
            {
                "event_id": "e-9",
                "object_type": "customer",
                "metric": "unsubscribed",
                "timestamp": 1_789_984_800,
                "data": {"customer_id": "0200102", "email_address": "ada@example.com"},
            },
            [{"type": EventType.UNSUBSCRIBED, "recipient": "ada@example.com"}],
        ),
        Case("customer subscribed", native("subscribed", kind="customer"), [{"type": EventType.RESUBSCRIBED}]),
    ]

    def signed(self, native: object, *, secret: int = 0, at: int = NOW) -> SignedRequest:
        return signing.customerio_event(json.dumps(native).encode(), KEYS[secret], at)

    def unsigned(self, request: SignedRequest) -> SignedRequest:
        return SignedRequest(request.body)

    def nested(self, depth: int) -> bytes:
        return b'{"a":' * depth

    def of_unknown_type(self) -> dict[str, object]:
        return native("human_opened")

    def test_the_timestamp_is_covered(self) -> None:
        request = self.signed(self.cases[0].native)
        for told in (str(NOW // 1000 + 1), ""):
            with pytest.raises(Unauthorized):
                self.verify(SignedRequest(request.body, {**request.headers, customerio.TIMESTAMP: told}))

    @pytest.mark.parametrize(
        ("data", "campaign"),
        [
            ({"campaign_id": 0, "broadcast_id": 9}, "9"),
            ({"newsletter_id": 7}, "newsletter-7"),
            ({"transactional_message_id": 7}, "transactional-7"),
            ({}, ""),
        ],
    )
    def test_kinds_of_campaigns_do_not_share_numbers(self, data: dict[str, object], campaign: str) -> None:
        (event,) = events(self.read(of_campaign(data)).records)
        assert event.campaign_id == campaign
