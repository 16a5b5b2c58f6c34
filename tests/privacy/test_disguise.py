"""With pseudonyms no address is on disk, and figures, pages by address and erasure work as before."""

from pathlib import Path
from typing import Any

from sendlens.model.events import Event, EventType
from sendlens.pipeline.disguise import Disguise
from sendlens.privacy.person import person_of
from sendlens.privacy.search import files_with
from sendlens.settings import Settings
from tests.harness.server import inspect_data, running

ANNA = "Anna.Vogel+news@gmail.com"
TRACES = ("anna.vogel+news@gmail.com", "anna.vogel%2bnews%40gmail.com", "bert@forwarded.example", "198.51.100.77")


def event(kind: str, minute: int, **more: Any) -> dict[str, Any]:
    return {
        "type": kind,
        "occurred_at": f"2026-11-10T10:{minute:02d}:00Z",
        "message_id": f"<77.{ANNA.lower()}>",
        "recipient": ANNA,
        "campaign_id": "autumn",
        "metadata": {"mail": ANNA},
        "tags": ["autumn", ANNA],
        **more,
    }


EVENTS = [
    event("delivered", 0, smtp_reply=f"250 ok <{ANNA.upper()}>, also bert@forwarded.example"),
    event("opened", 1, ip="198.51.100.77", user_agent=f"Agent of {ANNA}", metadata={"from": "198.51.100.77"}),
    event("clicked", 2, link_url="https://shop.example/a?c=1&who=anna.vogel%2Bnews%40gmail.com&d=2"),
    event("unheard_of", 3, reason=f"for {ANNA}"),
]


def test_no_address_is_on_disk(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with running(data, SENDLENS_PSEUDONYMOUS="true", SENDLENS_IP="truncated") as server:
        for _ in range(2):
            assert server.post("/v1/events", {"events": EVENTS}).status_code == 202
        server.wait_settled()
        for name in (ANNA, ANNA.lower()):
            person = server.get(f"/v1/recipients/{name}")
            assert [one["type"] for one in person["timeline"]][-3:] == ["clicked", "opened", "delivered"]
        assert person["recipient"].startswith("p_")
        assert person["recipient"].endswith("@gmail.com")
        assert server.get(f"/v1/recipients/{person['recipient']}")["key"] == person["key"]
        assert server.stop() == 0
    assert {trace: files for trace in TRACES if (files := files_with(data, person_of("t", trace)))} == {}
    found = inspect_data(
        data,
        events="SELECT type, count(), any(provider), any(ip) FROM events WHERE type LIKE '%ed' GROUP BY 1 ORDER BY 1",
        messages="SELECT count() FROM messages FINAL",
        link="SELECT link_url FROM events WHERE type = 'clicked'",
    )
    assert found["disagreements"] == []
    assert found["answers"]["events"] == [
        ["clicked", "1", "gmail", ""],
        ["delivered", "1", "gmail", ""],
        ["opened", "1", "gmail", "198.51.100.0"],
    ]
    assert found["answers"]["messages"] == [["1"]]
    assert found["answers"]["link"] == [["https://shop.example/a?c=1&who=(address)&d=2"]]

    with running(data, SENDLENS_PSEUDONYMOUS="true") as server:
        erased = server.post("/v1/person/erase", {"recipient": ANNA}).json()
        assert (erased["clean"], erased["rows"]["messages"]) == (True, 1), erased
        assert len(server.get("/v1/metrics", metrics="delivered")["metrics"]) == 1


def of(**settings: Any) -> Disguise:
    return Disguise(Settings(**settings), lambda text: text.encode().ljust(32, b"."))


def test_the_defaults_take_nothing() -> None:
    events = [Event(type=EventType.OPENED, recipient=ANNA, ip="198.51.100.77")]
    assert of().events("t", events) is events
    assert of().name("t", ANNA) == ANNA


def test_addresses_of_networks_are_shortened() -> None:
    def ip(how: str, text: str) -> str:
        return of(ip=how).events("t", [Event(type=EventType.OPENED, ip=text)])[0].ip

    assert ip("truncated", "198.51.100.77") == "198.51.100.0"
    assert ip("truncated", "2001:db8:1234:5678::9") == "2001:db8:1234::"
    assert ip("truncated", "unreadable") == ""
    assert ip("none", "198.51.100.77") == ""


def test_a_pseudonym_is_the_same_for_every_form_and_differs_between_tenants() -> None:
    disguise = of(pseudonymous=True)
    name = disguise.name("t", ANNA)
    assert name == disguise.name("t", f" {ANNA.lower()} ") == disguise.name("t", name)
    assert name != disguise.name("u", ANNA)
    assert "@" not in disguise.name("t", "customer-17")


def test_what_recipients_share_keeps_its_name_unless_an_address_stands_in_it() -> None:
    disguise = of(pseudonymous=True)

    def segment(recipient: str, text: str) -> str:
        return disguise.events("t", [Event(type=EventType.OPENED, recipient=recipient, segment=text)])[0].segment

    assert segment(ANNA, f"only {ANNA}") == f"only {disguise.name('t', ANNA)}"
    assert segment("customer-17", "all but customer-17") == "all but customer-17"
