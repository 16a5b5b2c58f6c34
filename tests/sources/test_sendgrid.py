import json
from decimal import Decimal
from typing import ClassVar

import pytest

from sendlens.errors import Unauthorized
from sendlens.model.events import EventType
from sendlens.sources.esp import Options
from sendlens.sources.esp.sendgrid import SIGNATURE, TIMESTAMP
from sendlens.sources.esp.signing import SendGridSigner, SignedRequest
from tests.sources.contract import NOW, Case, ProviderContract, events, received

SIGNERS = (SendGridSigner(), SendGridSigner())
SECONDS = 1_789_990_000


def native(event: str, **more: object) -> dict[str, object]:
    return {
        "email": "ada@example.com",
        "timestamp": SECONDS,
        "smtp-id": "<4Kx9mQ@geopod-ismtpd-7>",
        "event": event,
        "category": ["spring sale"],
        "sg_event_id": f"ZXZ0-{event}",
        "sg_message_id": "4Kx9mQ.recvd-65f4-1-66C-9.0",
        **more,
    }


BASE = {
    "native_type": "processed",
    "occurred_at": SECONDS * 1000,
    "message_id": "4Kx9mQ",
    "recipient": "ada@example.com",
    "campaign_id": "spring sale",
    "tags": ("spring sale",),
}


