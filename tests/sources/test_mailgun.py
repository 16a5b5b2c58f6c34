import dataclasses
import hashlib
import json
from collections.abc import Mapping
from typing import ClassVar, cast
from urllib.parse import urlencode

import pytest

from sendlens.errors import Unauthorized
from sendlens.model.events import EventType
from sendlens.sources.esp import PROVIDERS, Evidence, Options, signing
from sendlens.sources.esp.signing import SignedRequest
from tests.sources.contract import HOUR, NOW, Case, ProviderContract, Tokens, events, received

MOMENT = 1_789_990_000.25
KEYS = ("key-first", "key-second")
MAILGUN = PROVIDERS["mailgun"]


def native(event: str, name: str = "", /, **more: object) -> dict[str, object]:
    return {
        "event": event,
        "id": name or f"W3X4JOhFT-{event}",
        "timestamp": MOMENT,
        "log-level": "info",
        "recipient": "ada@example.com",
        "recipient-domain": "example.com",
        "message": {
            "headers": {
                "message-id": "20260921.1@mg.example.com",
                "from": "Shop <news@mg.example.com>",
                "to": "Ada <ada@example.com>",
                "subject": "Hello",
            }
        },
        "tags": ["autumn", "sale"],
        "campaigns": [],
        "user-variables": {"plan": "gold"},
        **more,
    }


def failed(severity: str, reason: str, **status: object) -> dict[str, object]:
    return native("failed", severity=severity, reason=reason, **{"delivery-status": {"attempt-no": 2, **status}})


AGENT = "Mozilla/5.0 (X11; Linux x86_64)"


class TestMailgun(ProviderContract):
    name = "mailgun"
    secrets = KEYS
    covers_body = False
    cases: ClassVar = [
        Case(
            "accepted",
            native("accepted", template={"name": "spring"}),
            [
                {
                    "type": EventType.INJECTED,
                    "native_type": "accepted",
                    "occurred_at": int(MOMENT * 1000),
                    "message_id": "20260921.1@mg.example.com",
                    "recipient": "ada@example.com",
                    "campaign_id": "autumn",
                    "sender": "Shop <news@mg.example.com>",
                    "sending_domain": "mg.example.com",
                    "subject": "Hello",
                    "tags": ("autumn", "sale"),
                    "metadata": {"plan": "gold"},
                }
            ],
        ),
        Case(
            "delivered",
            native(
                "delivered",
                envelope={"sending-ip": "192.0.2.3", "sender": "bounce@mg.example.com"},
                **{"delivery-status": {"mx-host": "mx.example.com", "code": 250, "message": "OK", "attempt-no": 1}},
            ),
            [
                {
                    "type": EventType.DELIVERED,
                    "mx": "mx.example.com",
                    "smtp_code": 250,
                    "smtp_reply": "OK",
                    "attempt": 1,
                    "sending_ip": "192.0.2.3",
                }
            ],
        ),
        Case(
            "temporary",
            failed("temporary", "generic", code=452, message="4.2.2 over quota", **{"enhanced-code": "4.2.2"}),
            [
                {
                    "type": EventType.DEFERRED,
                    "native_type": "failed:temporary",
                    "smtp_code": 452,
                    "enhanced_code": "4.2.2",
                    "attempt": 2,
                    "bounce_class": "",
                }
            ],
        ),
        Case(
            "permanent",
            failed("permanent", "bounce", code=550, message="", description="No such user"),
            [
                {
                    "type": EventType.BOUNCED,
                    "bounce_class": "hard",
                    "smtp_reply": "No such user",
                    "reason": "bounce",
                }
            ],
        ),
        Case(
            "given up after retries",
            failed("permanent", "old", code=602),
            [{"type": EventType.BOUNCED, "bounce_class": "soft"}],
        ),
        Case(
            "suppressed",
            failed("permanent", "suppress-bounce", code=605),
            [{"type": EventType.DROPPED, "reason": "suppress-bounce", "bounce_class": ""}],
        ),
        Case(
            "rejected",
            native("rejected", reject={"reason": "Sandbox", "description": ""}),
            [{"type": EventType.DROPPED, "reason": "Sandbox"}],
        ),
        Case(
            "opened by a machine",
            native(
                "opened",
                ip="203.0.113.4",
                geolocation={"country": "US", "city": "Springfield"},
                **{"client-info": {"user-agent": AGENT, "bot": "apple"}},
            ),
            [{"type": EventType.OPENED, "machine": True, "country": "US", "user_agent": AGENT, "ip": "203.0.113.4"}],
        ),
        Case(
            "opened by a person",
            native("opened", "person", geolocation={"country": "Unknown"}, **{"client-info": {"bot": ""}}),
            [{"type": EventType.OPENED, "machine": None, "country": ""}],
        ),
        Case(
            "clicked",
            native("clicked", url="https://shop.example.com/a", **{"client-info": {"user-agent": AGENT}}),
            [{"type": EventType.CLICKED, "link_url": "https://shop.example.com/a"}],
        ),
        Case("complained", native("complained"), [{"type": EventType.COMPLAINED}]),
        Case("unsubscribed", native("unsubscribed"), [{"type": EventType.UNSUBSCRIBED}]),
        Case(
            "variables win over tags",
            native("delivered", "vars", **{"user-variables": {"campaign_id": "c-7", "list_id": "vip", "n": 5}}),
            [
                {
                    "type": EventType.DELIVERED,
                    "campaign_id": "c-7",
                    "segment": "vip",
                    "metadata": {"campaign_id": "c-7", "list_id": "vip", "n": "5"},
                }
            ],
        ),
    ]

    def signed(self, native: object, *, secret: int = 0, at: int = NOW) -> SignedRequest:
        token = hashlib.sha256(json.dumps(native).encode()).hexdigest()[:50]
        return signing.mailgun(cast("dict[str, object]", native), KEYS[secret], at, token)

    def unsigned(self, request: SignedRequest) -> SignedRequest:
        return SignedRequest(json.dumps({"event-data": json.loads(request.body)["event-data"]}).encode())

    def of_unknown_type(self) -> dict[str, object]:
        return native("teleported")


