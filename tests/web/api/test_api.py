"""The read API over HTTP: who may ask, what comes back, and how mistakes read."""

import csv
import io
import itertools
from collections.abc import Generator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient
from structlog.testing import capture_logs

from sendlens.clock import FrozenClock
from sendlens.errors import NotFound
from sendlens.metrics.query import Metrics
from sendlens.metrics.recipients import Recipients
from sendlens.metrics.registry import METRICS
from sendlens.model.identity import recipient_key
from sendlens.store import Store
from sendlens.web.api import api_router, open_api, problem_handlers
from tests.metrics.test_query import campaign, story
from tests.metrics.world import NOON, NOW, Tenant, put

ANN = "ann@a.example"
READ = {"authorization": "Bearer sl_read"}


@dataclass
class Key:
    tenant: str
    scopes: tuple[str, ...]


class Keys:
    def __init__(self) -> None:
        self.known = {
            "sl_read": Key("t_1", ("read",)),
            "sl_ingest": Key("t_1", ("ingest",)),
            "sl_other": Key("t_2", ("read",)),
            "sl_orphan": Key("t_gone", ("read",)),
        }

    def find(self, secret: str, /) -> Key | None:
        return self.known.get(secret)


class Tenants:
    def get(self, name: str, /) -> Tenant:
        if name == "t_gone":
            raise NotFound("gone")
        return Tenant(id=name)


@pytest.fixture
def client(embedded_store: Store) -> Generator[TestClient[Litestar]]:
    put(embedded_store, [story(1, recipient=ANN, recipient_key=recipient_key("t_1", ANN)), story(2, provider="=cmd()")])
    campaign(embedded_store, campaign_id="spring", name="Daffodils", total_sent=9, cost=Decimal(10), started_at=NOON)
    metrics = Metrics(embedded_store, FrozenClock(NOW))
    app = Litestar(
        [api_router(metrics, Keys(), Tenants())],
        openapi_config=open_api("1.2.3"),
        exception_handlers=problem_handlers(),  # type: ignore[arg-type]  # invariant, and partly unknown in Litestar
    )
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


def ask(client: TestClient[Litestar], path: str, **more: Any) -> Any:
    answer = client.get(path, headers=READ, **more)
    assert answer.status_code == 200, answer.text
    return answer.json()


ROUTES = (
    *("/v1/metrics", "/v1/timeseries", "/v1/breakdown?dimension=provider", "/v1/campaigns", "/v1/campaigns/spring"),
    *("/v1/recipients", f"/v1/recipients/{ANN}", "/v1/intake", "/v1/deliverability"),
)


def test_every_route_needs_a_key_for_reading(client: TestClient[Litestar]) -> None:
    headers = (
        *(("", 401), ("Bearer ", 401), ("Bearer sl_nobody", 401), ("Basic sl_read", 401)),
        *(("Bearer " + "x" * 5000, 401), ("Bearer sl_orphan", 401), ("Bearer sl_ingest", 403)),
    )
    for route, (header, status) in itertools.product(ROUTES, headers):
        answer = client.get(route, headers={"authorization": header} if header else {})
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["status"] == status
        assert ("www-authenticate" in answer.headers) is (status == 401)
        assert "Daffodils" not in answer.text
    for route in ROUTES:
        answer = client.get(route, headers=READ)
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "no-cache, private"
        assert answer.headers["vary"] == "Authorization, Accept"


def test_another_tenants_key_shows_nothing_of_ours(client: TestClient[Litestar]) -> None:
    for route in ROUTES:
        answer = client.get(route, headers={"authorization": "Bearer sl_other"})
        assert answer.status_code in {200, 404}
        for canary in ("Daffodils", ANN, "gmail", "19.9"):
            assert canary not in answer.text.replace(f"/v1/recipients/{ANN}", "").replace(f"'{ANN}'", "")


