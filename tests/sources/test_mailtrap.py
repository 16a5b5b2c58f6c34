import json
from typing import ClassVar

import pytest

from sendlens.errors import Unauthorized
from sendlens.model.events import EventType
from sendlens.sources.esp import PROVIDERS, Evidence, Options, signing
from sendlens.sources.esp.signing import SignedRequest
from tests.sources.contract import NOW, Case, ProviderContract, events, received

KEYS = ("4f6b21a7c0de", "9be0c1d2e3f4")
CREDENTIALS = "hook:a-password"
AGENT = "Mozilla/5.0 (Macintosh)"


def native(event: str, **more: object) -> dict[str, object]:
    return {
        "event": event,
        "event_id": "bede7236-2284-43d6-a953-1fdcafd0fdbc",
        "message_id": "00000000-0000-0000-0000-000000000001",
        "email": "ada@example.com",
        "timestamp": 1_789_984_800,
        "category": "Password reset",
        "custom_variables": {"plan": "gold"},
        "sending_stream": "transactional",
        "sending_domain_name": "example.com",
        **more,
    }


class TestMailtrap(ProviderContract):
    name = "mailtrap"
    secrets = KEYS
    covers_time = False
    cases: ClassVar = [
        Case(
            "delivery",
            native("delivery"),
            [
                {
                    "type": EventType.DELIVERED,
                    "occurred_at": 1_789_984_800_000,
                    "message_id": "00000000-0000-0000-0000-000000000001",
                    "recipient": "ada@example.com",
                    "campaign_id": "Password reset",
                    "tags": ("Password reset",),
                    "stream": "transactional",
                    "sending_domain": "example.com",
                    "metadata": {"plan": "gold"},
                }
            ],
        ),
        Case(
            "soft bounce",
            native(
                "soft bounce",
                response="4.7.1 Temporary error, please retry",
                response_code=451,
                bounce_category="greylisting",
            ),
            [{"type": EventType.DEFERRED, "smtp_code": 451, "enhanced_code": "4.7.1", "reason": "greylisting"}],
        ),
        Case(
            "bounce",
            native(
                "bounce",
                response="[CS01] Message rejected due to local policy",
                response_code=555,
                bounce_category="spam",
            ),
            [{"type": EventType.BOUNCED, "smtp_code": 555, "bounce_class": "block"}],
        ),
        Case(
            "reject",
            native("reject", reason="Recipient in suppression list. Reason: unsubscription"),
            [{"type": EventType.DROPPED, "reason": "Recipient in suppression list. Reason: unsubscription"}],
        ),
        Case("suspension", native("suspension", reason="Daily limit."), [{"type": EventType.DROPPED}]),
        Case(
            "open",
            native("open", ip="203.0.113.9", user_agent=AGENT),
            [{"type": EventType.OPENED, "ip": "203.0.113.9", "user_agent": AGENT}],
        ),
        Case(
            "click",
            native("click", url="https://example.com/a", ip="203.0.113.9", user_agent=AGENT),
            [{"type": EventType.CLICKED, "link_url": "https://example.com/a"}],
        ),
        Case("spam", native("spam"), [{"type": EventType.COMPLAINED}]),
        Case("unsubscribe", native("unsubscribe"), [{"type": EventType.UNSUBSCRIBED}]),
    ]

    def signed(self, native: object, *, secret: int = 0, at: int = NOW) -> SignedRequest:
        del at
        return signing.mailtrap_events([native], KEYS[secret])

    def unsigned(self, request: SignedRequest) -> SignedRequest:
        return SignedRequest(request.body)

    def nested(self, depth: int) -> bytes:
        return b'{"a":' * depth

    def of_unknown_type(self) -> dict[str, object]:
        return native("teleported")


MAILTRAP = PROVIDERS["mailtrap"]


def test_lines_of_json_are_read_too() -> None:
    body = "\n".join(json.dumps(native(name)) for name in ("open", "click", "delivery")).encode()
    assert len(events(MAILTRAP.parse(received(SignedRequest(body)), Options()).records)) == 3


def test_basic_credentials_are_taken_where_the_source_has_them() -> None:
    body = json.dumps({"events": []}).encode()
    MAILTRAP.verify(received(signing.authorized(body, CREDENTIALS)), (CREDENTIALS,), Options(), Evidence())
    for request in (signing.authorized(body, "hook:wrong"), SignedRequest(body)):
        with pytest.raises(Unauthorized):
            MAILTRAP.verify(received(request), (CREDENTIALS,), Options(), Evidence())


def test_a_signing_secret_is_no_password() -> None:
    body = json.dumps({"events": []}).encode()
    with pytest.raises(Unauthorized):
        MAILTRAP.verify(received(signing.authorized(body, f"x:{KEYS[0]}")), KEYS, Options(), Evidence())


def test_credentials_are_no_signing_secret() -> None:
    request = signing.mailtrap_events([], CREDENTIALS)
    with pytest.raises(Unauthorized):
        MAILTRAP.verify(received(request), (CREDENTIALS,), Options(), Evidence())
