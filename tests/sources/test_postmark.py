import json
from typing import ClassVar, cast

import pytest

from sendlens.errors import Unauthorized
from sendlens.model.events import EventType
from sendlens.sources.esp import PROVIDERS, Evidence, Options, postmark, signing
from sendlens.sources.esp.signing import SignedRequest
from tests.sources.contract import NOW, Case, ProviderContract, events, received

CREDENTIALS = ("hook:first-secret", "hook:second-secret")
AGENT = "Mozilla/5.0 (Macintosh)"
GEO = {"CountryISOCode": "RS", "Country": "Serbia", "City": "Novi Sad", "IP": "203.0.113.4"}


def native(record: str, **more: object) -> dict[str, object]:
    return {
        "RecordType": record,
        "ServerID": 23,
        "MessageStream": "broadcast",
        "MessageID": "883953f4-6105-42a2-a16a-77a8eac79483",
        "Tag": "welcome",
        "Metadata": {"plan": "gold"},
        **more,
    }


def to(record: str, **more: object) -> dict[str, object]:
    return native(record, Recipient="ada@example.com", **more)


def bounce(kind: str, code: int, **more: object) -> dict[str, object]:
    return native(
        "Bounce",
        ID=42,
        Type=kind,
        TypeCode=code,
        Name=kind,
        Description="The server was unable to deliver your message.",
        Details="smtp;550 5.1.1 The email account does not exist",
        Email="ada@example.com",
        From="news@example.com",
        BouncedAt="2026-09-21T10:00:00.1234567Z",
        Inactive=True,
        Subject="Hello",
        **more,
    )


class TestPostmark(ProviderContract):
    name = "postmark"
    secrets = CREDENTIALS
    covers_body = False
    covers_time = False
    cases: ClassVar = [
        Case(
            "delivery",
            to("Delivery", DeliveredAt="2026-09-21T10:00:00Z", Details="250 2.0.0 OK"),
            [
                {
                    "type": EventType.DELIVERED,
                    "native_type": "Delivery",
                    "occurred_at": 1_789_984_800_000,
                    "message_id": "883953f4-6105-42a2-a16a-77a8eac79483",
                    "recipient": "ada@example.com",
                    "campaign_id": "welcome",
                    "stream": "broadcast",
                    "tags": ("welcome",),
                    "smtp_reply": "250 2.0.0 OK",
                    "smtp_code": 250,
                    "metadata": {"plan": "gold", "postmark.ServerID": "23"},
                }
            ],
        ),
        Case(
            "hard bounce",
            bounce("HardBounce", 1),
            [
                {
                    "type": EventType.BOUNCED,
                    "native_type": "Bounce:HardBounce",
                    "bounce_class": "hard",
                    "occurred_at": 1_789_984_800_123,
                    "smtp_code": 550,
                    "enhanced_code": "5.1.1",
                    "sender": "news@example.com",
                    "sending_domain": "example.com",
                    "subject": "Hello",
                    "reason": "HardBounce",
                }
            ],
        ),
        Case("transient", bounce("Transient", 2), [{"type": EventType.DEFERRED}]),
        Case("deactivated", bounce("ManuallyDeactivated", 100002), [{"type": EventType.DROPPED}]),
        Case(
            "open",
            to(
                "Open",
                FirstOpen=True,
                ReceivedAt="2026-09-21T10:05:00Z",
                Client={"Name": "Chrome 35", "Company": "Google", "Family": "Chrome"},
                OS={"Name": "OS X 10.7", "Family": "OS X 10"},
                Platform="WebMail",
                ReadSeconds=5,
                UserAgent=AGENT,
                Geo=GEO,
            ),
            [
                {
                    "type": EventType.OPENED,
                    "user_agent": AGENT,
                    "ip": "203.0.113.4",
                    "country": "RS",
                    "metadata": {
                        "plan": "gold",
                        "postmark.FirstOpen": "true",
                        "postmark.Platform": "WebMail",
                        "postmark.Client": "Chrome 35",
                        "postmark.OS": "OS X 10.7",
                        "postmark.ReadSeconds": "5",
                        "postmark.ServerID": "23",
                    },
                }
            ],
        ),
        Case(
            "click",
            to(
                "Click",
                ClickLocation="HTML",
                ReceivedAt="2026-09-21T10:06:00Z",
                UserAgent=AGENT,
                OriginalLink="https://example.com/a",
                Geo=GEO,
            ),
            [{"type": EventType.CLICKED, "link_url": "https://example.com/a", "link_id": "HTML"}],
        ),
        Case(
            "complaint",
            native(
                "SpamComplaint",
                ID=42,
                Type="SpamComplaint",
                TypeCode=100001,
                Email="ada@example.com",
                BouncedAt="2026-09-21T10:07:00Z",
            ),
            [{"type": EventType.COMPLAINED, "recipient": "ada@example.com"}],
        ),
        Case(
            "unsubscription",
            to(
                "SubscriptionChange",
                ChangedAt="2026-09-21T10:08:00Z",
                Origin="Recipient",
                SuppressSending=True,
                SuppressionReason="ManualSuppression",
            ),
            [{"type": EventType.UNSUBSCRIBED, "unsubscribe_method": "recipient", "reason": "ManualSuppression"}],
        ),
        Case(
            "suppressed because of a bounce, which is no unsubscription",
            to(
                "SubscriptionChange",
                ChangedAt="2026-09-21T10:09:00Z",
                Origin="Recipient",
                SuppressSending=True,
                SuppressionReason="HardBounce",
            ),
            [{"type": EventType.BOUNCED, "bounce_class": "hard"}],
        ),
        Case(
            "back again",
            to(
                "SubscriptionChange",
                ChangedAt="2026-09-21T10:10:00Z",
                Origin="Customer",
                SuppressSending=False,
                SuppressionReason=None,
            ),
            [{"type": EventType.RESUBSCRIBED}],
        ),
    ]

    def signed(self, native: object, *, secret: int = 0, at: int = NOW) -> SignedRequest:
        del at
        return signing.postmark(cast("dict[str, object]", native), CREDENTIALS[secret])

    def unsigned(self, request: SignedRequest) -> SignedRequest:
        return SignedRequest(request.body, {"content-type": "application/json"})

    def nested(self, depth: int) -> bytes:
        return b'{"a":' * depth

    def of_unknown_type(self) -> dict[str, object]:
        return to("Teleport", ReceivedAt="2026-09-21T10:00:00Z")


