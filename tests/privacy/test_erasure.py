"""A person is exported and erased from a real server: nothing of them is on disk, and no figure changes."""

import json
from pathlib import Path
from typing import Any

import pytest

from sendlens.privacy.person import person_of
from sendlens.privacy.search import files_with
from tests.harness.server import Server, inspect_data, running
from tests.operations.commands import sendlens, sendlens_json

ANNA = "Anna.Vogel+news@example.org"
TRACES = (
    "anna.vogel+news@example.org",
    "anna.vogel%2bnews%40example.org",
    "198.51.100.77",
    "order-of-anna",
    "AnnasAgent",
)
PERIOD = {"period": "custom", "from": "2026-11-01", "to": "2026-11-19"}


# People take a moment; acts in the second of the delivery would be a machine's.
SECOND = {"delivered": 0, "opened": 20, "clicked": 40, "converted": 50, "bounced": 0}


def event(kind: str, recipient: str, number: int, **more: Any) -> dict[str, Any]:
    return {
        "id": f"{kind}-{number}",
        "type": kind,
        "occurred_at": f"2026-11-10T10:{number % 60:02d}:{SECOND[kind]:02d}Z",
        "message_id": f"<{number}.{recipient}>",
        "recipient": recipient,
        "campaign_id": "autumn",
        **more,
    }


def events() -> list[dict[str, Any]]:
    others = [f"p{number}@example.org" for number in range(40)] + ["joanna.vogel+news@example.org"]
    found: list[dict[str, Any]] = []
    for number, who in enumerate([*others, ANNA]):
        hers = who == ANNA
        found += [
            event("delivered", who, number),
            event("opened", who, number, ip="198.51.100.77" if hers else "203.0.113.9", user_agent="AnnasAgent/1.0"),
            event("clicked", who, number, link_url=f"https://shop.example/a?who={'anna.vogel%2Bnews%40example.org'}")
            if hers
            else event("clicked", who, number, link_url="https://shop.example/a"),
            event(
                "converted",
                who,
                number,
                value="2.50",
                currency="USD",
                conversion_type="purchase",
                order_id="order-of-anna" if hers else f"o{number}",
            ),
        ]
    found.append(
        event("bounced", ANNA, 90, smtp_reply=f"550 no such user <{ANNA}>", metadata={"mail": ANNA}, tags=[ANNA])
    )
    # Somebody else's event, and in it her address.
    found.append(event("bounced", "p1@example.org", 91, smtp_reply=f"550 forwarded to {ANNA.upper()}"))
    # Agents of others must not keep hers in the files.
    for one in found:
        if one["recipient"] != ANNA and "user_agent" in one:
            one["user_agent"] = "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"
    return found


def figures(server: Server) -> Any:
    wanted = "sent,delivered,bounced,opens,open_rate,click_rate,conversions,revenue"
    return server.get("/v1/metrics", metrics=wanted, **PERIOD)["metrics"]


def traces(data: Path) -> dict[str, list[str]]:
    found = {trace: files_with(data, person_of("t", trace)) for trace in TRACES}
    return {trace: files for trace, files in found.items() if files}


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = tmp_path_factory.mktemp("person") / "data"
    with running(data) as server:
        assert server.post("/v1/events", {"events": events()}).status_code == 202
        # Refused, and kept for whoever looks why.
        refused = event("opened", ANNA, 99) | {"occurred_at": f"when {ANNA} had time"}
        assert server.post("/v1/events", {"events": [refused]}).json()["rejected_total"] == 1
        server.wait_settled()
        assert server.stop() == 0
    return data


def test_a_running_server_exports_and_erases_a_person(filled: Path) -> None:
    assert set(traces(filled)) == set(TRACES), "the search finds everything that is to be erased"
    with running(filled) as server:
        before = figures(server)
        told = server.post("/v1/person/export", {"recipient": ANNA})
        assert told.status_code == 200, told.text
        export = told.json()
        assert sorted(one["type"] for one in export["events"]) == [
            "bounced",
            "clicked",
            "converted",
            "delivered",
            "opened",
        ]
        assert [one["order_id"] for one in export["conversions"]] == ["order-of-anna"]
        assert [ANNA in one["value"] for one in export["rejections"]] == [True]
        assert (len(export["messages"]), len(export["touchpoints"]), export["waiting"]) == (2, 1, [])

        answer = server.post("/v1/person/erase", {"recipient": ANNA})
        assert answer.status_code == 200, answer.text
        erased = answer.json()
        assert erased["clean"], erased
        assert erased["files"]
        assert erased["left"] == []
        assert (erased["rows"]["events"], erased["rows"]["messages"]) == (5, 2)
        assert erased["log_blocks"] == 1

        assert figures(server) == before
        assert server.post("/v1/person/export", {"recipient": ANNA}).json()["events"] == []
        assert server.post("/v1/person/export", {"recipient": ANNA}).json()["rejections"] == []
        # A provider that repeats what it told brings nobody back.
        assert server.post("/v1/events", {"events": [one for one in events() if one["recipient"] != ANNA]}).is_success
        server.wait_settled()
        assert figures(server) == before
        assert server.stop() == 0

    found = inspect_data(
        filled, events="SELECT count() FROM events", joanna="SELECT count() FROM events WHERE recipient LIKE 'joanna%'"
    )
    assert found["disagreements"] == []
    assert found["answers"]["events"] == [[str(len(events()))]]
    assert found["answers"]["joanna"] == [["4"]]
    entries = sendlens_json(filled, "person", "audit", "main", "--address", ANNA)
    assert [one["action"] for one in entries] == ["export", "export", "erase", "export"]
    assert all(one["actor"].startswith("key_") for one in entries)
    assert "example.org" not in json.dumps(entries).lower()


def test_a_stopped_server_erases_by_command(filled: Path) -> None:
    told = sendlens(filled, "person", "erase", "p3@example.org", "--tenant", "main")
    assert "found nothing" in told
    assert files_with(filled, person_of("t", "p3@example.org")) == []
    assert inspect_data(filled)["disagreements"] == []
    assert sendlens_json(filled, "person", "audit", "main")[0]["actor"] == "operator"


def test_a_key_that_only_reads_erases_nobody(tmp_path: Path) -> None:
    with running(tmp_path / "data") as server:
        made = sendlens_json(tmp_path / "data", "key", "create", "main", "reader", "--scope", "read")
        headers = {"Authorization": f"Bearer {made['secret']}"}
        assert server.post("/v1/person/erase", {"recipient": ANNA}, **headers).status_code == 403
        assert server.post("/v1/person/export", {"recipient": ANNA}, **headers).status_code == 403
        assert server.post("/v1/person/erase", {"recipient": " "}).status_code == 400


def test_what_a_killed_insert_left_is_deleted_at_the_next_start(tmp_path: Path) -> None:
    staging = tmp_path / "data" / "store" / "staging"
    staging.mkdir(parents=True)
    (staging / "left.native").write_text(ANNA)
    with running(tmp_path / "data"):
        assert list(staging.iterdir()) == []
