import json
from typing import ClassVar

from sendlens.model.events import EventType
from sendlens.sources.esp import PROVIDERS, Options, signing
from sendlens.sources.esp.signing import SignedRequest
from tests.sources.contract import NOW, Case, ProviderContract, events, received

TOKENS = ("first-token", "second-token")
AGENT = "Mozilla/5.0 (Macintosh)"


def native(name: str, number: int = 1, **properties: object) -> dict[str, object]:
    return {
        "event_type": f"users.messages.email.{name}",
        "id": f"a1b2c3d4-{name}-{number}",
        "time": 1_789_984_800,
        "user": {"user_id": "52b1", "external_user_id": "ada-1", "timezone": "Europe/Vienna"},
        "properties": {
            "app_group_id": "g-1",
            "dispatch_id": "d-1",
            "campaign_id": "c-7",
            "campaign_name": "Spring",
            "message_variation_id": "v-1",
            "email_address": "ada@example.com",
            "from_domain": "mail.example.com",
            "ip_pool": "main",
            **properties,
        },
    }


class TestBraze(ProviderContract):
    name = "braze"
    secrets = TOKENS
    covers_body = False
    covers_time = False
    cases: ClassVar = [
        Case(
            "send",
            native("Send"),
            [
                {
                    "type": EventType.INJECTED,
                    "id": "a1b2c3d4-Send-1",
                    "occurred_at": 1_789_984_800_000,
                    "message_id": "d-1",
                    "recipient": "ada@example.com",
                    "campaign_id": "c-7",
                    "variant": "v-1",
                    "sending_domain": "mail.example.com",
                    "pool": "main",
                }
            ],
        ),
        Case("deferral", native("Deferral", deferral_reason="421 4.7.0 later"), [{"type": EventType.DEFERRED}]),
        Case("delivery", native("Delivery", sending_ip="192.0.2.10"), [{"type": EventType.DELIVERED}]),
        Case(
            "bounce",
            native("Bounce", bounce_reason="550 5.1.1 no such user"),
            [{"type": EventType.BOUNCED, "bounce_class": "hard", "smtp_code": 550}],
        ),
        Case(
            "drop",
            native("Bounce", 2, bounce_reason="Bounced Address", is_drop=True),
            [{"type": EventType.DROPPED, "bounce_class": "", "reason": "Bounced Address"}],
        ),
        Case(
            "soft bounce",
            native("SoftBounce", bounce_reason="452 4.2.2 mailbox full"),
            [{"type": EventType.BOUNCED, "bounce_class": "soft"}],
        ),
        Case("abort", native("Abort", abort_type="liquid_abort_message"), [{"type": EventType.DROPPED}]),
        Case(
            "open",
            native("Open", user_agent="Mozilla/5.0", machine_open="true"),
            [{"type": EventType.OPENED, "machine": True, "user_agent": "Mozilla/5.0"}],
        ),
        Case(
            "click",
            native("Click", link_url="https://example.com/a", link_alias="hero", user_agent=AGENT),
            [{"type": EventType.CLICKED, "link_url": "https://example.com/a", "link_id": "hero", "machine": None}],
        ),
        Case("spam", native("MarkAsSpam"), [{"type": EventType.COMPLAINED}]),
        Case("unsubscribe", native("Unsubscribe"), [{"type": EventType.UNSUBSCRIBED}]),
        Case(
            "step of a Canvas",
            native("Send", 2, campaign_id=None, canvas_id="cv-1", canvas_step_id="s-1", canvas_variation_id="B"),
            [{"type": EventType.INJECTED, "campaign_id": "cv-1", "message_id": "d-1:s-1"}],
        ),
    ]

    def signed(self, native: object, *, secret: int = 0, at: int = NOW) -> SignedRequest:
        del at
        return signing.authorized(json.dumps({"events": [native]}).encode(), TOKENS[secret])

    def unsigned(self, request: SignedRequest) -> SignedRequest:
        return SignedRequest(request.body)

    def nested(self, depth: int) -> bytes:
        return b'{"a":' * depth

    def of_unknown_type(self) -> dict[str, object]:
        return {**native("x"), "event_type": "users.messages.sms.Send"}


def test_events_with_everything_side_by_side_are_read_too() -> None:
    told = native("Open")
    flat = {**told, **told.pop("properties"), **told.pop("user")}  # type: ignore[dict-item]
    (event,) = events(PROVIDERS["braze"].parse(received(SignedRequest(json.dumps([flat]).encode())), Options()).records)
    assert (event.type, event.recipient, event.campaign_id) == (EventType.OPENED, "ada@example.com", "c-7")
