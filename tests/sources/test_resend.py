import json
from hashlib import blake2b
from typing import ClassVar

import pytest

from sendlens.errors import Unauthorized
from sendlens.model.events import EventType
from sendlens.sources.esp import PROVIDERS, Evidence, Options, signing, svix
from sendlens.sources.esp.signing import SignedRequest
from tests.sources.contract import NOW, Case, ProviderContract, events, received

SECRETS = ("whsec_Zmlyc3Qta2V5LWZpcnN0LWtleQ==", "whsec_c2Vjb25kLWtleS1zZWNvbmQta2V5")
AGENT = "Mozilla/5.0 (Macintosh)"


def native(kind: str, **more: object) -> dict[str, object]:
    return {
        "type": f"email.{kind}",
        "created_at": "2026-09-21T10:00:00.000Z",
        "data": {
            "email_id": "56761188-7520-42d8-8898-ff6fc54ce618",
            "created_at": "2026-09-21T09:59:58.000Z",
            "broadcast_id": "8b146471-e88e-4322-86af-016cd36fd216",
            "template_id": "t-1",
            "from": "News <news@example.com>",
            "to": ["ada@example.com"],
            "subject": "Hello",
            "tags": {"plan": "gold"},
            **more,
        },
    }


def engagement(**more: object) -> dict[str, object]:
    return {"ipAddress": "203.0.113.9", "timestamp": "2026-09-21T10:05:00.000Z", "userAgent": AGENT, **more}


class TestResend(ProviderContract):
    name = "resend"
    secrets = SECRETS
    cases: ClassVar = [
        Case(
            "sent",
            native("sent"),
            [
                {
                    "type": EventType.INJECTED,
                    "occurred_at": 1_789_984_800_000,
                    "message_sent_at": 1_789_984_798_000,
                    "message_id": "56761188-7520-42d8-8898-ff6fc54ce618",
                    "recipient": "ada@example.com",
                    "sender": "news@example.com",
                    "sending_domain": "example.com",
                    "campaign_id": "8b146471-e88e-4322-86af-016cd36fd216",
                    "template_id": "t-1",
                    "metadata": {"plan": "gold"},
                }
            ],
        ),
        Case("delivered", native("delivered"), [{"type": EventType.DELIVERED}]),
        Case(
            "delivered to two",
            native("delivered", to=["ada@example.com", "bob@example.com"]),
            [
                {"type": EventType.DELIVERED, "recipient": "ada@example.com"},
                {"type": EventType.DELIVERED, "recipient": "bob@example.com"},
            ],
        ),
        Case("delivery_delayed", native("delivery_delayed"), [{"type": EventType.DEFERRED}]),
        Case(
            "bounced",
            native(
                "bounced",
                bounce={
                    "type": "Permanent",
                    "subType": "General",
                    "message": "The recipient's server refused.",
                    "diagnosticCode": ["smtp; 550 5.5.0 Requested action not taken"],
                },
            ),
            [
                {
                    "type": EventType.BOUNCED,
                    "bounce_class": "hard",
                    "reason": "Permanent/General",
                    "smtp_code": 550,
                    "enhanced_code": "5.5.0",
                }
            ],
        ),
        Case(
            "failed",
            native("failed", failed={"reason": "reached_daily_quota"}),
            [{"type": EventType.DROPPED, "reason": "reached_daily_quota"}],
        ),
        Case(
            "suppressed",
            native("suppressed", suppressed={"message": "on the list", "type": "OnAccountSuppressionList"}),
            [{"type": EventType.DROPPED, "reason": "OnAccountSuppressionList"}],
        ),
        Case(
            "opened",
            native("opened", open=engagement()),
            [{"type": EventType.OPENED, "ip": "203.0.113.9", "occurred_at": 1_789_985_100_000}],
        ),
        Case(
            "opened by one of two",
            native("opened", to=["ada@example.com", "bob@example.com"], open=engagement()),
            [{"type": EventType.OPENED, "recipient": ""}],
        ),
        Case(
            "clicked",
            native("clicked", click=engagement(link="https://example.com/a")),
            [{"type": EventType.CLICKED, "link_url": "https://example.com/a", "user_agent": AGENT}],
        ),
        Case("complained", native("complained"), [{"type": EventType.COMPLAINED}]),
    ]

    def signed(self, native: object, *, secret: int = 0, at: int = NOW) -> SignedRequest:
        body = json.dumps(native).encode()
        # A repeat has the id of the first attempt.
        message_id = f"msg_{blake2b(body, digest_size=8).hexdigest()}"
        return signing.svix_message(body, SECRETS[secret], message_id, at)

    def unsigned(self, request: SignedRequest) -> SignedRequest:
        return SignedRequest(request.body)

    def nested(self, depth: int) -> bytes:
        return b'{"a":' * depth

    def of_unknown_type(self) -> dict[str, object]:
        return native("scheduled")


RESEND = PROVIDERS["resend"]
REQUEST = signing.svix_message(json.dumps(native("sent")).encode(), SECRETS[0], "msg_1", NOW)


def check(headers: dict[str, str], secrets: tuple[str, ...] = SECRETS[:1]) -> None:
    RESEND.verify(received(SignedRequest(REQUEST.body, headers)), secrets, Options(), Evidence())


def test_one_good_signature_among_several_is_enough() -> None:
    good = REQUEST.headers["svix-signature"]
    check({**REQUEST.headers, "svix-signature": f"v1,bm9uc2Vuc2U= v1a,AAAA {good}"})


@pytest.mark.parametrize("name", ["svix-id", "svix-timestamp"])
def test_id_and_time_are_covered(name: str) -> None:
    with pytest.raises(Unauthorized):
        check({**REQUEST.headers, name: REQUEST.headers[name] + "0"})


@pytest.mark.parametrize("signature", ["", "v1", "v1,", "v2,AAAA", "v1,é", ","])
def test_a_signature_that_is_none_is_refused(signature: str) -> None:
    with pytest.raises(Unauthorized):
        check({**REQUEST.headers, "svix-signature": signature})


@pytest.mark.parametrize("secret", ["whsec_", "whsec_!", "é"])
def test_a_secret_that_is_no_key_signs_nothing(secret: str) -> None:
    forged = f"v1,{svix.sign('', 'msg_1', REQUEST.headers['svix-timestamp'], REQUEST.body)}"
    with pytest.raises(Unauthorized):
        check({**REQUEST.headers, "svix-signature": forged}, (secret,))


def test_the_other_spelling_of_the_headers_is_taken() -> None:
    check({name.replace("svix-", "webhook-"): value for name, value in REQUEST.headers.items()})


def test_attempts_signed_anew_are_one_event() -> None:
    later = signing.svix_message(REQUEST.body, SECRETS[0], "msg_1", NOW + 60_000)
    first, again = (events(RESEND.parse(received(one), Options()).records)[0] for one in (REQUEST, later))
    assert first.id == again.id


def test_an_event_kept_without_its_headers_has_an_identity() -> None:
    (event,) = events(RESEND.parse(received(SignedRequest(REQUEST.body)), Options()).records)
    assert event.id
