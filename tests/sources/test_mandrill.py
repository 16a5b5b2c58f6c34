import json
from typing import ClassVar
from urllib.parse import urlencode

import pytest

from sendlens.errors import Unauthorized
from sendlens.model.events import EventType
from sendlens.sources.esp import PROVIDERS, Evidence, Options, mandrill, signing
from sendlens.sources.esp.signing import SignedRequest
from tests.sources.contract import NOW, Case, ProviderContract, events, received

KEYS = ("first-key", "second-key")
URL = "https://sendlens.example.com/hooks/mandrill/s1"
AGENT = "Mozilla/5.0 (Macintosh)"
LOCATION = {"country_short": "US", "country": "United States", "city": "Boston"}


def native(name: str, *, msg: dict[str, object] | None = None, **more: object) -> dict[str, object]:
    return {
        "event": name,
        "_id": "7761630",
        "ts": 1_789_984_800,
        "msg": {
            "ts": 1_789_984_798,
            "_id": "7761630",
            "email": "ada@example.com",
            "sender": "news@example.com",
            "subject": "Hello",
            "state": "sent",
            "tags": ["welcome"],
            "metadata": {"plan": "gold"},
            "template": "t-1",
            "opens": [],
            "clicks": [],
            **(msg or {}),
        },
        **more,
    }


def attempt(diag: str) -> dict[str, object]:
    return {"smtp_events": [{"ts": 1, "diag": diag, "source_ip": "192.0.2.10", "destination_ip": "203.0.113.1"}]}


class TestMandrill(ProviderContract):
    name = "mandrill"
    secrets = KEYS
    covers_time = False
    cases: ClassVar = [
        Case(
            "send",
            native("send"),
            [
                {
                    "type": EventType.INJECTED,
                    "occurred_at": 1_789_984_800_000,
                    "message_sent_at": 1_789_984_798_000,
                    "message_id": "7761630",
                    "recipient": "ada@example.com",
                    "sending_domain": "example.com",
                    "template_id": "t-1",
                    "campaign_id": "welcome",
                    "metadata": {"plan": "gold", "mandrill.state": "sent"},
                }
            ],
        ),
        Case(
            "delivered",
            native("delivered", msg=attempt("250 2.0.0 OK")),
            [{"type": EventType.DELIVERED, "smtp_code": 250, "sending_ip": "192.0.2.10", "mx": "203.0.113.1"}],
        ),
        Case(
            "deferral",
            native("deferral", msg=attempt("451 4.3.5 Temporarily unavailable")),
            [{"type": EventType.DEFERRED, "smtp_code": 451, "attempt": 1}],
        ),
        Case(
            "hard_bounce",
            native("hard_bounce", msg={"bounce_description": "bad_mailbox", "diag": "smtp;550 5.1.1 no such user"}),
            [
                {
                    "type": EventType.BOUNCED,
                    "bounce_class": "hard",
                    "reason": "bad_mailbox",
                    "smtp_code": 550,
                    "enhanced_code": "5.1.1",
                }
            ],
        ),
        Case(
            "soft_bounce",
            native("soft_bounce", msg={"bounce_description": "mailbox_full", "bgtools_code": 22}),
            [{"type": EventType.BOUNCED, "bounce_class": "soft"}],
        ),
        Case(
            "a soft bounce that is a block",
            native("soft_bounce", msg={"bounce_description": "general", "bgtools_code": 51}, ts=1_789_984_801),
            [{"type": EventType.BOUNCED, "bounce_class": "block"}],
        ),
        Case(
            "reject",
            native("reject", msg={"reject": {"reason": "hard-bounce"}, "state": "rejected"}),
            [{"type": EventType.DROPPED, "reason": "hard-bounce"}],
        ),
        Case(
            "open",
            native("open", ip="203.0.113.9", user_agent=AGENT, location=LOCATION),
            [{"type": EventType.OPENED, "ip": "203.0.113.9", "user_agent": AGENT, "country": "US"}],
        ),
        Case(
            "click",
            native("click", url="https://example.com/a", ip="203.0.113.9", user_agent=AGENT),
            [{"type": EventType.CLICKED, "link_url": "https://example.com/a"}],
        ),
        Case("spam", native("spam"), [{"type": EventType.COMPLAINED}]),
        Case("unsub", native("unsub"), [{"type": EventType.UNSUBSCRIBED}]),
    ]

    def signed(self, native: object, *, secret: int = 0, at: int = NOW) -> SignedRequest:
        del at
        return signing.mandrill_form([native], KEYS[secret], self.address)

    def unsigned(self, request: SignedRequest) -> SignedRequest:
        return SignedRequest(request.body, {"content-type": "application/x-www-form-urlencoded"})

    def of_unknown_type(self) -> dict[str, object]:
        return native("inbound")


MANDRILL = PROVIDERS["mandrill"]


@pytest.mark.parametrize("entered", [URL, f"{URL}/"])
def test_the_address_is_covered(entered: str) -> None:
    request = signing.mandrill_form([native("open")], KEYS[0], entered)
    MANDRILL.verify(received(request, url=URL), KEYS, Options(), Evidence())
    with pytest.raises(Unauthorized):
        MANDRILL.verify(received(request, url=URL.replace("s1", "s2")), KEYS, Options(), Evidence())


def test_a_further_field_of_the_form_is_covered() -> None:
    request = signing.mandrill_form([native("open")], KEYS[0], URL)
    more = SignedRequest(request.body + b"&" + urlencode({"a": "b"}).encode(), request.headers)
    with pytest.raises(Unauthorized):
        MANDRILL.verify(received(more, url=URL), KEYS, Options(), Evidence())


def test_a_list_of_suppressions_that_changed_is_kept_as_unknown() -> None:
    told = {"type": "blacklist", "action": "add", "ts": 1_789_984_800, "reject": {"email": "ada@example.com"}}
    mapped = MANDRILL.parse(received(signing.mandrill_form([told], "k", URL)), Options())
    (event,) = events(mapped.records)
    assert (event.type, event.native_type) == (EventType.UNKNOWN, "blacklist")


def test_a_batch_kept_as_json_is_read_too() -> None:
    for kept in ([native("open")], {mandrill.FIELD: [native("open")]}, {mandrill.FIELD: json.dumps([native("open")])}):
        mapped = MANDRILL.parse(received(SignedRequest(json.dumps(kept).encode())), Options())
        assert len(events(mapped.records)) == 1
