"""`sendlens source`."""

import io
from pathlib import Path

import pytest

from sendlens.sources.esp import PROVIDERS
from tests.cli.conftest import Answer, Call
from tests.cli.test_key import opened


@pytest.fixture
def acme(call: Call) -> str:
    call("tenant", "create", "acme")
    return "acme"


def typed(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(text))


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_source_of_every_provider_gets_an_address(call: Call, acme: str, provider: str) -> None:
    source = call("source", "create", acme, provider, "--secret", "s3cret", "--json").json
    assert source["url"] == f"http://127.0.0.1:8000/hooks/{provider}/{source['id']}"
    assert (source["provider"], source["name"], source["secrets"]) == (provider, provider, 1)
    assert call("source", "show", source["id"], "--json").json == source
    assert source in call("source", "list", acme, "--json").json


def test_the_address_is_the_public_one(call: Call, acme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENDLENS_PUBLIC_URL", "https://metrics.example.com/")
    answer = call("source", "create", acme, "postmark", "--secret", "s3cret")
    assert "https://metrics.example.com/hooks/postmark/src_" in answer.out
    assert answer.err == ""


@pytest.mark.parametrize(
    ("host", "shown"), [("0.0.0.0", "127.0.0.1"), ("::", "[::1]"), ("2001:db8::1", "[2001:db8::1]"), ("mail", "mail")]
)
def test_the_address_of_a_listening_host_can_be_called(
    call: Call, acme: str, monkeypatch: pytest.MonkeyPatch, host: str, shown: str
) -> None:
    monkeypatch.setenv("SENDLENS_HOST", host)
    source = call("source", "create", acme, "postmark", "--json").json
    assert source["url"].startswith(f"http://{shown}:8000/hooks/")


def test_a_tenants_own_source_is_sent_to_the_events_address(call: Call, acme: str) -> None:
    (source,) = call("source", "list", acme, "--json").json
    assert (source["name"], source["url"]) == ("api", "http://127.0.0.1:8000/v1/events")
    assert call("source", "create", acme, "api", "--name", "shop").err == ""


def test_a_source_without_a_secret_is_warned_about(call: Call, acme: str) -> None:
    answer = call("source", "create", acme, "sendgrid")
    assert "every request is refused" in answer.err
    assert PROVIDERS["sendgrid"].secret_help in answer.err


def test_an_unknown_provider_is_told_the_known_ones(call: Call, acme: str) -> None:
    answer = call("source", "create", acme, "carrier-pigeon")
    assert answer.code == 2
    assert all(name in answer.err for name in PROVIDERS)


def test_options_are_read_and_judged(call: Call, acme: str) -> None:
    def create(*options: str) -> Answer:
        words = [word for option in options for word in ("--option", option)]
        return call("source", "create", acme, "sendgrid", *words, "--json")

    made = create("keep_raw=true", "campaign_from=category", 'segment_from=["a","b"]')
    assert made.json["settings"] == {"keep_raw": True, "campaign_from": ["category"], "segment_from": ["a", "b"]}
    zoned = call("source", "create", acme, "postfix", "--option", "time_zone=Europe/Vienna", "--option", "year=2025")
    assert "time_zone=Europe/Vienna year=2025" in zoned.out
    for wrong in ("keep_rav=true", "keep_raw", "keep_raw=maybe", "time_zone=Mars/Olympus"):
        assert create(wrong).code == 2


def test_a_secret_is_rotated_without_being_shown(
    call: Call, acme: str, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed(monkeypatch, "first-secret\n")
    made = call("source", "create", acme, "sendgrid", "--secret", "-")
    source_id = next(line.split()[1] for line in made.out.splitlines() if line.startswith("id"))
    typed(monkeypatch, "second-secret\n")
    rotated = call("source", "rotate", source_id, "--secret", "-")
    assert f"source rotate {source_id} --retire" in rotated.err
    with opened(data) as control:
        assert control.sources.get(source_id).revealed() == ["second-secret", "first-secret"]
    retired = call("source", "rotate", source_id, "--retire")
    with opened(data) as control:
        assert control.sources.get(source_id).revealed() == ["second-secret"]
    for answer in (made, rotated, retired):
        assert "-secret" not in answer.out
        assert "first-secret" not in answer.err


def test_rotation_needs_one_of_two(call: Call, acme: str) -> None:
    source = call("source", "create", acme, "sendgrid", "--secret", "x", "--json").json["id"]
    assert call("source", "rotate", source).code == 2
    both = call("source", "rotate", source, "--secret", "hidden-text", "--retire")
    assert both.code == 2
    assert "hidden-text" not in both.err


def test_people_get_a_table(call: Call, acme: str) -> None:
    call("source", "create", acme, "sendgrid", "--name", "marketing mail")
    assert "marketing mail" in call("source", "list", acme).out
