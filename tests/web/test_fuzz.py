"""Requests made up from the API's own description: whatever is asked, the answer is no mistake of ours."""

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.core.result import Ok

from tests.web.conftest import Running

SLOW = {"/v1/person/erase"}
"""Rewrites files; `tests/privacy` asks it what it has to be asked."""

UNASKED = {
    "/v1/campaigns/{campaign_id}",
    "/v1/click-map/{campaign_id}",
    "/v1/html/campaigns/{name}",
    "/v1/html/templates/{name}",
    "/v1/messages/{message}",
    "/v1/recipients/{recipient}",
}
"""Their parameter is the rest of the path, which Schemathesis makes no values for, however long it tries."""


def test_no_request_breaks_the_server(running: Running) -> None:
    schema = schemathesis.openapi.from_url(f"{running.url}/docs/openapi.json")
    control = running.parts.control
    _, key = control.keys.create(running.tenant.id, "fuzz", ["read", "admin", "ingest"])
    headers = {"authorization": f"Bearer {key}"}
    broken: list[str] = []
    asked: set[str] = set()
    for found in schema.get_all_operations():
        assert isinstance(found, Ok), found
        operation = found.ok()
        if operation.path in SLOW | UNASKED:
            continue

        @settings(
            max_examples=6,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow, HealthCheck.data_too_large],
        )
        @given(case=operation.as_strategy())
        def ask(case) -> None:
            answer = case.call(headers=headers)
            asked.add(f"{case.method} {case.path}")
            if answer.status_code == 500:
                broken.append(f"{case.method} {case.formatted_path}: {answer.text[:300]}")

        ask()
    assert broken == []
    assert len(asked) > 25
