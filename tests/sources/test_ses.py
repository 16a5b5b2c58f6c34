import base64
import json
from collections.abc import Mapping
from typing import ClassVar, cast

import pytest

from sendlens.errors import BadRequest, SendlensError, Unauthorized
from sendlens.model.events import EventType
from sendlens.sources.esp import PROVIDERS, Evidence, Options, sns
from sendlens.sources.esp.signing import SignedRequest, SnsSigner, basic
from tests.sources.contract import NOW, Case, ProviderContract, events, received

SIGNER = SnsSigner(NOW)
TOPICS = Options(topics=(SIGNER.topic,))
SENT = "2026-09-21T10:00:00.000Z"
SENT_MS = 1_789_984_800_000
LATER = "2026-09-21T10:00:09.500Z"


def native(
    event: str, detail: Mapping[str, object], *to: str, key: str = "eventType", **mail: object
) -> dict[str, object]:
    member = {"Rendering Failure": "failure", "DeliveryDelay": "deliveryDelay"}.get(event, event.lower())
    return {
        key: event,
        "mail": {
            "timestamp": SENT,
            "source": "Shop <news@mail.example.com>",
            "messageId": "0102018f-4d12",
            "destination": list(to or ("ada@example.com",)),
            "headersTruncated": False,
            "headers": [{"name": "X-Campaign-ID", "value": "autumn"}, {"name": "Subject", "value": "Hello"}],
            "commonHeaders": {"from": ["Shop <news@mail.example.com>"], "subject": "Hello"},
            "tags": {"ses:configuration-set": ["main"], "ses:from-domain": ["mail.example.com"], "variant": ["B"]},
            **mail,
        },
        member: dict(detail),
    }