def test_metrics_are_listed_with_help_and_with_figures(client: TestClient[Litestar]) -> None:
    listed = ask(client, "/v1/metrics")["metrics"]
    assert [one["key"] for one in listed] == list(METRICS)
    assert all(one["help"] and one["formula"] and one["figure"] is None for one in listed)
    found = ask(client, "/v1/metrics?metrics=sent,revenue,open_rate&period=7d&compare=previous")
    figures = {one["key"]: one["figure"] for one in found["metrics"]}
    assert (figures["sent"]["n"], figures["revenue"]["text"], figures["open_rate"]["value"]) == (2, "€39.80", 1.0)
    assert figures["sent"]["previous"]["n"] == 0
    assert figures["sent"]["change_text"] == "new"
    assert (found["period"]["start"], found["period"]["time_zone"]) == ("2026-10-27T00:00:00.000Z", "UTC")


def test_time_series_as_json_and_csv(client: TestClient[Litestar]) -> None:
    found = ask(client, "/v1/timeseries?metrics=sent,open_rate&period=7d&interval=day")
    assert (found["buckets"][-2], found["metrics"]["sent"][-2]["n"], found["unfinished_from"]) == ("2026-11-01", 2, 6)
    answer = client.get("/v1/timeseries?metrics=sent&period=7d&format=csv", headers=READ)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert {row["day"]: row["sent_n"] for row in rows}["2026-11-01"] == "2"


def test_breakdowns_as_json_and_csv(client: TestClient[Litestar]) -> None:
    found = ask(client, "/v1/breakdown?dimension=campaign&metrics=sent,revenue&f=is,provider,gmail&period=7d")
    assert found["total_rows"] == 1
    assert [(row["value"], row["label"], row["metrics"]["revenue"]["n"]) for row in found["rows"]] == [
        ("spring", "Daffodils", 19.9)
    ]
    answer = client.get("/v1/breakdown?dimension=provider&metrics=delivery_rate", headers=READ | {"accept": "text/csv"})
    assert answer.headers["content-disposition"] == 'attachment; filename="provider.csv"'
    assert answer.text.splitlines() == [
        "provider,label,delivery_rate,delivery_rate_n,delivery_rate_d",
        "'=cmd(),'=cmd(),1.0,1,1",
        "gmail,gmail,1.0,1,1",
    ]


def test_campaigns_and_one_campaign(client: TestClient[Litestar]) -> None:
    listed = ask(client, "/v1/campaigns?metrics=sent&order_by=-sent")
    assert [(row["campaign"]["name"], row["metrics"]["sent"]["n"]) for row in listed["rows"]] == [("Daffodils", 2)]
    report = ask(client, "/v1/campaigns/spring")
    assert [(step["key"], step["figure"]["n"]) for step in report["funnel"]][:2] == [("targeted", 9), ("sent", 2)]
    assert report["best_hour"]["hour"] == "2026-11-01T12:00+00:00"
    assert report["metrics"]["return_on_investment"]["value"] == pytest.approx(2.98)
    assert report["time_to_open"]["within_hour"] == 2


def test_people_and_one_person(client: TestClient[Litestar]) -> None:
    people = ask(client, "/v1/recipients?did=clicked_human&f=is,provider,gmail")["people"]
    assert [one["recipient"] for one in people] == [ANN]
    person = ask(client, f"/v1/recipients/{ANN}?limit=1")
    assert (person["revenue"], person["timeline"][0]["type"], person["key"]) == (19.9, "converted", people[0]["key"])
    older = ask(client, f"/v1/recipients/{ANN}", params={"before": person["more_before"]})
    assert [one["type"] for one in older["timeline"]] == ["clicked", "opened", "opened", "delivered"]
    answer = client.get("/v1/recipients?did=delivered&format=csv", headers=READ)
    assert answer.text.splitlines()[0] == "recipient,key,campaign_id,campaign,at"
    first = ask(client, "/v1/recipients?did=delivered&limit=1")
    rest = ask(client, f"/v1/recipients?did=delivered&after={first['next']}")["people"]
    assert [*first["people"], *rest] == ask(client, "/v1/recipients?did=delivered")["people"]
    assert ask(client, "/v1/recipients?did=delivered&after=0.0")["next"] is None
    assert {one["recipient"] for one in ask(client, "/v1/recipients?did=delivered&search=@a.ex")["people"]} == {ANN}


