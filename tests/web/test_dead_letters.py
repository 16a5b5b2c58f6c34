"""Dead letters and the fuse from outside: API, page and commands of a running server."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sendlens.control.roles import Role
from sendlens.pipeline.fuse import Blown
from tests.cli.conftest import Call, call, data
from tests.web.conftest import Running

__all__ = ["call", "data"]

Deploy = Callable[[bool], None]


@pytest.fixture
def letters(running: Running, deploy: Deploy) -> Running:
    """A server with five dead letters of one source and three of another, and the right code again."""
    deploy(True)
    running.send(0, 50, sick=5, **{"x-request-id": "the-request"})
    running.settle()
    running.send(0, 50, sick=3, source="shop")
    running.settle()
    deploy(False)
    return running


def test_listing(letters: Running) -> None:
    both = {
        "authorization": f"Bearer {letters.parts.control.keys.create(letters.tenant.id, 'a', ['read', 'admin'])[1]}"
    }
    assert [one["record"] for one in letters.ask("GET", "/v1/dead-letters", "read").json()["letters"]] == [None] * 8
    found = letters.ask("GET", "/v1/dead-letters", headers=both).json()
    assert (found["waiting"], len(found["letters"]), found["more_after"]) == (8, 8, None)
    first = found["letters"][0]
    assert (first["source"], first["kind"], first["request_id"], first["replayed_at"]) == (
        "api",
        "event",
        "the-request",
        None,
    )
    assert first["record"]["id"] == "api-0"
    assert first["reason"] == "ZeroDivisionError: a mistake of ours"
    assert [(cause["source"], cause["letters"]) for cause in found["causes"]] == [("api", 5), ("shop", 3)]

    page = letters.ask("GET", "/v1/dead-letters?limit=5", headers=both).json()
    rest = letters.ask("GET", f"/v1/dead-letters?limit=5&after={page['more_after']}", headers=both).json()
    assert [one["id"] for one in page["letters"] + rest["letters"]] == [one["id"] for one in found["letters"]]
    assert rest["more_after"] is None
    some = letters.ask("GET", "/v1/dead-letters?source=shop&reason=mistake%20of", "read").json()
    assert (some["waiting"], {one["source"] for one in some["letters"]}) == (3, {"shop"})
    # A percent sign is a percent sign.
    assert letters.ask("GET", "/v1/dead-letters?reason=%25", "read").json()["waiting"] == 0


def test_who_may(letters: Running) -> None:
    body = {"all": True}
    assert letters.ask("GET", "/v1/dead-letters").status_code == 401
    assert letters.ask("GET", "/v1/dead-letters", "ingest").status_code == 403
    assert letters.ask("POST", "/v1/dead-letters/replay", json=body).status_code == 401
    assert letters.ask("POST", "/v1/dead-letters/replay", "read", json=body).status_code == 403
    assert letters.ask("POST", "/v1/fuses/reset", "read", json={"source": "api"}).status_code == 403
    other = letters.parts.control.tenants.create("other", "Other")
    _, secret = letters.parts.control.keys.create(other.id, "all", ["read", "admin"])
    theirs = {"authorization": f"Bearer {secret}"}
    assert letters.ask("GET", "/v1/dead-letters", headers=theirs).json()["waiting"] == 0
    assert letters.ask("POST", "/v1/dead-letters/replay", headers=theirs, json=body).json()["letters"] == 0
    assert letters.parts.control.deadletters.count(letters.tenant.id) == 8


def test_what_is_asked_wrongly(running: Running) -> None:
    assert running.ask("GET", "/v1/dead-letters?sauce=x", "read").status_code == 400
    for body in ({}, {"ids": []}, {"everything": True}, {"ids": list(range(1001))}):
        answer = running.ask("POST", "/v1/dead-letters/replay", "admin", json=body)
        assert answer.status_code == 400, answer.text
        assert answer.headers["content-type"] == "application/problem+json"


def test_replaying_over_the_api(letters: Running) -> None:
    assert letters.stored() == 92
    done = letters.ask("POST", "/v1/dead-letters/replay", "admin", json={"source": "shop"}).json()
    assert done == {"records": 3, "letters": 3, "unreadable": 0, "examples": []}
    done = letters.ask("POST", "/v1/dead-letters/replay", "admin", json={"all": True}).json()
    assert done["letters"] == 5
    letters.settle()
    assert letters.stored() == 100
    account = letters.ask("GET", "/v1/intake?period=24h", "read").json()["total"]
    assert account == {"received": 108, "stored": 100, "duplicate": 0, "rejected": 0, "dead": 8, "missing": 0}
    assert letters.ask("GET", "/v1/dead-letters", "read").json()["waiting"] == 0
    everything = letters.ask("GET", "/v1/dead-letters?replayed=true", "read").json()
    assert all(one["replayed_at"] for one in everything["letters"])


def test_the_page(letters: Running) -> None:
    assert "/dead-letters" in letters.ask("GET", "/intake").text
    page = letters.ask("GET", "/dead-letters").text
    assert "a mistake of ours" in page
    assert "8 waiting" in page
    assert "Replay all" in page
    assert "shop-0" not in letters.ask("GET", "/dead-letters?source=api").text

    foreign = {"origin": "https://elsewhere.example", "sec-fetch-site": "cross-site"}
    assert letters.ask("POST", "/dead-letters/replay", headers=foreign, data={}).status_code == 403
    # A key that may read sees the page and no button; one that may not even that is turned away.
    reader = letters.ask("GET", "/dead-letters", "read").text
    assert "a mistake of ours" in reader
    assert "Replay all" not in reader
    # What is in a letter is for those who may replay it.
    assert "sick0@example.com" in page
    assert "sick0@example.com" not in reader
    assert "Only admins see" in reader
    for role, sees in ((Role.VIEWER, False), (Role.ANALYST, False), (Role.ADMIN, True)):
        user = letters.parts.control.users.create(f"{role}@example.com")
        letters.parts.control.users.set_role(letters.tenant.id, user.id, role)
        cookie = f"sendlens_session={letters.parts.control.sessions.begin(user=user.id)[1]}"
        shown = letters.ask("GET", "/dead-letters", headers={"cookie": cookie}).text
        assert ("a mistake of ours" in shown, "sick0@example.com" in shown) == (True, sees), role
    assert letters.ask("POST", "/dead-letters/replay", "read", data={}).status_code == 403
    assert letters.parts.control.deadletters.count(letters.tenant.id) == 8

    form = {"source": "shop", "reason": "ZeroDivisionError: a mistake of ours"}
    done = letters.ask("POST", "/dead-letters/replay", data=form, headers={"sec-fetch-site": "same-origin"})
    assert done.status_code == 303
    assert "Replayed 3 letters." in letters.ask("GET", done.headers["location"]).text
    letters.settle()
    assert letters.stored() == 95


def test_the_commands(letters: Running, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENDLENS_DATA", str(letters.parts.settings.data))
    monkeypatch.setenv("SENDLENS_URL", letters.url)
    monkeypatch.setenv("SENDLENS_API_KEY", letters.keys["admin"])
    slug = letters.tenant.slug
    listed = call("deadletters", "list", slug, "--limit", "5")
    assert "the-request" in listed.out
    assert "8 wait in all" in listed.err
    assert len(call("deadletters", "list", slug, "--source", "shop", "--json").json) == 3

    assert call("deadletters", "replay").code == 2
    # The server is in this process, and so may be its log lines.
    assert call("deadletters", "replay", "--source", "shop").out.endswith("Replayed 3 letters with 3 records.\n")
    letters.settle()
    assert letters.stored() == 95
    assert call("deadletters", "purge", slug).out == "Deleted 3 letters.\n"
    assert call("deadletters", "purge", slug, "--source", "api").code == 2
    assert call("deadletters", "purge", slug, "--waiting", "--reason", "mistake").out == "Deleted 5 letters.\n"
    assert call("deadletters", "list", slug, "--replayed", "--json").json == []

    assert call("fuse", "reset", "api").code == 2
    monkeypatch.setenv("SENDLENS_API_KEY", letters.keys["read"])
    assert call("fuse", "list", "--json").json == []
    refused = call("deadletters", "replay", "--all")
    assert (refused.code, "scope admin" in refused.err) == (2, True)
    monkeypatch.delenv("SENDLENS_API_KEY")
    assert "--scope admin" in call("deadletters", "replay", "--all").err
    assert "does not answer" in call("fuse", "list", "--key", "x", "--url", "http://127.0.0.1:1").err


def test_a_wrong_deploy_seen_from_outside(running: Running, deploy: Deploy) -> None:
    deploy(True)
    running.send(0, 30, sick=30, source="shop")
    running.until(lambda: running.ask("GET", "/health/ready").status_code == 503)
    health = running.ask("GET", "/health/ready").json()
    assert health["status"] == "failing"
    assert (
        "source shop: 30 of 30 records in batch 1 could not be processed (ZeroDivisionError)"
        in (health["checks"]["fuse"]["detail"])
    )
    assert not health["checks"]["writer"]["ok"]
    refused = running.post([{"type": "opened", "recipient": "a@example.com", "id": "x"}], "shop")
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "60")
    assert "stopped" in refused.json()["detail"]
    running.send(0, 5)
    (stopped,) = running.ask("GET", "/v1/fuses", "read").json()["stopped"]
    assert (stopped["source"], stopped["dead"]) == ("shop", 30)
    assert "Source shop is stopped" in running.ask("GET", "/dead-letters").text
    assert "sendlens_fuses_blown 1.0" in running.ask("GET", "/metrics").text

    accepted = running.ask("POST", "/v1/fuses/reset", "admin", json={"source": "shop"})
    assert accepted.status_code == 200, accepted.text
    running.settle()
    assert running.ask("GET", "/health/ready").status_code == 200
    assert running.stored() == 5
    assert running.ask("GET", "/v1/dead-letters", "read").json()["waiting"] == 30


def test_a_stopped_webhook_makes_its_provider_wait(running: Running) -> None:
    source = running.parts.control.sources.create(running.tenant.id, "hooks", "postmark", {}, ["user:password"])
    path = f"/hooks/postmark/{source.id}"
    assert running.ask("POST", path, json={}).status_code == 401
    blown = Blown(running.tenant.id, source.id, 1, 30, 30, "ZeroDivisionError: a mistake of ours", 1)
    running.parts.fuse._state.blown[blown.tenant, blown.source] = blown
    refused = running.ask("POST", path, json={})
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "60")
    # Providers probe an address before they use it.
    assert running.ask("GET", path).status_code == 200