class TestSes(ProviderContract):
    name = "ses"
    secrets = ("sns:first", "sns:second")
    options = TOPICS
    cases: ClassVar = [
        Case(
            "send, one event per recipient, at the time of the message",
            native("Send", {}, "ada@example.com", "bob@example.com"),
            [
                {
                    "type": EventType.INJECTED,
                    "recipient": who,
                    "occurred_at": SENT_MS,
                    "message_id": "0102018f-4d12",
                    "message_sent_at": SENT_MS,
                    "campaign_id": "autumn",
                    "variant": "B",
                    "sending_domain": "mail.example.com",
                    "sender": "Shop <news@mail.example.com>",
                    "subject": "Hello",
                    "pool": "main",
                }
                for who in ("ada@example.com", "bob@example.com")
            ],
        ),
        Case(
            "delivery",
            native(
                "Delivery",
                {
                    "timestamp": LATER,
                    "recipients": ["ada@example.com"],
                    "smtpResponse": "250 2.6.0 Message received",
                    "remoteMtaIp": "192.0.2.9",
                    "reportingMTA": "a8-50.smtp-out.amazonses.com",
                },
            ),
            [
                {
                    "type": EventType.DELIVERED,
                    "occurred_at": SENT_MS + 9_500,
                    "smtp_code": 250,
                    "smtp_reply": "250 2.6.0 Message received",
                    "mx": "192.0.2.9",
                }
            ],
        ),
        Case(
            "bounce of two recipients",
            native(
                "Bounce",
                {
                    "bounceType": "Permanent",
                    "bounceSubType": "General",
                    "timestamp": LATER,
                    "feedbackId": "f-1",
                    "bouncedRecipients": [
                        {
                            "emailAddress": "ada@example.com",
                            "status": "5.1.1",
                            "diagnosticCode": "smtp; 550 5.1.1 user unknown",
                        },
                        {"emailAddress": "bob@example.com"},
                    ],
                },
            ),
            [
                {
                    "type": EventType.BOUNCED,
                    "recipient": "ada@example.com",
                    "bounce_class": "hard",
                    "smtp_code": 550,
                    "enhanced_code": "5.1.1",
                    "smtp_reply": "550 5.1.1 user unknown",
                    "reason": "Permanent/General",
                },
                {"type": EventType.BOUNCED, "recipient": "bob@example.com", "smtp_code": 0, "smtp_reply": ""},
            ],
        ),
        Case(
            "a full mailbox, as an older notification",
            native(
                "Bounce",
                {
                    "bounceType": "Transient",
                    "bounceSubType": "MailboxFull",
                    "timestamp": LATER,
                    "bouncedRecipients": [{"emailAddress": "eve@example.com"}],
                },
                key="notificationType",
            ),
            [{"type": EventType.BOUNCED, "bounce_class": "soft", "recipient": "eve@example.com"}],
        ),
        Case(
            "a subtype that is new",
            native(
                "Bounce",
                {"bounceType": "Permanent", "bounceSubType": "Brandnew", "bouncedRecipients": ["new@example.com"]},
            ),
            [{"type": EventType.BOUNCED, "bounce_class": "hard", "recipient": "new@example.com"}],
        ),
        *(
            Case(
                f"never attempted: {name} {subtype}",
                native(
                    name,
                    {
                        "bounceType": "Permanent",
                        f"{name.lower()}SubType": subtype,
                        "timestamp": when,
                        f"{verb}Recipients": [{"emailAddress": "ada@example.com"}],
                    },
                ),
                [{"type": EventType.DROPPED, "bounce_class": ""}],
            )
            for name, verb, subtype, when in (
                ("Bounce", "bounced", "OnAccountSuppressionList", "2026-09-21T11:00:00Z"),
                ("Bounce", "bounced", "UnsubscribedRecipient", "2026-09-21T11:01:00Z"),
                ("Complaint", "complained", "OnAccountSuppressionList", "2026-09-21T11:02:00Z"),
            )
        ),
        Case(
            "complaint",
            native(
                "Complaint",
                {
                    "complainedRecipients": [{"emailAddress": "ada@example.com"}],
                    "timestamp": LATER,
                    "userAgent": "Feedback loop",
                    "complaintFeedbackType": "abuse",
                },
            ),
            [{"type": EventType.COMPLAINED, "reason": "abuse", "user_agent": ""}],
        ),
        Case(
            "delay",
            native(
                "DeliveryDelay",
                {
                    "delayType": "MailboxFull",
                    "timestamp": LATER,
                    "delayedRecipients": [
                        {"emailAddress": "ada@example.com", "status": "4.2.2", "diagnosticCode": "smtp; 452 4.2.2 full"}
                    ],
                },
            ),
            [{"type": EventType.DEFERRED, "reason": "MailboxFull", "smtp_code": 452, "enhanced_code": "4.2.2"}],
        ),
        Case(
            "reject",
            native("Reject", {"reason": "Bad content"}),
            [{"type": EventType.DROPPED, "reason": "Bad content"}],
        ),
        Case(
            "rendering failure",
            native("Rendering Failure", {"templateName": "welcome", "errorMessage": "Attribute 'x' is missing"}),
            [{"type": EventType.DROPPED, "template_id": "welcome", "reason": "Attribute 'x' is missing"}],
        ),
        Case(
            "open",
            native("Open", {"timestamp": LATER, "ipAddress": "203.0.113.4", "userAgent": "Mozilla/5.0"}),
            [{"type": EventType.OPENED, "ip": "203.0.113.4", "user_agent": "Mozilla/5.0"}],
        ),
        Case(
            "open of one of two: SES does not say whose",
            native("Open", {"timestamp": LATER}, "ada@example.com", "bob@example.com"),
            [{"type": EventType.OPENED, "recipient": "", "message_id": "0102018f-4d12"}],
        ),
        Case(
            "click",
            native(
                "Click",
                {
                    "timestamp": LATER,
                    "ipAddress": "203.0.113.4",
                    "link": "https://shop.example.com/a",
                    "linkTags": {"place": ["hero"]},
                    "userAgent": "Mozilla/5.0",
                },
            ),
            [{"type": EventType.CLICKED, "link_url": "https://shop.example.com/a", "link_id": "place=hero"}],
        ),
        Case(
            "unsubscription",
            native(
                "Subscription",
                {
                    "contactList": "all",
                    "timestamp": LATER,
                    "source": "UnsubscribeHeader",
                    "newTopicPreferences": {
                        "unsubscribeAll": True,
                        "topicSubscriptionStatus": [{"topicName": "a", "subscriptionStatus": "OptOut"}],
                    },
                },
            ),
            [{"type": EventType.UNSUBSCRIBED, "unsubscribe_method": "one_click"}],
        ),
        Case(
            "back again",
            native(
                "Subscription",
                {
                    "timestamp": "2026-09-21T10:01:00Z",
                    "source": "PreferenceCenter",
                    "newTopicPreferences": {
                        "unsubscribeAll": False,
                        "topicSubscriptionStatus": [{"topicName": "a", "subscriptionStatus": "OptIn"}],
                    },
                },
            ),
            [{"type": EventType.RESUBSCRIBED}],
        ),
    ]

    def signed(self, native: object, *, secret: int = 0, at: int = NOW) -> SignedRequest:
        del secret
        return SIGNER.notification(cast("dict[str, object]", native), at)

    def unsigned(self, request: SignedRequest) -> SignedRequest:
        body = json.loads(request.body)
        del body["Signature"]
        return SignedRequest(json.dumps(body).encode(), request.headers)

    def evidence(self) -> Evidence:
        return Evidence(certificate=SIGNER.certificate)

    def of_unknown_type(self) -> dict[str, object]:
        return native("Teleport", {"timestamp": LATER})

    # SNS signs with Amazon's key, not with a secret of ours: the topic is what a source is configured with.
    def test_both_secrets_are_valid_while_rotating(self) -> None:
        for secret in self.secrets:
            self.verify(raw_delivery(self.cases[0].native, secret), self.secrets)

    def test_the_retired_secret_is_refused(self) -> None:
        with pytest.raises(Unauthorized):
            self.verify(raw_delivery(self.cases[0].native, self.secrets[1]), self.secrets[:1])

    def test_without_a_secret_everything_is_refused(self) -> None:
        for secrets in ((), ("",)):
            with pytest.raises(Unauthorized):
                self.verify(raw_delivery(self.cases[0].native, "sns:first"), secrets)
        wrapped = received(self.signed(self.cases[0].native))
        for check in (self.provider.certificate_url, lambda r, o: self.provider.verify(r, (), o, self.evidence())):
            with pytest.raises(Unauthorized, match="names no topic"):
                check(wrapped, Options())  # pyright: ignore[reportOptionalCall] (SES has one)


