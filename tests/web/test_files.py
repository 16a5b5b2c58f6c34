"""Every panel is also a file, as CSV and JSON, with the figures that the panel shows; lists of people only for some."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import httpx
import pytest

from sendlens.control.roles import Role, may
from sendlens.web.panels.registry import PANELS
from tests.web.conftest import Running

CAMPAIGN = "spring"
NEEDS = {
    "figures": {},
    "campaign": {"campaign": CAMPAIGN},
    "campaign-course": {"campaign": CAMPAIGN, "metric": "sent"},
    "campaign-bounces": {"campaign": CAMPAIGN},
    "campaign-soon": {"campaign": CAMPAIGN},
    "campaign-variants": {"campaign": CAMPAIGN},
    "campaign-comparable": {"campaign": CAMPAIGN},
    "click-map": {"campaign": CAMPAIGN},
    "people": {"did": "delivered"},
    "chart": {"metric": "sent"},
}
"""What an address has to say beside the panel's name."""
SHOWN: dict[str, tuple[str, object]] = {
    "figures": ("value", 162),
    "chart": ("sent", 162),
    "campaigns": ("sent", 40),
    "audience": ("sent", 160),
    "campaign-list": ("sent", 40),
    "campaign": ("value", 40),
    "campaign-course": ("sent", 40),
    "campaign-bounces": ("messages", 2),
    "campaign-variants": ("sent", 20),
    "intake": ("stored", 162),
    "rejections": ("records", 3),
    "source-lights": ("state", "on"),
    "dead-letters": ("source", "shop"),
    "lag": ("source", "api"),
    "people": ("campaign_id", CAMPAIGN),
}
"""A column of the file, and a value that stands in it; what is not named here may be empty, but has its columns."""


def events(campaign: str = CAMPAIGN) -> list[dict[str, object]]:
    def event(kind: str, number: int, **more: object) -> dict[str, object]:
        return {
            "id": f"{campaign}-{kind}-{number}",
            "message_id": f"{campaign}-{kind}-{number}",
            "type": kind,
            "campaign_id": campaign,
            "sending_domain": "mail.example.com",
            "recipient": f"p{number}@gmail.com",
            "variant": "ab"[number % 2],
            **more,
        }

    hard: dict[str, object] = {"bounce_class": "hard", "smtp_reply": "550 5.1.1 no such user"}
    return [*(event("delivered", i) for i in range(38)), *(event("bounced", i, **hard) for i in range(38, 40))]


@pytest.fixture
def filled(running: Running) -> Running:
    """A server with a campaign, rejects, one dead letter and three earlier campaigns to compare with."""
    for number in range(3):
        running.post(events(f"before-{number}"))
    running.post([*events(), *({"type": "opened", "id": f"r{i}"} for i in range(3))])
    running.settle()
    return running


def as_rows(answer: httpx.Response) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(answer.text)))


def test_every_panel_is_a_file_with_its_figures(filled: Running, deploy: Any) -> None:
    deploy(True)
    filled.send(0, 3, sick=1, source="shop")
    filled.settle()
    deploy(False)
    without: list[str] = []
    for name, one in PANELS.items():
        if one.alone:
            continue  # what a page is about: a person, a message, a list, each with a file of its own
        asked = {"period": "7d", "compare": "none"} | NEEDS.get(name, {})
        shown = filled.ask("GET", f"/panels/{name}", params=asked)
        as_csv = filled.ask("GET", f"/panels/{name}.csv", params=asked)
        as_json = filled.ask("GET", f"/panels/{name}.json", params=asked)
        if {as_csv.status_code, as_json.status_code} != {200}:
            without.append(f"{name}: {as_csv.status_code} {as_json.text[:100]}")
            continue
        rows, told = as_rows(as_csv), json.loads(as_json.text)["rows"]
        assert as_csv.text.splitlines()[0], name
        assert len(rows) == len(told), name
        for row, other in zip(rows, told, strict=True):
            assert list(row) == list(other), name
        if name in SHOWN:
            column, value = SHOWN[name]
            assert value in [row[column] for row in told], (name, told[:3])
            assert str(value) in [row[column] for row in rows] or f"{value}.0" in [row[column] for row in rows], name
            assert str(value) in shown.text or column == "state", name
            assert f"/panels/{name}.csv" in shown.text, name
    assert without == []


def test_lists_of_people_are_saved_by_those_who_may(filled: Running) -> None:
    control, tenant = filled.parts.control, filled.tenant.id
    lists = ("/panels/people.csv?did=delivered", "/panels/people.json?did=delivered")
    for role in (Role.VIEWER, Role.ANALYST, Role.ADMIN):
        user = control.users.create(f"{role}@example.com")
        control.users.set_role(tenant, user.id, role)
        headers = {"cookie": f"sendlens_session={control.sessions.begin(user=user.id)[1]}"}
        assert "p1@gmail.com" in filled.ask("GET", "/panels/people?did=delivered&q=p1@", headers=headers).text
        page = filled.ask("GET", "/recipients?did=delivered", headers=headers).text
        assert ("/panels/people.csv" in page) is may(role, "export_people"), role
        for path in lists:
            answer = filled.ask("GET", path, headers=headers)
            assert (answer.status_code, "p1@gmail.com" in answer.text) == (
                (200, True) if may(role, "export_people") else (403, False)
            ), (role, path)
    for scope, may_save in (("ingest", False), ("read", True), ("", False)):
        for path in ("/v1/recipients?did=delivered&search=p1@", "/v1/recipients?did=delivered&search=p1@&format=csv"):
            answer = filled.ask("GET", path, scope)
            assert (answer.status_code == 200, "p1@gmail.com" in answer.text) == (may_save, may_save), (scope, path)
    # Other files name nobody.
    for name in ("rejections", "dead-letters", "campaign-list", "audience", "content"):
        assert "@gmail.com" not in filled.ask("GET", f"/panels/{name}.csv", "read").text, name