def form(event: str, at: int = NOW, key: str = KEYS[0], token: str = "a" * 50, /, **fields: str) -> SignedRequest:
    told = {
        "event": event,
        "recipient": "ada@example.com",
        "domain": "mg.example.com",
        "Message-Id": "<20260921.1@mg.example.com>",
        "message-headers": json.dumps([["From", "Shop <news@mg.example.com>"], ["Subject", "Hello"]]),
        "plan": "gold",
        **signing.mailgun_signature(key, at, token),
        **fields,
    }
    return SignedRequest(urlencode(told).encode(), {"content-type": "application/x-www-form-urlencoded"})


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (form("delivered"), {"type": EventType.DELIVERED, "sender": "Shop <news@mg.example.com>", "subject": "Hello"}),
        (form("opened", ip="203.0.113.4", country="DE"), {"type": EventType.OPENED, "country": "DE"}),
        (
            form("clicked", url="https://example.com/a"),
            {"type": EventType.CLICKED, "link_url": "https://example.com/a"},
        ),
        (form("complained"), {"type": EventType.COMPLAINED}),
        (form("unsubscribed"), {"type": EventType.UNSUBSCRIBED}),
        (
            form("bounced", code="550", error="5.1.1 no such user"),
            {"type": EventType.BOUNCED, "bounce_class": "hard", "smtp_code": 550, "smtp_reply": "5.1.1 no such user"},
        ),
        (form("dropped", reason="hardfail", code="605"), {"type": EventType.DROPPED, "reason": "suppress-bounce"}),
        (form("dropped", reason="old", code="498"), {"type": EventType.BOUNCED, "bounce_class": "soft"}),
        (form("strange"), {"type": EventType.UNKNOWN, "native_type": "strange"}),
        (form("delivered", tag="news"), {"tags": ("news",), "campaign_id": "news"}),
        (form("delivered", NOW, KEYS[0], "a" * 50, **{"campaign-id": "c7", "tag": "news"}), {"campaign_id": "c7"}),
    ],
)
def test_older_form_posts_are_understood(request_: SignedRequest, expected: Mapping[str, object]) -> None:
    MAILGUN.verify(received(request_), KEYS[:1], Options(), Evidence(tokens=Tokens()))
    (event,) = events(MAILGUN.parse(received(request_), Options()).records)
    common = {
        "recipient": "ada@example.com",
        "message_id": "20260921.1@mg.example.com",
        "occurred_at": NOW // 1000 * 1000,
        "sending_domain": "mg.example.com",
        "metadata": {"plan": "gold"},
    }
    wanted = {**common, **expected}
    assert {field: getattr(event, field) for field in wanted} == wanted


