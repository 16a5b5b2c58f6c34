"""Who sent a request: nobody but the operator's own proxies can say that it was somebody else."""

import pytest
from structlog.testing import capture_logs

from sendlens.settings import Settings
from sendlens.sources.tracking import Kind, Message, Tracker
from sendlens.web.intake.asgi import Scope
from sendlens.web.proxies import Proxies
from tests.web.conftest import Running

OWN = Settings().trusted_proxies
SECRET = "a-long-secret-of-the-source"


def seen(trusted: str, peer: str, *forwarded: str) -> str:
    fields = [(b"X-Forwarded-For", one.encode()) for one in forwarded]
    scope: Scope = {"type": "http", "client": (peer, 4711), "headers": fields}
    Proxies(trusted).look_behind(scope)
    return scope["client"][0]


@pytest.mark.parametrize(
    ("trusted", "peer", "forwarded", "who"),
    [
        (OWN, "127.0.0.1", ["198.51.100.7"], "198.51.100.7"),
        (OWN, "::1", ["198.51.100.7"], "198.51.100.7"),
        (OWN, "::ffff:127.0.0.1", ["198.51.100.7"], "198.51.100.7"),
        (OWN, "10.0.0.1", ["198.51.100.7"], "10.0.0.1"),  # a neighbour is no proxy of ours
        ("", "127.0.0.1", ["198.51.100.7"], "127.0.0.1"),
        ("10.0.0.0/8", "127.0.0.1", ["198.51.100.7"], "127.0.0.1"),
        ("10.0.0.0/8", "10.0.0.1", ["198.51.100.7"], "198.51.100.7"),
        ("10.0.0.0/8", "10.0.0.1", ["1.1.1.1, 198.51.100.7, 10.0.0.2"], "198.51.100.7"),
        ("10.0.0.0/8", "10.0.0.1", ["1.1.1.1", "198.51.100.7"], "198.51.100.7"),  # one that adds a field of its own
        ("10.0.0.0/8", "10.0.0.1", ["[2001:db8::1]:4711"], "2001:db8::1"),
        ("10.0.0.0/8", "10.0.0.1", ["198.51.100.7:4711"], "198.51.100.7"),
        ("10.0.0.0/8", "10.0.0.1", ["not an address"], ""),
        ("10.0.0.0/8", "10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.0/8", "203.0.113.9", ["198.51.100.7"], "203.0.113.9"),
    ],
)
def test_only_our_own_proxies_are_believed(trusted: str, peer: str, forwarded: list[str], who: str) -> None:
    assert seen(trusted, peer, *forwarded) == who


def test_a_proxy_that_nobody_named_is_told_of_once() -> None:
    scope = {"type": "http", "client": ("10.0.0.1", 1), "headers": [(b"x-forwarded-for", b"198.51.100.7")]}
    proxies = Proxies(OWN)
    with capture_logs() as lines:
        for peer in ("10.0.0.1", "10.0.0.1", "9.9.9.9"):
            proxies.look_behind(scope | {"client": (peer, 1)})
    assert [(line["peer"], "SENDLENS_TRUSTED_PROXIES" in line["hint"]) for line in lines] == [("10.0.0.1", True)]


def test_sign_ins_the_api_and_the_tracker_know_the_same_client(running: Running) -> None:
    told = {"x-forwarded-for": "1.1.1.1, 198.51.100.7"}
    own = {"sec-fetch-site": "same-origin"}
    running.ask("POST", "/sign-in", data={"email": "ada@example.com", "password": "wrong"}, headers=told | own)
    made = {"provider": "tracker", "name": "t", "secrets": [SECRET]}
    answer = running.ask("POST", "/v1/sources", "admin", json=made, headers=told)
    assert answer.status_code == 201, answer.text
    audit = running.parts.control.audit
    assert [one.address for one in audit.list("")] == ["198.51.100.7"]
    assert audit.list(running.tenant.id, actions=["source.create"])[0].address == "198.51.100.7"
    pixel = Tracker(running.url, answer.json()["id"], SECRET).address(
        Kind.OPEN, Message(message_id="m", recipient="a@b.example")
    )
    running.ask("GET", pixel.removeprefix(running.url), headers=told)
    running.settle()
    stored = running.parts.store.fetch_internal("SELECT ip FROM events").scalar()
    assert stored == "198.51.100.7"
