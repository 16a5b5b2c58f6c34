"""What exporters answer becomes gauges: the shipped tables, a source's own rules, both text formats, hostile text."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendlens.errors import BadRequest, InvalidField
from sendlens.model.events import Gauge
from sendlens.sources.exporters.options import ScrapeOptions
from sendlens.sources.exporters.reading import MOST_SERIES, Scraped, read
from sendlens.sources.exporters.tables import EXPORTERS, Rule, rule
from tests.docs.pages import DOCS
from tests.sources.exporters import answers

NOW = 1_790_000_000_000
CLASSIC = "text/plain; version=0.0.4; charset=utf-8"


def scraped(text: str, content_type: str = CLASSIC, **options: object) -> Scraped:
    return read(text, content_type, ScrapeOptions.of({"address": "http://mta:1/metrics", **options}), NOW)


def gauges(found: Scraped) -> dict[str, float]:
    told: dict[str, float] = {}
    for one in found.mapped.records:
        assert isinstance(one, Gauge)
        labels = ",".join(f"{name}={value}" for name, value in sorted(one.labels.items()))
        assert told.setdefault(f"{one.name} {labels}".strip(), one.value) == one.value, "counted once"
    return told


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            answers.KUMOMTA,
            {
                "queue_depth provider=gmail": 1840,
                "queue_depth provider=(ourlook|hotmail).mail.protection.outlook.com": 61,
                "queue_scheduled queue=spring:acme@example.com": 12,
                "queue_scheduled queue=example.org": 3,
                "queue_scheduled_by_domain domain=example.com": 12,
                "queue_ready service=smtp_client:source1->loopback.dummy-mx.example.com": 4,
                "connections_by_service service=esmtp_listener": 2,
                "connections_by_service service=smtp_client:source1->mx.example.com": 7,
                "messages_held": 19,
            },
        ),
        (
            answers.POSTFIX,
            {
                "queue_depth queue=deferred": 41,
                "queue_depth queue=active": 0,
                "queue_bytes queue=deferred": 765432,
                "queue_bytes queue=active": 0,
                "server_up": 1,
            },
        ),
        (
            answers.POSTFIX_NEWER,
            {
                "queue_depth queue=deferred": 42,
                "queue_depth queue=active": 1,
                "queue_bytes queue=deferred": 765432,
                "queue_bytes queue=active": 0,
                "server_up": 1,
            },
        ),
        (
            answers.EXIM,
            {
                "queue_depth": 126,
                "queue_frozen": 3,
                "processes state=daemon": 1,
                "processes state=delivering": 2,
                "server_up": 1,
            },
        ),
        (
            answers.RSPAMD,
            {"filter_scanned": 5978, "filter_actions action=reject": 7, "filter_actions action=no action": 5971},
        ),
        (
            answers.TELEGRAF,
            {
                "queue_depth queue=deferred": 400,
                "queue_bytes queue=deferred": 76_543_210,
                "queue_oldest_seconds queue=deferred": 3600,
            },
        ),
    ],
)
def test_each_exporter_is_understood(text: str, expected: dict[str, float]) -> None:
    found = scraped(text)
    assert gauges(found) == expected
    assert found.problems == found.mapped.rejected == []


def test_a_sources_own_rules_come_first_choose_rename_and_add_up() -> None:
    text = (
        'pmta_rcpts{state="active",domain="a.example",vmta="v1"} 5\n'
        'pmta_rcpts{state="active",domain="a.example",vmta="v2"} 6\n'
        'pmta_rcpts{state="paused",domain="a.example",vmta="v1"} 70\n'
        "exim_queue 3\n"
    )
    own = ['pmta_rcpts{state="active"} = queue_depth by domain as site', "pmta_rcpts = queue_all"]
    assert gauges(scraped(text, gauges=own)) == {"queue_depth site=a.example": 11, "queue_all": 81}
    assert gauges(scraped(text, exporters=["kumomta"], gauges=["exim_queue=q"])) == {"q": 3}


def test_rules_are_read_or_refused_with_their_line() -> None:
    assert rule('a:b{x="1", y="a \\"b\\""} = g.h by x, y as z') == Rule(
        "a:b", "g.h", {"x": "x", "y": "z"}, {"x": "1", "y": 'a "b"'}
    )
    for wrong in ("", "a", "a =", "a = g by", "a{x} = g", "a = g by x as", "1a = g", 'a{x="1} = g', "a = g h"):
        with pytest.raises(InvalidField, match="gauges"):
            ScrapeOptions.of({"gauges": [wrong]})
    with pytest.raises(InvalidField, match="at most 100"):
        ScrapeOptions.of({"gauges": ["a = b"] * 101})


@pytest.mark.parametrize(
    "address",
    [
        "ftp://x/",
        "http:///metrics",
        "mta:9154",
        "http://x y/",
        "http://x/#a",
        "http://x:99999/",
        "http://x/\r\nHost: y",
    ],
)
def test_addresses_that_cannot_be_scraped_are_refused(address: str) -> None:
    with pytest.raises(InvalidField, match="address"):
        ScrapeOptions.of({"address": address})


def test_a_password_does_not_stand_in_the_address() -> None:
    with pytest.raises(InvalidField) as refused:
        ScrapeOptions.of({"address": "http://ada:s3cret@mta:9154/metrics"})
    assert "s3cret" not in str(refused.value)


def test_openmetrics_is_read_with_its_own_times_and_exemplars() -> None:
    text = (
        "# TYPE exim_queue gauge\n"
        f"exim_queue 5 {NOW // 1000 - 60}\n"
        "# TYPE rspamd_scanned counter\n"
        'rspamd_scanned_total 17 # {trace_id="a{b"} 0.5 1.0\n'
        "# EOF\n"
    )
    found = scraped(text, "application/openmetrics-text; version=1.0.0; charset=utf-8")
    assert gauges(found) == {"queue_depth": 5, "filter_scanned": 17}
    times = {one.name: one.at for one in found.mapped.records if isinstance(one, Gauge)}
    assert times == {"queue_depth": NOW - 60_000, "filter_scanned": NOW}


@pytest.mark.parametrize(
    ("told", "at"),
    [
        *((NOW - 60_000, NOW - 60_000), (NOW - 7_200_000, NOW), (NOW + 60_000, NOW)),
        *(("inf", NOW), ("nan", NOW), ("1e306", NOW)),
    ],
)
def test_a_samples_own_time_is_believed_while_it_can_be(told: int | str, at: int) -> None:
    (one,) = scraped(f"exim_queue 5 {told}\n").mapped.records
    assert isinstance(one, Gauge)
    assert one.at == at


def test_a_broken_line_costs_itself_alone() -> None:
    found = scraped('exim_queue five\nexim_queue_frozen 3\nexim_processes{state="x 1\nexim_up{} NaN\n')
    assert gauges(found) == {"queue_frozen": 3}
    assert len(found.mapped.rejected) == 2
    assert all("cannot be read" in one.error for one in found.mapped.rejected)


def test_the_largest_series_are_kept_and_it_is_told() -> None:
    found = scraped("".join(f'scheduled_by_domain{{domain="d{n}.example"}} {n}\n' for n in range(MOST_SERIES + 50)))
    assert sorted(gauges(found).values()) == list(range(50, MOST_SERIES + 50))
    assert found.problems == ["queue_scheduled_by_domain has 550 series, of which the 500 largest are kept"]


def test_what_is_no_text_of_metrics_is_refused_and_one_without_known_names_is_told() -> None:
    with pytest.raises(BadRequest, match="no text of metrics"):
        scraped("<html><body>sign in</body></html>", "text/html")
    assert scraped("up 1\n").problems == ["the exporter has no sample that a rule names"]
    assert gauges(scraped(answers.EXIM.replace("exim_", "mta1_exim_"), prefix="mta1_"))["queue_depth"] == 126


@given(st.text(max_size=300), st.sampled_from([CLASSIC, "application/openmetrics-text"]))
def test_hostile_text_makes_gauges_or_reasons_and_nothing_else(tail: str, content_type: str) -> None:
    found = scraped(f"exim_up 1\nexim_queue{tail}", content_type)
    assert all(isinstance(one, Gauge) and math.isfinite(one.value) for one in found.mapped.records)
    assert gauges(found)["server_up"] == 1


def test_every_table_is_explained() -> None:
    page = (DOCS / "exporters.md").read_text(encoding="utf-8")
    names = {name for rules in EXPORTERS.values() for one in rules for name in (one.metric, one.gauge)}
    assert not [name for name in sorted({*names, *EXPORTERS}) if f"`{name}`" not in page]
    own = set(ScrapeOptions.__struct_fields__) - set(ScrapeOptions.__mro__[1].__struct_fields__)
    assert not [name for name in own if f"| `{name}` |" not in page]