def test_multipart_forms_are_understood() -> None:
    fields = {"event": "delivered", "recipient": "ada@example.com", **signing.mailgun_signature(KEYS[0], NOW, "t" * 50)}
    parts = [f'--x\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n' for k, v in fields.items()]
    parts.append('--x\r\nContent-Disposition: form-data; name="f"; filename="a.txt"\r\n\r\nfile\r\n--x--\r\n')
    request = SignedRequest("".join(parts).encode(), {"content-type": "multipart/form-data; boundary=x"})
    MAILGUN.verify(received(request), KEYS[:1], Options(), Evidence())
    (event,) = events(MAILGUN.parse(received(request), Options()).records)
    assert (event.type, event.recipient, event.metadata) == (EventType.DELIVERED, "ada@example.com", {})


def test_a_form_with_a_wrong_signature_is_refused() -> None:
    for request in (form("delivered", NOW, "other"), form("delivered", signature=""), form("delivered", timestamp="1")):
        with pytest.raises(Unauthorized):
            MAILGUN.verify(received(request), KEYS[:1], Options(), Evidence())


def test_a_token_is_good_for_one_body() -> None:
    tokens, request = Tokens(), signing.mailgun(native("opened"), KEYS[0], NOW, "b" * 50)
    evidence = Evidence(tokens=tokens)
    MAILGUN.verify(received(request), KEYS, Options(), evidence)
    MAILGUN.verify(received(request), KEYS, Options(), evidence)
    forged = dataclasses.replace(request, body=request.body.replace(b"ada@", b"eve@"))
    with pytest.raises(Unauthorized, match="another body"):
        MAILGUN.verify(received(forged), KEYS, Options(), evidence)


def test_a_token_is_not_burnt_by_a_request_that_is_refused() -> None:
    tokens, request = Tokens(), signing.mailgun(native("opened"), KEYS[0], NOW, "b" * 50)
    forged = dataclasses.replace(request, body=request.body.replace(b'"signature": "', b'"signature": "0'))
    with pytest.raises(Unauthorized):
        MAILGUN.verify(received(forged), KEYS, Options(), Evidence(tokens=tokens))
    MAILGUN.verify(received(request), KEYS, Options(), Evidence(tokens=tokens))


def test_the_window_is_an_option() -> None:
    request = signing.mailgun(native("opened"), KEYS[0], NOW, "b" * 50)
    MAILGUN.verify(received(request, NOW + HOUR), KEYS, Options(), Evidence())
    with pytest.raises(Unauthorized, match="at most 5"):
        MAILGUN.verify(received(request, NOW + HOUR), KEYS, Options(max_age_minutes=5), Evidence())


def test_the_signature_of_the_parent_account_counts() -> None:
    body = json.loads(signing.mailgun(native("opened"), KEYS[0], NOW, "b" * 50).body)
    body["signature"]["parent-signature"] = body["signature"]["signature"]
    body["signature"]["signature"] = "0" * 64
    MAILGUN.verify(received(SignedRequest(json.dumps(body).encode())), KEYS, Options(), Evidence())


@pytest.mark.parametrize("field", ["timestamp", "token"])
def test_time_and_token_are_covered(field: str) -> None:
    body = json.loads(signing.mailgun(native("opened"), KEYS[0], NOW, "b" * 50).body)
    body["signature"][field] += "1"
    with pytest.raises(Unauthorized):
        MAILGUN.verify(received(SignedRequest(json.dumps(body).encode())), KEYS, Options(), Evidence())


def test_ids_of_different_events_stay_apart() -> None:
    """Mailgun promises unique ids within a day only, and its samples give one id to several types."""
    natives = [
        native("opened", "same"),
        native("clicked", "same"),
        {**native("opened", "same"), "timestamp": MOMENT + 9e4},
    ]
    mapped = [MAILGUN.parse(received(signing.mailgun(n, KEYS[0], NOW, "t" * 50)), Options()) for n in natives]
    assert len({events(m.records)[0].id for m in mapped}) == 3