class TestSendGrid(ProviderContract):
    name = "sendgrid"
    secrets = (SIGNERS[0].public_key, SIGNERS[1].public_key)
    cases: ClassVar = [
        Case("processed", native("processed"), [{"type": EventType.INJECTED, **BASE}]),
        Case(
            "deferred",
            native("deferred", response="452 4.2.2 The mailbox is full", attempt="5", ip="192.0.2.7"),
            [
                {
                    "type": EventType.DEFERRED,
                    "smtp_code": 452,
                    "enhanced_code": "4.2.2",
                    "attempt": 5,
                    "sending_ip": "192.0.2.7",
                    "smtp_reply": "452 4.2.2 The mailbox is full",
                }
            ],
        ),
        Case(
            "delivered",
            native("delivered", response="250 OK", tls=1),
            [{"type": EventType.DELIVERED, "smtp_code": 250, "smtp_reply": "250 OK", "metadata": {}}],
        ),
        Case(
            "bounce",
            native("bounce", reason="550 5.1.1 unknown user", status="5.1.1", type="bounce"),
            [{"type": EventType.BOUNCED, "bounce_class": "hard", "smtp_code": 550, "enhanced_code": "5.1.1"}],
        ),
        Case(
            "blocked",
            native("bounce", reason="554 bad reputation", status="5.0.0", type="blocked", sg_event_id="ZXZ0-bounce"),
            [{"type": EventType.BOUNCED, "bounce_class": "block", "smtp_reply": "554 bad reputation"}],
        ),
        Case(
            "full mailbox",
            native("bounce", type="bounce", bounce_classification="Mailbox Unavailable", sg_event_id="full"),
            [{"type": EventType.BOUNCED, "bounce_class": "soft", "reason": "Mailbox Unavailable"}],
        ),
        Case(
            "delayed bounce, which lacks the message id",
            {k: v for k, v in native("bounce", type="bounce", sg_event_id="late").items() if k != "sg_message_id"},
            [{"type": EventType.BOUNCED, "message_id": "4Kx9mQ"}],
        ),
        Case(
            "dropped",
            native("dropped", reason="Bounced Address", status="5.0.0"),
            [{"type": EventType.DROPPED, "reason": "Bounced Address", "bounce_class": ""}],
        ),
        Case(
            "open",
            native("open", useragent="Mozilla/5.0", ip="203.0.113.9", sg_machine_open=True, sg_content_type="html"),
            [
                {
                    "type": EventType.OPENED,
                    "machine": True,
                    "user_agent": "Mozilla/5.0",
                    "ip": "203.0.113.9",
                    "sending_ip": "",
                }
            ],
        ),
        Case(
            "click",
            native(
                "click", url="https://shop.example.com/a", url_offset={"index": 3, "type": "html"}, ip="2001:db8::1"
            ),
            [
                {
                    "type": EventType.CLICKED,
                    "link_url": "https://shop.example.com/a",
                    "link_position": 3,
                    "ip": "2001:db8::1",
                    "machine": None,
                }
            ],
        ),
        Case("spamreport", native("spamreport"), [{"type": EventType.COMPLAINED}]),
        Case("unsubscribe", native("unsubscribe"), [{"type": EventType.UNSUBSCRIBED}]),
        Case(
            "group_unsubscribe",
            native("group_unsubscribe", asm_group_id=10, url="https://example.com/u"),
            [{"type": EventType.UNSUBSCRIBED, "metadata": {"asm_group_id": "10"}}],
        ),
        Case("group_resubscribe", native("group_resubscribe", asm_group_id=10), [{"type": EventType.RESUBSCRIBED}]),
        Case(
            "unique arguments beside and inside",
            native(
                "delivered",
                sg_event_id="args",
                campaign_id="c-7",
                variant="B",
                plan=2,
                unique_args={"segment": "vip"},
                singlesend_id="s-1",
                sg_template_id="d-9",
            ),
            [
                {
                    "campaign_id": "c-7",
                    "variant": "B",
                    "segment": "vip",
                    "template_id": "d-9",
                    "type": EventType.DELIVERED,
                    "metadata": {
                        "campaign_id": "c-7",
                        "variant": "B",
                        "plan": "2",
                        "segment": "vip",
                        "singlesend_id": "s-1",
                    },
                }
            ],
        ),
    ]

    def signed(self, native: object, *, secret: int = 0, at: int = NOW) -> SignedRequest:
        return SIGNERS[secret].sign(json.dumps([native]).encode(), at)

    def unsigned(self, request: SignedRequest) -> SignedRequest:
        return SignedRequest(request.body, {"content-type": "application/json"})

    def of_unknown_type(self) -> dict[str, object]:
        return native("teleported")

    def test_half_a_proof_is_refused(self) -> None:
        request = self.signed(self.cases[0].native)
        for header in (SIGNATURE, TIMESTAMP):
            with pytest.raises(Unauthorized):
                self.verify(SignedRequest(request.body, {k: v for k, v in request.headers.items() if k != header}))

    @pytest.mark.parametrize("value", ["", "!", "AAAA", "é"])
    def test_a_signature_that_is_none_is_refused(self, value: str) -> None:
        request = self.signed(self.cases[0].native)
        with pytest.raises(Unauthorized):
            self.verify(SignedRequest(request.body, {**request.headers, SIGNATURE: value}))

    @pytest.mark.parametrize("secret", ["nonsense", "AAAA", "MA==", SIGNERS[0].public_key[:-8]])
    def test_a_secret_that_is_no_key_refuses(self, secret: str) -> None:
        with pytest.raises(Unauthorized):
            self.verify(self.signed(self.cases[0].native), (secret,))

    def test_a_key_in_pem_form_is_taken_too(self) -> None:
        pem = f"-----BEGIN PUBLIC KEY-----\n{SIGNERS[0].public_key}\n-----END PUBLIC KEY-----\n"
        self.verify(self.signed(self.cases[0].native), (pem,))

    def test_the_timestamp_is_covered(self) -> None:
        request = self.signed(self.cases[0].native)
        with pytest.raises(Unauthorized):
            self.verify(SignedRequest(request.body, {**request.headers, TIMESTAMP: str(NOW // 1000 + 1)}))

    def test_a_bad_event_does_not_spoil_its_batch(self) -> None:
        body = json.dumps([native("open"), 7, {**native("click"), "timestamp": 12}, native("delivered")]).encode()
        mapped = self.provider.parse(received(SignedRequest(body)), Options())
        assert [event.native_type for event in events(mapped.records)] == ["open", "delivered"]
        assert [(no.index, no.field) for no in mapped.rejected] == [(1, ""), (2, "occurred_at")]

    def test_events_that_share_an_id_but_not_a_type_stay_apart(self) -> None:
        natives = [{**native(name), "sg_event_id": "sg_event_id"} for name in ("open", "click", "delivered")]
        mapped = self.provider.parse(received(SignedRequest(json.dumps(natives).encode())), Options())
        assert len({event.id for event in events(mapped.records)}) == 3

    def test_the_campaign_is_found_where_the_source_says(self) -> None:
        mapped = self.read(native("open", mission="m-1"), Options(campaign_from=("none", "metadata.mission")))
        assert events(mapped.records)[0].campaign_id == "m-1"

    def test_a_category_may_be_a_plain_word(self) -> None:
        (event,) = events(self.read({**native("open"), "category": "news"}).records)
        assert (event.campaign_id, event.tags) == ("news", ("news",))

    def test_decimals_stay_what_they_are(self) -> None:
        body = json.dumps([native("open", price=0.1)]).encode()
        (event,) = events(self.provider.parse(received(SignedRequest(body)), Options()).records)
        assert Decimal(event.metadata["price"]) == Decimal("0.1")
