"""The quick way gives the same events as the judge, or none."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sendlens.model.events import Event, EventType
from sendlens.sources import plain
from sendlens.sources.judge import judge_event
from sendlens.sources.native import parse_events

NOW = 1_795_000_000_000

TEXTS = st.sampled_from(["", "a", " a", "a ", "b" * 257, "ü", 'q"q', "\t", "x\x7f", 5, None])
TIMES = st.sampled_from([NOW, NOW // 1000, 0, NOW * 2, "2026-03-01T12:00:00Z", True])
ODD: dict[str, st.SearchStrategy[Any]] = {
    "type": st.sampled_from(["opened", "open", "unknown", " clicked", "converted"]),
    "id": TEXTS,
    "occurred_at": TIMES,
    "sent_at": TIMES,
    "campaign_id": TEXTS,
    "recipient": st.sampled_from(["ann@example.org", "", " ann@example.org"]),
    "subject": TEXTS,
    "link_position": st.sampled_from([-1, 7, -2, 40_000, "7"]),
    "smtp_code": st.sampled_from([0, 550, 1000]),
    "untracked": st.sampled_from([True, False, 1]),
    "machine": st.sampled_from([True, None]),
    "ip": st.sampled_from(["192.0.2.1", "2001:db8::1", "192.0.2", ""]),
    "country": st.sampled_from(["DE", "de", "", "DEU"]),
    "bounce_class": st.sampled_from(["hard", "Hard", "odd"]),
    "value": st.sampled_from([12.5, None]),
    "currency": st.sampled_from(["EUR", "eur", "XXQ"]),
    "tags": st.sampled_from([["a", "b"], [" a"], [""], "a"]),
    "metadata": st.sampled_from([{"plan": "gold"}, {"n": 5}, {" a": "b"}]),
    "shoe_size": st.just(43),
}


@settings(suppress_health_check=[HealthCheck.too_slow])  # a busy machine is no fault of the inputs
@given(st.fixed_dictionaries({}, optional=ODD))
def test_it_agrees_with_the_judge(told: dict[str, Any]) -> None:
    found = plain.event(msgspec.json.encode(told), NOW)
    if found is not None:
        judged = judge_event(told, NOW)
        assert found == judged
        assert judged == found
        assert msgspec.msgpack.encode(found, order="sorted") == msgspec.msgpack.encode(judged, order="sorted")


def test_what_senders_usually_tell_goes_the_quick_way() -> None:
    event = Event(
        type=EventType.CLICKED,
        id="e1",
        occurred_at=NOW,
        message_id="m1@mail.example",
        recipient="ann@example.org",
        link_url="https://shop.example/?a=1",
        link_position=2,
        user_agent="Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X)",
        ip="192.0.2.1",
        tags=("spring",),
    )
    assert plain.event(msgspec.json.encode(event), NOW) == event


@pytest.mark.parametrize("line", [b"", b"{", b"5", b'{"type":"opened","id":"1","recipient":"a","type":7}', b"\xff"])
def test_what_is_no_event_is_left_to_the_judge(line: bytes) -> None:
    assert plain.event(line, NOW) is None


def test_a_line_that_needs_mending_stands_among_those_that_do_not() -> None:
    body = b"\n".join(
        [
            b'{"type":"opened","id":"1","recipient":"a@example.org"}',
            b'{"type":"open","id":" 2","recipient":"b@example.org"}',
            b"",
            b'{"type":"opened","id":"3"}',
            b"nonsense",
        ]
    )
    mapped = parse_events(body, "application/x-ndjson", NOW)
    assert [(event.id, event.native_type) for event in mapped.records if isinstance(event, Event)] == [
        ("1", ""),
        ("2", "open"),
    ]
    assert [(one.index, one.field) for one in mapped.rejected] == [(2, "recipient"), (3, "")]