MISTAKES = (
    ("/v1/metrics?metrics=opn_rate", 400, "open_rate"),
    ("/v1/metrics?metrics=sent&period=8d", 400, "7d"),
    ("/v1/timeseries?metrics=sent&interval=minute&period=28d", 400, "coarser"),
    ("/v1/timeseries?compare=last", 400, "weekday"),
    ("/v1/timeseries?clock=wall", 400, "send and event"),
    ("/v1/breakdown", 400, "dimension"),
    ("/v1/breakdown?dimension=colour", 400, "provider"),
    ("/v1/breakdown?dimension=provider&limit=x", 400, "limit"),
    ("/v1/breakdown?dimension=provider&limit=0", 400, "limit"),
    ("/v1/breakdown?dimension=provider&filter=is,provider,gmail", 400, "filter: is not a parameter"),
    ("/v1/breakdown?dimension=provider&f=provider,gmail", 400, "operator,dimension,value"),
    ("/v1/breakdown?dimension=provider&format=xml", 400, "json or csv"),
    ("/v1/recipients?did=sneezed", 400, "clicked_human"),
    ("/v1/recipients?after=1.x", 400, "after"),
    (f"/v1/recipients?after={'9' * 20}.1", 400, "after"),
    (f"/v1/recipients/{ANN}?before=soon", 400, "2026-11-01"),
    ("/v1/recipients/nobody@nowhere.example", 404, "nobody@nowhere.example"),
    ("/v1/campaigns/summer", 404, "summer"),
    ("/v1/nothing", 404, "Not Found"),
)


def test_mistakes_are_problem_documents(client: TestClient[Litestar]) -> None:
    for route, status, words in MISTAKES:
        answer = client.get(route, headers=READ)
        assert answer.status_code == status, route
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["cache-control"] == "no-store"
        problem = answer.json()
        assert {"type", "title", "status", "detail", "instance", "request_id"} <= problem.keys()
        assert words in f"{problem['detail']} {problem.get('hint', '')}"


def test_a_mistake_of_ours_tells_nothing_of_the_inside(
    client: TestClient[Litestar], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("the inside")

    monkeypatch.setattr(Metrics, "breakdown", broken)
    answer = client.get("/v1/breakdown?dimension=provider", headers=READ)
    assert (answer.status_code, answer.json()["type"]) == (500, "https://sendlens.dev/problems/internal")
    assert "the inside" not in answer.text


def test_a_log_line_about_a_request_does_not_name_whom_it_was_about(
    client: TestClient[Litestar], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("the inside")

    monkeypatch.setattr(Recipients, "get", broken)
    with capture_logs() as lines:
        assert client.get(f"/v1/recipients/{ANN}", headers=READ).status_code == 500
    (line,) = [one for one in lines if one["event"] == "unexpected error"]
    assert line["path"] == "/v1/recipients/{recipient}"
    assert ANN not in str(line)


def test_answers_carry_a_request_id(client: TestClient[Litestar]) -> None:
    told = client.get("/v1/intake", headers=READ | {"x-request-id": "abc-1"})
    assert told.headers["x-request-id"] == "abc-1"
    evil = client.get("/v1/metrics", headers={"x-request-id": "a b<script>"})
    assert evil.headers["x-request-id"] == evil.json()["request_id"] != "a b<script>"


def test_the_schema_of_events_is_public(client: TestClient[Litestar]) -> None:
    answer = client.get("/v1/schema/event.json")
    assert answer.status_code == 200
    assert "recipient" in answer.json()["properties"]
    assert answer.headers["cache-control"] == "max-age=3600, public"


def test_the_description_covers_every_route(client: TestClient[Litestar]) -> None:
    document = client.get("/docs/openapi.json").json()
    assert document["info"]["version"] == "1.2.3"
    paths = {path.split("{")[0].rstrip("/") for path in document["paths"]}
    assert {route.split("?")[0] for route in ROUTES[:4]} <= paths
    names = {one["name"] for one in document["paths"]["/v1/breakdown"]["get"]["parameters"]}
    assert {"period", "from", "to", "compare", "f", "clock", "metrics", "dimension", "order_by", "limit"} <= names
    page = client.get("/docs")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "GET /v1/breakdown" in page.text
    assert "<script" not in page.text
