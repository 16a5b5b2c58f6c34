import json
from typing import ClassVar

import pytest

from sendlens.errors import Unauthorized
from sendlens.model.events import EventType
from sendlens.sources.esp import PROVIDERS, Evidence, Options, signing
from sendlens.sources.esp.signing import SignedRequest
from tests.sources.contract import NOW, Case, ProviderContract, dataclass_replace, events, received

SIGNERS = (signing.MailPaceSigner(), signing.MailPaceSigner())


def native(name: str, **more: object) -> dict[str, object]:
    return {
        "event": f"email.{name}",
        "payload": {
            "status": name,
            "id": 17,
            "domain_id": 1,
            "created_at": "2026-09-21T09:59:58.000Z",
            "updated_at": "2026-09-21T10:00:00.000Z",
            "from": "News <news@example.com>",
            "to": "ada@example.com",
            "subject": "Hello",
            "htmlbody": "<p>secret</p>",
            "textbody": "secret",
            "message_id": "<m-1@mailer.mailpace.com>",
            "tags": ["welcome"],
            **more,
        },
    }


class TestMailPace(ProviderContract):
    name = "mailpace"
    secrets = (SIGNERS[0].public_key, SIGNERS[1].public_key)
    covers_time = False
    cases: ClassVar = [
        Case(
            "queued",
            native("queued"),
            [
                {
                    "type": EventType.INJECTED,
                    "occurred_at": 1_789_984_800_000,
                    "message_sent_at": 1_789_984_798_000,
                    "message_id": "m-1@mailer.mailpace.com",
                    "recipient": "ada@example.com",
                    "sender": "news@example.com",
                    "sending_domain": "example.com",
                    "subject": "Hello",
                    "tags": ("welcome",),
                    "campaign_id": "welcome",
                }
            ],
        ),
        Case(
            "delivered to several",
            native("delivered", to="Ada <ada@example.com>, bob@example.com", cc="ada@example.com"),
            [
                {"type": EventType.DELIVERED, "recipient": "ada@example.com"},
                {"type": EventType.DELIVERED, "recipient": "bob@example.com"},
            ],
        ),
        Case("deferred", native("deferred"), [{"type": EventType.DEFERRED}]),
        Case(
            "deferred again",
            native("deferred", updated_at="2026-09-21T10:30:00.000Z"),
            [{"type": EventType.DEFERRED}],
        ),
        Case("bounced", native("bounced"), [{"type": EventType.BOUNCED, "bounce_class": "hard"}]),
        Case("spam", native("spam"), [{"type": EventType.DROPPED, "reason": "spam filter"}]),
    ]

    def signed(self, native: object, *, secret: int = 0, at: int = NOW) -> SignedRequest:
        del at
        return SIGNERS[secret].sign(json.dumps(native).encode())

    def unsigned(self, request: SignedRequest) -> SignedRequest:
        return SignedRequest(request.body)

    def nested(self, depth: int) -> bytes:
        return b'{"a":' * depth

    def of_unknown_type(self) -> dict[str, object]:
        return native("teleported")

    def test_the_text_of_the_mail_is_not_kept(self) -> None:
        (event,) = events(self.read(native("queued"), dataclass_replace(self.options, keep_raw=True)).records)
        assert "secret" not in event.raw


@pytest.mark.parametrize("value", ["", "!", "AAAA", "é"])
def test_a_signature_or_key_that_is_none_is_refused(value: str) -> None:
    provider, request = PROVIDERS["mailpace"], SIGNERS[0].sign(b"{}")
    with pytest.raises(Unauthorized):
        provider.verify(received(request), (value,), Options(), Evidence())
    forged = SignedRequest(b"{}", {"x-mailpace-signature": value})
    with pytest.raises(Unauthorized):
        provider.verify(received(forged), (SIGNERS[0].public_key,), Options(), Evidence())
