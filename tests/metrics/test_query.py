"""What one question gives: tables agree with each other, corrections count, money and campaigns have their rules."""

from dataclasses import replace
from decimal import Decimal

import pytest

from sendlens.clock import FrozenClock
from sendlens.errors import InvalidField
from sendlens.metrics.branches import EVENT_MEASURES
from sendlens.metrics.compare import Compare
from sendlens.metrics.compile import compile_question, facts_table, wants_of
from sendlens.metrics.dimensions import CONVERSION, CYCLES, DIMENSIONS
from sendlens.metrics.engagements import MEASURES as ACTS
from sendlens.metrics.filters import parse_filters
from sendlens.metrics.measures import MEASURES, PER_EVENT
from sendlens.metrics.periods import edges, parse_period
from sendlens.metrics.query import Metrics, Scope
from sendlens.metrics.question import Question
from sendlens.metrics.registry import METRICS, ratios
from sendlens.metrics.states import MOMENTS
from sendlens.store import Store
from sendlens.store.columns import table_of
from tests.metrics.world import NOON, NOW, Event, Tenant, put

HOUR = 3600
TENANT = Tenant()


def story(key: int, **more: object) -> list[Event]:
    """A mail that is delivered, opened twice, clicked and earns something."""
    base: Event = {"tenant": "t_1", "message_key": key, "campaign_id": "spring", "provider": "gmail"}
    deeds: list[Event] = [
        {"type": "delivered", "occurred_at": NOON * 1000},
        {"type": "opened", "actor": "human", "device": "mobile", "occurred_at": (NOON + 600) * 1000},
        {"type": "opened", "actor": "machine", "device": "", "occurred_at": (NOON + 601) * 1000},
        {"type": "clicked", "actor": "human", "device": "mobile", "occurred_at": (NOON + 700) * 1000}
        | {"link_url": "https://shop.example/1"},
        {"type": "converted", "revenue": Decimal("19.90"), "occurred_at": (NOON + HOUR) * 1000},
    ]
    return [base | deed | more | {"event_key": key * 100 + i} for i, deed in enumerate(deeds)]


def scope(period: str = "7d", *filters: str, **more: object) -> Scope:
    asked = Scope(tenant=TENANT, period=parse_period(period, "UTC", NOW), filters=parse_filters(filters))
    return replace(asked, **more)  # type: ignore[arg-type]  # fields of a scope


def metrics(store: Store) -> Metrics:
    return Metrics(store, FrozenClock(NOW))


def campaign(store: Store, **facts: object) -> None:
    row = {"tenant": "t_1", "name": "", "currency": "EUR", "started_at": 0, "changed_at": NOW} | facts
    row |= {name: facts.get(name, Decimal(0)) for name in ("cost", "budget")}
    store.insert("campaigns", table_of("campaigns", {name: [value] for name, value in row.items()}))


def question(period: str, keys: tuple[str, ...], interval: str = "", *filters: str) -> Question:
    found = parse_period(period, "UTC", NOW)
    return Question(
        wants=wants_of(tuple(METRICS[key] for key in keys), None),
        start=found.start,
        end=found.until,
        zone="UTC",
        currency="EUR",
        now=NOW,
        filters=parse_filters(filters),
        edges=edges(found, interval) if interval else (),
    )


@pytest.mark.parametrize(
    ("asked", "table"),
    [
        (question("28d", ("open_rate",)), "metrics_quarter"),
        (question("28d", ("open_rate",), "hour", "is,provider,gmail"), "metrics_quarter"),
        (question("1h", ("revenue",), "minute"), "metrics_minute"),
        (question("1h", ("open_rate",), "minute"), "message_facts"),
        (question("28d", ("open_rate",), "", "is,pool,a"), "message_facts"),
        (question("28d", ("open_rate",), "", "is,pool,a", "is,device,mobile"), "engagements"),
        (question("28d", ("revenue",), "", "is,product,a"), "events"),
        (replace(question("28d", ("revenue",)), start=NOW - 61_000), "message_facts"),
        (replace(question("yesterday", ("revenue",), "quarter"), edges=(60_000 * 7, 60_000 * 8)), "metrics_minute"),
    ],
)
def test_the_cheapest_table_that_knows_answers(asked: Question, table: str) -> None:
    assert facts_table(asked) == table
    # Of message_facts, only totals of events are asked; the rest comes from the states themselves.
    tables = {table, "messages" if table == "message_facts" else table}
    assert any(f"FROM {name} " in compile_question(asked).sql for name in tables)


