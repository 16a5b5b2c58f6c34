"""`GET /v1/deliverability`: all parts, some parts, the matrix as CSV, and what it refuses."""

import csv
import io

from litestar import Litestar
from litestar.testing import TestClient

from sendlens.metrics.deliverability.parts import PARTS
from tests.web.api.test_api import READ, ask, client

__all__ = ["client"]  # the fixture


def test_all_parts_come_in_one_answer_and_some_when_asked(client: TestClient[Litestar]) -> None:
    whole = ask(client, "/v1/deliverability?period=7d")
    assert set(whole) == {"period", *PARTS}
    assert all(whole[part] is not None for part in PARTS)
    gmail = next(row for row in whole["matrix"]["rows"] if row["provider"] == "gmail")
    assert (gmail["metrics"]["sent"]["n"], gmail["levels"]["delivery_rate"], len(gmail["course"]["sent"])) == (1, "", 7)
    assert {one["verdict"] for one in whole["spam_folder"]} <= {"too_little"}
    some = ask(client, "/v1/deliverability?period=7d&parts=latency,queues&f=is,provider,gmail")
    assert set(some) == {"period", "latency", "queues"}
    assert some["queues"] is None  # gauges know no provider


def test_the_matrix_is_a_table_too(client: TestClient[Litestar]) -> None:
    answer = client.get("/v1/deliverability?period=7d&format=csv&limit=1", headers=READ)
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert len(rows) == 1
    assert rows[0]["provider"] in {"gmail", "'=cmd()"}
    assert rows[0]["sent_n"] == "1"


def test_what_it_refuses_is_named(client: TestClient[Litestar]) -> None:
    for query, field in (("parts=colour", "parts"), ("format=csv&parts=latency", "parts"), ("colour=1", "colour")):
        answer = client.get(f"/v1/deliverability?{query}", headers=READ)
        assert (answer.status_code, answer.json()["field"]) == (400, field)