POSTMARK = PROVIDERS["postmark"]


@pytest.mark.parametrize("kind", postmark.BOUNCES)
def test_each_type_of_bounce_is_placed(kind: str) -> None:
    code, ours, bounce_class = postmark.BOUNCES[kind]
    for told in (bounce(kind, code), bounce("", code)):
        (event,) = events(POSTMARK.parse(received(signing.postmark(told, "a:b")), Options()).records)
        assert (event.type, event.bounce_class) == (ours, bounce_class)
        assert event.native_type == f"Bounce:{kind}"


def test_an_older_bounce_without_a_record_type_is_understood() -> None:
    told = {key: value for key, value in bounce("HardBounce", 1).items() if key != "RecordType"}
    (event,) = events(POSTMARK.parse(received(signing.postmark(told, "a:b")), Options()).records)
    assert event.type is EventType.BOUNCED


def test_two_opens_in_a_second_by_different_agents_stay_apart() -> None:
    told = [to("Open", ReceivedAt="2026-09-21T10:05:00Z", UserAgent=agent) for agent in ("a", "b")]
    mapped = [POSTMARK.parse(received(signing.postmark(one, "a:b")), Options()) for one in told]
    assert len({events(m.records)[0].id for m in mapped}) == 2


@pytest.mark.parametrize("credentials", ["hook:wrong", "hook:", ":first-secret", "hook", "", "höök:first-secret"])
def test_wrong_credentials_are_refused(credentials: str) -> None:
    request = signing.postmark(to("Delivery"), credentials)
    with pytest.raises(Unauthorized):
        POSTMARK.verify(received(request), CREDENTIALS, Options(), Evidence())


def test_metadata_of_any_kind_is_kept() -> None:
    told = to("Delivery", DeliveredAt="2026-09-21T10:00:00Z", Metadata={"n": 7, "yes": True, "none": None, "deep": {}})
    (event,) = events(POSTMARK.parse(posted(told), Options()).records)
    assert event.metadata == {"n": "7", "yes": "true", "postmark.ServerID": "23"}


def posted(told: object):
    return received(SignedRequest(json.dumps(told).encode()))
