import json
from dataclasses import replace
from typing import cast

import pytest

from sendlens.errors import Unauthorized
from sendlens.model.events import Event
from sendlens.simulator.parameters import DAY_MS, Parameters
from sendlens.simulator.run import FORMS
from sendlens.simulator.webhooks import PROVIDERS, Keys, posts, ses
from sendlens.simulator.world import World
from sendlens.sources.esp import PROVIDERS as SOURCES
from sendlens.sources.esp import Evidence, Options
from sendlens.sources.esp.signing import SnsSigner
from sendlens.sources.received import Received
from tests.simulator.test_world import NOW

PARAMETERS = replace(
    Parameters(), drop_share=0.02, hard_share=0.03, soft_share=0.03, block_share=0.03, out_of_band_share=0.02,
    unsubscribe_share=0.03, complaint_share=0.02, defer_share=0.1,
)  # fmt: skip
EVERYWHERE = ("type", "message_id", "campaign_id", "recipient", "variant", "segment", "template_id")
VISITS = ("user_agent", "ip", "link_url")
BOUNCES = ("bounce_class", "smtp_code", "enhanced_code")


@pytest.fixture(scope="module", params=PROVIDERS)
def told(request):
    name = request.param
    world = World(4, PARAMETERS, people=4_000)
    world.mail("newsletter", NOW - 30 * DAY_MS, 800, {name: 1.0})
    events = [e for batch in world.advance(NOW, DAY_MS) for s, e, _ in batch.told() if s == name]
    keys = Keys()
    requests = list(posts(name, events, keys, NOW))
    return name, events, keys, requests, [event for post in requests for event in parse(name, keys, post)]


def received(post, body=None):
    return Received(
        body=body or post.body,
        content_type=post.headers["content-type"],
        headers=post.headers,
        url="http://localhost/hooks",
        received_at=NOW,
    )


def parse(name, keys, post):
    options = Options.of(keys.settings(name))
    SOURCES[name].verify(received(post), [keys.secret(name)], options, Evidence())
    mapped = SOURCES[name].parse(received(post), options)
    assert not mapped.rejected
    return cast("list[Event]", mapped.records)


def test_every_form_reads_back_as_the_same_facts(told):
    name, events, _, requests, back = told
    assert len(back) == len(events) == sum(post.records for post in requests)
    kinds = {"delivered", "bounced", "opened", "clicked", "deferred", "unsubscribed", "complained", "dropped"}
    assert {str(e.type) for e in events} >= kinds
    for sent, got in zip(events, back, strict=True):
        assert [getattr(got, f) for f in EVERYWHERE] == [getattr(sent, f) for f in EVERYWHERE]
        exact = sent.occurred_at if name != "sendgrid" else sent.occurred_at // 1000 * 1000
        if not (name == "ses" and sent.type == "dropped"):  # SES gives a rejection the time of the message
            assert got.occurred_at == exact
        if sent.type in ("opened", "clicked"):
            assert [getattr(got, f) for f in VISITS] == [getattr(sent, f) for f in VISITS]
            assert (got.machine is True) == (sent.machine is True)
        if sent.type == "bounced":
            assert [getattr(got, f) for f in BOUNCES] == [getattr(sent, f) for f in BOUNCES]
            assert sent.smtp_reply in got.smtp_reply
        if sent.type == "unsubscribed":
            method = {"link": 0, "one_click": 1, "mailto": 2}[sent.unsubscribe_method]
            assert (FORMS[name].methods[method] or "?") == (
                got.unsubscribe_method if got.unsubscribe_method in ("link", "one_click", "mailto") else "?"
            )
        assert bool(got.mx) == (FORMS[name].tells_mx and bool(sent.mx)) or name == "ses"


def test_a_repeated_post_has_the_same_identities(told):
    name, events, keys, _, first = told
    again = [event for post in posts(name, events, keys, NOW + 60_000) for event in parse(name, keys, post)]
    assert [e.id for e in again] == [e.id for e in first]
    assert len({e.id for e in first}) == len(first)


def test_a_source_with_other_keys_refuses(told):
    name, _, keys, requests, _ = told
    other = Keys()
    with pytest.raises(Unauthorized):
        SOURCES[name].verify(received(requests[0]), [other.secret(name)], Options.of(keys.settings(name)), Evidence())


def test_ses_events_travel_in_signed_envelopes_too():
    world = World(4, PARAMETERS, people=4_000)
    world.mail("newsletter", NOW - 30 * DAY_MS, 200, {"ses": 1.0})
    events = [e for batch in world.advance(NOW, DAY_MS) for s, e, _ in batch.told() if s == "ses"]
    signer = SnsSigner(NOW)
    options = Options(topics=(signer.topic,))
    for event in events[:100]:
        signed = signer.notification(json.dumps(ses(event)), NOW)
        given = Received(body=signed.body, content_type="text/plain", headers=signed.headers, received_at=NOW)
        SOURCES["ses"].verify(given, [], options, Evidence(certificate=signer.certificate))
        (back,) = cast("list[Event]", SOURCES["ses"].parse(given, options).records)
        assert (back.type, back.message_id, back.recipient) == (event.type, event.message_id, event.recipient)
