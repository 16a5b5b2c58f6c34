"""Gauges and seed placements by post, and tables (CSV) as bodies."""

from typing import Any

import pytest

from sendlens.model.events import Event, Gauge, Placement
from tests.intake.world import World, problem
from tests.sources.contract import NOW

CSV = {"content-type": "text/csv; charset=utf-8"}


@pytest.fixture
def world() -> World:
    return World()


def test_gauges_are_samples_with_labels(world: World) -> None:
    labels = {"queue": "active", "host": "mx1"}
    first = {"name": "queue_depth", "value": 17, "labels": labels, "at": "2026-11-20T10:00:00Z"}
    body = {"gauges": [first, {"name": "queue_depth", "value": "3.5"}]}
    answer = world.post("/v1/gauges", body)
    assert answer.status_code == 202, answer.text
    first, second = world.records()
    assert isinstance(first, Gauge)
    assert (first.name, first.value, first.labels) == ("queue_depth", 17.0, {"queue": "active", "host": "mx1"})
    assert isinstance(second, Gauge)
    assert (second.value, second.at) == (3.5, NOW)


@pytest.mark.parametrize(
    ("record", "field"),
    [
        ({"value": 1}, "name"),
        ({"name": "q"}, "value"),
        ({"name": "q", "value": True}, "value"),
        ({"name": "q", "value": "many"}, "value"),
        ({"name": "q", "value": "inf"}, "value"),
        ({"name": "9q", "value": 1}, "name"),
        ({"name": "q", "value": 1, "unit": "mails"}, "unit"),
        ({"name": "q", "value": 1, "at": "yesterday"}, "at"),
    ],
)
def test_a_bad_sample_costs_itself_alone(world: World, record: dict[str, Any], field: str) -> None:
    answer = world.post("/v1/gauges", [record, {"name": "q", "value": 0}]).json()
    assert (answer["accepted"], [one["field"] for one in answer["rejected"]]) == (1, [field])


def test_placements_come_as_a_table(world: World) -> None:
    table = (
        "test_id,seed,placement,tab,campaign_id\r\n"
        'spring,Seed1@Gmail.com,inbox,"promotions, mostly",spring\r\n'
        "spring,seed2@web.de,SPAM,,\r\n"
        "spring,seed3@web.de,lost,,\r\n"
        "\r\n"
        "spring,seed4@web.de,missing,,,,too many\r\n"
    )
    answer = world.post("/v1/placements", table.encode(), CSV).json()
    assert answer["accepted"] == 2
    assert [(one["index"], one["field"]) for one in answer["rejected"]] == [(2, "placement"), (3, "")]
    first, second = world.records()
    assert isinstance(first, Placement)
    assert (first.seed, first.placement, first.tab, first.at) == ("seed1@gmail.com", "inbox", "promotions, mostly", NOW)
    assert isinstance(second, Placement)
    assert (second.placement, second.campaign_id) == ("spam", "")


def test_a_campaign_names_its_test(world: World) -> None:
    world.post("/v1/placements", {"campaign_id": "spring", "seed": "a@b.example", "placement": "missing"})
    (one,) = world.records()
    assert isinstance(one, Placement)
    assert one.test_id == "spring"


def test_events_come_as_a_table_too(world: World) -> None:
    table = b"type,id,recipient,occurred_at,link_position\ndelivered,1,ada@example.org,2026-11-20T10:00:00Z,\n"
    assert world.post("/v1/events", table, CSV).json()["accepted"] == 1
    (event,) = world.records()
    assert isinstance(event, Event)
    assert (event.id, event.recipient, event.link_position) == ("1", "ada@example.org", -1)


@pytest.mark.parametrize("body", [b"", b"\n", b'type,id\n"open', b"\xff\xfe"])
def test_what_is_no_table_is_refused_as_a_whole(world: World, body: bytes) -> None:
    problem(world.post("/v1/events", body, CSV), 400)
    assert world.records() == []
