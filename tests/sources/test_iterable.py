import json
from typing import ClassVar

import pytest

from sendlens.errors import Unauthorized
from sendlens.model.events import EventType
from sendlens.sources.esp import PROVIDERS, Evidence, Options, signing
from sendlens.sources.esp.signing import SignedRequest
from tests.sources.contract import NOW, Case, ProviderContract, received

SECRETS = ("first-token", "second-token")
AGENT = "Mozilla/5.0 (Macintosh)"


def native(name: str, **fields: object) -> dict[str, object]:
    return {
        "email": "ada@example.com",
        "userId": "ada-1",
        "eventName": name,
        "dataFields": {
            "campaignId": 49313,
            "campaignName": "Spring",
            "templateId": 93849,
            "messageId": "d0aa7801f91f4824997a631f3ed583c3",
            "emailSubject": "Hello",
            "createdAt": "2026-09-21 10:00:00 +00:00",
            "labels": ["vip"],
            **fields,
        },
    }


class TestIterable(ProviderContract):
    name = "iterable"
    secrets = SECRETS
    covers_body = False
    covers_time = False
    cases: ClassVar = [
        Case(
            "send",
            native("emailSend"),
            [
                {
                    "type": EventType.INJECTED,
                    "occurred_at": 1_789_984_800_000,
                    "message_id": "d0aa7801f91f4824997a631f3ed583c3",
                    "recipient": "ada@example.com",
                    "campaign_id": "49313",
                    "template_id": "93849",
                    "subject": "Hello",
                    "tags": ("vip",),
                }
            ],
        ),
        Case("skipped", native("emailSendSkip", reason="DuplicateMarketingMessage"), [{"type": EventType.DROPPED}]),
        Case("delivered", native("emailDelivered"), [{"type": EventType.DELIVERED}]),
        Case(
            "bounce",
            native("emailBounce", recipientState="HardBounce", bounceMessage="550 5.1.1 no such user"),
            [{"type": EventType.BOUNCED, "bounce_class": "hard", "smtp_code": 550, "reason": "HardBounce"}],
        ),
        Case(
            "open",
            native("emailOpen", userAgent=AGENT, ip="203.0.113.9", country="US"),
            [{"type": EventType.OPENED, "ip": "203.0.113.9", "user_agent": AGENT, "country": "US"}],
        ),
        Case(
            "click",
            native("emailClick", url="https://example.com/a", hrefIndex=2, ip="203.0.113.9", isBot=True),
            [{"type": EventType.CLICKED, "link_url": "https://example.com/a", "link_position": 2, "machine": True}],
        ),
        Case("complaint", native("emailComplaint"), [{"type": EventType.COMPLAINED}]),
        Case(
            "unsubscribe",
            native("emailUnSubscribe", unsubSource="EmailLink"),
            [{"type": EventType.UNSUBSCRIBED, "unsubscribe_method": "EmailLink"}],
        ),
        Case("hosted unsubscribe", native("hostedUnsubscribeClick"), [{"type": EventType.UNSUBSCRIBED}]),
        Case("subscribe", native("emailSubscribe"), [{"type": EventType.RESUBSCRIBED}]),
    ]

    def signed(self, native: object, *, secret: int = 0, at: int = NOW) -> SignedRequest:
        del at
        return signing.authorized(json.dumps(native).encode(), SECRETS[secret])

    def unsigned(self, request: SignedRequest) -> SignedRequest:
        return SignedRequest(request.body)

    def nested(self, depth: int) -> bytes:
        return b'{"a":' * depth

    def of_unknown_type(self) -> dict[str, object]:
        return native("smsSend")


@pytest.mark.parametrize("header", ["first-token", "OAuth2 first-token", "Bearer first-token", "Basic first-token"])
def test_the_token_may_stand_alone_or_behind_a_scheme(header: str) -> None:
    request = SignedRequest(b"{}", {"authorization": header})
    PROVIDERS["iterable"].verify(received(request), SECRETS[:1], Options(), Evidence())


@pytest.mark.parametrize("header", ["", "first", "first-token x", "OAuth2", "OAuth2 ", "Bearer second-token"])
def test_another_token_is_refused(header: str) -> None:
    request = SignedRequest(b"{}", {"authorization": header})
    with pytest.raises(Unauthorized):
        PROVIDERS["iterable"].verify(received(request), SECRETS[:1], Options(), Evidence())
