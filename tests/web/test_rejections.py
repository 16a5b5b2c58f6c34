"""What was refused, from outside: API and page of a running server, and what each role sees of it."""

from __future__ import annotations

from typing import Any

import pytest

from sendlens.control.roles import Role
from tests.web.conftest import Running

BAD: list[dict[str, object]] = [
    {"type": "opened", "recipient": "a@example.com", "id": "1", "occurred_at": "next Tuesday of zoe@example.com"},
    {"type": "opened", "id": "2"},
    {"type": "opened", "id": "3"},
]


@pytest.fixture
def refused(running: Running) -> Running:
    """A server that refused three records of `shop`, and two requests to a webhook."""
    answer = running.post([*BAD, {"type": "opened", "recipient": "b@example.com", "id": "4"}], "shop")
    assert (answer.status_code, answer.json()["rejected_total"]) == (202, 3)
    assert set(answer.json()["rejected"][0]) == {"index", "field", "error"}
    assert running.ask("POST", "/v1/events", "ingest", content=b"{", headers={"x-sendlens-source": "shop"}).is_error
    source = running.parts.control.sources.create(running.tenant.id, "hooks", "postmark", {}, ["user:password"])
    for _ in range(2):
        assert running.ask("POST", f"/hooks/postmark/{source.id}", json={}).status_code == 401
    running.settle()
    return running


def session(running: Running, role: Role) -> dict[str, str]:
    control = running.parts.control
    user = control.users.create(f"{role}@example.com")
    control.users.set_role(running.tenant.id, user.id, role)
    return {"cookie": f"sendlens_session={control.sessions.begin(user=user.id)[1]}"}


def test_the_api_tells_reasons_and_pages_through_samples(refused: Running) -> None:
    both = {
        "authorization": f"Bearer {refused.parts.control.keys.create(refused.tenant.id, 'a', ['read', 'admin'])[1]}"
    }

    def ask(query: str) -> Any:
        return refused.ask("GET", f"/v1/intake/rejections?{query}", headers=both).json()

    found = ask("period=24h")
    assert (found["records"], found["requests"]) == (3, 3)
    told = {(one["kind"], one["field"]): one for one in found["reasons"]}
    recipient = told["event", "recipient"]
    assert (recipient["records"], recipient["source"]) == (2, "shop")
    assert recipient["reason"] == "an event of type opened needs its recipient"
    hooks = refused.parts.control.sources.list(refused.tenant.id)[-1].id
    assert {(one["source"], one["records"]) for one in found["reasons"] if one["kind"] == "request"} == {
        ("shop", 1),
        (hooks, 2),
    }
    assert refused.ask("GET", "/v1/intake?period=24h", "read").json()["total"]["rejected"] == found["records"]
    assert [one["index"] for one in found["samples"]] == [2, 1, 0]
    assert "next Tuesday" in found["samples"][-1]["value"]
    page = ask("limit=2")
    rest = ask(f"limit=2&before={page['more_before']}")
    assert page["samples"] + rest["samples"] == found["samples"]
    assert rest["more_before"] is None
    some = ask("field=occurred_at")
    assert (some["records"], len(some["samples"])) == (1, 1)
    assert refused.ask("GET", "/v1/intake/rejections?sauce=x", "read").status_code == 400


def test_the_page_and_who_sees_what_was_in_a_record(refused: Running) -> None:
    reader = refused.ask("GET", "/v1/intake/rejections", "read")
    assert [one["value"] for one in reader.json()["samples"]] == [None, None, None]
    assert refused.ask("GET", "/v1/intake/rejections", "ingest").status_code == 403
    assert refused.ask("GET", "/v1/intake/rejections").status_code == 401
    for role in (Role.VIEWER, Role.ANALYST, Role.ADMIN):
        headers = session(refused, role)
        for path in ("/intake", "/panels/rejections", "/panels/rejections.csv", "/panels/rejections.json"):
            answer = refused.ask("GET", path, headers=headers)
            assert answer.status_code == 200, (role, path)
            assert "needs its recipient" in answer.text
            assert ("next Tuesday" in answer.text) is (role is Role.ADMIN), (role, path)
            assert "zoe@" not in answer.text or role is Role.ADMIN

    page = refused.ask("GET", "/intake").text
    assert "3 records, 3 whole requests" in page
    assert "See docs" not in page
    assert refused.ask("GET", "/panels/rejections.csv").text.count("\r\n") == 5
    # Counts that a kill took away are said to be missing.
    with refused.parts.control.database.write() as connection:
        connection.exec_driver_sql("DELETE FROM rejections WHERE field = 'recipient'")
    assert "2 more records were rejected" in refused.ask("GET", "/panels/rejections").text
