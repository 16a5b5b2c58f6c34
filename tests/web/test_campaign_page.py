"""The page of a campaign and what it leads to: lists of people, a person, a message, an erasure."""

import re
import time

import pytest

from sendlens.web.panels import people
from tests.web.conftest import Running

ANN, BOB = "ann@x.example", "bob@x.example"
OWN = {"sec-fetch-site": "same-origin"}
"""What a browser says of a form that stands on our own page."""


def events() -> list[dict[str, object]]:
    now = int(time.time() * 1000) - 3_600_000
    found: list[dict[str, object]] = []

    def happen(who: str, kind: str, after: int, **more: object) -> None:
        base: dict[str, object] = {"campaign_id": "spring", "message_id": "m-1", "recipient": who, "subject": "Hello"}
        found.append(base | {"type": kind, "id": f"{who}-{kind}-{after}", "occurred_at": now + after} | more)

    for who in (ANN, BOB):
        happen(who, "injected", 0)
    happen(ANN, "delivered", 1_500)
    happen(ANN, "opened", 61_500, user_agent="Mozilla/5.0 (iPhone)")
    happen(ANN, "opened", 2_000, machine=True, user_agent="Mozilla/5.0")
    happen(ANN, "read", 70_000, reason="read", metadata={"seconds": "12"})
    happen(ANN, "read", 90_000, reason="glanced", metadata={"seconds": "1"})
    happen(BOB, "bounced", 900, smtp_code=550, enhanced_code="5.1.1", smtp_reply="550 5.1.1 <b>no such user</b>")
    return found


def told(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def test_from_a_campaign_to_its_people_and_back(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    assert running.post(events()).status_code == 202
    running.settle()
    page = running.ask("GET", "/campaigns/spring").text
    assert "Click map" in page
    answer = running.ask("GET", "/panels/campaign-soon.json?campaign=spring")
    assert answer.status_code == 200, told(answer.text)
    curve = running.ask("GET", "/panels/campaign-soon.json?campaign=spring").json()["rows"]
    assert {row["opened_people"] for row in curve if row["within_seconds"] >= 120} == {1}
    report = running.ask("GET", "/v1/campaigns/spring", "read").json()
    steps = report["curves"]["opened"]["steps"]
    told_by_api = zip(
        steps, *(report["curves"]["opened"][who]["within"] for who in ("people", "machines")), strict=True
    )
    assert [(row["within_seconds"], row["opened_people"], row["opened_machines"]) for row in curve] == list(told_by_api)
    assert report["comparable"] == {"kind": "", "campaigns": [], "metrics": {}}
    variants = running.ask("GET", "/panels/campaign-variants.json?campaign=spring").json()["rows"]
    assert [row["value"] for row in report["variants"]["rows"]] == [row["variant"] for row in variants]
    assert running.ask("GET", "/panels/campaign-bounces.json?campaign=spring").json()["rows"][0]["messages"] == 1
    assert "550 5.1.1 &lt;b&gt;no such user" in running.ask("GET", "/panels/campaign-bounces?campaign=spring").text
    readings = running.ask("GET", "/panels/campaign-reading.json?campaign=spring").json()["rows"]
    assert [(row["reading"], row["readings"], row["share"]) for row in readings] == [
        ("Read", 1, 0.5),
        ("Skimmed", 0, 0),
        ("Glanced at", 1, 0.5),
    ]
    read = told(running.ask("GET", "/panels/campaign-reading?campaign=spring").text)
    assert "Read 8 seconds or longer 1 50.0%" in read
    assert "2 readings by people" in read
    silent = running.ask("GET", "/v1/recipients?did=not_opened&period=all&f=is,campaign,spring", "read").json()
    assert silent["people"] == []  # who bounced was never in a position to open
    opened = running.ask("GET", "/panels/people.csv?did=opened_human&period=all").text
    assert ANN in opened
    monkeypatch.setattr(people, "MOST_ROWS", 1)  # a file goes on as long as the list does
    did = "/panels/people.csv?did=injected&period=all"
    assert {line.split(",")[0] for line in running.ask("GET", did).text.splitlines()[1:]} == {ANN, BOB}
    rows = running.ask("GET", did.replace("csv", "json")).json()["rows"]
    assert {row["recipient"] for row in rows} == {ANN, BOB}
    only = running.ask("GET", f"{did}&q=ann").text
    assert ANN in only
    assert BOB not in only
    person = told(running.ask("GET", f"/panels/person?item={BOB}").text)
    standing = running.ask("GET", f"/v1/recipients/{BOB}", "read").json()["standing"]
    assert standing["against"] == ["hard_bounced"]
    assert "Bounced hard on" in person
    assert f"Messages {standing['messages']}" in person
    ingest = {"authorization": f"Bearer {running.keys['ingest']}"}
    assert running.ask("GET", "/panels/people.csv", headers=ingest).status_code in {401, 403, 303}

    # One message id, two recipients: a choice on the page, a problem with the keys in the API.
    assert all(who in running.ask("GET", "/messages/m-1").text for who in (ANN, BOB))
    assert "recipient=" in running.ask("GET", "/v1/messages/m-1", "read").json()["hint"]
    bob = running.ask("GET", f"/v1/messages/m-1?recipient={BOB}", "read").json()
    assert [(one["type"], one["after_ms"]) for one in bob["steps"]] == [("injected", None), ("bounced", 900)]
    assert bob["steps"][1]["told"]["bounce_class"] == "hard"
    life = told(running.ask("GET", f"/messages/{bob['key']}").text)
    assert "Bounced: " in life
    assert "+900 ms" in life
    assert "decided by" in life
    assert running.ask("GET", "/messages/nothing").status_code == 404
    assert running.ask("GET", "/v1/messages/nothing", "read").headers["content-type"] == "application/problem+json"

    person = told(running.ask("GET", f"/recipients/{ANN}").text)
    assert "1 by machines" in person
    assert "Engagement points = 1 × opened" in person
    assert "Bounced hard on" in told(running.ask("GET", f"/recipients/{BOB}").text)


def test_a_person_is_saved_and_erased_from_their_page(running: Running) -> None:
    running.post(events())
    running.settle()
    saved = running.ask("POST", "/person/export", data={"recipient": ANN}, headers=OWN)
    assert saved.status_code == 200, saved.text
    assert [len(saved.json()[part]) for part in ("events", "messages")] == [6, 1]
    wrong = running.ask("POST", "/person/erase", data={"recipient": ANN, "confirm": BOB}, headers=OWN)
    assert wrong.status_code == 400
    assert "Nothing was erased" in wrong.text
    foreign = running.ask(
        "POST", "/person/erase", data={"recipient": ANN, "confirm": ANN}, headers={"sec-fetch-site": "cross-site"}
    )
    assert foreign.status_code == 403
    read = running.ask("POST", "/person/erase", "read", data={"recipient": ANN, "confirm": ANN})
    assert read.status_code == 403
    assert running.ask("GET", f"/recipients/{ANN}").status_code == 200

    begun = running.ask("POST", "/person/erase", data={"recipient": ANN, "confirm": ANN.upper()}, headers=OWN)
    assert begun.status_code == 303
    where = begun.headers["location"]
    assert "ann" not in where
    running.until(lambda: "Under way" not in running.ask("GET", where).text)
    end = running.ask("GET", where).text
    assert "nothing of the person was found afterwards" in end
    assert ANN not in end
    assert running.ask("GET", f"/recipients/{ANN}").status_code == 404
    assert running.ask("GET", "/person/erasures/unknown").status_code == 404
