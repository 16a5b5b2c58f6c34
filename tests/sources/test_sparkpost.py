import json
from typing import ClassVar

import pytest

from sendlens.model.events import EventType
from sendlens.sources.esp import PROVIDERS, Options, bouncecodes, signing
from sendlens.sources.esp.signing import SignedRequest
from tests.sources.contract import NOW, Case, ProviderContract, events, received

SECRETS = ("hook:first-secret", "hook:second-secret")
AGENT = "Mozilla/5.0 (Macintosh)"


def native(kind: str, number: int = 1, **more: object) -> dict[str, object]:
    return {
        "type": kind,
        "event_id": f"9235692769381385{number}",
        "timestamp": "1789984800",
        "message_id": "000443ee14578172be22",
        "transmission_id": "65832150921904138",
        "injection_time": "2026-09-21T09:59:58.000Z",
        "rcpt_to": "ada@example.com",
        "raw_rcpt_to": "Ada@example.com",
        "rcpt_meta": {"plan": "gold"},
        "rcpt_tags": ["vip"],
        "campaign_id": "spring",
        "template_id": "welcome",
        "subject": "Hello",
        "friendly_from": "news@example.com",
        "msg_from": "bounces@mail.example.com",
        "sending_domain": "mail.example.com",
        "sending_ip": "192.0.2.10",
        "ip_pool": "main",
        "ip_address": "203.0.113.9",
        "transactional": "1",
        **more,
    }


class TestSparkPost(ProviderContract):
    name = "sparkpost"
    secrets = SECRETS
    covers_body = False
    covers_time = False
    cases: ClassVar = [
        Case("injection", native("injection", open_tracking=False), [{"type": EventType.INJECTED, "untracked": True}]),
        Case(
            "delivery",
            native("delivery"),
            [
                {
                    "type": EventType.DELIVERED,
                    "occurred_at": 1_789_984_800_000,
                    "message_sent_at": 1_789_984_798_000,
                    "message_id": "000443ee14578172be22",
                    "recipient": "Ada@example.com",
                    "campaign_id": "spring",
                    "template_id": "welcome",
                    "sender": "news@example.com",
                    "sending_domain": "mail.example.com",
                    "sending_ip": "192.0.2.10",
                    "pool": "main",
                    "mx": "203.0.113.9",
                    "ip": "",
                    "stream": "transactional",
                    "tags": ("vip",),
                    "untracked": False,
                }
            ],
        ),
        Case(
            "delay",
            native("delay", error_code="421", raw_reason="421 4.7.0 try later", num_retries="2"),
            [{"type": EventType.DEFERRED, "smtp_code": 421, "enhanced_code": "4.7.0", "attempt": 3}],
        ),
        Case(
            "bounce",
            native(
                "bounce",
                bounce_class="10",
                error_code="550",
                raw_reason="550 5.1.1 <ada@example.com> unknown",
                reason="550 5.1.1 <...> unknown",
            ),
            [{"type": EventType.BOUNCED, "bounce_class": "hard", "smtp_code": 550, "enhanced_code": "5.1.1"}],
        ),
        Case(
            "out of band",
            native("out_of_band", bounce_class="52", raw_reason="552 content"),
            [{"type": EventType.BOUNCED, "bounce_class": "block"}],
        ),
        Case(
            "policy_rejection",
            native("policy_rejection", reason="550 5.7.1 recipient address suppressed"),
            [{"type": EventType.DROPPED, "bounce_class": ""}],
        ),
        Case("generation_failure", native("generation_failure"), [{"type": EventType.DROPPED}]),
        Case("generation_rejection", native("generation_rejection"), [{"type": EventType.DROPPED}]),
        Case(
            "open",
            native(
                "open",
                user_agent=AGENT,
                geo_ip={"country": "US", "city": "Boston"},
                user_agent_parsed={"is_proxy": False, "is_prefetched": False},
            ),
            [{"type": EventType.OPENED, "ip": "203.0.113.9", "mx": "", "country": "US", "machine": None}],
        ),
        Case(
            "prefetched",
            native("initial_open", user_agent="Mozilla/5.0", user_agent_parsed={"is_prefetched": True}),
            [{"type": EventType.OPENED, "machine": True}],
        ),
        Case("amp_open", native("amp_open"), [{"type": EventType.OPENED}]),
        Case("amp_initial_open", native("amp_initial_open"), [{"type": EventType.OPENED}]),
        Case(
            "click",
            native("click", target_link_url="https://example.com/a", target_link_name="hero"),
            [{"type": EventType.CLICKED, "link_url": "https://example.com/a", "link_id": "hero"}],
        ),
        Case("amp_click", native("amp_click"), [{"type": EventType.CLICKED}]),
        Case(
            "complaint", native("spam_complaint", fbtype="abuse"), [{"type": EventType.COMPLAINED, "reason": "abuse"}]
        ),
        Case(
            "link_unsubscribe",
            native("link_unsubscribe"),
            [{"type": EventType.UNSUBSCRIBED, "unsubscribe_method": "link"}],
        ),
        Case("list_unsubscribe", native("list_unsubscribe"), [{"type": EventType.UNSUBSCRIBED}]),
    ]

    def signed(self, native: object, *, secret: int = 0, at: int = NOW) -> SignedRequest:
        del at
        return signing.authorized(json.dumps([{"msys": {"message_event": native}}]).encode(), SECRETS[secret])

    def unsigned(self, request: SignedRequest) -> SignedRequest:
        return SignedRequest(request.body)

    def of_unknown_type(self) -> dict[str, object]:
        return native("ab_test_completed")


SPARKPOST = PROVIDERS["sparkpost"]


def test_the_trial_post_holds_no_event() -> None:
    mapped = SPARKPOST.parse(received(SignedRequest(b'[{"msys":{}}]')), Options())
    assert not mapped.records
    assert not mapped.rejected


def test_a_batch_mixes_kinds_of_envelopes() -> None:
    batch = [
        {"msys": {"message_event": native("delivery", 1)}},
        {"msys": {"track_event": native("click", 2)}},
        {"msys": {"unsubscribe_event": native("link_unsubscribe", 3)}},
    ]
    mapped = SPARKPOST.parse(received(SignedRequest(json.dumps(batch).encode())), Options())
    assert [event.native_type for event in events(mapped.records)] == ["delivery", "click", "link_unsubscribe"]


@pytest.mark.parametrize("code", bouncecodes.NUMERIC)
def test_each_class_of_bounce_is_placed(code: str) -> None:
    body = json.dumps([{"msys": {"message_event": native("bounce", bounce_class=code)}}]).encode()
    (event,) = events(SPARKPOST.parse(received(SignedRequest(body)), Options()).records)
    assert event.bounce_class == bouncecodes.NUMERIC[code]