def test_no_value_is_ever_written_into_the_text() -> None:
    evil = "x'); DROP TABLE events --"
    for key, one in DIMENSIONS.items():
        if one.filterable:
            compiled = compile_question(
                question(
                    "28d",
                    ("opened", "revenue", "clicks", "dmarc_mails"),
                    "",
                    f"is,{key},{evil}",
                    f"contains,{key},{evil}",
                )
            )
            assert "DROP" not in compiled.sql
            assert "{tenant:String}" in compiled.sql
            assert ";" not in compiled.sql


def test_every_sum_of_the_registry_is_a_measure() -> None:
    for one in METRICS.values():
        for ratio in ratios(one):
            assert {measure for measure, _ in (*ratio.num, *ratio.den)} <= MEASURES.keys()


def test_every_dimension_can_be_asked_about_every_metric(embedded_store: Store) -> None:
    put(embedded_store, [story(1)])
    report = {"tenant": ["t_1"], "domain": ["shop.example"], "begin_at": [NOON], "source_ip": ["192.0.2.1"]}
    embedded_store.insert("dmarc_records", table_of("dmarc_records", report | {"org": ["mx.example"], "count": [1]}))
    noon = parse_period("custom", "UTC", NOW, since="2026-11-01T11:00", to="2026-11-01T14:00")
    for key, one in DIMENSIONS.items():
        asked = replace(scope(), period=noon) if key == "minute" else scope()
        table = metrics(embedded_store).breakdown(asked, list(METRICS), key, limit=10_000)
        assert table.total_rows == len(table.rows) >= 1
        if one.level != "event" or "opened" in one.tells:
            assert sum(row.figures["opened_raw"].n or 0 for row in table.rows) >= 1, key


def test_roll_up_and_messages_agree(embedded_store: Store) -> None:
    put(embedded_store, [story(1), story(2, campaign_id="autumn")])
    facts = tuple(key for key, one in METRICS.items() if one.group in {"Delivery", "Engagement", "List"})
    # A condition that always holds sends the same question to the other table.
    by_messages = scope("7d", "is_not,pool,nobody")
    for clock in ("send", "event"):
        one = metrics(embedded_store).figures(replace(scope(), clock=clock), facts)
        other = metrics(embedded_store).figures(replace(by_messages, clock=clock), facts)
        assert {k: v.n for k, v in one.items() if k != "targeted"} == {
            k: v.n for k, v in other.items() if k != "targeted"
        }
        assert other["targeted"].n is None, "campaigns do not know pools"


def test_minutes_agree_with_quarters(embedded_store: Store) -> None:
    put(embedded_store, [story(1), story(2)])
    period = parse_period("custom", "UTC", NOW, since="2026-11-01T11:00", to="2026-11-01T14:00")
    asked = replace(scope(clock="event"), period=period)
    near = Metrics(embedded_store, FrozenClock((NOON + 2 * HOUR) * 1000))
    for keys in (("opened", "clicks", "revenue"),):
        by_minute = near.timeseries(asked, keys, "minute")
        whole = near.figures(asked, keys)
        for key in keys:
            assert sum(point.n or 0 for point in by_minute.figures[key]) == whole[key].n
    assert by_minute.figures["opened"][70].n == 2


def test_what_a_device_cannot_tell_is_left_out(embedded_store: Store) -> None:
    put(embedded_store, [story(1)])
    found = metrics(embedded_store).breakdown(scope(), ["opened", "open_rate", "sent", "click_to_open_rate"], "device")
    row = next(row for row in found.rows if row.value == "mobile")
    assert (row.figures["opened"].n, row.figures["open_rate"].n, row.figures["open_rate"].d) == (1, 1, None)
    assert (row.figures["open_rate"].text, row.figures["sent"].text) == ("–", "–")
    assert row.figures["click_to_open_rate"].value == 1.0


