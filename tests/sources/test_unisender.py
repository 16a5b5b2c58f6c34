import json
from typing import ClassVar

import pytest

from sendlens.errors import Unauthorized
from sendlens.model.events import EventType
from sendlens.sources.esp import PROVIDERS, Evidence, Options, signing
from sendlens.sources.esp import unisender as module
from sendlens.sources.esp.signing import SignedRequest
from tests.sources.contract import NOW, Case, ProviderContract, events, received

KEYS = ("first-api-key", "second-api-key")
AGENT = "Mozilla/5.0 (Macintosh)"


def native(status: str, *, url: str = "", **info: object) -> dict[str, object]:
    return {
        "event_name": "transactional_email_status",
        "event_data": {
            "job_id": "1a3Q2V-0000OZ-S0",
            "metadata": {"campaign_id": "c-7", "plan": "gold"},
            "email": "ada@example.com",
            "status": status,
            "event_time": "2026-09-21 10:00:00",
            "url": url,
            "delivery_info": info,
        },
    }


class TestUnisender(ProviderContract):
    name = "unisender"
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
                    "message_id": "1a3Q2V-0000OZ-S0",
                    "recipient": "ada@example.com",
                    "campaign_id": "c-7",
                    "metadata": {"campaign_id": "c-7", "plan": "gold"},
                }
            ],
        ),
        Case(
            "delivered",
            native("delivered", delivery_status="ok_delivered", destination_response="250 OK"),
            [{"type": EventType.DELIVERED, "reason": "", "smtp_code": 250}],
        ),
        Case(
            "to be tried again",
            native("soft_bounced", delivery_status="err_will_retry", destination_response="451 4.7.1 later"),
            [{"type": EventType.DEFERRED, "smtp_code": 451, "native_type": "soft_bounced:err_will_retry"}],
        ),
        Case(
            "soft_bounced",
            native("soft_bounced", delivery_status="err_mailbox_full"),
            [{"type": EventType.BOUNCED, "bounce_class": "soft"}],
        ),
        Case(
            "hard_bounced",
            native("hard_bounced", delivery_status="err_user_unknown", destination_response="550 5.1.1 no such user"),
            [{"type": EventType.BOUNCED, "bounce_class": "hard", "enhanced_code": "5.1.1"}],
        ),
        Case(
            "never tried",
            native("hard_bounced", delivery_status="err_unsubscribed"),
            [{"type": EventType.DROPPED, "bounce_class": "", "reason": "err_unsubscribed"}],
        ),
        Case(
            "opened",
            native("opened", user_agent=AGENT, ip="203.0.113.9"),
            [{"type": EventType.OPENED, "ip": "203.0.113.9", "user_agent": AGENT}],
        ),
        Case(
            "clicked",
            native("clicked", url="https://example.com/a", user_agent=AGENT, ip="203.0.113.9"),
            [{"type": EventType.CLICKED, "link_url": "https://example.com/a"}],
        ),
        Case("spam", native("spam"), [{"type": EventType.COMPLAINED}]),
        Case("unsubscribed", native("unsubscribed"), [{"type": EventType.UNSUBSCRIBED}]),
        Case("subscribed", native("subscribed"), [{"type": EventType.RESUBSCRIBED}]),
    ]

    def signed(self, native: object, *, secret: int = 0, at: int = NOW) -> SignedRequest:
        del at
        return signing.unisender([native], KEYS[secret])

    def unsigned(self, request: SignedRequest) -> SignedRequest:
        told = json.loads(request.body)
        del told["auth"]
        return SignedRequest(json.dumps(told).encode())

    def nested(self, depth: int) -> bytes:
        return b'{"a":' * depth

    def of_unknown_type(self) -> dict[str, object]:
        return {
            "event_name": "transactional_spam_block",
            "event_data": {"block_time": "2026-09-21 10:00:00", "block_type": "one_smtp", "domain": "example.com"},
        }


UNISENDER = PROVIDERS["unisender"]


@pytest.mark.parametrize("status", module.DELIVERY)
def test_each_delivery_status_is_placed(status: str) -> None:
    request = signing.unisender([native("hard_bounced", delivery_status=status)], "k")
    (event,) = events(UNISENDER.parse(received(request), Options()).records)
    assert (event.type, event.bounce_class) == module.DELIVERY[status]


def test_white_space_is_part_of_what_is_proven() -> None:
    request = signing.unisender([native("opened")], KEYS[0])
    with pytest.raises(Unauthorized):
        UNISENDER.verify(received(SignedRequest(request.body + b" ")), KEYS, Options(), Evidence())


def test_another_auth_in_the_body_does_not_disturb() -> None:
    told = native("opened")
    told["event_data"]["metadata"] = {"auth": "0" * 32}  # type: ignore[index]
    UNISENDER.verify(received(signing.unisender([told], KEYS[0])), KEYS, Options(), Evidence())