def raw_delivery(native: Mapping[str, object], credentials: str, topic: str = SIGNER.topic) -> SignedRequest:
    headers = {"x-amz-sns-rawdelivery": "true", "x-amz-sns-topic-arn": topic, **basic(credentials)}
    return SignedRequest(json.dumps(native).encode(), headers)


SES = PROVIDERS["ses"]
OPEN = native("Open", {"timestamp": LATER})


def verify(request: SignedRequest, options: Options = TOPICS, certificate: bytes = SIGNER.certificate) -> None:
    SES.verify(received(request), (), options, Evidence(certificate=certificate))


def test_both_signature_versions_are_valid() -> None:
    for version in ("1", "2"):
        verify(SIGNER.notification(OPEN, NOW, version=version))


def test_a_version_cannot_be_passed_off_as_the_other() -> None:
    body = json.loads(SIGNER.notification(OPEN, NOW, version="1").body)
    for version in ("2", "3", "", None):
        body["SignatureVersion"] = version
        with pytest.raises(Unauthorized):
            verify(SignedRequest(json.dumps(body).encode()))


@pytest.mark.parametrize("field", ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"])
def test_every_covered_field_is_checked(field: str) -> None:
    body = json.loads(SIGNER.notification(OPEN, NOW).body)
    changed = {**body, field: "SubscriptionConfirmation" if field == "Type" else body[field] + "x"}
    without = {key: value for key, value in body.items() if key != field}
    for told in (changed, without):
        with pytest.raises(SendlensError):
            verify(SignedRequest(json.dumps(told).encode()))


def test_a_message_without_a_subject_is_valid() -> None:
    fields = {"Type": sns.NOTIFICATION, "Message": json.dumps(OPEN)}
    verify(SIGNER.wrap(fields, NOW))


def test_a_foreign_topic_is_refused_before_anything_is_fetched() -> None:
    foreign = SIGNER.wrap(
        {
            "Type": sns.CONFIRMATION,
            "Message": "",
            "Token": "t",
            "SubscribeURL": SIGNER.subscribe_url,
            "TopicArn": "arn:aws:sns:eu-west-1:666:mine",
        },
        NOW,
    )
    assert SES.certificate_url is not None
    for act in (lambda: SES.certificate_url(received(foreign), TOPICS), lambda: verify(foreign)):  # pyright: ignore[reportOptionalCall]
        with pytest.raises(Unauthorized, match="topic"):
            act()


@pytest.mark.parametrize(
    "url",
    [
        "http://sns.eu-west-1.amazonaws.com/a.pem",
        "https://sns.eu-west-1.amazonaws.com.evil.example/a.pem",
        "https://evil.example/sns.eu-west-1.amazonaws.com/a.pem",
        "https://sns.eu-west-1.amazonaws.com@evil.example/a.pem",
        "https://user@sns.eu-west-1.amazonaws.com/a.pem",
        "https://sns.eu-west-1.amazonaws.com:8443/a.pem",
        "https://sns.eu-west-1.amazonaws.com:/a.pem",
        "https://s3.eu-west-1.amazonaws.com/a.pem",
        "https://sns.eu-west-1.amazonaws.com/a.txt",
        "https://sns.eu-west-1.amazonaws.com/a.pem?x=.txt",
        "https://sns.eu-west-1.amazonaws.com/a#.pem",
        "https://SNS.eu-west-1.amazonaws.com\\.evil.example/a.pem",
        "https://sns.a.b.amazonaws.com/a.pem",
        "https://[::1]/a.pem",
        "https://[bad/a.pem",
        "file:///etc/passwd.pem",
        "",
    ],
)
def test_certificates_elsewhere_are_refused(url: str) -> None:
    body = json.loads(SIGNER.notification(OPEN, NOW).body)
    body["SigningCertURL"] = url
    assert SES.certificate_url is not None
    with pytest.raises(Unauthorized):
        SES.certificate_url(received(SignedRequest(json.dumps(body).encode())), TOPICS)


@pytest.mark.parametrize("host", ["sns.eu-west-1.amazonaws.com", "sns.cn-north-1.amazonaws.com.cn"])
def test_certificates_at_sns_are_taken(host: str) -> None:
    assert sns.allowed_url(f"https://{host}/SimpleNotificationService-0.pem", certificate=True)


def test_a_certificate_that_is_not_valid_today_is_refused() -> None:
    for old in (SnsSigner(NOW - 3_600_000 * 24 * 400, days=30), SnsSigner(NOW + 3_600_000 * 24 * 9)):
        request = old.notification(OPEN, NOW)
        with pytest.raises(Unauthorized, match="not valid today"):
            verify(request, certificate=old.certificate)


def test_anothers_certificate_and_no_certificate_are_refused() -> None:
    for certificate in (
        SnsSigner(NOW).certificate,
        b"",
        b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----",
    ):
        with pytest.raises(Unauthorized):
            verify(SIGNER.notification(OPEN, NOW), certificate=certificate)


def test_a_confirmation_is_an_outcome_of_its_own() -> None:
    request = SIGNER.confirmation(NOW)
    verify(request)
    mapped = SES.parse(received(request), TOPICS)
    assert (mapped.confirm_url, mapped.records, mapped.rejected) == (SIGNER.subscribe_url, [], [])


def test_a_confirmation_elsewhere_is_refused() -> None:
    fields = {"Type": sns.CONFIRMATION, "Message": "", "Token": "t", "SubscribeURL": "https://169.254.169.254/latest"}
    with pytest.raises(BadRequest):
        SES.parse(received(SIGNER.wrap(fields, NOW)), TOPICS)


def test_a_farewell_asks_for_nothing() -> None:
    fields = {"Type": sns.FAREWELL, "Message": "", "Token": "t", "SubscribeURL": SIGNER.subscribe_url}
    request = SIGNER.wrap(fields, NOW)
    verify(request)
    assert not SES.parse(received(request), TOPICS).confirm_url


def test_a_notice_in_plain_words_is_kept_as_unknown() -> None:
    request = SIGNER.notification("Successfully validated SNS topic for event publishing.", NOW)
    (event,) = events(SES.parse(received(request), TOPICS).records)
    assert event.type is EventType.UNKNOWN
    assert "validated" in event.raw


def test_raw_delivery_needs_the_topic_too() -> None:
    for topic in ("", "arn:aws:sns:eu-west-1:666:mine"):
        with pytest.raises(Unauthorized, match="topic"):
            SES.verify(received(raw_delivery(OPEN, "sns:first", topic)), ("sns:first",), TOPICS, Evidence())


def test_raw_delivery_says_the_same_as_an_envelope() -> None:
    raw = SES.parse(received(raw_delivery(OPEN, "sns:first")), TOPICS)
    wrapped = SES.parse(received(SIGNER.notification(OPEN, NOW)), TOPICS)
    assert raw.records == wrapped.records


def test_an_envelope_cannot_pass_as_raw_delivery() -> None:
    """Without the header the body is an envelope; with it, the credentials are asked for."""
    forged = SignedRequest(json.dumps(OPEN).encode())
    with pytest.raises(Unauthorized):
        verify(forged)
    token = base64.b64encode(b"sns:wrong").decode()
    for header in (
        "Basic",
        f"Basic {token}",
        f"Bearer {token}",
        "Basic ???",
        "Basic " + base64.b64encode(b"\xff").decode(),
    ):
        request = SignedRequest(forged.body, {**raw_delivery(OPEN, "x:y").headers, "authorization": header})
        with pytest.raises(Unauthorized):
            SES.verify(received(request), ("sns:first",), TOPICS, Evidence())