def test_a_corrected_verdict_counts_the_new_one(embedded_store: Store) -> None:
    told = story(1)
    opened = told[1]
    back = opened | {"weight": -1}
    anew = opened | {"actor": "machine"}
    put(embedded_store, [told, [back, anew]])
    found = metrics(embedded_store).breakdown(scope(), ["opened", "opened_raw", "opens", "opens_raw"], "actor")
    rows = {row.value: {key: one.n for key, one in row.figures.items()} for row in found.rows}
    assert rows == {"machine": {"opened": 0, "opened_raw": 1, "opens": 0, "opens_raw": 2}}


def test_another_tenants_events_are_not_counted(embedded_store: Store) -> None:
    put(embedded_store, [story(1), story(2, tenant="t_2")])
    assert metrics(embedded_store).figures(scope(), ["sent"])["sent"].n == 1


def test_comparison_pairs_values_with_the_earlier_period(embedded_store: Store) -> None:
    day = 86_400_000
    older = [
        event | {"occurred_at": event["occurred_at"] - day, "event_key": event["event_key"] + 50} for event in story(2)
    ]
    put(embedded_store, [story(1), older, story(3, provider="apple")])
    asked = replace(scope(compare=Compare.PREVIOUS), period=parse_period("yesterday", "UTC", NOW))
    figures = metrics(embedded_store).figures(asked, ["sent"])
    assert (figures["sent"].n, figures["sent"].previous and figures["sent"].previous.n) == (2, 1)
    rows = {
        row.value: row.figures["sent"] for row in metrics(embedded_store).breakdown(asked, ["sent"], "provider").rows
    }
    assert [(one.change_text, one.previous and one.previous.n) for one in (rows["gmail"], rows["apple"])] == [
        *(("0%", 1), ("new", 0))
    ]
    series = metrics(embedded_store).timeseries(asked, ["sent"], "hour")
    at_noon = series.figures["sent"][12]
    assert (at_noon.n, at_noon.previous and at_noon.previous.n) == (2, 1)


def test_rows_are_sorted_searched_and_paged(embedded_store: Store) -> None:
    put(embedded_store, [story(1), story(2, provider="apple"), story(3, provider="apple"), story(4, provider="yahoo")])
    ask = metrics(embedded_store).breakdown
    assert [row.value for row in ask(scope(), ["sent"], "provider").rows] == ["apple", "gmail", "yahoo"]
    assert [row.value for row in ask(scope(), ["sent"], "provider", "sent").rows] == ["gmail", "yahoo", "apple"]
    assert [row.value for row in ask(scope(), ["sent"], "provider", "-value").rows] == ["yahoo", "gmail", "apple"]
    page = ask(scope(), ["sent"], "provider", "-revenue", 1, 1)
    assert ([row.value for row in page.rows], page.total_rows) == (["gmail"], 3)
    found = ask(scope(), ["sent"], "provider", search="AP")
    assert ([row.value for row in found.rows], found.total_rows) == (["apple"], 1)
    with pytest.raises(InvalidField, match="order_by"):
        ask(scope(), ["sent"], "provider", "colour")


def test_campaigns_are_called_and_found_by_name(embedded_store: Store) -> None:
    put(embedded_store, [story(1), story(2, campaign_id="autumn")])
    campaign(embedded_store, campaign_id="spring", name="Daffodils")
    rows = metrics(embedded_store).breakdown(scope(), ["sent"], "campaign", search="DAFF").rows
    assert [(row.value, row.label) for row in rows] == [("spring", "Daffodils")]
    assert metrics(embedded_store).figures(scope("7d", "contains_not,campaign,daff"), ["sent"])["sent"].n == 1


