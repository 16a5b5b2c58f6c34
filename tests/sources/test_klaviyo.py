import json
from datetime import UTC, datetime
from typing import ClassVar

import pytest

from sendlens.errors import Unauthorized
from sendlens.model.events import EventType
from sendlens.sources.esp import PROVIDERS, Evidence, Options, klaviyo, moments, signing
from sendlens.sources.esp.signing import SignedRequest
from tests.sources.contract import NOW, Case, ProviderContract, received

KEYS = ("first-secret-key-of-16", "second-secret-key-of-16")


def native(topic: str, **properties: object) -> dict[str, object]:
    return {
        "external_id": f"01H8-{topic}",
        "topic": f"event:klaviyo.{topic}",
        "payload": {
            "data": {
                "type": "event",
                "id": "4vRpBT",
                "attributes": {
                    "timestamp": 1_789_984_800,
                    "datetime": "2026-09-21T10:00:00+00:00",
                    "uuid": "u-1",
                    "event_properties": {
                        "Recipient Email Address": "ada@example.com",
                        "Subject": "Hello",
                        "Campaign Name": "Spring",
                        "$message": "01ABC",
                        "$_cohort$message_send_cohort": "1789984000:01ABC",
                        **properties,
                    },
                },
                "relationships": {"profile": {"data": {"type": "profile", "id": "01GDDKASAP8TKDDA2GRZDSVP4H"}}},
            }
        },
    }


class TestKlaviyo(ProviderContract):
    name = "klaviyo"
    secrets = KEYS
    cases: ClassVar = [
        Case(
            "received",
            native("received_email"),
            [
                {
                    "type": EventType.DELIVERED,
                    "id": "01H8-received_email",
                    "occurred_at": 1_789_984_800_000,
                    "message_id": "1789984000:01ABC",
                    "recipient": "ada@example.com",
                    "campaign_id": "01ABC",
                    "subject": "Hello",
                }
            ],
        ),
        Case(
            "bounced",
            native("bounced_email", **{"Bounce Type": "Hard", "Bounce Message": "550 5.1.1 unknown"}),
            [{"type": EventType.BOUNCED, "bounce_class": "hard", "smtp_code": 550, "reason": "Hard"}],
        ),
        Case(
            "dropped",
            native("dropped_email", Reason="suppressed"),
            [{"type": EventType.DROPPED, "reason": "suppressed"}],
        ),
        Case("opened", native("opened_email", machine_open=True), [{"type": EventType.OPENED, "machine": True}]),
        Case(
            "clicked",
            native("clicked_email", URL="https://example.com/a", **{"Bot Click": False}),
            [{"type": EventType.CLICKED, "link_url": "https://example.com/a", "machine": None}],
        ),
        Case("spam", native("marked_email_as_spam"), [{"type": EventType.COMPLAINED}]),
        Case("unsubscribed", native("unsubscribed_from_email_marketing"), [{"type": EventType.UNSUBSCRIBED}]),
        Case(
            "unsubscribed by a click",
            native("clicked_email_to_unsubscribe"),
            [{"type": EventType.UNSUBSCRIBED, "unsubscribe_method": "link"}],
        ),
        Case("subscribed", native("subscribed_to_email_marketing"), [{"type": EventType.RESUBSCRIBED}]),
    ]

    def signed(self, native: object, *, secret: int = 0, at: int = NOW) -> SignedRequest:
        body = json.dumps({"data": [native], "meta": {"version": "2026-04-15"}}).encode()
        return signing.klaviyo_events(body, KEYS[secret], at)

    def unsigned(self, request: SignedRequest) -> SignedRequest:
        return SignedRequest(request.body)

    def nested(self, depth: int) -> bytes:
        return b'{"a":' * depth

    def of_unknown_type(self) -> dict[str, object]:
        return native("received_sms")

    def test_the_timestamp_is_covered(self) -> None:
        request = self.signed(self.cases[0].native)
        later = self.signed(self.cases[0].native, at=NOW + 1000).headers[klaviyo.TIMESTAMP]
        for told in (later, ""):
            with pytest.raises(Unauthorized):
                self.verify(SignedRequest(request.body, {**request.headers, klaviyo.TIMESTAMP: told}))

    def test_a_person_without_an_address_is_named_by_the_profile(self) -> None:
        told = native("opened_email", **{"Recipient Email Address": ""})
        (event,) = self.read(told).records
        assert event.recipient == "01GDDKASAP8TKDDA2GRZDSVP4H"  # type: ignore[union-attr]
        told["payload"]["included"] = [{"type": "profile", "attributes": {"email": "ada@example.com"}}]  # type: ignore[index]
        (event,) = self.read(told).records
        assert event.recipient == "ada@example.com"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "text",
    ["1790000000", "1790000000000", "2026-09-21T14:13:20Z", "2026-09-21T14:13:20", "Mon, 21 Sep 2026 14:13:20 GMT"],
)
def test_a_signed_time_may_be_written_in_several_ways(text: str) -> None:
    assert moments.signed(text, NOW) == int(datetime(2026, 9, 21, 14, 13, 20, tzinfo=UTC).timestamp() * 1000)


@pytest.mark.parametrize("text", ["x", "Mon, 99 Sep", "Mon, 21 Sep 99999 14:13:20 GMT", "9" * 30, "-", "²"])
def test_a_signed_time_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(Unauthorized):
        moments.signed(text, NOW)


def test_an_unsigned_time_is_refused() -> None:
    request = signing.hex_hmac(b"{}", KEYS[0], klaviyo.SIGNATURE)
    with pytest.raises(Unauthorized):
        PROVIDERS["klaviyo"].verify(received(request), KEYS, Options(), Evidence())
