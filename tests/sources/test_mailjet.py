import json
from typing import ClassVar

import pytest

from sendlens.model.events import EventType
from sendlens.sources.esp import PROVIDERS, Options, mailjet, signing
from sendlens.sources.esp.signing import SignedRequest
from tests.sources.contract import NOW, Case, ProviderContract, events, received

SECRETS = ("hook:first-secret", "hook:second-secret")
AGENT = "Mozilla/5.0 (Macintosh)"


def native(event: str, **more: object) -> dict[str, object]:
    return {
        "event": event,
        "time": 1_789_984_800,
        "MessageID": 13792286917004336,
        "Message_GUID": "1ab23cd4-e567-8901-2345-6789f0ab1c2d",
        "email": "ada@example.com",
        "mj_campaign_id": 7257,
        "mj_contact_id": 4,
        "customcampaign": "",
        "CustomID": "hello-1",
        "Payload": '{"plan":"gold"}',
        **more,
    }


class TestMailjet(ProviderContract):
    name = "mailjet"
    secrets = SECRETS
    covers_body = False
    covers_time = False
    cases: ClassVar = [
        Case(
            "sent",
            native("sent", smtp_reply="250 2.0.0 OK 1685518742 - gsmtp"),
            [
                {
                    "type": EventType.DELIVERED,
                    "occurred_at": 1_789_984_800_000,
                    "message_id": "13792286917004336",
                    "recipient": "ada@example.com",
                    "campaign_id": "7257",
                    "smtp_code": 250,
                    "metadata": {
                        "plan": "gold",
                        "CustomID": "hello-1",
                        "mailjet.Message_GUID": "1ab23cd4-e567-8901-2345-6789f0ab1c2d",
                        "mailjet.mj_contact_id": "4",
                    },
                }
            ],
        ),
        Case(
            "bounce",
            native(
                "bounce",
                hard_bounce=True,
                blocked=True,
                error_related_to="recipient",
                error="user unknown",
                comment="550 5.1.1 no such user",
            ),
            [
                {
                    "type": EventType.BOUNCED,
                    "bounce_class": "hard",
                    "reason": "recipient: user unknown",
                    "enhanced_code": "5.1.1",
                }
            ],
        ),
        Case(
            "a bounce with the error in the wrong place",
            native("bounce", hard_bounce=False, error_related_to="policy issue", error="", time=1_789_984_801),
            [{"type": EventType.BOUNCED, "bounce_class": "block", "reason": "policy issue"}],
        ),
        Case(
            "blocked",
            native("blocked", error_related_to="mailjet", error="preblocked"),
            [{"type": EventType.DROPPED, "reason": "mailjet: preblocked"}],
        ),
        Case(
            "open",
            native("open", ip="203.0.113.9", geo="FR", agent=AGENT, mj_campaign_id=0, customcampaign="spring"),
            [{"type": EventType.OPENED, "country": "FR", "ip": "203.0.113.9", "campaign_id": "spring"}],
        ),
        Case(
            "click",
            native("click", url="https://example.com/a", ip="203.0.113.9", geo="EU", agent=AGENT, mj_campaign_id=0),
            [{"type": EventType.CLICKED, "link_url": "https://example.com/a", "country": "", "campaign_id": ""}],
        ),
        Case("spam", native("spam", source="JMRPP"), [{"type": EventType.COMPLAINED, "reason": "JMRPP"}]),
        Case("unsub", native("unsub", mj_list_id=1), [{"type": EventType.UNSUBSCRIBED, "segment": "1"}]),
    ]

    def signed(self, native: object, *, secret: int = 0, at: int = NOW) -> SignedRequest:
        del at
        return signing.authorized(json.dumps(native).encode(), SECRETS[secret])

    def unsigned(self, request: SignedRequest) -> SignedRequest:
        return SignedRequest(request.body)

    def nested(self, depth: int) -> bytes:
        return b'{"a":' * depth

    def of_unknown_type(self) -> dict[str, object]:
        return native("teleported")


MAILJET = PROVIDERS["mailjet"]


def read(told: object):
    return events(MAILJET.parse(received(SignedRequest(json.dumps(told).encode())), Options()).records)


def test_grouped_events_are_read() -> None:
    assert len(read([native("open"), native("click", url="https://example.com/")])) == 2


@pytest.mark.parametrize("error", mailjet.ERRORS)
def test_each_error_is_placed(error: str) -> None:
    (event,) = read(native("bounce", hard_bounce=False, error=error))
    assert event.bounce_class == mailjet.ERRORS[error]


@pytest.mark.parametrize("hard", [True, False])
def test_an_unknown_error_is_placed_by_the_flag(hard: bool) -> None:
    (event,) = read(native("bounce", hard_bounce=hard, error="new"))
    assert event.bounce_class == ("hard" if hard else "soft")


@pytest.mark.parametrize("payload", ["{broken", "plain", "[1]"])
def test_a_payload_that_is_no_object_is_kept_as_it_is(payload: str) -> None:
    (event,) = read(native("open", Payload=payload))
    assert event.metadata["Payload"] == payload