def test_what_campaigns_tell_counts_where_they_started(embedded_store: Store) -> None:
    put(embedded_store, [story(1), story(2, campaign_id="autumn"), story(3, campaign_id="free")])
    campaign(embedded_store, campaign_id="spring", total_sent=10, cost=Decimal(10), started_at=NOON)
    # Nothing is known of its start: it counts where its first mail was sent.
    campaign(embedded_store, campaign_id="autumn", total_sent=5, cost=Decimal(10))
    campaign(embedded_store, campaign_id="old", total_sent=99, cost=Decimal(10), started_at=NOON - 90 * 86_400)
    campaign(embedded_store, campaign_id="free", total_sent=1, cost=Decimal(7), currency="USD", started_at=NOON)
    found = metrics(embedded_store).figures(scope(), ["targeted", "return_on_investment", "revenue"])
    assert found["targeted"].n == 16
    assert found["revenue"].n == Decimal("59.7000")
    # Costs in another currency are no costs here, and the revenue of their campaign is left out with them.
    assert (found["return_on_investment"].n, found["return_on_investment"].d) == (Decimal("19.8"), 20)


def test_advertising_is_held_against_the_conversions_it_bought(embedded_store: Store) -> None:
    put(embedded_store, [story(1), story(2, campaign_id="autumn")])
    rows = {
        "tenant": ["t_1"] * 2,
        "campaign_id": ["spring"] * 2,
        "channel": ["search", "social"],
        "hour": [NOON, NOON],
        "impressions": [900, 100],
        "clicks": [8, 2],
        "cost": [Decimal(4), Decimal(6)],
        "currency": ["EUR", "EUR"],
        "changed_at": [NOW, NOW],
    }
    embedded_store.insert("spend", table_of("spend", rows))
    found = metrics(embedded_store).figures(scope(), ["ctr", "cpc", "cvr", "cpa", "roas", "performance_score"])
    values = {key: one.value for key, one in found.items()}
    assert values == pytest.approx(
        {"ctr": 0.01, "cpc": 1.0, "cvr": 0.1, "cpa": 10.0, "roas": 1.99}
        | {"performance_score": 100 * (0.3 * 0.2 + 0.3 + 0.4 * 1.99 / 3)}
    )
    table = metrics(embedded_store).breakdown(scope(), ["spend"], "channel")
    assert [(row.value, row.figures["spend"].text) for row in table.rows] == [("social", "€6.00"), ("search", "€4.00")]


def test_everything_begins_with_the_first_event(embedded_store: Store) -> None:
    empty = metrics(embedded_store).timeseries(scope("all"), ["sent"], "day")
    assert [point.n for point in empty.figures["sent"]] == [0]
    put(embedded_store, [story(1)])
    series = metrics(embedded_store).timeseries(scope("all"), ["sent"], "day")
    assert series.labels[0] == "2026-11-01"
    assert metrics(embedded_store).figures(scope("all"), ["sent"])["sent"].n == 1


def test_days_of_the_week_have_names(embedded_store: Store) -> None:
    put(embedded_store, [story(1)])
    assert [row.label for row in metrics(embedded_store).breakdown(scope(), ["sent"], "weekday").rows] == ["Sunday"]
    assert [row.label for row in metrics(embedded_store).breakdown(scope(), ["sent"], "hour_of_day").rows] == ["12:00"]
    assert set(CYCLES) == {"weekday", "hour_of_day"}


def test_the_same_answers_come_from_a_server(server_store: Store) -> None:
    put(server_store, [story(1), story(2, provider="apple")])
    found = metrics(server_store).breakdown(scope("7d", "is,device,mobile"), ["opened", "revenue"], "provider")
    assert [(row.value, row.figures["opened"].n) for row in found.rows] == [("apple", 1), ("gmail", 1)]
    series = metrics(server_store).timeseries(scope(), list(METRICS), "hour")
    assert sum(point.n or 0 for point in series.figures["revenue"]) == Decimal("39.8")


def test_every_measure_of_messages_can_be_read_from_their_states() -> None:
    of_messages = {key for key, one in MEASURES.items() if one.home == "facts" and not one.among} - PER_EVENT
    assert set(MOMENTS) == of_messages
    assert set(ACTS) == set(EVENT_MEASURES) - CONVERSION
