"""The test event of every provider is what it would post itself, and is understood."""

import base64

import pytest

from sendlens.model.events import Event, EventType
from sendlens.sources.esp import PROVIDERS, Evidence, Options
from sendlens.sources.esp.samples import CAMPAIGN, PAYLOADS, RECIPIENT, Moment
from sendlens.sources.esp.setup import OPTIONS, SETUPS
from sendlens.sources.posting import POSTING, trial
from sendlens.sources.received import Received
from tests.sources.contract import NOW, Tokens

URL = "https://sendlens.example.com/hooks/x/src_1"
SECRETS = {"resend": "whsec_" + base64.b64encode(b"k" * 24).decode(), "klaviyo": "a-long-key-of-klaviyo"}


@pytest.mark.parametrize("name", POSTING)
def test_the_sample_is_accepted_and_understood(name: str) -> None:
    provider, secret = POSTING[name], SECRETS.get(name, "sendlens:a-long-random-password")
    options = Options(topics=("arn:aws:sns:us-east-1:210987654321:mail",)) if name == "ses" else provider.options()
    made = trial(name, Moment(NOW, "4f2a" * 13), secret, options, URL)
    received = Received(
        body=made.request.body,
        content_type=made.request.headers.get("content-type", ""),
        headers=made.request.headers,
        url=URL,
        received_at=NOW,
    )
    evidence = Evidence(certificate=made.certificate, tokens=Tokens())
    provider.verify(received, (*made.secrets, secret), options, evidence)
    mapped = provider.parse(received, options)
    assert mapped.rejected == []
    event = mapped.records[-1]
    assert isinstance(event, Event)
    assert (event.type, event.recipient, event.campaign_id) == (EventType.DELIVERED, RECIPIENT, CAMPAIGN)
    # A log also tells that the message was taken in.
    assert len(mapped.records) == (2 if name == "postfix" else 1)


def test_every_provider_has_its_steps_and_its_sample() -> None:
    assert list(SETUPS) == list(PROVIDERS) == list(PAYLOADS)
    for name, setup in SETUPS.items():
        assert sum("{address}" in step for step in setup.steps) == 1, name
        assert set(setup.options) <= OPTIONS.keys()
